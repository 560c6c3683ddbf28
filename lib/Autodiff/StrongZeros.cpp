// Strong zeros: what a branch that was not taken, or an element that nothing reads, adds to a gradient is nothing, also
// where the derivative inside of it is infinite or nan. In `if x > 0 then sqrt(x) else 0` the cotangent of sqrt(x) is
// exactly 0 wherever the condition fails, and by IEEE's rules 0 times sqrt's derivative there is nan.
//
// In: a block of primal ops with a backward pass among them. Out: the same, in which every product or quotient r of such a
// cotangent dy and a factor that can be infinite or nan is `dy == 0 and r is nan ? 0 : r`. Guaranteed: values that were finite
// are the same numbers with the same derivatives (dy may be 0 because a weight is, and r's derivative by it is the factor), and
// a backward pass without such a pair is left as it was. Not looked into: contractions that sum, as matrix products do. Neither
// their factors are guarded nor do zeros pass through them.
//
// One walk from the top to the bottom finds three facts for each value from those of its operands: its sign, whether it can be
// infinite or nan though parameters and data are finite, and whether it is a cotangent with zeros of this kind. What is
// known to be safe is safe (`rsqrt(variance + eps)`, whose argument is positive); overflow is thought of in exp alone.
#include "StrongZeros.h"

#include "talweg/Dialect/Tw/Access.h"
#include "talweg/Dialect/Tw/Elements.h"
#include "talweg/Dialect/Tw/Functions.h"
#include "talweg/Dialect/Tw/Tw.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;

namespace talweg {
namespace {

/// What is known of the elements that are numbers, from the least to the most.
enum class Sign { unknown, notNegative, positive };

Sign signOf(double number) { return number > 0 ? Sign::positive : number == 0 ? Sign::notNegative : Sign::unknown; }

struct Facts {
  Sign sign = Sign::unknown;
  /// Some elements may be infinite or nan.
  bool isSingular = false;
  /// A cotangent some elements of which may be 0 because the primal value was not used there.
  bool hasZeros = false;
};

/// Whether y[map(d)] += … for all d in `extents` writes every element of y: each position is a sum of multiples of dims of
/// its own that starts at 0 and leaves no gap.
bool writesAll(AffineMap map, ArrayRef<int64_t> extents, ArrayRef<int64_t> ofY) {
  llvm::SmallBitVector isUsed(extents.size());
  for (auto [expr, size] : llvm::zip(map.getResults(), ofY)) {
    SmallVector<std::pair<int64_t, unsigned>> terms; // factor, dim
    for (unsigned dim = 0; dim < extents.size(); ++dim) {
      SmallVector<int64_t> oneStep(extents.size(), 1);
      oneStep[dim] = 2;
      auto reached = tw::rangeOf(expr, oneStep);
      if (!reached || reached->first != 0)
        return false;
      if (reached->second != 0 && extents[dim] != 1)
        terms.push_back({reached->second, dim});
    }
    llvm::sort(terms);
    int64_t written = 1; // all below this
    for (auto [factor, dim] : terms) {
      if (factor > written || isUsed.test(dim))
        return false;
      isUsed.set(dim);
      written += factor * (extents[dim] - 1);
    }
    if (written != size)
      return false;
  }
  return true;
}

/// Whether what `sum` adds up is folded into slices of one dimension that together leave nothing out, and has no zeros of its own.
bool slicesFill(tw::AddOp sum, llvm::function_ref<bool(Value)> hasZeros) {
  SmallVector<Value> terms{sum.getA(), sum.getB()};
  SmallVector<std::pair<int64_t, int64_t>> reached; // from, to
  ArrayRef<int64_t> shape = cast<RankedTensorType>(sum.getType()).getShape();
  std::optional<unsigned> dim;
  while (!terms.empty()) {
    Value term = terms.pop_back_val();
    if (auto inner = term.getDefiningOp<tw::AddOp>()) {
      terms.append({inner.getA(), inner.getB()});
      continue;
    }
    auto fold = term.getDefiningOp<tw::FoldOp>();
    if (!fold || hasZeros(fold.getX()))
      return false;
    ArrayRef<int64_t> part = cast<RankedTensorType>(fold.getX().getType()).getShape();
    auto slice = tw::sliceOf(fold.getMap(), shape, part);
    if (!slice || (dim && slice->dim != *dim))
      return false;
    dim = slice->dim;
    reached.push_back({slice->low, slice->low + part[*dim]});
  }
  llvm::sort(reached);
  int64_t end = 0;
  for (auto [from, to] : reached)
    end = from <= end ? std::max(end, to) : end;
  return end == shape[*dim];
}

ArrayRef<int64_t> shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }

/// Where each element of the result is one product, the map from its indices to the iteration space; or nothing.
std::optional<AffineMap> singleProducts(tw::ContractOp op) {
  return tw::inversePlacing(op.getYMap(), op.getExtents(), shapeOf(op.getY()));
}

class StrongZeros {
public:
  explicit StrongZeros(Block &block) : block(block), builder(block.getParentOp()) {}

