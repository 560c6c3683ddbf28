// Turns linalg ops on memrefs into loops over vectors.
//
// In: linalg.generic (not contractions) and linalg.fill on memrefs of static shape. Out: scf loops; loads and stores
// of whole vectors with masked tails. Each op has a plan (NestPlan.h), which is written as it says (NestEmitter.h).
#include "Access.h"
#include "JoinNests.h"
#include "NestEmitter.h"
#include "talweg/Codegen/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace talweg {
#define GEN_PASS_DEF_VECTORIZEGENERICS
#include "talweg/Codegen/Passes.h.inc"
} // namespace talweg

using namespace mlir;
using namespace talweg;

namespace {

struct VectorizeGenerics : talweg::impl::VectorizeGenericsBase<VectorizeGenerics> {
  using VectorizeGenericsBase::VectorizeGenericsBase;

  void runOnOperation() override {
    for (Block *block : blocksOf(getOperation())) {
      auto all = joinNests(*block, target.vectorBits);
      if (failed(all))
        return signalPassFailure();
      for (JoinedNests &joined : *all)
        lower(joined);
    }
    SmallVector<linalg::FillOp> fills;
    getOperation().walk([&](linalg::FillOp op) { fills.push_back(op); });
    for (linalg::FillOp op : fills)
      lowerFill(op);
  }

  /// Writes the loops in front of the last op, one loop over rows around several.
  void lower(JoinedNests &joined) {
    linalg::GenericOp last = joined.nests.back().op;
    OpBuilder builder(last);
    std::vector<NestEmitter> emitters;
    double work = 0;
    for (Nest &nest : joined.nests) {
      NestPlan plan = planNest(nest.loops, joined.rows);
      if (plan.scalar)
        nest.op.emitRemark("not vectorized: results lie apart along every loop, and are computed one at a time");
      emitters.emplace_back(builder, nest.op, plan, nest.fill ? nest.fill.getInputs()[0] : Value());
      work += nest.loops.work();
    }
    auto write = [&](Value row, int64_t) {
      for (NestEmitter &emitter : emitters)
        emitter.write(row);
    };
    if (joined.rows > 0)
      VectorTools(builder, last.getLoc()).forTiles(joined.rows, 1, work >= parallelWork, write);
    else
      write({}, 1);
    // A fill stays where results accumulate in memory, and where elements that no loop reaches keep it.
    for (Nest &nest : joined.nests) {
      if (nest.fill && nest.loops.covers)
        nest.fill.erase();
      nest.op.erase();
    }
    this->joined += joined.nests.size() - 1;
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
