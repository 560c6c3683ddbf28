// Operators and elementwise functions.
#include "Operators.h"

#include "talweg/Dialect/Tw/Functions.h"

#include <cmath>
#include <cstdint>
#include <fmt/format.h>

using namespace talweg;
using namespace talweg::frontend;
using ast::BinaryOp;
using ast::Expr;

//===-- functions of one operand -----------------------------------------------------------------------------------===//

/// The function of a number known at compile time; NaN only of NaN.
static Value valueOfNumber(TensorBuilder &tensors, const tw::Function &function, const Value &x, ast::Range range) {
  const Number &number = x.number;
  if (number.isInteger && number.integer != INT64_MIN) {
    const bool isAbs = &function == &tw::functionOf<tw::AbsOp>;
    if (&function == &tw::functionOf<tw::NegOp> || (isAbs && number.integer < 0))
      return binary(tensors, BinaryOp::Sub, Value::integer(0), x, range);
    if (isAbs || &function == &tw::functionOf<tw::FloorOp> || &function == &tw::functionOf<tw::StopGradientOp>)
      return x;
  }
  const double result = function.valueOf(number.asReal());
  if (std::isnan(result) && !std::isnan(number.asReal()))
    return tensors.fail(Code::NumberOutOfRange, range,
                        fmt::format("{}({}) is not a number", std::string_view(function.name), toText(number)));
  Value value = Value::real(result);
  if (number.dependsOnBatch())
    value.number.formula = std::make_shared<const Formula>(Formula{{}, {}, false, &function, Formula::of(number)});
  return value;
}

Value frontend::unary(TensorBuilder &tensors, const tw::Function &function, const Value &x, ast::Range range) {
  if (x.isPoison())
    return x;
  if (x.isNumber())
    return valueOfNumber(tensors, function, x, range);
  const std::string name(function.name);
  if (!x.isNumeric() || x.holdsConditions())
    return tensors.fail(Code::WrongKind, range,
                        fmt::format("`{}` takes numbers, and this is {}", name, tensors.describe(x)));
  const Operand operand{&x, nullptr};
  const bool negatesTensor = &function == &tw::functionOf<tw::NegOp> && x.isTensor();
  std::optional<Aligned> shape = tensors.align(operand, name, !negatesTensor, range);
  if (!shape)
    return Value();
  if (negatesTensor && tw::isWhole(shape->element))
    return binary(tensors, BinaryOp::Sub, Value::integer(0), x, range);
  if (x.kind == Value::Hyper) {
    shape->weak = true;
    shape->element = tensors.builder.getF64Type();
  }
  const mlir::Value in = tensors.materialise(x, shape->element, *shape, range);
  return wrap(function.create(tensors.builder, tensors.location(range), in), *shape);
}

Value frontend::negation(TensorBuilder &tensors, const Value &x, ast::Range range) {
  if (x.kind == Value::Bool)
    return Value::truth(!x.boolean);
  if (!x.holdsConditions())
    return tensors.fail(Code::WrongKind, range, "`not` takes a condition, and this is " + tensors.describe(x));
  Tensor result = x.tensor;
  result.ssa = tw::NotOp::create(tensors.builder, tensors.location(range), x.tensor.ssa.getType(), x.tensor.ssa);
  return Value::of(result);
}

//===-- bounds of whole numbers --------------------------------------------------------------------------------------===//

Bounds frontend::boundsOf(const Value &value) {
  if (value.isTensor())
    return value.tensor.bounds();
  const bool isKnown = value.isInteger() && !value.number.dependsOnBatch();
  return isKnown ? Bounds::of(value.number.integer) : Bounds();
}

Value frontend::withBounds(Value value, Bounds bounds) {
  if (tw::isWhole(value.tensor.element()))
    value.tensor.within = bounds;
  return value;
}

//===-- conditions -------------------------------------------------------------------------------------------------===//

