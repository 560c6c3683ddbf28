// `require`: what is known while the program is elaborated is decided here, the rest becomes a tw.require of the objective. That a label of a
// field declared `class[10]` is in 0 to 9 was checked when the data was loaded, so it costs nothing.
#include "Expressions.h"
#include "Operators.h"
#include "Statements.h"
#include "StepNumbers.h"
#include "Walk.h"

#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Elements.h"
#include "talweg/Dialect/Tw/Tw.h"
#include "talweg/Frontend/Parser.h"

#include <algorithm>
#include <cstdint>
#include <fmt/format.h>

using namespace talweg;
using namespace talweg::frontend;
using ast::BinaryOp;
using ast::Expr;
using ast::Stmt;

namespace {
/// What a statement requires.
struct Required {
  Value condition;     ///< decided (Bool), or a tensor of conditions; Poison: reported
  Value told;          ///< the value that a fault tells; Nothing: none
  std::string message; ///< of a fault at run time, `{}` standing for the value
  std::optional<std::pair<std::int64_t, std::int64_t>> range = {};
};
} // namespace

/// That `told`, whole numbers that come from `type` or one, are in low to high - 1. `expr`, which may be null, gives them.
static Required within(Walk &walk, const Value &told, const ElementInfo &type, std::int64_t low, std::int64_t high,
                       ast::Range range, const Expr *expr, std::string message) {
  // A bound that every number keeps is not compared with: it may need more bits than they have.
  const auto compared = [&](BinaryOp op, std::int64_t bound, bool isKept) {
    return told.isTensor() && isKept ? Value::truth(true)
                                     : binary(walk.tensors, op, told, Value::integer(bound), range, expr, nullptr);
  };
  return {logical(walk.tensors, BinaryOp::And, compared(BinaryOp::Ge, low, low <= type.least),
                  compared(BinaryOp::Lt, high, high > type.most), range),
          told, std::move(message), std::pair(std::max(low, type.least), std::min(high, type.most + 1))};
}

/// `label in 0..k`: whole numbers from the first up to the one before the last.
static Required requiredRange(Walk &walk, const Stmt &stmt) {
  Value told = eval(walk, *stmt.value), bounds = eval(walk, *stmt.bounds);
  const auto wrong = [&](const Expr &at, const char *what, const Value &value) {
    return Required{
        walk.fail(Code::WrongKind, at.range, fmt::format("{}, and this is {}", what, walk.describe(value))), {}, {}};
  };
  if (told.isPoison() || bounds.isPoison())
    return {};
  if (bounds.kind != Value::Range)
    return wrong(*stmt.bounds, "`in` takes a range such as `0..10`", bounds);
  const ElementInfo &whole = infoOf(ElementType::I32),
                    &type = told.isTensor() ? tw::infoOf(told.tensor.element()) : whole;
  const bool isStored = type.isWhole() && type.isOnlyStored();
  if (isStored && !type.isWithin(whole))
    return wrong(*stmt.value, "`in` takes whole numbers of 32 bits at most", told);
  if (!told.isInteger() && !(told.isTensor() && type.isWhole()))
    return wrong(*stmt.value, "`in` takes whole numbers", told);
  const std::int64_t low = bounds.items[0].number.integer, high = bounds.items[1].number.integer;
  const std::string message =
      fmt::format("`{}` is {{}}, which is not in {} to {}", talweg::toText(*stmt.value), low, high - 1);
  const std::int64_t least = type.least, most = type.most; // of a tensor's numbers
  if (low >= high || (told.isTensor() && (low > most || high <= least)))
    return {Value::truth(false), told, message};
  if (told.isTensor() && told.tensor.bounds().least >= low && told.tensor.bounds().most < high)
    return {Value::truth(true), told, message};
  if (isStored) // elsewhere such numbers compute as floats
    told.tensor = walk.tensors.converted(told.tensor, walk.builder.getI32Type(), stmt.value->range);
  return within(walk, told, type, low, high, stmt.value->range, stmt.value.get(), message);
}

