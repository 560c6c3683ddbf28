// mlir-opt for Talweg: runs any of our passes, and the few upstream ones that stand between them, on a file.
#include "talweg/Autodiff/Passes.h"
#include "talweg/Codegen/Passes.h"
#include "talweg/Codegen/Pipeline.h"
#include "talweg/Conversion/Passes.h"
#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Tw.h"
#include "talweg/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  registry.insert<talweg::tw::TwDialect, talweg::train::TrainDialect, mlir::arith::ArithDialect,
                  mlir::bufferization::BufferizationDialect, mlir::func::FuncDialect, mlir::linalg::LinalgDialect,
                  mlir::math::MathDialect, mlir::memref::MemRefDialect, mlir::scf::SCFDialect,
                  mlir::tensor::TensorDialect, mlir::vector::VectorDialect>();
  mlir::registerCanonicalizerPass();
  mlir::registerCSEPass();
#ifdef TALWEG_HAS_Autodiff
  talweg::registerTalwegAutodiffPasses();
#endif
#ifdef TALWEG_HAS_Transforms
  talweg::registerTalwegTransformsPasses();
#endif
#ifdef TALWEG_HAS_Conversion
  talweg::registerTalwegConversionPasses();
#endif
#ifdef TALWEG_HAS_Codegen
  talweg::registerTalwegCodegenPasses();
  talweg::registerCodegenPipelines();
#endif
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "Talweg's passes, one at a time\n", registry));
}
