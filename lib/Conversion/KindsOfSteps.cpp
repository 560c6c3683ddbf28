// A step's kind answers every train.every.
#include "KindsOfSteps.h"

#include "talweg/Dialect/Tw/Tw.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include <limits>

using namespace mlir;
using namespace talweg;
using namespace talweg::conversion;

static bool isLast(const KindOfStep &kind, std::int64_t steps) {
  return llvm::is_contained(kind, std::pair(steps, true));
}

/// Every sixth step is a second one and a third one, too.
static bool canBe(const KindOfStep &kind) {
  return llvm::all_of(kind, [&](auto &one) {
    return one.second || llvm::none_of(kind, [&](auto &other) { return other.second && other.first % one.first == 0; });
  });
}

SmallVector<KindOfStep> conversion::kindsOfSteps(train::ObjectiveOp objective) {
  SmallVector<KindOfStep> kinds{{}};
  for (std::int64_t steps : train::skipsOf(objective)) {
    SmallVector<KindOfStep> more;
    for (const KindOfStep &kind : kinds)
      for (bool last : {false, true}) {
        more.push_back(kind);
        more.back().push_back({steps, last});
      }
    kinds = std::move(more);
  }
  llvm::erase_if(kinds, [](const KindOfStep &kind) { return !canBe(kind); });
  return kinds;
}

Value conversion::createIsOfKind(ImplicitLocOpBuilder &b, const KindOfStep &kind, Value step) {
  Value all;
  for (auto [steps, last] : kind) {
    auto number = [&](std::int64_t value) { return arith::ConstantOp::create(b, b.getI64IntegerAttr(value)); };
    Value place = arith::RemUIOp::create(b, step, number(steps));
    auto predicate = last ? arith::CmpIPredicate::eq : arith::CmpIPredicate::ne;
    Value holds = arith::CmpIOp::create(b, predicate, place, number(steps - 1));
    all = all ? Value(arith::AndIOp::create(b, all, holds)) : holds;
  }
  return all;
}

void conversion::reduceToKind(train::ObjectiveOp objective, const KindOfStep &kind) {
  Block &block = objective.getBody().front();
  for (Operation &op : llvm::make_early_inc_range(block))
    if (auto every = dyn_cast<train::EveryOp>(op)) {
      every.replaceAllUsesWith(isLast(kind, every.getSteps()) ? every.getLast() : every.getBefore());
      every.erase();
    } else if (auto report = dyn_cast<train::ReportOp>(op);
               report && report.getEvery() && !isLast(kind, *report.getEvery())) {
      auto type = cast<RankedTensorType>(report.getValue().getType());
      OpBuilder builder(report);
      Attribute none = builder.getFloatAttr(type.getElementType(), std::numeric_limits<double>::quiet_NaN());
      report.getValueMutable().assign(
          tw::ConstantOp::create(builder, report.getLoc(), DenseElementsAttr::get(type, none)));
    }
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op))
      op.erase();
}
