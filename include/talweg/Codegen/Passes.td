#ifndef TALWEG_CODEGEN_PASSES
#define TALWEG_CODEGEN_PASSES
include "mlir/Pass/PassBase.td"

def FuseElementwise : Pass<"talweg-fuse-elementwise", "::mlir::func::FuncOp"> {
  let summary = "merges elementwise linalg.generic ops into their consumers and with their neighbours";
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}
#endif
