// See PlanThroughContractions.h. Differentiation writes contractions one after another, of which each alone is as it has to be:
//
//   Σₙ (Σⱼ l[j, i] d[n, j] + q[i] d[n, i]) = Σⱼ l[j, i] (Σₙ d[n, j]) + q[i] (Σₙ d[n, i])
#include "PlanThroughContractions.h"

#include "Product.h"

#include "talweg/Dialect/Tw/Access.h"
#include "talweg/Dialect/Tw/Tw.h"

using namespace mlir;

namespace talweg {
namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// y[map(d)] += the product, in an order that takes less than `written`.
struct Plan {
  Product product;
  ContractionOrder order;
  AffineMap map;
  double written = 0;

  static std::optional<Plan> of(Product product, AffineMap map, double written) {
    llvm::SmallBitVector read(product.extents.size()), wide(product.extents.size());
    for (auto [dim, extent] : llvm::enumerate(product.extents))
      if (extent > 1)
        wide.set(dim);
    for (const Factor &factor : product.factors)
      read |= dimsRead(factor.map, product.extents);
    if (product.factors.size() < 2 || read != wide)
      return std::nullopt;
    map = AffineMap::get(product.extents.size(), 0, map.getResults(), map.getContext());
    ContractionOrder order = orderOf(sumOf(product, dimsRead(map, product.extents)));
    written += product.operations;
    constexpr double worthwhile =
        7. / 8; // less is not worth another order than the one in which others may share parts
    if (order.operations > written * worthwhile)
      return std::nullopt;
    return Plan{std::move(product), std::move(order), map, written};
  }

  Value write(RankedTensorType type, PatternRewriter &rewriter, Location loc, const Rewrites &rewrites) const {
    rewrites.tellPlanned(loc, written, order);
    return scaled(contract(product, order, type, map, rewriter, loc, rewrites), product.scale, rewriter);
  }
};

/// Of the sum of `x` over `dims`.
std::optional<Plan> planOfSum(Value x, ArrayRef<int64_t> dims) {
  RankedTensorType type = typeOf(x);
  AffineMap all = AffineMap::getMultiDimIdentityMap(unsigned(type.getRank()), x.getContext());
  const double written = isa_and_nonnull<tw::MulOp, tw::DivOp>(x.getDefiningOp())
                             ? 0 // it is added as it is multiplied, as a step of an order is counted
                             : volume(type.getShape());
  Unfolded unfolded = unfold({{x, all}}, type.getShape());
  if (!unfolded.hasContraction)
    return std::nullopt;
  AffineMap toSum = tw::dropDims(x.getContext(), unsigned(type.getRank()), SmallVector<int64_t>(dims));
  return Plan::of(std::move(unfolded.product), toSum, written);
}

bool isSum(tw::ReduceOp op) {
  return op.getKind() == tw::Reduction::sum && isa<RankedTensorType>(op.getX().getType()) &&
         isa<FloatType>(getElementTypeOrSelf(op.getX()));
}

struct SumOfContraction : OpRewritePattern<tw::ReduceOp> {
  SumOfContraction(MLIRContext *context, const Rewrites &rewrites) : OpRewritePattern(context), rewrites(rewrites) {}
  LogicalResult matchAndRewrite(tw::ReduceOp op, PatternRewriter &rewriter) const override {
    if (!isSum(op))
      return failure();
    auto plan = planOfSum(op.getX(), op.getDims());
    if (!plan)
      return failure();
    rewriter.replaceOp(op, plan->write(typeOf(op), rewriter, op.getLoc(), rewrites));
    return success();
  }

private:
  const Rewrites &rewrites;
};

/// A sum of a sum or difference that nothing else reads is that of its sides, where one of them then takes less.
struct SumOfSides : OpRewritePattern<tw::ReduceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tw::ReduceOp op, PatternRewriter &rewriter) const override {
    Operation *sides = op.getX().getDefiningOp();
    if (!isSum(op) || !isa_and_nonnull<tw::AddOp, tw::SubOp>(sides) || !sides->hasOneUse())
      return failure();
    auto takesLess = [&](Value side) { return side.hasOneUse() && planOfSum(side, op.getDims()); };
    if (llvm::none_of(sides->getOperands(), takesLess))
      return failure();
    auto sumOf = [&](Value side) {
      return rewriter.createOrFold<tw::ReduceOp>(op.getLoc(), typeOf(op), tw::Reduction::sum, side, op.getDims());
    };
    Value a = sumOf(sides->getOperand(0)), b = sumOf(sides->getOperand(1));
    Operation *sum = rewriter.create(sides->getLoc(), sides->getName().getIdentifier(), {a, b}, op->getResultTypes());
    rewriter.replaceOp(op, sum);
    return success();
  }
};

struct ContractionOfContractions : OpRewritePattern<tw::ContractOp> {
  ContractionOfContractions(MLIRContext *context, const Rewrites &rewrites)
      : OpRewritePattern(context), rewrites(rewrites) {}
  LogicalResult matchAndRewrite(tw::ContractOp op, PatternRewriter &rewriter) const override {
    auto plan = Plan::of(unfold({{op.getA(), op.getAMap()}, {op.getB(), op.getBMap()}}, op.getExtents()).product,
                         op.getYMap(), volume(op.getExtents()));
    if (!plan)
      return failure();
    rewriter.replaceOp(op, plan->write(typeOf(op), rewriter, op.getLoc(), rewrites));
    return success();
  }

private:
  const Rewrites &rewrites;
};

} // namespace

void addPlanningThroughContractions(RewritePatternSet &patterns, const Rewrites &rewrites) {
  patterns.add<SumOfContraction, ContractionOfContractions>(patterns.getContext(), rewrites);
  patterns.add<SumOfSides>(patterns.getContext());
}

} // namespace talweg
