// Makes a program tell where its time goes.
//
// Before the loop over steps a call of @talweg_profile_mark(-1) starts the clock; that of @talweg_profile_mark(n) behind region n adds the time
// since the last mark to it (Runtime/Profile.h).
//
// A region is one op, with the fills of what it writes a part of: the passes that follow make one nest of loops of these, and no mark comes
// between them. Everything else in the body, scalars and loads, belongs to the region that follows. Of a loop whose turns are long the ops are regions,
// each of all turns.
#include "Access.h"
#include "RegionFacts.h"
#include "Steps.h"
#include "talweg/Dialect/Kernel/Kernel.h"
#include "talweg/Runtime/Abi.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/FunctionCallUtils.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

#define GEN_PASS_DEF_MARKREGIONS
#include "talweg/Codegen/Passes.h"

using namespace mlir;

namespace {

bool isComputation(Operation *op) { return isa<linalg::LinalgOp, talweg::kernel::PlacedOp>(op); }

bool holdsComputations(Operation *op) {
  auto find = [](Operation *inner) { return isComputation(inner) ? WalkResult::interrupt() : WalkResult::advance(); };
  return op->walk(find).wasInterrupted();
}

/// Whether an op of a step's body takes time of its own.
bool isWork(Operation &op) {
  return isComputation(&op) || isa<memref::CopyOp>(op) ||
         (op.getNumRegions() && !op.hasTrait<OpTrait::IsTerminator>() && !isa<talweg::kernel::LeaveOp>(op));
}

/// The next op that takes time, or null.
Operation *workAfter(Operation *op) {
  do
    op = op->getNextNode();
  while (op && !isWork(*op));
  return op;
}

/// Whether `op` runs as one with the work that follows it.
bool joinsNext(Operation *op) {
  auto fill = dyn_cast<linalg::FillOp>(op);
  Operation *next = workAfter(op);
  while (isa_and_nonnull<linalg::FillOp>(next)) // several may stand before the op that writes into all of them
    next = workAfter(next);
  auto user = dyn_cast_or_null<DestinationStyleOpInterface>(next);
  return fill && user && llvm::is_contained(user.getDpsInits(), fill.getOutputs()[0]);
}

/// How many turns `op` has, if it is a loop so much of whose time a turn takes that marks in it cost nothing to speak of; else 0.
int64_t longTurnsOf(Operation &op, const talweg::Target &target) {
  constexpr int64_t kLong = 1 << 20; // bytes and operations
  auto loop = dyn_cast<scf::ForOp>(op);
  int64_t turns = loop ? loop.getStaticTripCount().value_or(APInt(64, 0)).getSExtValue() : 0;
  if (turns == 0)
    return 0;
  talweg::CodeRegion all = talweg::describeRegion(&op, target);
  return (all.flops + all.bytesRead + all.bytesWritten) / turns >= kLong ? turns : 0;
}

struct MarkRegions : talweg::impl::MarkRegionsBase<MarkRegions> {
  std::vector<talweg::CodeRegion> *asked = nullptr; ///< who made the pass
  talweg::Target target;

  MarkRegions() = default;
  MarkRegions(std::vector<talweg::CodeRegion> &marked, const talweg::Target &target) : asked(&marked), target(target) {}

  void runOnOperation() override {
    std::vector<talweg::CodeRegion> marked;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function.isExternal())
        for (auto loop : function.front().getOps<scf::ForOp>())
          if (holdsComputations(loop))
            markLoop(loop, marked);
    regions = marked.size();
    if (asked)
      *asked = std::move(marked);
    else
      for (const talweg::CodeRegion &region : marked)
        emitRemark(region.loc) << region.kind << " " << region.what << ": " << region.flops << " flops, "
                               << region.bytesRead << " bytes read, " << region.bytesWritten << " written";
  }

  void markLoop(scf::ForOp loop, std::vector<talweg::CodeRegion> &marked) {
    OpBuilder builder(loop);
    mark(builder, loop.getLoc(), -1);
    for (Block *step : talweg::stepsOf(loop))
      markBlock(*step, 1, builder, marked);
  }

  /// Marks what a block does, which runs so many times in a step.
  void markBlock(Block &block, int64_t times, OpBuilder &builder, std::vector<talweg::CodeRegion> &marked) {
    SmallVector<Operation *> region;
    for (Operation &op : llvm::make_early_inc_range(block)) {
      if (!isWork(op))
        continue;
      if (int64_t turns = region.empty() ? longTurnsOf(op, target) : 0) {
        markBlock(*cast<scf::ForOp>(op).getBody(), times * turns, builder, marked);
        continue;
      }
      region.push_back(&op);
      if (joinsNext(&op))
        continue;
      builder.setInsertionPointAfter(&op);
      mark(builder, op.getLoc(), marked.size());
      talweg::CodeRegion &described = marked.emplace_back(talweg::describeRegion(region, target));
      if (times > 1) {
        described.what += ", " + std::to_string(times) + " turns";
        for (auto count : {&described.flops, &described.bytesRead, &described.bytesWritten})
          *count *= times;
        described.estimatedNs *= double(times);
      }
      region.clear();
    }
  }

  void mark(OpBuilder &builder, Location loc, int64_t region) {
    // Of the LLVM dialect, so that passes on functions do not meet one without a body.
    auto runtime = LLVM::lookupOrCreateFn(builder, getOperation(), talweg::abi::kProfileMark, builder.getI32Type(),
                                          LLVM::LLVMVoidType::get(&getContext()));
    Value number = arith::ConstantIntOp::create(builder, loc, region, 32);
    LLVM::CallOp::create(builder, loc, *runtime, ValueRange(number));
  }
};

} // namespace

std::unique_ptr<Pass> talweg::createMarkRegions(std::vector<CodeRegion> &regions, const Target &target) {
  return std::make_unique<MarkRegions>(regions, target);
}
