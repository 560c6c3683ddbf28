// Folders of the elementwise ops: constants whose elements are all equal are computed, and neutral elements vanish.
// The value of a float is computed in f64 and rounded once to its type.
#include "talweg/Dialect/Tw/Access.h"
#include "talweg/Dialect/Tw/Elements.h"
#include "talweg/Dialect/Tw/Tw.h"

#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace talweg::tw {
namespace {

/// The single element of a constant of equal elements, or nothing.
template <typename Number>
std::optional<Number> splat(Attribute attribute) {
  auto elements = dyn_cast_if_present<DenseElementsAttr>(attribute);
  if (!elements || !elements.isSplat())
    return std::nullopt;
  if constexpr (std::is_same_v<Number, double>) {
    if (!isReal(elements.getElementType()))
      return std::nullopt;
    APFloat value = elements.getSplatValue<APFloat>();
    bool inexact;
    value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &inexact);
    return value.convertToDouble();
  } else {
    if (!isa<IntegerType>(elements.getElementType()))
      return std::nullopt;
    return elements.getSplatValue<APInt>();
  }
}

Attribute floatSplat(Type type, double value) {
  auto ranked = dyn_cast<RankedTensorType>(type);
  if (!ranked)
    return nullptr;
  APFloat number(value);
  bool inexact;
  number.convert(cast<FloatType>(ranked.getElementType()).getFloatSemantics(), APFloat::rmNearestTiesToEven, &inexact);
  return DenseElementsAttr::get(ranked, number);
}

Attribute intSplat(Type type, const APInt &value) {
  auto ranked = dyn_cast<RankedTensorType>(type);
  return ranked ? DenseElementsAttr::get(ranked, value) : Attribute();
}

Attribute boolSplat(Type type, bool value) { return intSplat(type, APInt(1, value)); }

using FloatBinary = double (*)(double, double);
using IntBinary = std::optional<APInt> (*)(const APInt &, const APInt &);

Attribute foldBinary(Type type, Attribute a, Attribute b, FloatBinary ofFloats, IntBinary ofInts) {
  auto x = splat<double>(a), y = splat<double>(b);
  if (x && y)
    return floatSplat(type, ofFloats(*x, *y));
  auto i = splat<APInt>(a), j = splat<APInt>(b);
  if (!i || !j || !ofInts)
    return nullptr;
  auto result = ofInts(*i, *j);
  return result ? intSplat(type, *result) : Attribute();
}

/// True when every element of `value` is `number`; finds spread scalars too.
bool isAll(Value value, double number) { return uniformValue(value) == number; }

bool canDivide(const APInt &a, const APInt &b) { return !b.isZero() && !(a.isMinSignedValue() && b.isAllOnes()); }

double maximum(double a, double b) { return std::isnan(a) ? a : std::isnan(b) ? b : std::fmax(a, b); }
double minimum(double a, double b) { return std::isnan(a) ? a : std::isnan(b) ? b : std::fmin(a, b); }

template <typename Number>
bool compare(Predicate predicate, const Number &a, const Number &b) {
  switch (predicate) {
  case Predicate::eq: return a == b;
  case Predicate::ne: return a != b;
  case Predicate::lt: return a < b;
  case Predicate::le: return a <= b;
  case Predicate::gt: return a > b;
  case Predicate::ge: return a >= b;
  }
  return false;
}

} // namespace

Attribute foldFunction(Type type, Attribute x, double (*valueOf)(double)) {
  auto number = splat<double>(x);
  return number ? floatSplat(type, valueOf(*number)) : Attribute();
}

OpFoldResult AddOp::fold(FoldAdaptor adaptor) {
  if (isAll(getB(), 0))
    return getA();
  if (isAll(getA(), 0))
    return getB();
  return foldBinary(
      getType(), adaptor.getA(), adaptor.getB(), [](double a, double b) { return a + b; },
      [](const APInt &a, const APInt &b) -> std::optional<APInt> { return a + b; });
}

OpFoldResult SubOp::fold(FoldAdaptor adaptor) {
  if (isAll(getB(), 0))
    return getA();
  return foldBinary(
      getType(), adaptor.getA(), adaptor.getB(), [](double a, double b) { return a - b; },
      [](const APInt &a, const APInt &b) -> std::optional<APInt> { return a - b; });
}

OpFoldResult MulOp::fold(FoldAdaptor adaptor) {
  if (isAll(getB(), 1))
    return getA();
  if (isAll(getA(), 1))
    return getB();
  return foldBinary(
      getType(), adaptor.getA(), adaptor.getB(), [](double a, double b) { return a * b; },
      [](const APInt &a, const APInt &b) -> std::optional<APInt> { return a * b; });
}

OpFoldResult DivOp::fold(FoldAdaptor adaptor) {
  if (isAll(getB(), 1))
    return getA();
  return foldBinary(
      getType(), adaptor.getA(), adaptor.getB(), [](double a, double b) { return a / b; },
      [](const APInt &a, const APInt &b) -> std::optional<APInt> {
        if (!canDivide(a, b))
          return std::nullopt;
        APInt quotient = a.sdiv(b), remainder = a.srem(b);
        return !remainder.isZero() && remainder.isNegative() != b.isNegative() ? quotient - 1 : quotient;
      });
}

