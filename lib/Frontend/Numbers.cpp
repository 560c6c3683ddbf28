// Arithmetic on numbers known at compile time.
#include "Numbers.h"

#include "llvm/Support/ErrorHandling.h"

#include <cmath>
#include <fmt/format.h>
#include <limits>

using namespace talweg;
using namespace talweg::frontend;
using ast::BinaryOp;

static std::int64_t floorDivide(std::int64_t a, std::int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

static NumberFault integerPower(std::int64_t base, std::int64_t exponent, std::int64_t &result) {
  result = 1;
  if (base == 0 || base == 1 || base == -1) {
    result = exponent == 0 ? 1 : base == -1 && exponent % 2 == 0 ? 1 : base;
    return NumberFault::None;
  }
  for (std::int64_t i = 0; i < exponent; ++i)
    if (__builtin_mul_overflow(result, base, &result))
      return NumberFault::Overflow;
  return NumberFault::None;
}

static NumberFault onIntegers(BinaryOp op, std::int64_t a, std::int64_t b, Number &result) {
  std::int64_t r = 0;
  bool overflow = false;
  switch (op) {
  case BinaryOp::Add: overflow = __builtin_add_overflow(a, b, &r); break;
  case BinaryOp::Sub: overflow = __builtin_sub_overflow(a, b, &r); break;
  case BinaryOp::Mul: overflow = __builtin_mul_overflow(a, b, &r); break;
  case BinaryOp::Div:
  case BinaryOp::Mod:
    if (b == 0)
      return NumberFault::DivisionByZero;
    if (a == std::numeric_limits<std::int64_t>::min() && b == -1)
      return NumberFault::Overflow;
    if (op == BinaryOp::Mod) {
      r = a - b * floorDivide(a, b);
      break;
    }
    r = floorDivide(a, b);
    break;
  case BinaryOp::Pow:
    if (b < 0) {
      result = Number::of(std::pow(double(a), double(b)));
      return NumberFault::None;
    }
    if (NumberFault fault = integerPower(a, b, r); fault != NumberFault::None)
      return fault;
    break;
  default: return NumberFault::NotANumber;
  }
  result = Number::of(r);
  return overflow ? NumberFault::Overflow : NumberFault::None;
}

static NumberFault onNumbers(BinaryOp op, const Number &a, const Number &b, Number &result) {
  if (a.isInteger && b.isInteger) {
    Number next;
    const NumberFault faultOfNext = onIntegers(op, a.integer.next, b.integer.next, next),
                      fault = onIntegers(op, a.integer, b.integer, result);
    if (faultOfNext == NumberFault::None && next.isInteger && result.isInteger)
      result.integer.next = next.integer;
    return fault;
  }
  const double x = a.asReal(), y = b.asReal();
  switch (op) {
  case BinaryOp::Add: result = Number::of(x + y); break;
  case BinaryOp::Sub: result = Number::of(x - y); break;
  case BinaryOp::Mul: result = Number::of(x * y); break;
  case BinaryOp::Div:
    if (y == 0)
      return NumberFault::DivisionByZero;
    result = Number::of(x / y);
    break;
  case BinaryOp::Mod:
    if (y == 0)
      return NumberFault::DivisionByZero;
    result = Number::of(x - y * std::floor(x / y));
    break;
  case BinaryOp::Pow: result = Number::of(std::pow(x, y)); break;
  default: return NumberFault::NotANumber;
  }
  return std::isnan(result.real) && !std::isnan(x) && !std::isnan(y) ? NumberFault::NotANumber : NumberFault::None;
}

NumberFault frontend::arithmetic(BinaryOp op, Number a, Number b, Number &result) {
  const NumberFault fault = onNumbers(op, a, b, result);
  if (a.dependsOnBatch() || b.dependsOnBatch())
    result.formula = std::make_shared<const Formula>(
        Formula{{}, op, a.isInteger && b.isInteger, nullptr, Formula::of(a), Formula::of(b)});
  return fault;
}

bool frontend::compare(BinaryOp op, const Number &a, const Number &b) {
  const auto decide = [op](auto x, auto y) {
    switch (op) {
    case BinaryOp::Eq: return x == y;
    case BinaryOp::Ne: return x != y;
    case BinaryOp::Lt: return x < y;
    case BinaryOp::Le: return x <= y;
    case BinaryOp::Gt: return x > y;
    default: return x >= y;
    }
  };
  return a.isInteger && b.isInteger ? decide(a.integer, b.integer) : decide(a.asReal(), b.asReal());
}

Number frontend::realOf(const Number &n) {
  Number real = Number::of(n.asReal());
  if (n.dependsOnBatch())
    real.formula = Formula::of(n);
  return real;
}

std::string frontend::toText(const Number &n) {
  if (n.isInteger)
    return fmt::format("{}", n.integer);
  const std::string text = fmt::format("{}", n.real);
  return text.find_first_not_of("-0123456789") == std::string::npos ? text + ".0" : text;
}

std::optional<std::int64_t> frontend::elementCount(const std::vector<std::int64_t> &sizes, std::int64_t most) {
  std::int64_t count = 1;
  for (std::int64_t size : sizes)
    if (size < 0 || __builtin_mul_overflow(count, size, &count) || count > most)
      return std::nullopt;
  return count;
}

std::string_view frontend::spelling(BinaryOp op) {
  switch (op) {
  case BinaryOp::Add: return "+";
  case BinaryOp::Sub: return "-";
  case BinaryOp::Mul: return "*";
  case BinaryOp::Div: return "/";
  case BinaryOp::Mod: return "%";
  case BinaryOp::Pow: return "^";
  case BinaryOp::Eq: return "==";
  case BinaryOp::Ne: return "!=";
  case BinaryOp::Lt: return "<";
  case BinaryOp::Le: return "<=";
  case BinaryOp::Gt: return ">";
  case BinaryOp::Ge: return ">=";
  case BinaryOp::And: return "and";
  case BinaryOp::Or: return "or";
  }
  return "?";
}
