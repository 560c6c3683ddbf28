// Turns linalg ops on memrefs into loops over vectors.
//
// In: linalg.generic and linalg.fill on memrefs of static shape. Out: scf loops; loads and stores
// of whole vectors with masked tails. Each op has a plan (NestPlan.h), which is written as it says (NestEmitter.h).
#include "Access.h"
#include "JoinNests.h"
#include "Memory.h"
#include "NestEmitter.h"
#include "VectorBody.h"
#include "talweg/Codegen/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace talweg {
#define GEN_PASS_DEF_VECTORIZEGENERICS
#include "talweg/Codegen/Passes.h.inc"
} // namespace talweg

using namespace mlir;
using namespace talweg;

namespace {

/// The fill in front of a reduction, whose accumulators start from its value.
linalg::FillOp fillOf(linalg::GenericOp op) {
  Operation *at = op->getPrevNode();
  while (at && isa<memref::ReinterpretCastOp, arith::ConstantOp>(at))
    at = at->getPrevNode();
  auto fill = dyn_cast_or_null<linalg::FillOp>(at);
  return fill && fill.getOutputs()[0] == op.getDpsInitOperand(0)->get() ? fill : linalg::FillOp();
}

/// True if what follows the op cannot be done together with these, which stand in front of it.
bool parts(Operation &op, ArrayRef<Nest> nests) {
  auto fill = dyn_cast<linalg::FillOp>(op);
  if (!fill)
    return !isa<linalg::GenericOp, memref::AllocOp>(op) && !isMemoryEffectFree(&op);
  return llvm::any_of(nests, [&](const Nest &nest) {
    return llvm::any_of(nest.op->getOperands(), [&](Value used) { return sameMemory(used, fill.getOutputs()[0]); });
  });
}

struct VectorizeGenerics : talweg::impl::VectorizeGenericsBase<VectorizeGenerics> {
  using VectorizeGenericsBase::VectorizeGenericsBase;

  void runOnOperation() override {
    auto isNest = [](linalg::GenericOp op) { return op.hasPureBufferSemantics(); };
    auto meet = [](OpOperand &a, OpOperand &b) { return sameMemory(a.get(), b.get()); };
    for (Block *block : blocksOf(getOperation()))
      for (JoinedNests &together : joinNests(*block, target.vectorBits, isNest, meet, parts))
        if (failed(lower(together)))
          return signalPassFailure();
    SmallVector<linalg::FillOp> fills;
    getOperation().walk([&](linalg::FillOp op) { fills.push_back(op); });
    for (linalg::FillOp op : fills)
      lowerFill(op);
  }

  /// Writes the loops in front of the last op, and erases all.
  LogicalResult lower(JoinedNests &together) {
    std::vector<PlannedNest> planned;
    SmallVector<linalg::FillOp> fills;
    for (Nest &nest : together.nests) {
      fills.push_back(nest.loops.reduces ? fillOf(nest.op) : linalg::FillOp());
      if (nest.loops.reduces && !(fills.back() && Combiner::of(nest.op).op))
        return nest.op.emitError("cannot be vectorized: not a reduction from a filled value");
      planned.push_back({nest.op, planNest(nest.loops, together.rows), fills.back() ? fills.back().value() : Value()});
      if (planned.back().plan.scalar)
        nest.op.emitRemark("not vectorized: results lie apart along every loop, and are computed one at a time");
    }
    OpBuilder builder(planned.back().op);
    emitNests(builder, planned.back().op.getLoc(), planned, together.rows);
    // A fill stays where results accumulate in memory, and where elements that no loop reaches keep it.
    for (auto [nest, fill] : llvm::zip_equal(together.nests, fills)) {
      if (fill && nest.loops.covers)
        fill.erase();
      nest.op.erase();
    }
    joined += together.nests.size() - 1;
    return success();
  }

  void lowerFill(linalg::FillOp op) {
    OpBuilder builder(op);
    VectorTools tools(builder, op.getLoc());
    Value memory = flatten(builder, op.getLoc(), op.getOutputs()[0]);
    auto type = cast<MemRefType>(memory.getType());
    int64_t lanes = target.vectorBits / std::max(8u, type.getElementTypeBitWidth());
    Value vector = tools.broadcast(op.getInputs()[0], lanes);
    constexpr int64_t piece = 1 << 16;
    bool parallel = type.getNumElements() >= parallelWork;
    tools.forTiles(type.getNumElements(), parallel ? piece : type.getNumElements(), parallel,
                   [&](Value start, int64_t length) {
                     tools.forTiles(length, lanes, false, [&](Value at, int64_t size) {
                       tools.store(vector, memory, builder.createOrFold<arith::AddIOp>(op.getLoc(), start, at), size);
                     });
                   });
    op.erase();
  }
};

} // namespace