/// Any condition. Of a comparison a fault tells the side that is computed, the left one if both are.
static Required requiredCondition(Walk &walk, const Expr &expr) {
  const std::string text = talweg::toText(expr);
  if (expr.kind != Expr::Binary || expr.binary < BinaryOp::Eq || expr.binary > BinaryOp::Ge) {
    Value condition = eval(walk, expr);
    if (condition.isPoison() || condition.kind == Value::Bool || condition.holdsConditions())
      return {condition, Value::nothing(), fmt::format("`{}` is required", text)};
    return {walk.fail(Code::WrongKind, expr.range, "a condition is required, and this is " + walk.describe(condition)),
            {},
            {}};
  }
  const Value a = eval(walk, *expr.lhs), b = eval(walk, *expr.rhs);
  const bool isLeft = !a.isNumber();
  return {binary(walk.tensors, expr.binary, a, b, expr.range, expr.lhs.get(), expr.rhs.get()), isLeft ? a : b,
          fmt::format("`{}` is {{}}, and `{}` is required", talweg::toText(isLeft ? *expr.lhs : *expr.rhs), text)};
}

static tw::RequireOp emitRequirement(Walk &walk, ast::Range range, const std::string &reason,
                                     const Required &required) {
  const std::string message = required.message + walk.messages.inTheCall(range);
  const Tensor &condition = required.condition.tensor;
  mlir::Value told;
  if (required.told.kind != Value::Nothing)
    told = walk.tensors.spread(walk.tensors.asTensor(required.told, range).tensor, condition.vars, condition.dims,
                               false, range);
  const auto number = [&](std::int64_t value) { return walk.builder.getI64IntegerAttr(value); };
  return tw::RequireOp::create(walk.builder, walk.location(range), condition.ssa, told,
                               walk.builder.getStringAttr(message),
                               reason.empty() ? mlir::StringAttr() : walk.builder.getStringAttr(reason),
                               required.range ? number(required.range->first) : mlir::IntegerAttr(),
                               required.range ? number(required.range->second) : mlir::IntegerAttr());
}

static void failNotFulfilled(Walk &walk, const Stmt &stmt) {
  const std::string text = talweg::toText(*stmt.value) + (stmt.bounds ? " in " + talweg::toText(*stmt.bounds) : "");
  Failure failure = walk.fail(Code::NotFulfilled, stmt.value->range, fmt::format("`{}` does not hold", text));
  if (!stmt.reason.empty())
    failure.help(stmt.reason);
}

/// What is required of an update's numbers: evaluation updates nothing. What is required of rows is required of the data.
static void requireOnlyInTraining(tw::RequireOp op) {
  mlir::OpBuilder builder(op);
  const mlir::Location loc = op.getLoc();
  const auto type = mlir::cast<mlir::RankedTensorType>(op.getCondition().getType());
  if (type.getRank() > 0)
    return;
  const mlir::Value training = train::TrainingOp::create(builder, loc, type);
  const mlir::Value evaluates = tw::NotOp::create(builder, loc, type, training);
  op.getConditionMutable().assign(tw::OrOp::create(builder, loc, type, evaluates, op.getCondition()));
}

/// Of an update rule: to the head of the objective, in front of all updates, together with what it is computed from, the `ops` of its operands.
static tw::RequireOp movedToObjective(Walk &walk, tw::RequireOp op, const std::vector<mlir::Operation *> &ops) {
  mlir::Block &block = mlir::cast<train::ObjectiveOp>(walk.objective).getBody().front();
  auto builder = mlir::OpBuilder::atBlockBegin(&block);
  mlir::IRMapping mapping;
  for (mlir::Operation *operand : ops)
    builder.clone(*operand, mapping);
  auto copy = mlir::cast<tw::RequireOp>(builder.clone(*op, mapping));
  op.erase();
  return copy;
}

