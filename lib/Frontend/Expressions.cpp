// Expressions other than calls and index notation. What is known at compile time is computed; the rest becomes operations.
#include "Elaborator.h"

#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Functions.h"
#include "talweg/Dialect/Tw/Tw.h"

#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <numbers>

using namespace talweg;
using namespace talweg::frontend;
using ast::BinaryOp;
using ast::Expr;

/// Deepest nesting of evaluations, through expressions and calls together.
static constexpr int kMaxDepth = 6000;

Value Elaborator::eval(const Expr &expr) {
  if (frame->statement) {
    auto known = frame->statement->known.find(&expr);
    if (known != frame->statement->known.end())
      return known->second;
  }
  if (!spend(expr.range))
    return Value();
  if (depth >= kMaxDepth) {
    if (!exhausted)
      fail(Code::TooDeepCalls, expr.range, "the evaluation nests too deeply");
    exhausted = true;
    return Value();
  }
  ++depth;
  Value value = evalUncached(expr);
  --depth;
  return value;
}

Value Elaborator::evalUncached(const Expr &expr) {
  switch (expr.kind) {
  case Expr::Number: return Value::of(expr.isInteger ? Number::of(expr.integer) : Number::of(expr.number));
  case Expr::String: return Value::string(expr.text);
  case Expr::Ident: return evalIdent(expr);
  case Expr::List: {
    std::vector<Value> items;
    for (const ast::ExprPtr &item : expr.items) {
      items.push_back(eval(*item));
      if (items.back().isPoison())
        return Value();
    }
    return Value::list(std::move(items));
  }
  case Expr::Unary: return evalUnary(expr);
  case Expr::Binary: return evalBinary(expr);
  case Expr::Access: return evalAccess(expr);
  case Expr::Call: return evalCall(expr, nullptr, expr.range);
  case Expr::Pipe: return evalPipe(expr);
  case Expr::If: return evalIf(expr);
  case Expr::Reduce: return evalReduce(expr);
  case Expr::Range_: {
    Value range = Value::of(Value::Range_);
    for (const Expr *end : {expr.lhs.get(), expr.rhs.get()}) {
      range.items.push_back(eval(*end));
      if (range.items.back().isPoison())
        return Value();
      if (!range.items.back().isInteger())
        return fail(Code::WrongKind, end->range,
                    "the ends of a range are integers, and this is " + describe(range.items.back()));
    }
    return range;
  }
  }
  return Value();
}

//===-- names ------------------------------------------------------------------------------------------------------===//

Value Elaborator::builtinValue(const std::string &name, ast::Range range, bool &found) {
  found = true;
  const auto scalar = [&](mlir::Value ssa) {
    Tensor tensor;
    tensor.ssa = ssa;
    tensor.weak = true;
    return Value::of(tensor);
  };
  if (name == "true" || name == "false")
    return Value::boolean_(name == "true");
  if (name == "training")
    return scalar(
        train::TrainingOp::create(builder, location(range), mlir::RankedTensorType::get({}, builder.getI1Type())));
  if (name == "pi")
    return Value::real(std::numbers::pi);
  if (name == "inf")
    return Value::real(std::numeric_limits<double>::infinity());
  if (name == "step" || name == "steps") {
    if (!objective || initialising)
      return fail(Code::NotKnownHere, range, fmt::format("`{}` is known only while a program runs", name));
    const auto type = mlir::RankedTensorType::get({}, builder.getF64Type());
    if (name == "steps")
      return scalar(train::TotalStepsOp::create(builder, location(range), type));
    const Value taken = scalar(train::StepOp::create(builder, location(range), type));
    // An update rule counts its steps from one, as papers do; everything else counts the steps already taken.
    const Frame *owner = frame;
    while (owner && owner->decl && owner->decl->kind == ast::Decl::Fn)
      owner = owner->caller;
    const bool inRule = owner && owner->decl && owner->decl->kind == ast::Decl::Optimizer;
    return inRule ? binary(BinaryOp::Add, taken, Value::integer(1), range, nullptr, nullptr) : taken;
  }
  found = false;
  return Value();
}

