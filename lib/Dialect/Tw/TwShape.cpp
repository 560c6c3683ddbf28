// Folders and canonical forms of the ops that move or combine elements: window, fold, reshape, reduce. Afterwards
// accesses are composed, spreads of constants are constants, and a fold onto permuted dimensions is a sum.
#include "talweg/Dialect/Tw/Access.h"
#include "talweg/Dialect/Tw/Elements.h"
#include "talweg/Dialect/Tw/Tw.h"

#include "mlir/IR/PatternMatch.h"

#include <cmath>

using namespace mlir;

namespace talweg::tw {
namespace {

ArrayRef<int64_t> shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }

/// The constant `attribute`, of equal elements, at another shape.
Attribute splatAt(Attribute attribute, Type type) {
  auto elements = dyn_cast_if_present<DenseElementsAttr>(attribute);
  auto ranked = dyn_cast<RankedTensorType>(type);
  if (!elements || !elements.isSplat() || !ranked)
    return nullptr;
  return elements.resizeSplat(ranked);
}

/// Reads of reads: y[d] = x[inner(outer(d))].
struct WindowOfWindow : OpRewritePattern<WindowOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(WindowOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getX().getDefiningOp<WindowOp>();
    if (!inner || isa<UnrankedTensorType>(inner.getType()))
      return failure();
    if (isa<UnrankedTensorType>(op.getType()) && !shapeOf(inner.getX()).empty())
      return failure();
    AffineMap map = simplifyAffineMap(inner.getMap().compose(op.getMap()));
    rewriter.replaceOpWithNewOp<WindowOp>(op, op.getType(), inner.getX(), map);
    return success();
  }
};

/// Sums of sums: y[outer(inner(d))] += x[d].
struct FoldOfFold : OpRewritePattern<FoldOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(FoldOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getX().getDefiningOp<FoldOp>();
    if (!inner || !inner->hasOneUse())
      return failure();
    AffineMap map = simplifyAffineMap(op.getMap().compose(inner.getMap()));
    rewriter.replaceOpWithNewOp<FoldOp>(op, op.getType(), inner.getX(), map);
    return success();
  }
};

/// A fold of a contraction adds the contraction's terms where the fold puts them. (The gradient of a convolution's
/// input arrives here as one contraction instead of an array of all patches.)
struct FoldOfContract : OpRewritePattern<FoldOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(FoldOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getX().getDefiningOp<ContractOp>();
    if (!inner || !inner->hasOneUse())
      return failure();
    AffineMap map = simplifyAffineMap(op.getMap().compose(inner.getYMap()));
    if (sumsDiagonalsLast(map, inner.getExtents(), op.getType().getNumElements()))
      return failure();
    rewriter.replaceOpWithNewOp<ContractOp>(op, op.getType(), inner.getA(), inner.getB(), inner.getExtents(),
                                            inner.getAMap(), inner.getBMap(), map);
    return success();
  }
};

/// A fold whose map does not read some dims first sums over them; what remains, when it moves each element to a place
/// of its own that covers the result, is a window.
struct FoldOntoPlaces : OpRewritePattern<FoldOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(FoldOp op, PatternRewriter &rewriter) const override {
    if (auto inner = op.getX().getDefiningOp<ContractOp>(); inner && inner->hasOneUse())
      return failure();
    if (failed(sumUnreadDims(op, rewriter)))
      return moveByWindow(op, rewriter);
    return success();
  }

private:
  static LogicalResult sumUnreadDims(FoldOp op, PatternRewriter &rewriter) {
    AffineMap map = op.getMap();
    SmallVector<int64_t> summed, kept;
    SmallVector<AffineExpr> renamed;
    for (auto [dim, extent] : llvm::enumerate(shapeOf(op.getX()))) {
      bool isSummed = !map.isFunctionOfDim(dim);
      renamed.push_back(isSummed ? rewriter.getAffineConstantExpr(0) : rewriter.getAffineDimExpr(kept.size()));
      (isSummed ? summed : kept).push_back(isSummed ? int64_t(dim) : extent);
    }
    if (summed.empty())
      return failure();
    auto type = RankedTensorType::get(kept, getElementTypeOrSelf(op.getType()));
    Value sum = ReduceOp::create(rewriter, op.getLoc(), type, Reduction::sum, op.getX(), summed);
    rewriter.replaceOpWithNewOp<FoldOp>(op, op.getType(), sum, map.replaceDimsAndSymbols(renamed, {}, kept.size(), 0));
    return success();
  }

  static LogicalResult moveByWindow(FoldOp op, PatternRewriter &rewriter) {
    auto back = inversePlacing(op.getMap(), shapeOf(op.getX()), shapeOf(op.getY()));
    if (!back)
      return failure();
    rewriter.replaceOpWithNewOp<WindowOp>(op, op.getType(), op.getX(), *back);
    return success();
  }
};

