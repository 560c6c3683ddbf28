// Finds the products among sums. In: index notation as the frontend writes it, and the cotangents of such: operands
// spread by tw.window, tw.mul elementwise, tw.reduce sum or tw.fold. Out: tw.contract wherever a sum runs over a
// product of two tensors of which one is reused; factors that do not vary within a sum stand outside it; elementwise
// ops are computed before they are spread; contractions read through windows and write through transposes. Equal up to
// rounding.
//
// A sum of a product, s[Y(d)] += c Π fᵢ[Fᵢ(d)] / Π gⱼ[Gⱼ(d)], is first taken apart into its factors. When every factor
// reads all that the sum runs over, nothing is reused: such a sum stays an elementwise product under a reduction,
// which fuses with what produces it.
#include "Product.h"

#include "talweg/Dialect/Tw/Access.h"
#include "talweg/Dialect/Tw/Tw.h"
#include "talweg/Transforms/Passes.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace talweg {
#define GEN_PASS_DEF_FORMCONTRACTIONS
#include "talweg/Transforms/Passes.h.inc"

namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }
bool isRanked(Value value) { return isa<RankedTensorType>(value.getType()); }
bool isFloat(Value value) { return isa<FloatType>(getElementTypeOrSelf(value)); }

/// An elementwise result that nothing else reads, at every place of the box once: computed within the sum it costs no
/// memory.
bool isFusable(const Factor &factor, const Product &product) {
  Operation *op = factor.source.getDefiningOp();
  auto places = placesOf(factor, product.extents);
  return op && op->hasTrait<OpTrait::SameOperandsAndResultType>() && op->hasOneUse() && places &&
         llvm::all_of(llvm::zip(*places, product.extents),
                      [](auto pair) { return std::get<0>(pair) >= 0 || std::get<1>(pair) == 1; });
}

/// Two factors that together read the whole box, and not both all of it.
bool isContraction(const Product &product) {
  if (!canMergeToTwo(product))
    return false;
  llvm::SmallBitVector read(product.extents.size());
  for (const Factor &factor : product.factors)
    read |= dimsRead(factor.map, product.extents);
  size_t wide = llvm::count_if(product.extents, [](int64_t extent) { return extent > 1; });
  auto isReused = [&](const Factor &factor) { return dimsRead(factor.map, product.extents) != read; };
  auto fuses = [&](const Factor &factor) { return isFusable(factor, product); };
  return read.count() == wide && llvm::any_of(product.factors, isReused) && llvm::none_of(product.factors, fuses);
}

/// `value` times `scale`.
Value scaled(Value value, double scale, PatternRewriter &rewriter) {
  Product product = factorsOf(value);
  product.factors = {{value, AffineMap::getMultiDimIdentityMap(product.extents.size(), value.getContext()), false}};
  product.scale = scale;
  return materialize(product, typeOf(value).getElementType(), rewriter, value.getLoc());
}

/// Σ over `product`, into y by `map`.
Value sumByContraction(Product product, RankedTensorType type, AffineMap map, PatternRewriter &rewriter, Location loc) {
  mergeToTwo(product, rewriter, loc);
  const Factor &a = product.factors[0], &b = product.factors[1];
  Value sum = tw::ContractOp::create(rewriter, loc, type, a.source, b.source, product.extents, a.map, b.map, map);
  return scaled(sum, product.scale, rewriter);
}

/// A fold of a product is a contraction.
struct FoldOfProduct : OpRewritePattern<tw::FoldOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tw::FoldOp op, PatternRewriter &rewriter) const override {
    Product product = factorsOf(op.getX());
    if (!isContraction(product))
      return failure();
    rewriter.replaceOp(op, sumByContraction(product, typeOf(op), op.getMap(), rewriter, op.getLoc()));
    return success();
  }
};

/// A sum of a product: what does not vary within the sum is multiplied afterwards, dims that nothing reads are counted
/// or spread over, and the rest is a contraction if it can be.
struct SumOfProduct : OpRewritePattern<tw::ReduceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tw::ReduceOp op, PatternRewriter &rewriter) const override {
    if (op.getKind() != tw::Reduction::sum || !isRanked(op.getX()) || !isFloat(op.getX()))
      return failure();
    Location loc = op.getLoc();
    Product inside = factorsOf(op.getX()), outside;
    llvm::SmallBitVector summed(inside.extents.size());
    for (int64_t dim : op.getDims())
      summed.set(dim);
    llvm::SmallBitVector kept = ~summed;
    splitByVariation(inside, outside, summed);

    llvm::SmallBitVector read(inside.extents.size());
    for (const Factor &factor : inside.factors)
      read |= dimsRead(factor.map, inside.extents);
    llvm::SmallBitVector unread(inside.extents.size());
    outside.scale = inside.scale;
    for (auto [dim, extent] : llvm::enumerate(inside.extents))
      if (extent > 1 && !read.test(dim)) {
        unread.set(dim);
        outside.scale *= summed.test(dim) ? double(extent) : 1;
      }

