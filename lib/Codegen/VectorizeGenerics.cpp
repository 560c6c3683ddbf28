// Turns linalg ops on memrefs into loops over vectors.
//
// In: linalg.generic (not contractions) and linalg.fill on memrefs of static shape. Out: scf loops; loads and stores
// of whole vectors with masked tails. Loops that move the result are outside, in memory order; loops that only reduce are inside, with
// their accumulators in registers. One loop runs along lanes: the one that touches memory in the longest runs, or
// that ReductionOrder says.
#include "Contraction.h"
#include "VectorNest.h"
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

struct VectorizeGenerics : talweg::impl::VectorizeGenericsBase<VectorizeGenerics> {
  using VectorizeGenericsBase::VectorizeGenericsBase;

  void runOnOperation() override {
    for (Block *block : blocksOf(getOperation()))
      if (failed(lowerGenerics(*block)))
        return signalPassFailure();
    SmallVector<linalg::FillOp> fills;
    getOperation().walk([&](linalg::FillOp op) { fills.push_back(op); });
    for (linalg::FillOp op : fills)
      lowerFill(op);
  }

  /// Neighbours that agree on their rows are done together, row by row.
  LogicalResult lowerGenerics(Block &block) {
    std::vector<std::unique_ptr<VectorNest>> together;
    int64_t rows = 0;
    Operation *last = nullptr;
    auto finish = [&] {
      if (together.size() > 1)
        runTogether(together, rows, last);
      else if (!together.empty())
        together[0]->run();
      together.clear();
    };
    SmallVector<Operation *> ops;
    for (Operation &op : block)
      if (isa<linalg::GenericOp, linalg::FillOp>(op) || !(isMemoryEffectFree(&op) || isa<memref::AllocOp>(op)))
        ops.push_back(&op);
    for (Operation *op : ops) {
      if (auto fill = dyn_cast<linalg::FillOp>(op)) {
        if (llvm::any_of(together, [&](auto &nest) { return nest->uses(fill.getOutputs()[0]); }))
          finish();
        continue;
      }
      auto generic = dyn_cast<linalg::GenericOp>(op);
      if (!generic) {
        finish();
        continue;
      }
      auto nest = std::make_unique<VectorNest>(generic, target.vectorBits);
      if (failed(nest->prepare()))
        return failure();
      int64_t common = together.empty() ? nest->rows() : std::min(rows, nest->rows());
      auto fits = [&](const std::unique_ptr<VectorNest> &other) {
        return other->hasRows(common) && nest->agreesOnRows(*other, common);
      };
      if (!together.empty() && !(nest->hasRows(common) && llvm::all_of(together, fits) &&
                                 llvm::any_of(together, [&](auto &other) { return nest->sharesMuchWith(*other); }))) {
        finish();
        common = nest->rows();
      }
      rows = common;
      last = op;
      together.push_back(std::move(nest));
    }
    finish();
    return success();
  }

  void runTogether(std::vector<std::unique_ptr<VectorNest>> &nests, int64_t rows, Operation *last) {
    OpBuilder builder(last);
    VectorTools tools(builder, last->getLoc());
    double work = 0;
    for (auto &nest : nests)
      work += nest->work();
    tools.forTiles(rows, 1, work >= parallelWork, [&](Value row, int64_t) {
      Operation *end = builder.getInsertionBlock()->getTerminator();
      for (auto &nest : nests)
        nest->runRow(end, row, rows);
    });
    for (auto &nest : nests)
      nest->erase();
    joined += nests.size() - 1;
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
