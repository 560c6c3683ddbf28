// Which whole numbers a program can do something with: what it requires of a field, and which positions it compares the field
// with, seen through conversions, windows and numbers that are added.
#include "Declarations.h"

#include "talweg/Dialect/Tw/Access.h"
#include "talweg/Dialect/Tw/Tw.h"

#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace talweg;
using namespace talweg::conversion;

using Bounds = SmallVectorImpl<Bound>;

namespace {
/// A value that is another's elements plus a number.
struct Shifted {
  Value root;
  std::int64_t by = 0;
};
} // namespace

static std::optional<std::int64_t> wholeNumber(Value value) {
  auto number = tw::uniformValue(value);
  return number && std::fabs(*number) < 1e9 && std::floor(*number) == *number ? std::optional(std::int64_t(*number))
                                                                              : std::nullopt;
}

static Shifted rootOf(Value value) {
  Shifted result{value};
  while (Operation *op = result.root.getDefiningOp()) {
    auto number = op->getNumOperands() == 2 ? wholeNumber(op->getOperand(1)) : std::nullopt;
    if (number && isa<tw::AddOp>(op))
      result.by += *number;
    else if (number && isa<tw::SubOp>(op))
      result.by -= *number;
    else if (!isa<tw::ConvertOp, tw::WindowOp, tw::ReshapeOp>(op))
      break;
    result.root = op->getOperand(0);
  }
  return result;
}

/// How many positions there are, if `value` holds positions: an index, or where an extremum is.
static std::optional<std::int64_t> positionsIn(Value value) {
  if (auto iota = value.getDefiningOp<tw::IotaOp>())
    return cast<RankedTensorType>(iota.getType()).getDimSize(iota.getDim());
  if (auto arg = value.getDefiningOp<tw::ArgOp>())
    return cast<RankedTensorType>(arg.getX().getType()).getDimSize(arg.getDim());
  return std::nullopt;
}

/// Bounds a field's values by [low, high), where `shifted` is the field plus a number.
static void bound(Shifted shifted, std::int64_t low, std::int64_t high, Bounds &bounds) {
  auto batch = dyn_cast<BlockArgument>(shifted.root);
  if (!batch)
    return;
  Bound &field = bounds[batch.getArgNumber()];
  field.low = std::max(field.low, low - shifted.by);
  field.high = std::min(field.high, high - shifted.by);
}

/// `position predicate field`: some position, not every one, is to satisfy it.
static void boundByPositions(Shifted field, Shifted position, tw::Predicate predicate, Bounds &bounds) {
  auto count = positionsIn(position.root);
  if (!count)
    return;
  field.by -= position.by;
  std::int64_t low = predicate == tw::Predicate::lt ? 1 : 0;
  std::int64_t high = *count + low - (predicate == tw::Predicate::gt && *count > 1 ? 1 : 0);
  bound(field, low, high, bounds);
}

static tw::Predicate mirrored(tw::Predicate predicate) {
  switch (predicate) {
  case tw::Predicate::lt: return tw::Predicate::gt;
  case tw::Predicate::le: return tw::Predicate::ge;
  case tw::Predicate::gt: return tw::Predicate::lt;
  case tw::Predicate::ge: return tw::Predicate::le;
  default: return predicate;
  }
}

/// `field predicate number` is to hold.
static void boundByNumber(Shifted field, std::int64_t number, tw::Predicate predicate, Bounds &bounds) {
  constexpr std::int64_t any = INT64_MAX / 2; // a shift stays within 64 bits
  switch (predicate) {
  case tw::Predicate::lt: return bound(field, -any, number, bounds);
  case tw::Predicate::le: return bound(field, -any, number + 1, bounds);
  case tw::Predicate::gt: return bound(field, number + 1, any, bounds);
  case tw::Predicate::ge: return bound(field, number, any, bounds);
  case tw::Predicate::eq: return bound(field, number, number + 1, bounds);
  case tw::Predicate::ne: return;
  }
}

static void boundByCondition(Value condition, Bounds &bounds) {
  if (auto both = condition.getDefiningOp<tw::AndOp>()) {
    boundByCondition(both.getA(), bounds);
    boundByCondition(both.getB(), bounds);
  } else if (auto compare = condition.getDefiningOp<tw::CompareOp>()) {
    if (auto number = wholeNumber(compare.getB()))
      boundByNumber(rootOf(compare.getA()), *number, compare.getPredicate(), bounds);
    else if (auto first = wholeNumber(compare.getA()))
      boundByNumber(rootOf(compare.getB()), *first, mirrored(compare.getPredicate()), bounds);
  }
}

SmallVector<Bound> conversion::boundFields(Block &objective) {
  SmallVector<Bound> bounds(objective.getNumArguments());
  for (auto require : objective.getOps<tw::RequireOp>())
    if (require.getLow() && require.getValue())
      bound(rootOf(require.getValue()), *require.getLow(), *require.getHigh(), bounds);
    else
      boundByCondition(require.getCondition(), bounds);
  for (auto compare : objective.getOps<tw::CompareOp>()) {
    Shifted a = rootOf(compare.getA()), b = rootOf(compare.getB());
    boundByPositions(b, a, compare.getPredicate(), bounds);
    boundByPositions(a, b, mirrored(compare.getPredicate()), bounds);
  }
  return bounds;
}