    llvm::SmallBitVector box = ~unread;
    Product varying = restrictTo(inside, box);
    bool formsContraction = isContraction(varying);
    if (outside.factors.empty() && unread.none() && inside.scale == 1 && !formsContraction)
      return failure();

    varying.scale = 1;
    Value sum = sumOver(varying, summed, box, formsContraction, op, rewriter);
    AffineMap keep = restrictTo(tw::dropDims(op.getContext(), box.size(), toDims(summed | unread)), kept);
    outside.factors.push_back({sum, AffineMap(), false});
    Product result = restrictTo(Product{inside.extents, {}, outside.scale}, kept);
    for (Factor &factor : outside.factors)
      result.factors.push_back({factor.source, factor.map ? restrictTo(factor.map, kept) : keep, factor.isInverse});
    rewriter.replaceOp(op, materialize(result, typeOf(op).getElementType(), rewriter, loc));
    return success();
  }

private:
  /// Moves the factors that read no summed dim from `inside` to `outside`.
  static void splitByVariation(Product &inside, Product &outside, const llvm::SmallBitVector &summed) {
    outside.extents = inside.extents;
    llvm::erase_if(inside.factors, [&](const Factor &factor) {
      if (dimsRead(factor.map, inside.extents).anyCommon(summed))
        return false;
      outside.factors.push_back(factor);
      return true;
    });
  }

  static SmallVector<int64_t> toDims(const llvm::SmallBitVector &set) {
    return llvm::map_to_vector(set.set_bits(), [](unsigned dim) { return int64_t(dim); });
  }

  /// The sum of `varying`, which lives on the dims of `box`, over those in `summed`.
  static Value sumOver(const Product &varying, const llvm::SmallBitVector &summed, const llvm::SmallBitVector &box,
                       bool formsContraction, tw::ReduceOp op, PatternRewriter &rewriter) {
    SmallVector<int64_t> dims, shape;
    unsigned next = 0;
    for (unsigned dim : box.set_bits()) {
      if (summed.test(dim))
        dims.push_back(next);
      else
        shape.push_back(varying.extents[next]);
      ++next;
    }
    auto type = RankedTensorType::get(shape, typeOf(op).getElementType());
    AffineMap map = tw::dropDims(op.getContext(), next, dims);
    if (formsContraction)
      return sumByContraction(varying, type, map, rewriter, op.getLoc());
    Value terms = materialize(varying, type.getElementType(), rewriter, op.getLoc());
    return rewriter.createOrFold<tw::ReduceOp>(op.getLoc(), type, tw::Reduction::sum, terms, dims);
  }
};

/// An elementwise op whose operands are all spread over the same further dims is computed first and spread then. Not so a tw.watch:
/// what reads it would no longer read the value by which is differentiated.
struct ComputeBeforeSpreading : RewritePattern {
  explicit ComputeBeforeSpreading(MLIRContext *context) : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (!isElementwise(op) || !isRanked(op->getResult(0)))
      return failure();
    ArrayRef<int64_t> extents = typeOf(op->getResult(0)).getShape();
    llvm::SmallBitVector read(extents.size());
    bool anyWindow = false;
    for (Value operand : op->getOperands()) {
      if (auto window = operand.getDefiningOp<tw::WindowOp>()) {
        read |= dimsRead(window.getMap(), extents);
        anyWindow = true;
      } else if (!tw::uniformValue(operand)) {
        return failure();
      }
    }
    size_t wide = llvm::count_if(extents, [](int64_t extent) { return extent > 1; });
    if (!anyWindow || read.count() == wide)
      return failure();

    SmallVector<int64_t> shape;
    for (unsigned dim : read.set_bits())
      shape.push_back(extents[dim]);
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(atShape(operand, shape, read, rewriter));
    auto type = typeOf(op->getResult(0));
    OperationState state(op->getLoc(), op->getName(), operands, type.clone(shape), op->getAttrs());
    Value small = rewriter.create(state)->getResult(0);
    AffineMap spread = tw::dropDims(op->getContext(), extents.size(), unreadDims(read));
    rewriter.replaceOpWithNewOp<tw::WindowOp>(op, type, small, spread);
    return success();
  }

private:
  static bool isElementwise(Operation *op) {
    return isa_and_nonnull<tw::TwDialect>(op->getDialect()) && op->getNumOperands() > 0 && !isa<tw::WatchOp>(op) &&
           (op->hasTrait<OpTrait::SameOperandsAndResultType>() || isa<tw::CompareOp, tw::SelectOp, tw::ConvertOp>(op));
  }

  static SmallVector<int64_t> unreadDims(const llvm::SmallBitVector &read) {
    SmallVector<int64_t> dims;
    for (unsigned dim = 0; dim < read.size(); ++dim)
      if (!read.test(dim))
        dims.push_back(dim);
    return dims;
  }

  static Value atShape(Value operand, ArrayRef<int64_t> shape, const llvm::SmallBitVector &read,
                       PatternRewriter &rewriter) {
    RankedTensorType type = typeOf(operand).clone(shape);
    if (auto window = operand.getDefiningOp<tw::WindowOp>())
      return rewriter.createOrFold<tw::WindowOp>(window.getLoc(), type, window.getX(),
                                                 restrictTo(window.getMap(), read));
    auto constant = cast<DenseElementsAttr>(operand.getDefiningOp<tw::ConstantOp>().getValue());
    return tw::ConstantOp::create(rewriter, operand.getLoc(), type, constant.resizeSplat(type));
  }
};