Value frontend::logical(TensorBuilder &tensors, BinaryOp op, const Value &a, const Value &b, ast::Range range) {
  for (const Value *v : {&a, &b})
    if (!v->isCondition())
      return tensors.fail(Code::WrongKind, range,
                          fmt::format("`{}` takes conditions, and one side is {}", spelling(op), tensors.describe(*v)));
  if (a.kind == Value::Bool && b.kind == Value::Bool)
    return Value::truth(op == BinaryOp::And ? a.boolean && b.boolean : a.boolean || b.boolean);
  if (b.kind == Value::Bool)
    return (op == BinaryOp::And) == b.boolean ? a : b;
  if (a.kind == Value::Bool)
    return (op == BinaryOp::And) == a.boolean ? b : a;
  const std::optional<Aligned> shape = tensors.unite({{&a, nullptr}, {&b, nullptr}}, std::string(spelling(op)), range);
  if (!shape)
    return Value();
  const mlir::Type element = tensors.builder.getI1Type();
  const mlir::Value x = tensors.materialise(a, element, *shape, range),
                    y = tensors.materialise(b, element, *shape, range);
  const mlir::Location loc = tensors.location(range);
  return wrap(op == BinaryOp::And ? tw::AndOp::create(tensors.builder, loc, x.getType(), x, y).getResult()
                                  : tw::OrOp::create(tensors.builder, loc, x.getType(), x, y).getResult(),
              *shape);
}

Value frontend::select(TensorBuilder &tensors, const Value &condition, const Value &a, const Value &b,
                       const Expr &expr) {
  if (condition.isPoison() || a.isPoison() || b.isPoison())
    return Value();
  for (const Value *v : {&a, &b})
    if (!v->isNumeric() && !v->isCondition())
      return tensors.fail(Code::WrongKind, expr.range,
                          "an `if` on tensors chooses between numbers, and one branch is " + tensors.describe(*v));
  if (a.isCondition() != b.isCondition())
    return tensors.fail(Code::WrongKind, expr.range, "one branch is a condition, the other a number");
  const Operand operands[] = {{&condition, expr.lhs.get()}, {&a, expr.rhs.get()}, {&b, expr.other.get()}};
  const std::optional<Aligned> shape = tensors.unite(operands, "if", expr.range);
  if (!shape)
    return Value();
  mlir::Type element = tensors.builder.getI1Type();
  if (!a.isCondition())
    element = tensors.promote(llvm::ArrayRef(operands).drop_front(), *shape, false, expr.range);
  if (!element)
    return Value();
  if (a.isNumber() && b.isNumber() && !shape->weak)
    element = tensors.floatType();
  const mlir::Value c = tensors.materialise(condition, tensors.builder.getI1Type(), *shape, expr.range);
  const mlir::Value x = tensors.materialise(a, element, *shape, expr.range),
                    y = tensors.materialise(b, element, *shape, expr.range);
  return withBounds(
      wrap(tw::SelectOp::create(tensors.builder, tensors.location(expr.range), x.getType(), c, x, y), *shape),
      unite(boundsOf(a), boundsOf(b)));
}

//===-- arithmetic and comparisons ---------------------------------------------------------------------------------===//

static bool isComparison(BinaryOp op) { return op >= BinaryOp::Eq && op <= BinaryOp::Ge; }

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

/// `a op b` of numbers known at compile time.
static Value computed(TensorBuilder &tensors, BinaryOp op, const Number &a, const Number &b, ast::Range range) {
  if (isComparison(op))
    return Value::truth(compare(op, a, b));
  Number result;
  const auto problem = [&](const char *what) -> Value {
    return tensors.fail(Code::NumberOutOfRange, range,
                        fmt::format("{} {} {} {}", toText(a), spelling(op), toText(b), what));
  };
  switch (arithmetic(op, a, b, result)) {
  case NumberFault::None: break;
  case NumberFault::Overflow: return problem("does not fit into 64 bits");
  case NumberFault::DivisionByZero: return tensors.fail(Code::DivisionByZero, range, "division by zero");
  case NumberFault::NotANumber: return problem("is not a number");
  }
  return Value::of(result);
}

/// `a ^ b` where b is one of the numbers for which there is a shorter way.
static std::optional<Value> shortPower(TensorBuilder &tensors, const Value &a, const Value &b, ast::Range range,
                                       const Expr *lhs) {
  if (!b.isNumber() || b.number.dependsOnBatch())
    return std::nullopt;
  const double exponent = b.number.asReal();
  const auto times = [&](const Value &x, const Value &y) {
    return binary(tensors, BinaryOp::Mul, x, y, range, lhs, lhs);
  };
  if (exponent == 0)
    return Value::integer(1);
  if (exponent == 1)
    return a;
  if (exponent == 2)
    return times(a, a);
  if (exponent == 3)
    return times(times(a, a), a);
  if (exponent == 0.5)
    return unary(tensors, tw::functionOf<tw::SqrtOp>, a, range);
  if (exponent == -1)
    return binary(tensors, BinaryOp::Div, Value::real(1), a, range, nullptr, lhs);
  return std::nullopt;
}