/// The sum of a contraction's result over some dimensions is a contraction.
struct SumOfContract : OpRewritePattern<ReduceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReduceOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getX().getDefiningOp<ContractOp>();
    if (op.getKind() != Reduction::sum || !inner || !inner->hasOneUse())
      return failure();
    AffineMap keep = dropDims(op.getContext(), shapeOf(op.getX()).size(), op.getDims());
    rewriter.replaceOpWithNewOp<ContractOp>(op, op.getType(), inner.getA(), inner.getB(), inner.getExtents(),
                                            inner.getAMap(), inner.getBMap(), keep.compose(inner.getYMap()));
    return success();
  }
};

/// A reduction of a transpose is a reduction over the dimensions it comes from, and a transpose of what is left.
struct ReduceOfTranspose : OpRewritePattern<ReduceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReduceOp op, PatternRewriter &rewriter) const override {
    auto window = op.getX().getDefiningOp<WindowOp>();
    if (!window || isa<UnrankedTensorType>(window.getType()) || !window.getMap().isPermutation() ||
        applyPermutationMap(window.getMap(), shapeOf(window)) != SmallVector<int64_t>(shapeOf(window.getX())))
      return failure();
    SmallVector<int64_t> dims, shape, kept(shapeOf(window).size(), -1);
    for (auto [position, expr] : llvm::enumerate(window.getMap().getResults())) {
      unsigned dim = cast<AffineDimExpr>(expr).getPosition();
      if (llvm::is_contained(op.getDims(), int64_t(dim))) {
        dims.push_back(position);
        continue;
      }
      kept[dim] = shape.size();
      shape.push_back(shapeOf(window)[dim]);
    }
    SmallVector<AffineExpr> source(shape.size());
    unsigned next = 0;
    for (int64_t position : kept)
      if (position >= 0)
        source[position] = rewriter.getAffineDimExpr(next++);
    auto type = RankedTensorType::get(shape, getElementTypeOrSelf(op.getType()));
    Value sum = ReduceOp::create(rewriter, op.getLoc(), type, op.getKind(), window.getX(), dims);
    rewriter.replaceOpWithNewOp<WindowOp>(op, op.getType(), sum,
                                          AffineMap::get(shape.size(), 0, source, op.getContext()));
    return success();
  }
};

/// Reductions of one kind after each other are one; over extents of 1 they only drop dimensions.
struct ReduceOfReduce : OpRewritePattern<ReduceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReduceOp op, PatternRewriter &rewriter) const override {
    if (isa<UnrankedTensorType>(op.getX().getType()))
      return failure();
    auto inner = op.getX().getDefiningOp<ReduceOp>();
    if (!inner || inner.getKind() != op.getKind() || !inner->hasOneUse() ||
        isa<UnrankedTensorType>(inner.getX().getType()))
      return failure();
    SmallVector<int64_t> dims(inner.getDims());
    int64_t position = 0;
    for (int64_t dim = 0, rank = shapeOf(inner.getX()).size(); dim < rank; ++dim) {
      if (llvm::is_contained(inner.getDims(), dim))
        continue;
      if (llvm::is_contained(op.getDims(), position++))
        dims.push_back(dim);
    }
    llvm::sort(dims);
    rewriter.replaceOpWithNewOp<ReduceOp>(op, op.getType(), op.getKind(), inner.getX(), dims);
    return success();
  }
};

/// The greatest of equal elements is any of them: of x spread over the dimensions that are reduced, x. Likewise the least, any and all.
struct ReduceOfSpread : OpRewritePattern<ReduceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReduceOp op, PatternRewriter &rewriter) const override {
    auto window = op.getX().getDefiningOp<WindowOp>();
    if (!window || isa<UnrankedTensorType>(window.getType()) || op.getKind() == Reduction::sum ||
        op.getKind() == Reduction::prod)
      return failure();
    SmallVector<int64_t> shape, dims;
    SmallVector<AffineExpr> renamed;
    for (auto [dim, extent] : llvm::enumerate(shapeOf(window))) {
      const bool isReduced = llvm::is_contained(op.getDims(), int64_t(dim));
      if (isReduced && !window.getMap().isFunctionOfDim(dim)) {
        renamed.push_back(rewriter.getAffineConstantExpr(0));
        continue;
      }
      if (isReduced)
        dims.push_back(shape.size());
      renamed.push_back(rewriter.getAffineDimExpr(shape.size()));
      shape.push_back(extent);
    }
    if (shape.size() == renamed.size())
      return failure();
    auto type = RankedTensorType::get(shape, getElementTypeOrSelf(op.getType()));
    Value read = rewriter.createOrFold<WindowOp>(op.getLoc(), type, window.getX(),
                                                 window.getMap().replaceDimsAndSymbols(renamed, {}, shape.size(), 0));
    if (dims.empty())
      rewriter.replaceOp(op, read);
    else
      rewriter.replaceOpWithNewOp<ReduceOp>(op, op.getType(), op.getKind(), read, dims);
    return success();
  }
};

