// A loop is copied for each group of its results that is to have one of its own, and each copy loses what it does not need.
#include "SplitScans.h"
#include "RowWriter.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/SmallBitVector.h"

using namespace mlir;

namespace talweg {
namespace {

/// Whether a result that needs some of a loop's operands alone is better off without the others.
bool standsAlone(OpResult result, const llvm::SmallBitVector &operands, const tw::Rows &rows) {
  tw::RowUse::Kind kind = rows.of(result).kind;
  if (kind == tw::RowUse::Free || kind == tw::RowUse::OverRows)
    return true;
  for (auto [number, operand] : llvm::enumerate(result.getOwner()->getOperands()))
    if (!operands.test(number) &&
        llvm::any_of(slice(Value(operand)), [&](Operation *op) { return rows.reducesRows(op); }))
      return true;
  return false;
}

/// The loops that there are then.
SmallVector<Operation *> split(tw::ScanOp scan, const tw::Rows &rows) {
  SmallVector<Operation *> loops{scan};
  llvm::SmallBitVector all = scan.neededFor([](OpResult result) { return !result.use_empty(); }).yielded;
  SmallVector<std::pair<llvm::SmallBitVector, Operation *>> copies; // and what they yield
  for (OpResult result : scan.getResults()) {
    if (result.use_empty())
      continue;
    tw::ScanOp::Needed needed = scan.neededFor([&](OpResult read) { return read == result; });
    if (needed.yielded == all || !standsAlone(result, needed.operands, rows))
      continue;
    auto *found = llvm::find_if(copies, [&](auto &copy) { return copy.first == needed.yielded; });
    if (found == copies.end()) {
      OpBuilder behind(scan->getContext());
      behind.setInsertionPointAfter(scan);
      loops.push_back(behind.clone(*scan));
      copies.push_back({needed.yielded, loops.back()});
      found = &copies.back();
    }
    result.replaceAllUsesWith(found->second->getResult(result.getResultNumber()));
  }
  return loops;
}

} // namespace

void splitScans(train::ObjectiveOp objective) {
  tw::Rows rows(objective.getBody().front(), objective->getParentOfType<train::ProgramOp>().getBatch());
  RewritePatternSet patterns(objective.getContext());
  tw::ScanOp::getCanonicalizationPatterns(patterns, objective.getContext());
  FrozenRewritePatternSet dropping(std::move(patterns));
  SmallVector<tw::ScanOp> scans;
  objective.walk([&](tw::ScanOp scan) { scans.push_back(scan); }); // inner ones first
  for (tw::ScanOp scan : scans)
    if (SmallVector<Operation *> loops = split(scan, rows); loops.size() > 1)
      (void)applyOpPatternsGreedily(loops, dropping,
                                    GreedyRewriteConfig().setStrictness(GreedyRewriteStrictness::ExistingAndNewOps));
}

} // namespace talweg