Value Elaborator::evalIdent(const Expr &expr, bool isBase) {
  if (IndexBinding *binding = inDimension ? nullptr : findIndex(expr.text)) { // dimensions are not made of indices
    if (binding->rest || binding->vars.empty())
      return fail(Code::WrongKind, expr.range,
                  fmt::format("`..{}` stands for several indices and is not a value", expr.text));
    return indexAsValue(binding->vars.front(), expr.range);
  }
  auto local = frame->locals.find(expr.text);
  if (local != frame->locals.end()) {
    const Value &value = local->second;
    if (value.isTensor() && !isVisible(value.tensor.ssa))
      return fail(Code::NotKnownHere, expr.range,
                  initialising
                      ? fmt::format("an initial value cannot depend on `{}`, which is computed from data or parameters",
                                    expr.text)
                      : fmt::format("`{}` is computed in every step and is not known here", expr.text));
    Value result = value;
    result.isDimension = false;
    return result;
  }
  auto config = configs.find(expr.text);
  if (config != configs.end() && (expr.range.file == 0))
    return config->second;
  bool found = false;
  Value value = builtinValue(expr.text, expr.range, found);
  if (found)
    return value;
  if (const ast::Decl *decl = findDecl(expr.text, expr.range.file)) {
    auto callable = std::make_shared<Callable>();
    callable->decl = decl;
    Value function = Value::of(Value::Function);
    function.callable = callable;
    return function;
  }
  if (isBuiltin(expr.text))
    return fail(Code::WrongKind, expr.range, fmt::format("`{}` is a function: write `{}(…)`", expr.text, expr.text));
  const std::string meant = suggest(expr.text, namesInScope(false));
  Failure failure = fail(Code::UnknownName, expr.range, fmt::format("unknown name `{}`", expr.text));
  failure.didYouMean(meant);
  helpRequirement(failure, expr.text);
  if (meant.empty() && frame->statement && !isBase)
    failure.help("an index is introduced on the left side of a definition or by a reduction");
  return failure;
}

//===-- operators --------------------------------------------------------------------------------------------------===//

Value Elaborator::evalUnary(const Expr &expr) {
  const Value x = eval(*expr.lhs);
  if (x.isPoison())
    return x;
  if (expr.unary == ast::UnaryOp::Neg) {
    if (!x.isNumeric())
      return fail(Code::WrongKind, expr.range, "`-` takes a number, and this is " + describe(x));
    return unary(tw::functionOf<tw::NegOp>, x, expr.range);
  }
  if (x.kind == Value::Bool)
    return Value::boolean_(!x.boolean);
  if (!x.isTensor() || !elementOf(x).isInteger(1))
    return fail(Code::WrongKind, expr.range, "`not` takes a condition, and this is " + describe(x));
  Tensor result = x.tensor;
  result.ssa = tw::NotOp::create(builder, location(expr.range), x.tensor.ssa.getType(), x.tensor.ssa);
  return Value::of(result);
}

Value Elaborator::evalBinary(const Expr &expr) {
  // A chain a + b + c leans to the left and may be long: its left spine is walked, not recursed into.
  std::vector<const Expr *> spine;
  const Expr *left = &expr;
  const auto isKnown = [&](const Expr *e) { return frame->statement && frame->statement->known.count(e); };
  while (left->kind == Expr::Binary && !isKnown(left)) {
    spine.push_back(left);
    left = left->lhs.get();
  }
  Value value = eval(*left);
  for (auto it = spine.rbegin(); it != spine.rend(); ++it) {
    const Expr &node = **it;
    // `and`, `or` with a left side that decides: the right side is not looked at.
    if (value.kind == Value::Bool &&
        ((node.binary == BinaryOp::And && !value.boolean) || (node.binary == BinaryOp::Or && value.boolean)))
      continue;
    const Value right = eval(*node.rhs);
    value = binary(node.binary, value, right, node.range, node.lhs.get(), node.rhs.get());
  }
  return value;
}

static bool isComparison(BinaryOp op) { return op >= BinaryOp::Eq && op <= BinaryOp::Ge; }

Value Elaborator::logical(BinaryOp op, const Value &a, const Value &b, ast::Range range) {
  for (const Value *v : {&a, &b})
    if (v->kind != Value::Bool && !(v->isTensor() && elementOf(*v).isInteger(1)))
      return fail(Code::WrongKind, range,
                  fmt::format("`{}` takes conditions, and one side is {}", spelling(op), describe(*v)));
  if (a.kind == Value::Bool && b.kind == Value::Bool)
    return Value::boolean_(op == BinaryOp::And ? a.boolean && b.boolean : a.boolean || b.boolean);
  if (b.kind == Value::Bool)
    return (op == BinaryOp::And) == b.boolean ? a : b;
  if (a.kind == Value::Bool)
    return (op == BinaryOp::And) == a.boolean ? b : a;
  Aligned shape;
  if (!unite({{&a, nullptr}, {&b, nullptr}}, std::string(spelling(op)), range, shape))
    return Value();
  const mlir::Value x = materialise(a, builder.getI1Type(), shape, range),
                    y = materialise(b, builder.getI1Type(), shape, range);
  const mlir::Location loc = location(range);
  return wrap(op == BinaryOp::And ? tw::AndOp::create(builder, loc, x.getType(), x, y).getResult()
                                  : tw::OrOp::create(builder, loc, x.getType(), x, y).getResult(),
              shape);
}

