// What outlining asks: where the steps of an entry stand, and what a function can take.
#ifndef TALWEG_LIB_CODEGEN_STEPS_H
#define TALWEG_LIB_CODEGEN_STEPS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"

namespace talweg {

/// The loop over batches, whose length is not constant; null if `op` is none.
inline mlir::scf::ForOp loopOverBatches(mlir::Operation *op) {
  auto loop = mlir::dyn_cast<mlir::scf::ForOp>(op);
  bool isOuter = loop && mlir::isa<mlir::func::FuncOp>(loop->getParentOp());
  return isOuter && !mlir::matchPattern(loop.getUpperBound(), mlir::m_Constant()) ? loop : mlir::scf::ForOp();
}

/// A step's ops: of the loop over batches, or of each condition in it under which a step runs that may be faulted, or of its kind.
inline llvm::SmallVector<mlir::Block *> stepsOf(mlir::scf::ForOp loop) {
  llvm::SmallVector<mlir::Block *> steps;
  for (auto condition : loop.getBody()->getOps<mlir::scf::IfOp>())
    if (condition.getNumResults() == 0 && !condition.elseBlock())
      steps.push_back(condition.thenBlock());
  if (steps.empty())
    steps.push_back(loop.getBody());
  return steps;
}

/// Whether a function with bare pointers can take a value of this type.
inline bool isPassable(mlir::Type type) {
  auto memref = mlir::dyn_cast<mlir::MemRefType>(type);
  return memref ? memref.hasStaticShape() && memref.getLayout().isIdentity()
                : !mlir::isa<mlir::UnrankedMemRefType>(type);
}

} // namespace talweg

#endif
