// Decides which loops of independent turns threads share: each takes some turns from end to end, so that what a turn computes stays in the caches of
// one core, and there is one fork for all of it.
#include "Access.h"
#include "VectorTools.h"
#include "talweg/Dialect/Kernel/Kernel.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

#include "llvm/ADT/STLExtras.h"

#include <numeric>

#define GEN_PASS_DEF_SHARETURNS
#include "talweg/Codegen/Passes.h"

using namespace mlir;
using namespace talweg;

namespace {

double pointsOf(ArrayRef<int64_t> extents) {
  return std::accumulate(extents.begin(), extents.end(), 1.0, std::multiplies<>());
}

/// Multiply-adds and simple operations of elements in a block.
double workIn(Block &block) {
  double work = 0;
  for (Operation &op : block) {
    if (auto product = dyn_cast<kernel::ProductOp>(op)) {
      work += pointsOf(product.getLoops());
    } else if (auto generic = dyn_cast<linalg::GenericOp>(op)) {
      work += pointsOf(generic.getStaticLoopRanges()) * double(generic.getBody()->getOperations().size());
    } else if (auto loop = dyn_cast<scf::ForOp>(op)) {
      work += workIn(*loop.getBody()) * double(loop.getStaticTripCount().value_or(APInt(64, 1)).getSExtValue());
    }
  }
  return work;
}

struct ShareTurns : talweg::impl::ShareTurnsBase<ShareTurns> {
  using ShareTurnsBase::ShareTurnsBase;

  void runOnOperation() override {
    getOperation()->walk<WalkOrder::PreOrder>([&](scf::ForOp loop) {
      if (!loop->hasAttr(kernel::kIndependent))
        return WalkResult::advance();
      const int64_t turns = loop.getStaticTripCount().value_or(APInt(64, 1)).getSExtValue();
      const int64_t threads = target.machine.cores, most = llvm::divideCeil(turns, threads);
      // What an uneven share leaves idle is less than a fork in each turn would cost; where there are more cores than turns, they share what is in a turn.
      const bool isEven = 4 * turns > 3 * most * threads;
      if (threads < 2 || turns < threads || !isEven ||
          workIn(*loop.getBody()) * double(turns) < target.machine.workOfFork())
        return WalkResult::advance();
      loop->setAttr(kernel::kThreads, Builder(&getContext()).getI64IntegerAttr(threads));
      ++shared;
      return WalkResult::skip();
    });
  }
};

} // namespace