static tw::Predicate predicateOf(BinaryOp op) {
  switch (op) {
  case BinaryOp::Eq: return tw::Predicate::eq;
  case BinaryOp::Ne: return tw::Predicate::ne;
  case BinaryOp::Lt: return tw::Predicate::lt;
  case BinaryOp::Le: return tw::Predicate::le;
  case BinaryOp::Gt: return tw::Predicate::gt;
  default: return tw::Predicate::ge;
  }
}

Value Elaborator::binary(BinaryOp op, const Value &a, const Value &b, ast::Range range, const Expr *lhs,
                         const Expr *rhs) {
  if (a.isPoison() || b.isPoison())
    return Value();
  if (op == BinaryOp::And || op == BinaryOp::Or)
    return logical(op, a, b, range);
  const bool equality = op == BinaryOp::Eq || op == BinaryOp::Ne;
  if (equality && a.kind == b.kind && (a.kind == Value::Bool || a.kind == Value::Text))
    return Value::boolean_((a.kind == Value::Bool ? a.boolean == b.boolean : a.text == b.text) == (op == BinaryOp::Eq));
  for (const Value *v : {&a, &b})
    if (!v->isNumeric() || (v->isTensor() && elementOf(*v).isInteger(1))) {
      Failure failure = fail(Code::WrongKind, range,
                             fmt::format("`{}` takes numbers, and the {} side is {}", spelling(op),
                                         v == &a ? "left" : "right", describe(*v)));
      if (v->isTensor())
        failure.help("write `if … then 1 else 0` to count a condition");
      return failure;
    }
  if (a.isNumber() && b.isNumber()) {
    if (isComparison(op))
      return Value::boolean_(compare(op, a.number, b.number));
    Number result;
    switch (arithmetic(op, a.number, b.number, inDimension, result)) {
    case NumberFault::None: return Value::of(result);
    case NumberFault::Overflow:
      return fail(Code::NumberOutOfRange, range,
                  fmt::format("{} {} {} does not fit into 64 bits", toText(a.number), spelling(op), toText(b.number)));
    case NumberFault::DivisionByZero: return fail(Code::DivisionByZero, range, "division by zero");
    case NumberFault::NotANumber:
      return fail(Code::NumberOutOfRange, range,
                  fmt::format("{} {} {} is not a number", toText(a.number), spelling(op), toText(b.number)));
    }
  }
  if (equality && a.isTensor() && b.isTensor() && a.tensor.classes && b.tensor.classes &&
      (a.tensor.label || b.tensor.label) && *a.tensor.classes != *b.tensor.classes)
    return fail(Code::ClassesDisagree, range,
                fmt::format("one of {} classes is compared with one of {}", *a.tensor.classes, *b.tensor.classes));

  // Exact identities keep library code such as `0 * x` out of the module where an argument has its neutral value.
  const auto is = [](const Value &v, double n) { return v.isNumber() && v.number.asReal() == n; };
  const auto isFloat = [&](const Value &v) { return v.isTensor() && mlir::isa<mlir::FloatType>(elementOf(v)); };
  if (isFloat(a) && ((is(b, 1) && (op == BinaryOp::Mul || op == BinaryOp::Div || op == BinaryOp::Pow)) ||
                     (is(b, 0) && op == BinaryOp::Sub)))
    return a;
  if (isFloat(b) && is(a, 1) && op == BinaryOp::Mul)
    return b;
  if (op == BinaryOp::Pow)
    return power(a, b, range, lhs, rhs);

  Aligned shape;
  mlir::Type element;
  const Operand operands[] = {{&a, lhs}, {&b, rhs}};
  if (!unite(operands, std::string(spelling(op)), range, shape) ||
      !promote(operands, shape, op == BinaryOp::Div, range, element))
    return Value();
  const mlir::Value x = materialise(a, element, shape, range), y = materialise(b, element, shape, range);
  const mlir::Location loc = location(range);
  const mlir::Type type = x.getType();
  if (isComparison(op))
    return wrap(tw::CompareOp::create(builder, loc, typeOf(shape, builder.getI1Type()), predicateOf(op), x, y), shape);
  switch (op) {
  case BinaryOp::Add: return wrap(tw::AddOp::create(builder, loc, type, x, y), shape);
  case BinaryOp::Sub: return wrap(tw::SubOp::create(builder, loc, type, x, y), shape);
  case BinaryOp::Mul: return wrap(tw::MulOp::create(builder, loc, type, x, y), shape);
  case BinaryOp::Div: return wrap(tw::DivOp::create(builder, loc, type, x, y), shape);
  case BinaryOp::Mod: {
    if (element.isInteger(32))
      return wrap(tw::RemOp::create(builder, loc, type, x, y), shape);
    const mlir::Value quotient = tw::FloorOp::create(builder, loc, type, tw::DivOp::create(builder, loc, type, x, y));
    return wrap(tw::SubOp::create(builder, loc, type, x, tw::MulOp::create(builder, loc, type, y, quotient)), shape);
  }
  default: return Value();
  }
}