  void run(Operation *lastPrimal, Operation *end);

private:
  Sign sign(Value value) const { return facts.lookup(value).sign; }
  bool isSingular(Value value) const { return facts.lookup(value).isSingular; }
  bool hasZeros(Value value) const { return facts.lookup(value).hasZeros; }

  Sign signOfResult(Operation *op) const;
  bool makesSingular(Operation *op) const;
  bool canLeave(tw::FiniteWhere where, Value x) const;
  bool canBeZero(Value divisor) const;
  bool resultHasZeros(Operation *op) const;

  /// One of the operands a and b of a product that has zeros where the other can be singular, or null.
  Value weakZeros(Value a, Value b) const;
  Value weakZeros(Operation *op) const;
  void guard(Operation *op, Value cotangent);
  tw::MulOp asProduct(tw::ContractOp op, AffineMap toSpace);

  Block &block;
  OpBuilder builder;
  llvm::DenseMap<Value, Facts> facts;
  bool isBackward = false;
};

void StrongZeros::run(Operation *lastPrimal, Operation *end) {
  isBackward = !lastPrimal;
  for (Operation *op = &block.front(); op != end; op = op->getNextNode()) {
    if (auto contract = dyn_cast<tw::ContractOp>(op); contract && isBackward)
      if (auto toSpace = singleProducts(contract); toSpace && weakZeros(contract.getA(), contract.getB()))
        op = asProduct(contract, *toSpace);
    if (op->getNumResults() == 1 && isa<FloatType>(getElementTypeOrSelf(op->getResult(0)))) {
      auto singular = [&](Value operand) { return isSingular(operand); };
      facts[op->getResult(0)] = {signOfResult(op), makesSingular(op) || llvm::any_of(op->getOperands(), singular),
                                 isBackward && resultHasZeros(op)};
      if (Value cotangent = weakZeros(op); cotangent && isBackward)
        guard(op, cotangent);
    }
    isBackward |= op == lastPrimal;
  }
}

//===-- facts -----------------------------------------------------------------------------------------------------===//

Sign StrongZeros::signOfResult(Operation *op) const {
  auto lesser = [&](Value a, Value b) { return std::min(sign(a), sign(b)); };
  return llvm::TypeSwitch<Operation *, Sign>(op)
      .Case([](tw::ConstantOp constant) {
        auto number = tw::uniformValue(constant);
        return number ? signOf(*number) : Sign::unknown;
      })
      .Case<tw::ExpOp, tw::LogisticOp, tw::UniformOp>([](Operation *) { return Sign::notNegative; })
      .Case<tw::AbsOp, tw::SqrtOp, tw::RsqrtOp>(
          [&](auto unary) { return std::max(sign(unary.getX()), Sign::notNegative); })
      .Case<tw::WindowOp, tw::ReshapeOp, tw::StopGradientOp, tw::WatchOp, tw::ReduceOp>(
          [&](auto same) { return sign(same.getX()); })
      .Case([&](tw::FoldOp fold) { return std::min(sign(fold.getX()), Sign::notNegative); })
      .Case([&](tw::GatherOp gather) { return sign(gather.getTable()); })
      .Case([&](tw::ScatterAddOp scatter) { return std::min(sign(scatter.getValues()), Sign::notNegative); })
      .Case([&](tw::PadOp pad) { return std::min(sign(pad.getX()), signOf(pad.getValue().convertToDouble())); })
      .Case([&](tw::ConcatOp concat) {
        auto signs = llvm::map_range(concat.getParts(), [&](Value part) { return sign(part); });
        return *llvm::min_element(signs);
      })
      .Case([&](tw::ConvertOp convert) {
        return tw::infoOf(getElementTypeOrSelf(convert.getX())).isUnsigned() ? Sign::notNegative : sign(convert.getX());
      })
      .Case([&](tw::AddOp add) {
        Sign least = lesser(add.getA(), add.getB());
        return least == Sign::unknown ? least : std::max(sign(add.getA()), sign(add.getB()));
      })
      .Case([&](tw::MulOp mul) {
        Sign least = lesser(mul.getA(), mul.getB());
        return mul.getA() == mul.getB() ? std::max(least, Sign::notNegative) : least;
      })
      .Case<tw::DivOp, tw::MinOp, tw::SelectOp>([&](auto binary) { return lesser(binary.getA(), binary.getB()); })
      .Case([&](tw::MaxOp max) { return std::max(sign(max.getA()), sign(max.getB())); })
      .Case([&](tw::PowOp pow) {
        auto exponent = tw::uniformValue(pow.getB());
        bool isEven = exponent && std::fmod(*exponent, 2) == 0;
        return isEven ? std::max(sign(pow.getA()), Sign::notNegative) : sign(pow.getA());
      })
      .Case([&](tw::ContractOp contract) {
        bool squares = contract.getA() == contract.getB() && contract.getAMap() == contract.getBMap();
        Sign least = std::min(lesser(contract.getA(), contract.getB()), Sign::notNegative);
        return squares ? Sign::notNegative : least;
      })
      .Default(Sign::unknown);
}

bool StrongZeros::canBeZero(Value divisor) const {
  auto number = tw::uniformValue(divisor);
  return sign(divisor) != Sign::positive && !(number && *number != 0);
}

/// Whether a function that is finite `where` may be infinite or nan of the finite x.
bool StrongZeros::canLeave(tw::FiniteWhere where, Value x) const {
  switch (where) {
  case tw::FiniteWhere::everywhere: return false;
  case tw::FiniteWhere::notNegative: return sign(x) == Sign::unknown;
  case tw::FiniteWhere::positive: return sign(x) != Sign::positive;
  case tw::FiniteWhere::notPositive: break;
  }
  auto negated = x.getDefiningOp<tw::NegOp>();
  return !negated || sign(negated.getX()) == Sign::unknown;
}

/// Whether finite numbers become infinite. Single ones do not: they are the plan's, whose hyper-parameters are numbers of f32.
static bool overflows(tw::ConvertOp convert) {
  auto from = convert.getX().getType(), to = convert.getY().getType();
  const ElementInfo &wide = tw::infoOf(from.getElementType()), &narrow = tw::infoOf(to.getElementType());
  return wide.isFloat() && narrow.isFloat() && wide.largest > narrow.largest && (!to.hasRank() || to.getRank() > 0);
}

/// Whether the op's result may be infinite or nan where its operands are not.
bool StrongZeros::makesSingular(Operation *op) const {
  if (!isa<tw::TwDialect>(op->getDialect()))
    return false;
  if (const tw::Function *function = tw::findFunction(op))
    return canLeave(function->finiteWhere, op->getOperand(0));
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case([](tw::ConstantOp constant) {
        auto elements = dyn_cast<DenseElementsAttr>(constant.getValue());
        auto isInside = [](const APFloat &number) { return number.isFinite(); };
        return !elements || !(elements.isSplat() ? isInside(elements.getSplatValue<APFloat>())
                                                 : llvm::all_of(elements.getValues<APFloat>(), isInside));
      })
      .Case([](tw::ConvertOp convert) { return overflows(convert); })
      .Case([](tw::PadOp pad) { return !pad.getValue().isFinite(); })
      .Case([&](tw::DivOp div) { return canBeZero(div.getB()); })
      .Case([&](tw::PowOp pow) {
        if (sign(pow.getA()) == Sign::positive)
          return false;
        auto exponent = tw::uniformValue(pow.getB());
        bool isRoot = exponent && std::floor(*exponent) != *exponent;
        return !exponent || *exponent < 0 || (isRoot && sign(pow.getA()) == Sign::unknown);
      })
      .Default([](Operation *other) { return !other->hasTrait<tw::FiniteWhereOperandsAre>(); });
}

/// Zeros begin at the backward pass's selects of 0, its folds that leave elements out and its scatters, and go on through what is linear.
bool StrongZeros::resultHasZeros(Operation *op) const {
  auto isZero = [](Value value) { return tw::uniformValue(value) == 0.0; };
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case([&](tw::SelectOp select) {
        return isZero(select.getA()) || isZero(select.getB()) || hasZeros(select.getA()) || hasZeros(select.getB());
      })
      .Case([&](tw::FoldOp fold) {
        return hasZeros(fold.getX()) || !writesAll(fold.getMap(), shapeOf(fold.getX()), shapeOf(fold.getY()));
      })
      .Case([&](tw::GatherOp gather) { return hasZeros(gather.getTable()); })
      .Case([](tw::ScatterAddOp) { return true; }) // of rows that nothing names
      .Case([&](tw::AddOp sum) {
        return hasZeros(sum.getA()) && hasZeros(sum.getB()) &&
               !slicesFill(sum, [&](Value cotangent) { return hasZeros(cotangent); });
      })
      .Case([&](tw::SubOp sum) { return hasZeros(sum.getA()) && hasZeros(sum.getB()); })
      .Case([&](tw::MulOp mul) { return hasZeros(mul.getA()) || hasZeros(mul.getB()); })
      .Case([&](tw::DivOp div) { return hasZeros(div.getA()); })
      .Case<tw::NegOp, tw::ConvertOp, tw::WindowOp, tw::ReshapeOp>([&](auto same) { return hasZeros(same.getX()); })
      .Case([&](tw::ConcatOp concat) { return llvm::any_of(concat.getParts(), [&](Value x) { return hasZeros(x); }); })
      .Case([&](tw::ReduceOp reduce) { return reduce.getKind() == tw::Reduction::sum && hasZeros(reduce.getX()); })
      .Case([&](tw::ContractOp contract) {
        return singleProducts(contract) && (hasZeros(contract.getA()) || hasZeros(contract.getB()));
      })
      .Default(false);
}

//===-- guards ----------------------------------------------------------------------------------------------------===//

Value StrongZeros::weakZeros(Value a, Value b) const {
  if (hasZeros(a) && isSingular(b))
    return a;
  return hasZeros(b) && isSingular(a) ? b : Value();
}

/// The cotangent that `op` multiplies or divides, if its zeros meet a factor that can be singular; or null.
Value StrongZeros::weakZeros(Operation *op) const {
  if (auto mul = dyn_cast<tw::MulOp>(op))
    return weakZeros(mul.getA(), mul.getB());
  if (auto div = dyn_cast<tw::DivOp>(op))
    if (hasZeros(div.getA()) && (isSingular(div.getB()) || canBeZero(div.getB())))
      return div.getA();
  return nullptr;
}

/// Every use of the op's result gets 0 where `cotangent` is 0 and the result is nan.
void StrongZeros::guard(Operation *op, Value cotangent) {
  builder.setInsertionPointAfter(op);
  Location loc = op->getLoc();
  Value result = op->getResult(0);
  auto type = cast<RankedTensorType>(result.getType());
  Type condition = type.clone(builder.getI1Type());
  auto number = builder.getFloatAttr(type.getElementType(), 0.0);
  Value zero = tw::ConstantOp::create(builder, loc, DenseElementsAttr::get(type, Attribute(number)));
  Value isZero = tw::CompareOp::create(builder, loc, condition, tw::Predicate::eq, cotangent, zero);
  Value isNan = tw::CompareOp::create(builder, loc, condition, tw::Predicate::ne, result, result);
  Value isSpoilt = tw::AndOp::create(builder, loc, condition, isZero, isNan);
  Value chosen = tw::SelectOp::create(builder, loc, isSpoilt, zero, result);
  result.replaceUsesWithIf(chosen, [&](OpOperand &use) {
    return use.getOwner() != isNan.getDefiningOp() && use.getOwner() != chosen.getDefiningOp();
  });
}

/// The contraction, which sums nothing, as a product of windows; erases it and gives the product.
tw::MulOp StrongZeros::asProduct(tw::ContractOp op, AffineMap toSpace) {
  builder.setInsertionPointAfter(op);
  auto factor = [&](Value value, AffineMap map) {
    Value window = builder.createOrFold<tw::WindowOp>(op.getLoc(), op.getType(), value, map.compose(toSpace));
    facts[window] = facts.lookup(value);
    return window;
  };
  Value a = factor(op.getA(), op.getAMap()), b = factor(op.getB(), op.getBMap());
  auto product = tw::MulOp::create(builder, op.getLoc(), op.getType(), a, b);
  op.replaceAllUsesWith(product.getY());
  op.erase();
  return product;
}

} // namespace

void makeZerosStrong(Block &block, Operation *lastPrimal, Operation *end) { StrongZeros(block).run(lastPrimal, end); }

} // namespace talweg
