// Elementwise ops on dual numbers: values, derivatives, and how far rounding may move both.
#include "Numbers.h"

#include "llvm/ADT/StringMap.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

using namespace mlir;

namespace talweg::random {
namespace {

/// An operand, the derivative in it, and how far that may be off.
struct Partial {
  const Dual &of;
  double slope, error;
};

/// A function's value from its derivatives: the chain rule, for errors too.
Dual chain(double value, double rounding, std::initializer_list<Partial> partials, double epsilon) {
  Dual y{value, rounding};
  for (const auto &[x, slope, error] : partials) {
    y.error += (std::fabs(slope) + error) * x.error;
    y.slope += slope * x.slope;
    y.slopeSize += std::fabs(slope) * x.slopeSize;
    y.slopeError += std::fabs(slope) * x.slopeError + error * (x.slopeSize + x.slopeError);
  }
  y.slopeError += 4 * epsilon * y.slopeSize;
  return y;
}

/// A function of one operand at a place: its value, its derivative, and a bound of the second within the operand's error.
/// `floor`: rounding is relative to at least this.
struct Curve {
  double value, slope, bend, floor = 0;
};

Curve curveOf(StringRef name, double x, double error) {
  auto left = [&](double at) { return at > error ? at - error : 0; }; // the least that a positive number may be
  if (name == "exp")
    return {std::exp(x), std::exp(x), std::exp(x + error)};
  if (name == "log")
    return {std::log(x), 1 / x, 1 / (left(x) * left(x)), 0.5};
  if (name == "log1p")
    return {std::log1p(x), 1 / (1 + x), 1 / (left(1 + x) * left(1 + x))};
  if (name == "sqrt")
    return {std::sqrt(x), 0.5 / std::sqrt(x), 0.25 * std::pow(left(x), -1.5)};
  if (name == "rsqrt")
    return {1 / std::sqrt(x), -0.5 * std::pow(x, -1.5), 0.75 * std::pow(left(x), -2.5)};
  if (name == "tanh")
    return {std::tanh(x), 1 - std::tanh(x) * std::tanh(x), 2, 1};
  if (name == "erf")
    return {std::erf(x), 2 * std::numbers::inv_sqrtpi * std::exp(-x * x), 2, 1};
  if (name == "logistic") {
    double y = 1 / (1 + std::exp(-x));
    return {y, y * (1 - y), 1, 1};
  }
  if (name == "sin")
    return {std::sin(x), std::cos(x), 1, 1};
  if (name == "cos")
    return {std::cos(x), -std::sin(x), 1, 1};
  llvm_unreachable("not a function of one operand");
}

Dual applyCurve(StringRef name, const Dual &x, double epsilon) {
  Curve y = curveOf(name, x.value, x.error);
  double bend = x.error > 0 ? y.bend * x.error : 0; // at a singular place bend may be infinite
  return chain(y.value, 8 * epsilon * std::max(std::fabs(y.value), y.floor),
               {{x, y.slope, bend + 8 * epsilon * std::max(std::fabs(y.slope), y.floor)}}, epsilon);
}

/// The greater of two bounds; not a number is worst.
double worse(double a, double b) { return b <= a ? a : b; }

/// One of several numbers, when rounding decides which.
Dual anyOf(ArrayRef<Dual> choices) {
  Dual y = choices.front();
  for (const Dual &other : choices.drop_front()) {
    y.error = worse(y.error, std::fabs(other.value - choices.front().value) + other.error);
    y.slopeError = worse(y.slopeError, std::fabs(other.slope - choices.front().slope) + other.slopeError);
    y.slopeSize = worse(y.slopeSize, other.slopeSize);
  }
  return y;
}

Dual divide(const Dual &a, const Dual &b, double epsilon) {
  double y = a.value / b.value, least = std::max(0.0, std::fabs(b.value) - b.error);
  double inverse = 1 / b.value, inverseError = b.error > 0 ? b.error / (least * least) : 0;
  double yError = std::fabs(inverse) * a.error + (std::fabs(a.value) + a.error) * inverseError;
  return chain(
      y, 2 * epsilon * std::fabs(y),
      {{a, inverse, inverseError + 2 * epsilon * std::fabs(inverse)},
       {b, -y * inverse, (yError + 4 * epsilon * std::fabs(y)) * std::fabs(inverse) + std::fabs(y) * inverseError}},
      epsilon);
}

/// aᵇ for a > 0, or any a and b that is exact.
Dual power(const Dual &a, const Dual &b, double epsilon) {
  double y = std::pow(a.value, b.value);
  double slopeA = b.value == 0 ? 0 : b.value * std::pow(a.value, b.value - 1);
  double slopeB = a.value == 0 || (b.slopeSize == 0 && b.error == 0) ? 0 : y * std::log(a.value);
  double least = std::max(0.0, a.value - a.error), steep = 1 + std::fabs(b.value * std::log(std::fabs(a.value)));
  double relative = (a.error > 0 ? std::fabs(b.value) * a.error / least : 0) +
                    (b.error > 0 ? std::fabs(std::log(a.value)) * b.error : 0) + 16 * epsilon * steep;
  double relativeA = relative + (a.error > 0 ? a.error / least : 0) + (b.error > 0 ? b.error / std::fabs(b.value) : 0);
  double logError = (a.error > 0 ? a.error / least : 0) + 8 * epsilon;
  return chain(y, 16 * epsilon * steep * std::fabs(y),
               {{a, slopeA, std::fabs(slopeA) * relativeA},
                {b, slopeB, std::fabs(slopeB) * relative + (b.slopeSize > 0 ? std::fabs(y) * logError : 0)}},
               epsilon);
}

bool holds(tw::Predicate predicate, double a, double b) {
  switch (predicate) {
  case tw::Predicate::eq: return a == b;
  case tw::Predicate::ne: return a != b;
  case tw::Predicate::lt: return a < b;
  case tw::Predicate::le: return a <= b;
  case tw::Predicate::gt: return a > b;
  case tw::Predicate::ge: return a >= b;
  }
  return false;
}

/// True if rounding may put the numbers in another order, or they are not numbers.
bool isClose(const Dual &a, const Dual &b) {
  double error = a.error + b.error;
  return error != 0 && !(std::fabs(a.value - b.value) > error);
}

Dual compare(tw::Predicate predicate, const Dual &a, const Dual &b) {
  return {double(holds(predicate, a.value, b.value)), double(isClose(a, b))};
}

/// A number with itself: rounding changes nothing, unless it may make it nan. What is nan is taken to be so, as behind a branch not taken.
Dual compareWithItself(tw::Predicate predicate, const Dual &x) {
  return {double(holds(predicate, x.value, x.value)), double(!std::isnan(x.value) && !std::isfinite(x.error))};
}

Dual logical(StringRef name, const Dual &a, const Dual &b) {
  bool isAnd = name == "and", value = isAnd ? a.value != 0 && b.value != 0 : a.value != 0 || b.value != 0;
  auto decides = [&](const Dual &x) { return x.error == 0 && (x.value != 0) != isAnd; };
  return {double(value), decides(a) || decides(b) ? 0 : std::max(a.error, b.error)};
}

Dual convert(tw::ConvertOp op, const Dual &x, double epsilon) {
  Type from = getElementTypeOrSelf(op.getX()), to = getElementTypeOrSelf(op.getY());
  if (!isa<FloatType>(to)) {
    double value = std::trunc(x.value);
    bool isDoubtful = !(std::trunc(x.value - x.error) == std::trunc(x.value + x.error));
    return {value, isDoubtful ? 1.0 : isa<FloatType>(from) ? 0.0 : x.error};
  }
  Dual y = x;
  if (isa<FloatType>(from) && from.getIntOrFloatBitWidth() > to.getIntOrFloatBitWidth())
    y.error += epsilon * std::fabs(x.value);
  if (isa<FloatType>(from))
    y.slopeError += std::max(epsilon, 0x1p-24) * x.slopeSize; // the cotangent is rounded on its way back
  return y;
}

StringRef nameOf(Operation *op) { return op->getName().stripDialect(); }

} // namespace

Dual multiply(const Dual &a, const Dual &b, double epsilon) {
  double y = a.value * b.value;
  return chain(y, epsilon * std::fabs(y), {{a, b.value, b.error}, {b, a.value, a.error}}, epsilon);
}

Dual extremeOf(tw::Reduction kind, ArrayRef<Dual> elements) {
  constexpr double any = std::numeric_limits<double>::infinity();
  if (llvm::any_of(elements, [](const Dual &x) { return std::isnan(x.value); }))
    return {std::nan(""), any, 0, any, 0};
  double sign = kind == tw::Reduction::max ? 1 : -1;
  const Dual *best = &elements.front();
  for (const Dual &x : elements)
    if (sign * x.value > sign * best->value)
      best = &x;
  SmallVector<Dual> close, equal;
  for (const Dual &x : elements) {
    if (x.value == best->value || isClose(x, *best))
      close.push_back(x);
    if (x.value == best->value)
      equal.push_back(x);
  }
  Dual mean = equal.front();
  mean.slope = 0;
  for (const Dual &x : equal)
    mean.slope += x.slope / double(equal.size());
  SmallVector<Dual> choices{mean};
  choices.append(close);
  Dual y = equal.size() == close.size() && llvm::all_of(equal, [](const Dual &x) { return x.error == 0; })
               ? mean
               : anyOf(choices);
  for (const Dual &x : close) {
    y.slopeSize = worse(y.slopeSize, x.slopeSize);
    y.slopeError = worse(y.slopeError, x.slopeError);
  }
  return y;
}

bool isElementwise(Operation *op) {
  return op->hasTrait<OpTrait::SameOperandsAndResultType>() ||
         isa<tw::CompareOp, tw::SelectOp, tw::ConvertOp, tw::StopGradientOp>(op);
}

Dual applyElementwise(Operation *op, ArrayRef<Dual> x, double epsilon) {
  StringRef name = nameOf(op);
  if (name == "watch")
    return x[0];
  if (name == "neg")
    return {-x[0].value, x[0].error, -x[0].slope, x[0].slopeError, x[0].slopeSize};
  if (name == "abs") {
    double sign = x[0].value > 0 ? 1 : x[0].value < 0 ? -1 : 0;
    return chain(std::fabs(x[0].value), 0, {{x[0], sign, isClose(x[0], Dual()) ? 2.0 : 0.0}}, 0);
  }
  if (name == "floor")
    return {std::floor(x[0].value),
            double(!(std::floor(x[0].value - x[0].error) == std::floor(x[0].value + x[0].error)))};
  if (name == "stop_gradient")
    return {x[0].value, x[0].error};
  bool isInteger = !isa<FloatType>(getElementTypeOrSelf(op->getResult(0)));
  if (name == "add" || name == "sub") {
    double sign = name == "add" ? 1 : -1, y = x[0].value + sign * x[1].value;
    return chain(y, isInteger ? 0 : epsilon * std::fabs(y), {{x[0], 1, 0}, {x[1], sign, 0}}, epsilon);
  }
  if (name == "mul")
    return multiply(x[0], x[1], isInteger ? 0 : epsilon);
  if (name == "div" && isInteger)
    return {x[1].value == 0 ? x[0].value : std::floor(x[0].value / x[1].value), x[0].error + x[1].error};
  if (name == "rem")
    return {x[1].value == 0 ? 0 : x[0].value - x[1].value * std::floor(x[0].value / x[1].value),
            x[0].error + x[1].error};
  if (name == "div")
    return divide(x[0], x[1], epsilon);
  if (name == "pow")
    return power(x[0], x[1], epsilon);
  if (name == "max" || name == "min")
    return extremeOf(name == "max" ? tw::Reduction::max : tw::Reduction::min, x);
  if (name == "and" || name == "or")
    return logical(name, x[0], x[1]);
  if (name == "not")
    return {double(x[0].value == 0), x[0].error};
  if (auto comparison = dyn_cast<tw::CompareOp>(op); comparison && comparison.getA() == comparison.getB())
    return compareWithItself(comparison.getPredicate(), x[0]);
  if (auto comparison = dyn_cast<tw::CompareOp>(op))
    return compare(comparison.getPredicate(), x[0], x[1]);
  if (isa<tw::SelectOp>(op)) {
    const Dual &taken = x[0].value != 0 ? x[1] : x[2], &other = x[0].value != 0 ? x[2] : x[1];
    return x[0].error == 0 ? taken : anyOf({taken, other});
  }
  if (auto conversion = dyn_cast<tw::ConvertOp>(op))
    return convert(conversion, x[0], epsilon);
  return applyCurve(name, x[0], epsilon);
}

} // namespace talweg::random
