// Counts where the regions of a profile start threads, when all that makes parallel loops is done.
#include "talweg/Codegen/Regions.h"
#include "talweg/Runtime/Abi.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

#define GEN_PASS_DEF_COUNTFORKS
#include "talweg/Codegen/Passes.h"

using namespace mlir;

namespace {

/// How often `op` is run in a step: the turns of all loops around it, of which that over steps has no fixed number.
int64_t timesOf(Operation *op) {
  int64_t times = 1;
  for (auto loop = op->getParentOfType<scf::ForOp>(); loop; loop = loop->getParentOfType<scf::ForOp>())
    times *= loop.getStaticTripCount().value_or(APInt(64, 1)).getSExtValue();
  return times;
}

/// 0 where there are as many turns as threads, each of which finds its pieces itself.
int64_t turnsOf(scf::ParallelOp fork) {
  std::optional<int64_t> to = getConstantIntValue(fork.getUpperBound()[0]), by = getConstantIntValue(fork.getStep()[0]);
  return to && by ? llvm::divideCeil(*to, *by) : 0; // from 0
}

/// The region that ends at `op`, -1 for what is in front of all.
std::optional<int64_t> markedBy(Operation *op) {
  auto call = dyn_cast<LLVM::CallOp>(op);
  if (!call || call.getCallee() != talweg::abi::kProfileMark)
    return std::nullopt;
  return getConstantIntValue(call.getOperand(0));
}

struct CountForks : talweg::impl::CountForksBase<CountForks> {
  std::vector<talweg::CodeRegion> *asked = nullptr; ///< who made the pass

  CountForks() = default;
  explicit CountForks(std::vector<talweg::CodeRegion> &regions) : asked(&regions) {}

  void runOnOperation() override {
    int64_t forks = 0, pieces = 0; // since the last mark
    getOperation()->walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (auto fork = dyn_cast<scf::ParallelOp>(op)) {
        forks += timesOf(fork);
        pieces = pieces ? pieces : turnsOf(fork);
        return WalkResult::skip(); // what is in it starts no more
      }
      if (std::optional<int64_t> region = markedBy(op)) {
        if (*region >= 0)
          tell(op, size_t(*region), forks, pieces);
        forks = pieces = 0;
      }
      return WalkResult::advance();
    });
  }

  void tell(Operation *mark, size_t number, int64_t forks, int64_t pieces) {
    if (!asked) {
      mark->emitRemark() << "region " << number << ": " << forks << " forks, " << pieces << " pieces";
      return;
    }
    talweg::CodeRegion &region = asked->at(number);
    region.forks += forks;
    region.pieces = region.pieces ? region.pieces : pieces;
  }
};

} // namespace

std::unique_ptr<Pass> talweg::createCountForks(std::vector<CodeRegion> &regions) {
  return std::make_unique<CountForks>(regions);
}
