// Expressions other than calls and index notation. What is known at compile time is computed; the rest becomes operations.
#include "Expressions.h"

#include "Calls.h"
#include "Indexing.h"
#include "Operators.h"
#include "Walk.h"

#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Functions.h"

#include <fmt/format.h>
#include <limits>
#include <numbers>

using namespace talweg;
using namespace talweg::frontend;
using ast::BinaryOp;
using ast::Expr;

//===-- names ------------------------------------------------------------------------------------------------------===//

static Value scalarOf(mlir::Value ssa) {
  Tensor tensor;
  tensor.ssa = ssa;
  tensor.weak = true;
  return Value::of(tensor);
}

/// Of a count of the plan's steps, that of a loss's updates.
static Value countUpdates(Walk &walk, mlir::Value steps, ast::Range range) {
  const std::int64_t every = walk.scopes.stepsOfUpdate();
  if (every == 1)
    return scalarOf(steps);
  const Value ratio = binary(walk.tensors, BinaryOp::Div, scalarOf(steps), Value::integer(every), range);
  return scalarOf(tw::FloorOp::create(walk.builder, walk.location(range), steps.getType(), ratio.tensor.ssa));
}

/// Counts of the program that runs.
static Value evalStep(Walk &walk, const std::string &name, ast::Range range) {
  if (!walk.objective || walk.scopes.inInitialValue())
    return walk.fail(Code::NotKnownHere, range, fmt::format("`{}` is known only while a program runs", name));
  const auto type = mlir::RankedTensorType::get({}, walk.builder.getF64Type());
  if (name == "steps")
    return countUpdates(walk, train::TotalStepsOp::create(walk.builder, walk.location(range), type), range);
  // An update rule counts its steps from one, as papers do; everything else counts the steps already taken, a schedule no more than there are.
  const Frame *owner = &walk.frame();
  while (owner && owner->decl && owner->decl->kind == ast::Decl::Fn)
    owner = owner->caller;
  const bool inRule = owner && owner->decl && owner->decl->isUpdateRule();
  const bool inSchedule = owner && owner->decl && owner->decl->kind == ast::Decl::Schedule;
  auto steps = train::StepOp::create(walk.builder, walk.location(range), type);
  steps.setPlanned(inSchedule || (walk.scopes.isOfUpdate() && !inRule));
  const Value taken = countUpdates(walk, steps, range);
  return inRule ? binary(walk.tensors, BinaryOp::Add, taken, Value::integer(1), range) : taken;
}

/// The mode that a program runs in. The plan is that of every mode.
static Value evalTraining(Walk &walk, ast::Range range) {
  if (!walk.objective)
    return walk.fail(Code::NotKnownHere, range, "`training` is known only while a program runs");
  return scalarOf(train::TrainingOp::create(walk.builder, walk.location(range),
                                            mlir::RankedTensorType::get({}, walk.builder.getI1Type())));
}

/// Does the mode alone decide it: `training` or `not training`?
static bool isOfTraining(const Value &condition) {
  mlir::Value ssa = condition.tensor.ssa;
  if (auto inverse = ssa.getDefiningOp<tw::NotOp>())
    ssa = inverse.getA();
  return ssa.getDefiningOp<train::TrainingOp>() != nullptr;
}

/// The names that the language has without a declaration.
static std::optional<Value> evalKnownName(Walk &walk, const std::string &name, ast::Range range) {
  if (name == "true" || name == "false")
    return Value::truth(name == "true");
  if (name == "training")
    return evalTraining(walk, range);
  if (name == "pi")
    return Value::real(std::numbers::pi);
  if (name == "inf")
    return Value::real(std::numeric_limits<double>::infinity());
  if (name == "step" || name == "steps")
    return evalStep(walk, name, range);
  return std::nullopt;
}

static Value evalLocal(Walk &walk, const Value &value, const Expr &expr) {
  const bool isVisible = !value.isTensor() || walk.tensors.isVisible(value.tensor.ssa);
  if (!isVisible && isOfTraining(value)) { // the same everywhere
    const Value training = evalTraining(walk, expr.range);
    return value.tensor.ssa.getDefiningOp<tw::NotOp>() ? negation(walk.tensors, training, expr.range) : training;
  }
  if (!isVisible)
    return walk.fail(
        Code::NotKnownHere, expr.range,
        walk.scopes.inInitialValue()
            ? fmt::format("an initial value cannot depend on `{}`, which is computed from data or parameters",
                          expr.text)
            : fmt::format("`{}` is computed in every step and is not known here", expr.text));
  Value result = value;
  result.isDimension = false;
  return result;
}

Value frontend::evalIdent(Walk &walk, const Expr &expr, bool isBase) {
  const Frame &frame = walk.frame();
  if (IndexBinding *binding = walk.scopes.inDimension() ? nullptr : findIndex(frame, expr.text)) {
    if (binding->rest || binding->vars.empty())
      return walk.fail(Code::WrongKind, expr.range,
                       fmt::format("`..{}` stands for several indices and is not a value", expr.text));
    return evalIndex(walk, binding->vars.front(), expr.range);
  }
  if (const Value *local = frame.local(expr.text))
    return evalLocal(walk, *local, expr);
  if (const Value *config = walk.names.findConfig(expr.text, expr.range.file))
    return *config;
  if (std::optional<Value> value = evalKnownName(walk, expr.text, expr.range))
    return *value;
  if (const ast::Decl *decl = walk.names.find(expr.text, expr.range.file))
    return Value::function(decl);
  if (walk.names.isBuiltin(expr.text))
    return walk.fail(Code::WrongKind, expr.range,
                     fmt::format("`{}` is a function: write `{}(…)`", expr.text, expr.text));
  if (findIndex(frame, expr.text)) // in a dimension
    return walk.fail(Code::NotKnownHere, expr.range,
                     fmt::format("`{}` is an index, and a size is the same for all of its values", expr.text));
  const std::string meant = suggest(expr.text, walk.messages.namesInScope(false));
  Failure failure = walk.fail(Code::UnknownName, expr.range, fmt::format("unknown name `{}`", expr.text));
  failure.didYouMean(meant).helpRequirement(expr.text);
  if (meant.empty() && frame.statement && !isBase)
    failure.help("an index is introduced on the left side of a definition or by a reduction");
  return failure;
}