Value Elaborator::power(const Value &a, const Value &b, ast::Range range, const Expr *lhs, const Expr *rhs) {
  if (b.isNumber() && !a.isNumber()) {
    const double exponent = b.number.asReal();
    const auto times = [&](const Value &x, const Value &y) { return binary(BinaryOp::Mul, x, y, range, lhs, lhs); };
    if (exponent == 0)
      return Value::integer(1);
    if (exponent == 1)
      return a;
    if (exponent == 2)
      return times(a, a);
    if (exponent == 3)
      return times(times(a, a), a);
    if (exponent == 0.5)
      return unary(tw::functionOf<tw::SqrtOp>, a, range);
    if (exponent == -1)
      return binary(BinaryOp::Div, Value::integer(1), a, range, nullptr, lhs);
  }
  Aligned shape;
  mlir::Type element;
  const Operand operands[] = {{&a, lhs}, {&b, rhs}};
  if (!unite(operands, "^", range, shape) || !promote(operands, shape, true, range, element))
    return Value();
  const mlir::Value x = materialise(a, element, shape, range), y = materialise(b, element, shape, range);
  return wrap(tw::PowOp::create(builder, location(range), x.getType(), x, y), shape);
}

//===-- if ---------------------------------------------------------------------------------------------------------===//

Value Elaborator::evalIf(const Expr &expr) {
  const Value condition = eval(*expr.lhs);
  if (condition.isPoison())
    return condition;
  if (condition.kind == Value::Bool) // decided at compile time: the other branch does not exist
    return eval(condition.boolean ? *expr.rhs : *expr.other);
  if (!condition.isTensor() || !elementOf(condition).isInteger(1))
    return fail(Code::WrongKind, expr.lhs->range, "a condition is needed, and this is " + describe(condition));
  const Value a = eval(*expr.rhs), b = eval(*expr.other);
  return select(condition, a, b, expr);
}

Value Elaborator::select(const Value &condition, const Value &a, const Value &b, const Expr &expr) {
  if (condition.isPoison() || a.isPoison() || b.isPoison())
    return Value();
  const auto isCondition = [&](const Value &v) {
    return v.kind == Value::Bool || (v.isTensor() && elementOf(v).isInteger(1));
  };
  for (const Value *v : {&a, &b})
    if (!v->isNumeric() && !isCondition(*v))
      return fail(Code::WrongKind, expr.range,
                  "an `if` on tensors chooses between numbers, and one branch is " + describe(*v));
  if (isCondition(a) != isCondition(b))
    return fail(Code::WrongKind, expr.range, "one branch is a condition, the other a number");
  Aligned shape;
  mlir::Type element = builder.getI1Type();
  const Operand operands[] = {{&condition, expr.lhs.get()}, {&a, expr.rhs.get()}, {&b, expr.other.get()}};
  if (!unite(operands, "if", expr.range, shape))
    return Value();
  if (!isCondition(a) && !promote(llvm::ArrayRef(operands).drop_front(), shape, false, expr.range, element))
    return Value();
  if (a.isNumber() && b.isNumber() && !shape.weak)
    element = floatType();
  const mlir::Value c = materialise(condition, builder.getI1Type(), shape, expr.range);
  const mlir::Value x = materialise(a, element, shape, expr.range), y = materialise(b, element, shape, expr.range);
  return wrap(tw::SelectOp::create(builder, location(expr.range), x.getType(), c, x, y), shape);
}

std::optional<std::int64_t> Elaborator::evalInteger(const Expr &expr, const char *what) {
  const Value value = eval(expr);
  if (value.isPoison())
    return std::nullopt;
  if (value.isInteger())
    return value.number.integer;
  if (value.kind == Value::Hyper)
    fail(Code::WrongKind, expr.range,
         fmt::format("{} is fixed when the program is compiled, and `{}` may change between steps", what, value.text))
        .help(fmt::format("give `{}` an integer value", value.text));
  else
    fail(Code::WrongKind, expr.range, fmt::format("{} is an integer, and this is {}", what, describe(value)));
  return std::nullopt;
}
