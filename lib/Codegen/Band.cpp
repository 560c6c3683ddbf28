// Follows masks through the bodies of elementwise ops, from op to op.
#include "Band.h"

#include "Access.h"
#include "InlineProducer.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using linalg::GenericOp;

namespace talweg {

namespace {

/// Where a position, affine in loops or dimensions, is in [low, high].
struct Places {
  AffineExpr position;
  int64_t low, high;

  bool operator==(const Places &) const = default;
};

constexpr int64_t kFar = int64_t(1) << 40; ///< further than any index
constexpr int kMost =
    512; ///< values that are looked at for a tensor: chains may share them, and each path is walked by itself

/// The value in a body that an elementwise op gives for each element of one of its results.
struct Given {
  GenericOp op;
  Value value;
};

std::optional<Given> givenBy(Value tensor) {
  auto op = tensor.getDefiningOp<GenericOp>();
  if (!op || !isElementwise(op))
    return {};
  return Given{op, op.getBody()->getTerminator()->getOperand(cast<OpResult>(tensor).getResultNumber())};
}

/// The input that a value of the body is an element of.
OpOperand *inputOf(GenericOp op, Value value) {
  auto argument = dyn_cast<BlockArgument>(value);
  bool isInput = argument && argument.getOwner() == op.getBody() && argument.getArgNumber() < op.getNumDpsInputs();
  return isInput ? op.getDpsInputOperand(argument.getArgNumber()) : nullptr;
}

/// The literal that a value of the body is, for each element; null: it is none.
TypedAttr literalOf(GenericOp op, Value value) {
  Attribute literal;
  if (matchPattern(value, m_Constant(&literal)))
    return dyn_cast<TypedAttr>(literal);
  SplatElementsAttr everywhere;
  OpOperand *input = inputOf(op, value);
  return input && matchPattern(input->get(), m_Constant(&everywhere)) ? everywhere.getSplatValue<TypedAttr>()
                                                                      : TypedAttr();
}

AffineExpr through(AffineMap map, AffineExpr position) {
  return position ? simplifyAffineExpr(position.replaceDims(map.getResults()), map.getNumDims(), 0) : position;
}

/// The same places by the loops of an op that reads a tensor by `map`.
std::optional<Places> through(AffineMap map, std::optional<Places> band) {
  if (band)
    band->position = through(map, band->position);
  return band;
}

/// Follows a property of values from a body to the ops that compute its inputs.
template <typename Result, typename Own>
Result followed(GenericOp op, Value value, int &left, Own own) {
  if (--left < 0)
    return {};
  if (OpOperand *input = inputOf(op, value)) {
    auto given = givenBy(input->get());
    return given ? through(op.getMatchingIndexingMap(input), own(given->op, given->value, left)) : Result();
  }
  return {};
}

/// A whole number as an affine function of the loops; null: it is none.
AffineExpr affineOf(GenericOp op, Value value, int &left) {
  if (--left < 0)
    return {};
  if (auto number = dyn_cast_or_null<IntegerAttr>(literalOf(op, value)))
    return getAffineConstantExpr(number.getValue().getSExtValue(), op.getContext());
  Operation *by = value.getDefiningOp();
  if (auto index = dyn_cast_or_null<linalg::IndexOp>(by))
    return getAffineDimExpr(unsigned(index.getDim()), op.getContext());
  if (isa_and_nonnull<arith::IndexCastOp, arith::ExtSIOp>(by))
    return affineOf(op, by->getOperand(0), left);
  if (isa_and_nonnull<arith::AddIOp, arith::SubIOp>(by)) {
    AffineExpr x = affineOf(op, by->getOperand(0), left), y = affineOf(op, by->getOperand(1), left);
    return !x || !y ? AffineExpr() : isa<arith::AddIOp>(by) ? x + y : x - y;
  }
  return followed<AffineExpr>(op, value, left, affineOf);
}

std::optional<Places> comparedBand(arith::CmpIPredicate predicate, AffineExpr difference) {
  switch (predicate) {
  case arith::CmpIPredicate::slt: return Places{difference, -kFar, -1};
  case arith::CmpIPredicate::sle: return Places{difference, -kFar, 0};
  case arith::CmpIPredicate::sgt: return Places{difference, 1, kFar};
  case arith::CmpIPredicate::sge: return Places{difference, 0, kFar};
  case arith::CmpIPredicate::eq: return Places{difference, 0, 0};
  default: return {};
  }
}

/// Where a condition can hold; `isTurned`: where it can fail.
std::optional<Places> conditionBand(GenericOp op, Value condition, int &left, bool isTurned) {
  if (--left < 0)
    return {};
  if (auto compare = condition.getDefiningOp<arith::CmpIOp>()) {
    AffineExpr x = affineOf(op, compare.getLhs(), left), y = affineOf(op, compare.getRhs(), left);
    if (!x || !y)
      return {};
    auto predicate = compare.getPredicate();
    return comparedBand(isTurned ? arith::invertPredicate(predicate) : predicate,
                        simplifyAffineExpr(x - y, op.getNumLoops(), 0));
  }
  if (auto both = condition.getDefiningOp<arith::AndIOp>(); both && !isTurned) {
    auto first = conditionBand(op, both.getLhs(), left, false);
    return first ? first : conditionBand(op, both.getRhs(), left, false);
  }
  if (auto turned = condition.getDefiningOp<arith::XOrIOp>(); turned && matchPattern(turned.getRhs(), m_One()))
    return conditionBand(op, turned.getLhs(), left, !isTurned);
  return followed<std::optional<Places>>(op, condition, left, [&](GenericOp producer, Value value, int &left) {
    return conditionBand(producer, value, left, isTurned);
  });
}

/// The places where `value` can be other than `outside`: zero, or -inf.
enum class Outside { zero, lowest };

bool isAlways(GenericOp op, Value value, Outside outside) {
  auto literal = dyn_cast_or_null<FloatAttr>(literalOf(op, value));
  if (!literal)
    return false;
  APFloat number = literal.getValue();
  return outside == Outside::zero ? number.isZero() : number.isInfinity() && number.isNegative();
}

std::optional<Places> valueBand(GenericOp op, Value value, int &left, Outside outside) {
  if (--left < 0)
    return {};
  auto of = [&](Value operand, Outside what) { return valueBand(op, operand, left, what); };
  Operation *by = value.getDefiningOp();
  if (auto select = dyn_cast_or_null<arith::SelectOp>(by)) {
    // The condition may tell, or what is taken where it does not say `outside`, as where some are dropped at random.
    for (bool isTurned : {false, true}) {
      Value other = isTurned ? select.getTrueValue() : select.getFalseValue();
      if (!isAlways(op, other, outside))
        continue;
      auto band = conditionBand(op, select.getCondition(), left, isTurned);
      return band ? band : of(isTurned ? select.getFalseValue() : select.getTrueValue(), outside);
    }
    return {};
  }
  if (outside == Outside::zero) {
    if (isa_and_nonnull<arith::MulFOp>(by)) {
      auto first = of(by->getOperand(0), outside);
      return first ? first : of(by->getOperand(1), outside);
    }
    if (isa_and_nonnull<arith::DivFOp, arith::NegFOp, arith::ExtFOp, arith::TruncFOp>(by))
      return of(by->getOperand(0), outside);
    if (isa_and_nonnull<math::ExpOp>(by)) {
      // Of a row that is -inf throughout, less its greatest element, e^x is nan: the diagonal is to be in the band.
      auto lowest = of(by->getOperand(0), Outside::lowest);
      if (!lowest)
        return {};
      const AffineMap position = AffineMap::get(op.getNumLoops(), 0, lowest->position);
      const int64_t diagonal = position.compose(SmallVector<int64_t>(op.getNumLoops(), 0))[0];
      return lowest->low <= diagonal && diagonal <= lowest->high ? lowest : std::optional<Places>();
    }
  } else if (isa_and_nonnull<arith::SubFOp>(by)) { // of a finite number
    return of(by->getOperand(0), outside);
  }
  return followed<std::optional<Places>>(op, value, left, [&](GenericOp producer, Value inner, int &left) {
    return valueBand(producer, inner, left, outside);
  });
}

/// Outside of what band of the loops no use of `value` in the body tells anything of it.
std::optional<Places> usedBand(GenericOp op, Value value, int &left) {
  std::optional<Places> all;
  if (--left < 0 || value.use_empty())
    return {};
  for (OpOperand &use : value.getUses()) {
    Operation *user = use.getOwner();
    std::optional<Places> band;
    if (auto select = dyn_cast<arith::SelectOp>(user); select && use.getOperandNumber() > 0)
      band = conditionBand(op, select.getCondition(), left, use.getOperandNumber() == 2);
    if (!band && isa<arith::MulFOp>(user))
      band = valueBand(op, user->getOperand(1 - use.getOperandNumber()), left, Outside::zero);
    const bool isTaken = (isa<arith::SelectOp>(user) && use.getOperandNumber() > 0) ||
                         (isa<arith::DivFOp>(user) && use.getOperandNumber() == 0);
    if (!band && (isTaken || isa<arith::MulFOp, arith::AddFOp, arith::SubFOp, arith::NegFOp>(user)))
      band = usedBand(op, user->getResult(0), left);
    if (!band || (all && *all != *band))
      return {};
    all = band;
  }
  return all;
}

/// The dimensions of a tensor outside of which its elements are zero.
std::optional<Places> nonzero(Value tensor) {
  auto given = givenBy(tensor);
  int left = kMost;
  return given ? valueBand(given->op, given->value, left, Outside::zero) : std::optional<Places>();
}

/// The dimensions of a tensor outside of which no element has an influence on what reads it.
std::optional<Places> read(Value tensor) {
  std::optional<Places> all;
  int left = kMost;
  for (OpOperand &use : tensor.getUses()) {
    auto op = dyn_cast<GenericOp>(use.getOwner());
    if (!op || !op.hasPureTensorSemantics() || !op.isDpsInput(&use))
      return {};
    AffineMap map = op.getMatchingIndexingMap(&use);
    if (!map.isPermutation())
      return {};
    auto band = through(inversePermutation(map), usedBand(op, op.getMatchingBlockArgument(&use), left));
    if (!band || (all && *all != *band))
      return {};
    all = band;
  }
  return all;
}

/// The band of a product's loops, which find the elements of a tensor by `map`.
std::optional<Band> byLoops(AffineMap map, std::optional<Places> places) {
  places = through(map, places);
  if (!places || !places->position.isPureAffine() || places->position.isSymbolicOrConstant())
    return {};
  // The map is affine: its value at 0 and at each unit vector gives the constant and the coefficients.
  AffineMap position = AffineMap::get(map.getNumDims(), 0, places->position);
  SmallVector<int64_t> point(map.getNumDims(), 0);
  const int64_t start = position.compose(point)[0];
  Band band{places->low - start, places->high - start, {}};
  for (int64_t &loop : point) {
    loop = 1;
    band.moves.push_back(position.compose(point)[0] - start);
    loop = 0;
  }
  return band;
}

} // namespace

std::optional<Band> bandOf(kernel::ProductOp product) {
  for (OpOperand *factor : {&product.getLeftMutable(), &product.getRightMutable()})
    if (auto band = byLoops(product.getMatchingIndexingMap(factor), nonzero(factor->get())))
      return band;
  return byLoops(product.getSumMap(), read(product.getResult(0)));
}

} // namespace talweg
