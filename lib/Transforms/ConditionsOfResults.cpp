// Of if x > c then x else c, a value y, whether x > c can be told of y alone: y > c. A derivative that asks for it then does not keep x, which nothing
// else has to.
//
// In: derivatives as ops. Out: conditions that are read of x in the same block are read of y; the same for <, and where the sides are exchanged.
// Every value is the same to the bit, also of numbers that are not finite.
#include "talweg/Dialect/Tw/Tw.h"
#include "talweg/Transforms/Passes.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace talweg {
#define GEN_PASS_DEF_CONDITIONSOFRESULTS
#include "talweg/Transforms/Passes.h.inc"

namespace {

/// Whether `y` is x where x compares so with c, and else c; or c where it does, and else x. In both it tells of itself where it does.
bool isOneOfBoth(tw::SelectOp y, tw::CompareOp condition) {
  using Predicate = tw::Predicate;
  const Value x = condition.getA(), c = condition.getB();
  const Predicate predicate = condition.getPredicate();
  if (y.getA() == x && y.getB() == c)
    return predicate == Predicate::gt || predicate == Predicate::lt;
  return y.getA() == c && y.getB() == x && (predicate == Predicate::ge || predicate == Predicate::le);
}

struct ConditionsOfResults : impl::ConditionsOfResultsBase<ConditionsOfResults> {
  void runOnOperation() override {
    getOperation()->walk([&](tw::CompareOp condition) { readOfResult(condition); });
  }

  void readOfResult(tw::CompareOp condition) {
    if (!isa<FloatType>(getElementTypeOrSelf(condition.getA())))
      return;
    tw::SelectOp y;
    for (Operation *reader : condition.getA().getUsers()) {
      if (reader == condition)
        continue;
      auto select = dyn_cast<tw::SelectOp>(reader);
      if (y || !select || select.getCondition() != condition || select->getBlock() != condition->getBlock() ||
          !isOneOfBoth(select, condition))
        return;
      y = select;
    }
    if (!y)
      return;
    SmallVector<OpOperand *> late;
    for (OpOperand &use : condition->getUses())
      if (Operation *reader = condition->getBlock()->findAncestorOpInBlock(*use.getOwner());
          reader && y->isBeforeInBlock(reader))
        late.push_back(&use);
    if (late.empty())
      return;
    OpBuilder builder(&getContext());
    builder.setInsertionPointAfter(y);
    Value ofResult = tw::CompareOp::create(builder, condition.getLoc(), condition.getType(), condition.getPredicate(),
                                           y, condition.getB());
    for (OpOperand *use : late)
      use->set(ofResult);
    ++told;
  }
};

} // namespace
} // namespace talweg