/// A contraction reads through the windows of its operands.
struct ReadThroughWindows : OpRewritePattern<tw::ContractOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tw::ContractOp op, PatternRewriter &rewriter) const override {
    auto a = op.getA().getDefiningOp<tw::WindowOp>(), b = op.getB().getDefiningOp<tw::WindowOp>();
    if (!a && !b)
      return failure();
    rewriter.modifyOpInPlace(op, [&] {
      if (a) {
        op.setAMap(simplifyAffineMap(a.getMap().compose(op.getAMap())));
        op.getAMutable().assign(a.getX());
      }
      if (b) {
        op.setBMap(simplifyAffineMap(b.getMap().compose(op.getBMap())));
        op.getBMutable().assign(b.getX());
      }
    });
    return success();
  }
};

/// A contraction with a scalar, or with a constant of equal elements, is that times a sum.
struct ContractWithScalar : OpRewritePattern<tw::ContractOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tw::ContractOp op, PatternRewriter &rewriter) const override {
    bool first = isScalar(op.getA());
    if (!first && !isScalar(op.getB()))
      return failure();
    Value scalar = first ? op.getA() : op.getB(), other = first ? op.getB() : op.getA();
    Location loc = op.getLoc();
    Type element = typeOf(op).getElementType();
    Value read = rewriter.createOrFold<tw::WindowOp>(loc, RankedTensorType::get(op.getExtents(), element), other,
                                                     first ? op.getBMap() : op.getAMap());
    Value sum = rewriter.createOrFold<tw::FoldOp>(loc, typeOf(op), read, op.getYMap());
    if (typeOf(scalar).getRank() != 0) {
      auto constant = cast<DenseElementsAttr>(scalar.getDefiningOp<tw::ConstantOp>().getValue());
      auto type = RankedTensorType::get({}, element);
      scalar = tw::ConstantOp::create(rewriter, loc, type, constant.resizeSplat(type));
    }
    AffineMap spread = tw::spreadMap(op.getContext(), typeOf(op).getRank());
    Value factor = rewriter.createOrFold<tw::WindowOp>(loc, typeOf(op), scalar, spread);
    rewriter.replaceOpWithNewOp<tw::MulOp>(op, typeOf(op), sum, factor);
    return success();
  }

private:
  static bool isScalar(Value value) {
    return typeOf(value).getRank() == 0 || (value.getDefiningOp<tw::ConstantOp>() && tw::uniformValue(value));
  }
};

/// A contraction whose only reader is a transpose (perhaps with further dimensions of extent 1) writes transposed.
struct WriteThroughTranspose : OpRewritePattern<tw::WindowOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tw::WindowOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getX().getDefiningOp<tw::ContractOp>();
    if (!inner || !inner->hasOneUse() || !isRanked(op))
      return failure();
    ArrayRef<int64_t> from = typeOf(inner).getShape(), to = typeOf(op).getShape();
    SmallVector<AffineExpr> target(to.size());
    for (auto [position, expr] : llvm::enumerate(op.getMap().getResults())) {
      auto dim = dyn_cast<AffineDimExpr>(expr);
      if (dim && !target[dim.getPosition()] && to[dim.getPosition()] == from[position])
        target[dim.getPosition()] = inner.getYMap().getResult(position);
      else if (from[position] != 1)
        return failure();
    }
    for (auto [extent, expr] : llvm::zip(to, target)) {
      if (expr)
        continue;
      if (extent != 1)
        return failure();
      expr = rewriter.getAffineConstantExpr(0);
    }
    AffineMap map = AffineMap::get(inner.getExtents().size(), 0, target, op.getContext());
    rewriter.replaceOpWithNewOp<tw::ContractOp>(op, op.getType(), inner.getA(), inner.getB(), inner.getExtents(),
                                                inner.getAMap(), inner.getBMap(), map);
    return success();
  }
};

struct FormContractions : impl::FormContractionsBase<FormContractions> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FoldOfProduct, SumOfProduct, ComputeBeforeSpreading, ReadThroughWindows, ContractWithScalar,
                 WriteThroughTranspose>(&getContext());
    tw::WindowOp::getCanonicalizationPatterns(patterns, &getContext());
    tw::FoldOp::getCanonicalizationPatterns(patterns, &getContext());
    tw::ReduceOp::getCanonicalizationPatterns(patterns, &getContext());
    GreedyRewriteConfig config;
    config.setMaxIterations(GreedyRewriteConfig::kNoLimit);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      signalPassFailure();
  }
};

} // namespace
} // namespace talweg