//===-- compounds --------------------------------------------------------------------------------------------------===//

static Value evalList(Walk &walk, const Expr &expr) {
  std::vector<Value> items;
  for (const ast::ExprPtr &item : expr.items) {
    items.push_back(eval(walk, *item));
    if (items.back().isPoison())
      return Value();
  }
  return Value::list(std::move(items));
}

static Value evalRange(Walk &walk, const Expr &expr) {
  Value range = Value::of(Value::Range);
  for (const Expr *end : {expr.lhs.get(), expr.rhs.get()}) {
    range.items.push_back(eval(walk, *end));
    if (range.items.back().isPoison())
      return Value();
    if (!range.items.back().isInteger())
      return walk.fail(Code::WrongKind, end->range,
                       "the ends of a range are integers, and this is " + walk.describe(range.items.back()));
  }
  return range;
}

static Value evalUnary(Walk &walk, const Expr &expr) {
  const Value x = eval(walk, *expr.lhs);
  if (x.isPoison())
    return x;
  if (expr.unary == ast::UnaryOp::Not)
    return negation(walk.tensors, x, expr.range);
  if (!x.isNumeric())
    return walk.fail(Code::WrongKind, expr.range, "`-` takes a number, and this is " + walk.describe(x));
  return unary(walk.tensors, tw::functionOf<tw::NegOp>, x, expr.range);
}

static Value evalBinary(Walk &walk, const Expr &expr) {
  // A chain a + b + c leans to the left and may be long: its left spine is walked, not recursed into.
  std::vector<const Expr *> spine;
  const Expr *left = &expr;
  const auto isKnown = [&](const Expr *e) { return walk.frame().statement && walk.frame().statement->known.count(e); };
  while (left->kind == Expr::Binary && !isKnown(left)) {
    spine.push_back(left);
    left = left->lhs.get();
  }
  Value value = eval(walk, *left);
  for (auto it = spine.rbegin(); it != spine.rend(); ++it) {
    const Expr &node = **it;
    // `and`, `or` with a left side that decides: the right side is not looked at.
    if (value.kind == Value::Bool &&
        ((node.binary == BinaryOp::And && !value.boolean) || (node.binary == BinaryOp::Or && value.boolean)))
      continue;
    const Value right = eval(walk, *node.rhs);
    value = binary(walk.tensors, node.binary, value, right, node.range, node.lhs.get(), node.rhs.get());
  }
  return value;
}

static Value evalIf(Walk &walk, const Expr &expr) {
  const Value condition = eval(walk, *expr.lhs);
  if (condition.isPoison())
    return condition;
  if (condition.kind == Value::Bool) // decided at compile time: the other branch does not exist
    return eval(walk, condition.boolean ? *expr.rhs : *expr.other);
  if (!condition.holdsConditions())
    return walk.fail(Code::WrongKind, expr.lhs->range,
                     "a condition is needed, and this is " + walk.describe(condition));
  Alternatives branches(isOfTraining(condition) ? walk.frame().instance : nullptr);
  const Value a = eval(walk, *expr.rhs);
  branches.beginSecond();
  const Value b = eval(walk, *expr.other);
  return select(walk.tensors, condition, a, b, expr);
}

//===-- expressions ------------------------------------------------------------------------------------------------===//

static Value evalUncached(Walk &walk, const Expr &expr) {
  switch (expr.kind) {
  case Expr::Number: return Value::of(expr.isInteger ? Number::of(expr.integer) : Number::of(expr.number));
  case Expr::String: return Value::string(expr.text);
  case Expr::Ident: return evalIdent(walk, expr);
  case Expr::List: return evalList(walk, expr);
  case Expr::Unary: return evalUnary(walk, expr);
  case Expr::Binary: return evalBinary(walk, expr);
  case Expr::Access: return evalAccess(walk, expr);
  case Expr::Call: return evalCall(walk, expr, nullptr, expr.range);
  case Expr::Pipe: return evalPipe(walk, expr);
  case Expr::If: return evalIf(walk, expr);
  case Expr::Reduce: return evalReduce(walk, expr);
  case Expr::Range: return evalRange(walk, expr);
  }
  return Value();
}

Value frontend::eval(Walk &walk, const Expr &expr) {
  if (const IndexStatement *statement = walk.frame().statement)
    if (const auto known = statement->known.find(&expr); known != statement->known.end())
      return known->second;
  if (!walk.limits.spend(expr.range))
    return Value();
  Limits::Level level(walk.limits, expr.range);
  return level ? evalUncached(walk, expr) : Value();
}

std::optional<Count> frontend::evalInteger(Walk &walk, const Expr &expr, const char *what) {
  const Value value = eval(walk, expr);
  if (value.isPoison())
    return std::nullopt;
  if (value.isInteger())
    return value.number.integer;
  if (value.kind == Value::Hyper)
    walk.fail(Code::WrongKind, expr.range,
              fmt::format("{} is fixed when the program is compiled, and `{}` may change between steps", what,
                          value.text))
        .help(fmt::format("give `{}` an integer value", value.text));
  else
    walk.fail(Code::WrongKind, expr.range, fmt::format("{} is an integer, and this is {}", what, walk.describe(value)));
  return std::nullopt;
}