/// Exact identities keep library code such as `0 * x` out of the module where an argument has its neutral value.
static std::optional<Value> neutral(BinaryOp op, const Value &a, const Value &b) {
  const auto is = [](const Value &v, double n) {
    return v.isNumber() && v.number.asReal() == n && !v.number.dependsOnBatch();
  };
  const auto isFloat = [](const Value &v) { return v.isTensor() && mlir::isa<mlir::FloatType>(v.tensor.element()); };
  if (isFloat(a) && ((is(b, 1) && (op == BinaryOp::Mul || op == BinaryOp::Div || op == BinaryOp::Pow)) ||
                     (is(b, 0) && op == BinaryOp::Sub)))
    return a;
  if (isFloat(b) && is(a, 1) && op == BinaryOp::Mul)
    return b;
  return std::nullopt;
}

static mlir::Value createBinary(TensorBuilder &tensors, BinaryOp op, mlir::Value x, mlir::Value y, ast::Range range) {
  mlir::OpBuilder &builder = tensors.builder;
  const mlir::Location loc = tensors.location(range);
  const auto type = mlir::cast<mlir::TensorType>(x.getType());
  switch (op) {
  case BinaryOp::Add: return tw::AddOp::create(builder, loc, type, x, y);
  case BinaryOp::Sub: return tw::SubOp::create(builder, loc, type, x, y);
  case BinaryOp::Mul: return tw::MulOp::create(builder, loc, type, x, y);
  case BinaryOp::Div: return tw::DivOp::create(builder, loc, type, x, y);
  case BinaryOp::Pow: return tw::PowOp::create(builder, loc, type, x, y);
  case BinaryOp::Mod: break;
  default:
    return tw::CompareOp::create(builder, loc, type.cloneWith(std::nullopt, builder.getI1Type()), predicateOf(op), x,
                                 y);
  }
  if (tw::isWhole(type.getElementType()))
    return tw::RemOp::create(builder, loc, type, x, y);
  const mlir::Value quotient = tw::FloorOp::create(builder, loc, type, tw::DivOp::create(builder, loc, type, x, y));
  return tw::SubOp::create(builder, loc, type, x, tw::MulOp::create(builder, loc, type, y, quotient));
}

static bool isNumbers(const Value &value) { return value.isNumeric() && !value.holdsConditions(); }

/// Whole numbers are divided to whole numbers. Refused (reported) are divisors that are known to be 0, and a number written in the text
/// that would lose a fraction, as in `1 / n`.
static bool checkDivision(TensorBuilder &tensors, BinaryOp op, const Value &a, const Value &b, const Expr *lhs,
                          ast::Range range) {
  const auto isWhole = [&](const Value &v) {
    return v.isInteger() || (v.isTensor() && tw::isWhole(tensors.computedType(v.tensor.element())));
  };
  if ((op != BinaryOp::Div && op != BinaryOp::Mod) || !isWhole(a) || !isWhole(b))
    return true;
  if (b.isInteger() && b.number.integer == 0) {
    tensors.fail(Code::DivisionByZero, range, "division by zero");
    return false;
  }
  const bool isNegated = lhs && lhs->kind == Expr::Unary && lhs->unary == ast::UnaryOp::Neg;
  const Expr *written = isNegated ? lhs->lhs.get() : lhs;
  if (op == BinaryOp::Mod || !written || written->kind != Expr::Number ||
      (b.isInteger() && written->integer % b.number.integer == 0))
    return true;
  tensors
      .fail(Code::FractionLost, range,
            fmt::format("whole numbers are divided to whole numbers, and {} would lose a fraction", written->integer))
      .help(fmt::format("write `{}.0`", written->integer));
  return false;
}

