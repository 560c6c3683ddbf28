// Decides how each linalg.generic on memrefs runs, and which neighbours are done together, row by row.
#include "Access.h"
#include "JoinNests.h"
#include "Memory.h"
#include "NestPlan.h"
#include "VectorBody.h"
#include "talweg/Dialect/Kernel/Kernel.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#define GEN_PASS_DEF_PLANNESTS
#include "talweg/Codegen/Passes.h"

using namespace mlir;
using namespace talweg;
using linalg::GenericOp;

namespace {

/// True if `op`, or what has to be written in front of it, keeps what comes behind from being done together with nests before.
bool parts(Operation &op, ArrayRef<Nest> before) {
  auto isUsed = [&](Value written) {
    return llvm::any_of(before, [&](const Nest &nest) {
      return llvm::any_of(nest.op->getOperands(), [&](Value used) { return sameMemory(used, written); });
    });
  };
  if (auto fill = dyn_cast<linalg::FillOp>(op))
    return isUsed(fill.getOutputs()[0]);
  if (auto generic = dyn_cast<GenericOp>(op))
    return generic->hasAttr(kernel::kStart) && llvm::any_of(generic.getDpsInits(), isUsed);
  return !isa<memref::AllocOp>(op) && !isMemoryEffectFree(&op);
}

struct PlanNests : talweg::impl::PlanNestsBase<PlanNests> {
  using PlanNestsBase::PlanNestsBase;

  void runOnOperation() override {
    auto isNest = [](GenericOp op) { return op.hasPureBufferSemantics(); };
    auto meet = [](OpOperand &a, OpOperand &b) { return sameMemory(a.get(), b.get()); };
    for (Block *block : blocksOf(getOperation()))
      for (auto [number, together] : llvm::enumerate(joinNests(*block, target, isNest, meet, parts))) {
        for (const Nest &nest : together.nests)
          if (failed(plan(nest, together.rows, int64_t(number))))
            return signalPassFailure();
        joined += together.nests.size() - 1;
      }
  }

  LogicalResult plan(const Nest &nest, int64_t rows, int64_t number) {
    GenericOp op = nest.op;
    auto combines = [&](unsigned result) { return Combiner::of(op, result).op != nullptr; };
    if (nest.loops.reduces && !(op->hasAttr(kernel::kStart) && llvm::all_of(llvm::seq(op.getNumDpsInits()), combines)))
      return op.emitError("cannot be planned: not a reduction from a start");
    const PlannedLoops planned = planNest(nest.loops, rows, target.machine);
    op->setAttr(kernel::kNest, kernel::NestPlanAttr::get(op.getContext(), planned));
    if (rows > 0)
      op->setAttr(kernel::kTogether, Builder(op.getContext()).getI64IntegerAttr(number));
    if (planned.scalar)
      op.emitRemark("not vectorized: results lie apart along every loop, and are computed one at a time");
    return success();
  }
};

} // namespace