OpFoldResult RemOp::fold(FoldAdaptor adaptor) {
  return foldBinary(
      getType(), adaptor.getA(), adaptor.getB(), nullptr, [](const APInt &a, const APInt &b) -> std::optional<APInt> {
        if (!canDivide(a, b))
          return std::nullopt;
        APInt remainder = a.srem(b);
        return !remainder.isZero() && remainder.isNegative() != b.isNegative() ? remainder + b : remainder;
      });
}

OpFoldResult PowOp::fold(FoldAdaptor adaptor) {
  if (isAll(getB(), 1))
    return getA();
  return foldBinary(
      getType(), adaptor.getA(), adaptor.getB(), [](double a, double b) { return std::pow(a, b); }, nullptr);
}

OpFoldResult MaxOp::fold(FoldAdaptor adaptor) {
  if (getA() == getB())
    return getA();
  return foldBinary(getType(), adaptor.getA(), adaptor.getB(), maximum,
                    [](const APInt &a, const APInt &b) -> std::optional<APInt> { return a.sgt(b) ? a : b; });
}

OpFoldResult MinOp::fold(FoldAdaptor adaptor) {
  if (getA() == getB())
    return getA();
  return foldBinary(getType(), adaptor.getA(), adaptor.getB(), minimum,
                    [](const APInt &a, const APInt &b) -> std::optional<APInt> { return a.slt(b) ? a : b; });
}

/// Whether the turn of a scan is less, or greater, than `number`, where that is the same in all turns; or null.
static Attribute inAllTurns(CompareOp op, int64_t number) {
  auto turn = dyn_cast<BlockArgument>(op.getA());
  auto scan = turn ? dyn_cast_or_null<ScanOp>(turn.getOwner()->getParentOp()) : ScanOp();
  Predicate predicate = op.getPredicate();
  if (!scan || turn != scan.getTurn() || predicate == Predicate::eq || predicate == Predicate::ne)
    return {};
  bool first = compare<int64_t>(predicate, 0, number), last = compare<int64_t>(predicate, scan.getLength() - 1, number);
  return first == last ? boolSplat(op.getType(), first) : Attribute();
}

OpFoldResult CompareOp::fold(FoldAdaptor adaptor) {
  auto x = splat<double>(adaptor.getA()), y = splat<double>(adaptor.getB());
  if (x && y)
    return boolSplat(getType(), compare(getPredicate(), *x, *y));
  auto i = splat<APInt>(adaptor.getA()), j = splat<APInt>(adaptor.getB());
  if (i && j)
    return boolSplat(getType(), compare(getPredicate(), i->getSExtValue(), j->getSExtValue()));
  return j ? inAllTurns(*this, j->getSExtValue()) : Attribute();
}

OpFoldResult AndOp::fold(FoldAdaptor adaptor) {
  if (getA() == getB() || isAll(getB(), 1) || isAll(getA(), 0))
    return getA();
  return isAll(getA(), 1) || isAll(getB(), 0) ? OpFoldResult(getB()) : nullptr;
}

OpFoldResult OrOp::fold(FoldAdaptor adaptor) {
  if (getA() == getB() || isAll(getB(), 0) || isAll(getA(), 1))
    return getA();
  return isAll(getA(), 0) || isAll(getB(), 1) ? OpFoldResult(getB()) : nullptr;
}

OpFoldResult NotOp::fold(FoldAdaptor adaptor) {
  if (auto inner = getA().getDefiningOp<NotOp>())
    return inner.getA();
  auto condition = splat<APInt>(adaptor.getA());
  return condition ? boolSplat(getType(), condition->isZero()) : Attribute();
}

OpFoldResult SelectOp::fold(FoldAdaptor adaptor) {
  if (getA() == getB())
    return getA();
  if (auto condition = uniformValue(getCondition()))
    return *condition != 0 ? getA() : getB();
  return nullptr;
}

OpFoldResult ConvertOp::fold(FoldAdaptor adaptor) {
  if (getX().getType() == getType())
    return getX();
  Type from = getElementTypeOrSelf(getX()), to = getElementTypeOrSelf(getType());
  if (auto inner = getX().getDefiningOp<ConvertOp>())
    if (isa<FloatType>(from) && isa<FloatType>(to) && infoOf(from).bytes > infoOf(to).bytes &&
        inner.getX().getType() == getType())
      return inner.getX();
  if (auto number = splat<double>(adaptor.getX())) {
    if (isa<FloatType>(to))
      return floatSplat(getType(), *number);
    double limit = std::ldexp(1.0, to.getIntOrFloatBitWidth() - 1);
    if (infoOf(to).kind == ElementKind::Signed && *number > -limit && *number < limit)
      return intSplat(getType(), APInt(to.getIntOrFloatBitWidth(), int64_t(*number), /*isSigned=*/true));
    return nullptr;
  }
  auto number = splat<APInt>(adaptor.getX());
  if (!number)
    return nullptr;
  int64_t value = infoOf(from).isUnsigned() ? int64_t(number->getZExtValue()) : number->getSExtValue();
  if (isa<FloatType>(to))
    return floatSplat(getType(), double(value));
  if (infoOf(to).kind == ElementKind::Signed)
    return intSplat(getType(), APInt(64, value, true).sextOrTrunc(to.getIntOrFloatBitWidth()));
  return nullptr;
}

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValueAttr(); }

} // namespace talweg::tw