struct ReduceOverUnitExtents : OpRewritePattern<ReduceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReduceOp op, PatternRewriter &rewriter) const override {
    if (isa<UnrankedTensorType>(op.getX().getType()) || op.getDims().empty())
      return failure();
    ArrayRef<int64_t> ofX = shapeOf(op.getX());
    SmallVector<int64_t> remaining;
    SmallVector<int64_t> shape;
    SmallVector<AffineExpr> source;
    for (auto [dim, extent] : llvm::enumerate(ofX)) {
      bool isReduced = llvm::is_contained(op.getDims(), int64_t(dim));
      if (isReduced && extent == 1) {
        source.push_back(rewriter.getAffineConstantExpr(0));
        continue;
      }
      if (isReduced)
        remaining.push_back(shape.size());
      source.push_back(rewriter.getAffineDimExpr(shape.size()));
      shape.push_back(extent);
    }
    if (shape.size() == ofX.size())
      return failure();
    auto type = RankedTensorType::get(shape, getElementTypeOrSelf(op.getX()));
    Value squeezed = WindowOp::create(rewriter, op.getLoc(), type, op.getX(),
                                      AffineMap::get(shape.size(), 0, source, op.getContext()));
    if (remaining.empty())
      rewriter.replaceOp(op, squeezed);
    else
      rewriter.replaceOpWithNewOp<ReduceOp>(op, op.getType(), op.getKind(), squeezed, remaining);
    return success();
  }
};

} // namespace

//===-- window, fold ----------------------------------------------------------------------------------------------===//

OpFoldResult WindowOp::fold(FoldAdaptor adaptor) {
  if (Attribute constant = splatAt(adaptor.getX(), getType()))
    return constant;
  if (getX().getType() == getType() && isa<RankedTensorType>(getType()) &&
      isIdentityAccess(getMap(), shapeOf(getX()), shapeOf(getY())))
    return getX();
  return nullptr;
}

void WindowOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<WindowOfWindow>(context);
}

OpFoldResult FoldOp::fold(FoldAdaptor adaptor) {
  if (getX().getType() == getType() && isIdentityAccess(getMap(), shapeOf(getX()), shapeOf(getY())))
    return getX();
  auto elements = dyn_cast_if_present<DenseElementsAttr>(adaptor.getX());
  if (elements && elements.isSplat() && elements.getSplatValue<APFloat>().isPosZero())
    return splatAt(elements, getType());
  return nullptr;
}

void FoldOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<FoldOfFold, FoldOfContract, FoldOntoPlaces>(context);
}

//===-- reshape ---------------------------------------------------------------------------------------------------===//

OpFoldResult ReshapeOp::fold(FoldAdaptor adaptor) {
  if (getX().getType() == getType())
    return getX();
  if (auto inner = getX().getDefiningOp<ReshapeOp>()) {
    if (inner.getX().getType() == getType())
      return inner.getX();
    getXMutable().assign(inner.getX());
    return getResult();
  }
  if (auto elements = dyn_cast_if_present<DenseElementsAttr>(adaptor.getX()))
    return elements.reshape(cast<ShapedType>(getType()));
  return nullptr;
}

//===-- gradient --------------------------------------------------------------------------------------------------===//

LogicalResult GradientOp::inferReturnTypes(MLIRContext *, std::optional<Location>, ValueRange operands, DictionaryAttr,
                                           OpaqueProperties, RegionRange, SmallVectorImpl<Type> &types) {
  llvm::append_range(types, operands.drop_front(2).getTypes());
  return success();
}

//===-- reduce ----------------------------------------------------------------------------------------------------===//

OpFoldResult ReduceOp::fold(FoldAdaptor adaptor) {
  auto ranked = dyn_cast<RankedTensorType>(getX().getType());
  if (!ranked)
    return nullptr;
  if (getDims().empty())
    return getX();
  auto elements = dyn_cast_if_present<DenseElementsAttr>(adaptor.getX());
  if (!elements || !elements.isSplat())
    return nullptr;
  if (getKind() != Reduction::sum && getKind() != Reduction::prod)
    return splatAt(elements, getType());
  if (!isReal(ranked.getElementType()))
    return nullptr;
  APFloat number = elements.getSplatValue<APFloat>();
  bool inexact;
  number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &inexact);
  double count = double(ranked.getNumElements() / cast<RankedTensorType>(getType()).getNumElements());
  APFloat result(getKind() == Reduction::sum ? number.convertToDouble() * count
                                             : std::pow(number.convertToDouble(), count));
  result.convert(cast<FloatType>(ranked.getElementType()).getFloatSemantics(), APFloat::rmNearestTiesToEven, &inexact);
  return DenseElementsAttr::get(cast<RankedTensorType>(getType()), result);
}

void ReduceOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<SumOfContract, ReduceOfReduce, ReduceOfTranspose, ReduceOfSpread, ReduceOverUnitExtents>(context);
}

} // namespace talweg::tw