Value frontend::binary(TensorBuilder &tensors, BinaryOp op, const Value &a, const Value &b, ast::Range range,
                       const Expr *lhs, const Expr *rhs) {
  if (a.isPoison() || b.isPoison())
    return Value();
  if (op == BinaryOp::And || op == BinaryOp::Or)
    return logical(tensors, op, a, b, range);
  const bool equality = op == BinaryOp::Eq || op == BinaryOp::Ne;
  if (equality && a.kind == b.kind && (a.kind == Value::Bool || a.kind == Value::Text))
    return Value::truth((a.kind == Value::Bool ? a.boolean == b.boolean : a.text == b.text) == (op == BinaryOp::Eq));
  const Value *truth = a.kind == Value::Bool ? &a : b.kind == Value::Bool ? &b : nullptr;
  if (const Value &other = truth == &a ? b : a; equality && truth && other.holdsConditions())
    return truth->boolean == (op == BinaryOp::Eq) ? other : negation(tensors, other, range);
  for (const Value *v : {&a, &b})
    if (!isNumbers(*v)) {
      Failure failure = tensors.fail(Code::WrongKind, range,
                                     fmt::format("`{}` takes numbers, and the {} side is {}", spelling(op),
                                                 v == &a ? "left" : "right", tensors.describe(*v)));
      if (v->isTensor())
        failure.help("write `if … then 1 else 0` to count a condition");
      return failure;
    }
  if (!checkDivision(tensors, op, a, b, lhs, range))
    return Value();
  if (a.isNumber() && b.isNumber())
    return computed(tensors, op, a.number, b.number, range);
  if (equality && a.isTensor() && b.isTensor() && a.tensor.classes && b.tensor.classes &&
      (a.tensor.label || b.tensor.label) && *a.tensor.classes != *b.tensor.classes)
    return tensors.fail(
        Code::ClassesDisagree, range,
        fmt::format("one of {} classes is compared with one of {}", *a.tensor.classes, *b.tensor.classes));
  if (std::optional<Value> value = neutral(op, a, b))
    return *value;
  const bool isPower = op == BinaryOp::Pow;
  if (std::optional<Value> value = isPower ? shortPower(tensors, a, b, range, lhs) : std::nullopt)
    return *value;
  const std::optional<Aligned> shape = tensors.align({{&a, lhs}, {&b, rhs}}, std::string(spelling(op)), isPower, range);
  if (!shape)
    return Value();
  const mlir::Value x = tensors.materialise(a, shape->element, *shape, range),
                    y = tensors.materialise(b, shape->element, *shape, range);
  return withBounds(wrap(createBinary(tensors, op, x, y, range), *shape), boundsOf(op, boundsOf(a), boundsOf(b)));
}

Value frontend::extremum(TensorBuilder &tensors, const std::string &name, Operand a, Operand b, ast::Range range) {
  for (const Operand &operand : {a, b})
    if (!isNumbers(*operand.value))
      return tensors.fail(Code::WrongKind, range,
                          fmt::format("`{}` takes numbers, and one is {}", name, tensors.describe(*operand.value)));
  const bool isMax = name == "max";
  if (a.value->isNumber() && b.value->isNumber()) {
    Value chosen = compare(BinaryOp::Lt, a.value->number, b.value->number) == isMax ? *b.value : *a.value;
    const std::int64_t x = a.value->number.integer.next, y = b.value->number.integer.next;
    if (a.value->isInteger() && b.value->isInteger())
      chosen.number.integer.next = isMax ? std::max(x, y) : std::min(x, y);
    return chosen;
  }
  const std::optional<Aligned> shape = tensors.align({a, b}, name, false, range);
  if (!shape)
    return Value();
  const mlir::Value x = tensors.materialise(*a.value, shape->element, *shape, range),
                    y = tensors.materialise(*b.value, shape->element, *shape, range);
  const mlir::Location loc = tensors.location(range);
  const mlir::Value chosen = isMax ? tw::MaxOp::create(tensors.builder, loc, x.getType(), x, y).getResult()
                                   : tw::MinOp::create(tensors.builder, loc, x.getType(), x, y).getResult();
  const Bounds ofX = boundsOf(*a.value), ofY = boundsOf(*b.value);
  return withBounds(wrap(chosen, *shape), isMax ? boundsOfGreater(ofX, ofY) : boundsOfLess(ofX, ofY));
}
