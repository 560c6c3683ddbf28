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
// One walk from the top to the bottom finds which values are cotangents with zeros of this kind. Which can be infinite or nan,
// tw::Numbers tells.
#include "StrongZeros.h"

#include "talweg/Dialect/Tw/Access.h"
#include "talweg/Dialect/Tw/Numbers.h"
#include "talweg/Dialect/Tw/Tw.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace talweg {
namespace {

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
  bool isSingular(Value value) { return numbers.isSingular(value); }
  bool hasZeros(Value value) const { return zeros.contains(value); }

  bool resultHasZeros(Operation *op) const;

  /// One of the operands a and b of a product that has zeros where the other can be singular, or null.
  Value weakZeros(Value a, Value b);
  Value weakZeros(Operation *op);
  void guard(Operation *op, Value cotangent);
  tw::MulOp asProduct(tw::ContractOp op, AffineMap toSpace);

  Block &block;
  OpBuilder builder;
  tw::Numbers numbers;
  /// Cotangents some elements of which may be 0 because the primal value was not used there.
  llvm::DenseSet<Value> zeros;
  bool isBackward = false;
};

void StrongZeros::run(Operation *lastPrimal, Operation *end) {
  isBackward = !lastPrimal;
  for (Operation *op = &block.front(); op != end; op = op->getNextNode()) {
    if (auto contract = dyn_cast<tw::ContractOp>(op); contract && isBackward)
      if (auto toSpace = singleProducts(contract); toSpace && weakZeros(contract.getA(), contract.getB()))
        op = asProduct(contract, *toSpace);
    if (op->getNumResults() == 1 && isa<FloatType>(getElementTypeOrSelf(op->getResult(0)))) {
      if (isBackward && resultHasZeros(op))
        zeros.insert(op->getResult(0));
      if (Value cotangent = weakZeros(op); cotangent && isBackward)
        guard(op, cotangent);
    }
    isBackward |= op == lastPrimal;
  }
}

//===-- zeros -----------------------------------------------------------------------------------------------------===//

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

Value StrongZeros::weakZeros(Value a, Value b) {
  if (hasZeros(a) && isSingular(b))
    return a;
  return hasZeros(b) && isSingular(a) ? b : Value();
}

/// The cotangent that `op` multiplies or divides, if its zeros meet a factor that can be singular; or null.
Value StrongZeros::weakZeros(Operation *op) {
  if (auto mul = dyn_cast<tw::MulOp>(op))
    return weakZeros(mul.getA(), mul.getB());
  if (auto div = dyn_cast<tw::DivOp>(op))
    if (hasZeros(div.getA()) && (isSingular(div.getB()) || numbers.canBeZero(div.getB())))
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
    if (hasZeros(value))
      zeros.insert(window);
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