void frontend::require(Walk &walk, const Stmt &stmt) {
  const Required required = stmt.bounds ? requiredRange(walk, stmt) : requiredCondition(walk, *stmt.value);
  const Value &condition = required.condition;
  if (condition.isPoison() || (condition.kind == Value::Bool && condition.boolean))
    return;
  if (condition.kind == Value::Bool || presentValue(walk, condition.tensor.ssa) == 0.0)
    return failNotFulfilled(walk, stmt);
  const bool isInRule = walk.scopes.isOfUpdate() && !walk.scopes.body();
  if (isInRule ? !opsOfStep(condition.tensor.ssa) : !walk.scopes.body() || walk.scopes.inInitialValue()) {
    walk.fail(Code::NotKnownHere, stmt.range,
              isInRule ? "what an update rule requires is computed from numbers and `step` alone"
                       : "only what a step computes from data and parameters can be required");
    return;
  }
  tw::RequireOp op = emitRequirement(walk, stmt.value->range, stmt.reason, required);
  if (isInRule)
    op = movedToObjective(walk, op, *opsOfStep(op->getOperands()));
  if (walk.scopes.isOfUpdate())
    requireOnlyInTraining(op);
}

/// That whole numbers whose type does not tell it are in 0 to `end` - 1. False: it cannot be looked at here (reported).
static bool requireInEachStep(Walk &walk, const Tensor &numbers, Count end, ast::Range range, const Expr *expr,
                              const std::string &what, std::string message) {
  if (!walk.scopes.body() || walk.scopes.inInitialValue()) {
    walk.fail(Code::NotKnownHere, range, fmt::format("what {} is below is not known here", what))
        .help("what has no bound is looked at in each step; `x % 10` is below 10");
    return false;
  }
  const Required required =
      within(walk, Value::of(numbers), tw::infoOf(numbers.element()), 0, end, range, expr, std::move(message));
  if (required.condition.kind != Value::Bool)
    emitRequirement(walk, range, "", required);
  return true;
}

bool frontend::requirePosition(Walk &walk, const Tensor &position, Count extent, const Expr &expr) {
  const std::string text = talweg::toText(expr);
  if (const std::optional<std::int64_t> bound = position.bound()) {
    if (*bound > extent)
      walk.fail(Code::IndexOutOfRange, expr.range,
                fmt::format("`{}` goes from 0 to {}, outside of a dimension of {}", text, *bound - 1, extent.value));
    return *bound <= extent;
  }
  return requireInEachStep(walk, position, extent, expr.range, &expr, "`" + text + "`",
                           fmt::format("the index `{}` is {{}}, outside of a dimension of {}", text, extent.value));
}

bool frontend::requireLabels(Walk &walk, Tensor &labels, Count classes, const std::string &giver, ast::Range range) {
  const std::optional<std::int64_t> bound = labels.bound();
  if (bound && *bound > classes)
    walk.fail(Code::ResultMismatch, range,
              fmt::format("`{}` gives 0 to {}, and declares labels from 0 to {}", giver, *bound - 1, classes - 1));
  const bool isTaken =
      bound ? *bound <= classes
            : requireInEachStep(walk, labels, classes, range, nullptr, fmt::format("the result of `{}`", giver),
                                fmt::format("`{}` gives {{}}, and declares labels from 0 to {}", giver, classes - 1));
  labels.classes = classes;
  labels.label = true;
  return isTaken;
}

void frontend::requireLimit(Walk &walk, mlir::Operation *minimize, mlir::Value limit, const Expr &expr) {
  if (limit.getDefiningOp<tw::ConstantOp>())
    return;
  mlir::OpBuilder builder(minimize);
  const mlir::Location loc = walk.location(expr.range);
  const auto type = mlir::cast<mlir::RankedTensorType>(limit.getType());
  const mlir::Value zero = tw::ConstantOp::create(builder, loc, mlir::DenseElementsAttr::get(type, 0.0));
  const mlir::Value isAbove = tw::CompareOp::create(builder, loc, mlir::RankedTensorType::get({}, builder.getI1Type()),
                                                    tw::Predicate::gt, limit, zero);
  const std::string message =
      fmt::format("a gradient is clipped to a number above 0, and `{}` is {{}}", talweg::toText(expr));
  requireOnlyInTraining(tw::RequireOp::create(builder, loc, isAbove, limit, builder.getStringAttr(message),
                                              mlir::StringAttr(), mlir::IntegerAttr(), mlir::IntegerAttr()));
}
