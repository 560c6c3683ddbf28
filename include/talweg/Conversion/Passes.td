#ifndef TALWEG_CONVERSION_PASSES
#define TALWEG_CONVERSION_PASSES
include "mlir/Pass/PassBase.td"

def TrainToLoops : Pass<"talweg-train-to-loops", "::mlir::ModuleOp"> {
  let summary = "turns a program into functions over raw storage: @talweg_init and @talweg_step";
  let description = [{
    In: an expanded program with storage assigned. Out: the functions of Runtime/Abi.h. Arguments are memrefs of static shape:
    memref<Nxi8> for persistent and arena (the arena argument is memref<0xi8> until talweg-plan-memory sizes it),
    memref<16xi64> control, memref<Hxf64> hyper (H >= 1), memref<2147483648xi32> order, out and fields with 2147483648 rows. talweg_step holds one
    scf.for over the batches. Its body gathers the rows of each field into a batch (memref.alloc'd tensor of storage
    type), then holds the objective's ops on tensors. Where these require something (tw.require), the body is an scf.if that holds as long
    as no step was faulted, and a step that is left where it is faulted (kernel.leave), when the fault's words are stored in control. In training, if a number is
    required to be finite, the last argument is memref<Nxi8> kept, and where a step is not left persistent is copied to it if control asks for it. Where losses are skipped in some
    steps (train.every), there is such an scf.if for each kind of step, with what that kind computes. A variable is read with
    bufferization.to_tensor of its storage, a memref.get_global, and written with bufferization.materialize_in_destination into
    it; writes come last, after every read. Scalars for `out` are stored with memref.store after tensor.extract. Of the train.program
    its declarations stay.
  }];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::scf::SCFDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::bufferization::BufferizationDialect", "::talweg::tw::TwDialect",
                           "::talweg::kernel::KernelDialect"];
}

def TwToLinalg : Pass<"talweg-tw-to-linalg", "::mlir::ModuleOp"> {
  let summary = "lowers tw on tensors to linalg.generic, arith and math on tensors";
  let description = [{
    Nearly every tw op becomes one linalg.generic whose output map is the identity (contract, fold and reduce: a map of
    the iteration space, onto an output filled by linalg.fill) over tensor.empty; reshape becomes tensor.expand_shape / collapse_shape; gather and scatter_add
    become kernel.gather and kernel.scatter_add, by rows of a table of two dimensions;
    constants become arith.constant. Elements are lowered as Support/ElementType.def says: ui8 becomes i8 (read with arith.uitofp /
    extui), bf16 becomes i16. An iteration dimension that no operand shows alone gets an unused tensor.empty operand that gives its extent.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
                           "::mlir::tensor::TensorDialect", "::mlir::bufferization::BufferizationDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::talweg::kernel::KernelDialect"];
}

def PlaceVariables : Pass<"talweg-place-variables", "::mlir::ModuleOp"> {
  let summary = "says where variables lie: views of the persistent storage in place of their names";
  let description = [{
    In: what talweg-train-to-loops made, after talweg-choose-layouts. Out: every memref.get_global of a variable is a memref.view of the
    function's first argument at the variable's offset; the train.variable has the block that the type of its memref.global shows, and the
    memref.globals are gone.
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect"];
}
#endif
