// Folders and canonical forms around tw.concat. Afterwards what reads one part reads nothing else, slices of one tensor behind each other
// are a slice, and sums of what is put into slices behind each other are put there at once: what is cut and joined leaves no trace.
#include "talweg/Dialect/Tw/Access.h"
#include "talweg/Dialect/Tw/Tw.h"

#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace talweg::tw {
namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }
ArrayRef<int64_t> shapeOf(Value value) { return typeOf(value).getShape(); }

/// `type` with `extent` elements along `dim`.
RankedTensorType withExtent(RankedTensorType type, unsigned dim, int64_t extent) {
  SmallVector<int64_t> shape(type.getShape());
  shape[dim] = extent;
  return RankedTensorType::get(shape, type.getElementType());
}

/// Parts that are joined along the same dimension are parts of the whole.
struct ConcatOfConcat : OpRewritePattern<ConcatOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConcatOp op, PatternRewriter &rewriter) const override {
    SmallVector<Value> parts;
    for (Value part : op.getParts()) {
      auto inner = part.getDefiningOp<ConcatOp>();
      if (inner && inner.getDim() == op.getDim() && inner->hasOneUse())
        llvm::append_range(parts, inner.getParts());
      else
        parts.push_back(part);
    }
    if (parts.size() == op.getParts().size())
      return failure();
    rewriter.replaceOpWithNewOp<ConcatOp>(op, op.getType(), parts, op.getDim());
    return success();
  }
};

/// Slices of one tensor behind each other are one slice.
struct ConcatOfSlices : OpRewritePattern<ConcatOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConcatOp op, PatternRewriter &rewriter) const override {
    auto slice = [&](Value part) -> std::optional<int64_t> {
      auto window = part.getDefiningOp<WindowOp>();
      auto found = window ? sliceOf(window.getMap(), shapeOf(window.getX()), shapeOf(part)) : std::nullopt;
      return found && found->dim == op.getDim() ? std::optional(found->low) : std::nullopt;
    };
    SmallVector<Value> parts{op.getParts().front()};
    for (Value part : op.getParts().drop_front()) {
      Value before = parts.back();
      auto low = slice(before), next = slice(part);
      int64_t extent = shapeOf(before)[op.getDim()];
      if (!low || !next || *low + extent != *next ||
          before.getDefiningOp<WindowOp>().getX() != part.getDefiningOp<WindowOp>().getX()) {
        parts.push_back(part);
        continue;
      }
      RankedTensorType type = withExtent(typeOf(part), op.getDim(), extent + shapeOf(part)[op.getDim()]);
      parts.back() = rewriter.createOrFold<WindowOp>(op.getLoc(), type, part.getDefiningOp<WindowOp>().getX(),
                                                     before.getDefiningOp<WindowOp>().getMap());
    }
    if (parts.size() == op.getParts().size())
      return failure();
    rewriter.replaceOpWithNewOp<ConcatOp>(op, op.getType(), parts, op.getDim());
    return success();
  }
};

/// What reads one part only.
struct WindowOfConcat : OpRewritePattern<WindowOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(WindowOp op, PatternRewriter &rewriter) const override {
    auto concat = op.getX().getDefiningOp<ConcatOp>();
    if (!concat)
      return failure();
    unsigned dim = concat.getDim();
    auto reached = rangeOf(op.getMap().getResult(dim), shapeOf(op.getY()));
    int64_t low = 0;
    for (Value part : concat.getParts()) {
      int64_t end = low + shapeOf(part)[dim];
      if (reached && reached->first >= low && reached->second < end) {
        AffineMap inPart = shiftMap(op.getContext(), shapeOf(part).size(), dim, -low);
        rewriter.replaceOpWithNewOp<WindowOp>(op, op.getType(), part, simplifyAffineMap(inPart.compose(op.getMap())));
        return success();
      }
      low = end;
    }
    return failure();
  }
};

/// What is added into two slices behind each other is joined, then put there.
struct SumOfSlices : OpRewritePattern<AddOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AddOp op, PatternRewriter &rewriter) const override {
    auto a = op.getA().getDefiningOp<FoldOp>(), b = op.getB().getDefiningOp<FoldOp>();
    if (a && b) {
      Value joined = join(a, b, rewriter);
      if (joined)
        rewriter.replaceOp(op, joined);
      return success(joined != nullptr);
    }
    // (rest + a) + b
    auto fold = a ? a : b;
    auto sum = (a ? op.getB() : op.getA()).getDefiningOp<AddOp>();
    if (!fold || !sum || !sum->hasOneUse())
      return failure();
    for (auto [other, rest] : {std::pair(sum.getA(), sum.getB()), std::pair(sum.getB(), sum.getA())})
      if (auto second = other.getDefiningOp<FoldOp>())
        if (Value joined = join(second, fold, rewriter)) {
          rewriter.replaceOpWithNewOp<AddOp>(op, op.getType(), rest, joined);
          return success();
        }
    return failure();
  }

private:
  /// Where a fold puts its operand: a slice of this shape.
  struct Place {
    Slice slice;
    SmallVector<int64_t> shape;
  };

  /// Nothing: it is no slice. An operand without the slice's dimension is one element along it.
  static std::optional<Place> placeOf(FoldOp fold) {
    ArrayRef<int64_t> from = shapeOf(fold.getX());
    if (auto slice = sliceOf(fold.getMap(), shapeOf(fold.getY()), from))
      return Place{*slice, SmallVector<int64_t>(from)};
    if (fold.getMap().getNumResults() != from.size() + 1)
      return std::nullopt;
    SmallVector<int64_t> shape(from);
    std::optional<Slice> slice;
    for (auto [dim, result] : llvm::enumerate(fold.getMap().getResults()))
      if (auto at = dyn_cast<AffineConstantExpr>(result); at && !slice) {
        slice = Slice{unsigned(dim), at.getValue()};
        shape.insert(shape.begin() + dim, 1);
      }
    AffineMap others = slice ? fold.getMap().dropResult(slice->dim) : fold.getMap();
    bool isElement =
        slice && others.isIdentity() &&
        fold.getType() == withExtent(typeOf(fold.getX()).clone(shape), slice->dim, shapeOf(fold.getY())[slice->dim]);
    return isElement ? std::optional(Place{*slice, shape}) : std::nullopt;
  }

  /// Null: they are not put into slices behind each other.
  static Value join(FoldOp a, FoldOp b, PatternRewriter &rewriter) {
    auto first = placeOf(a), second = placeOf(b);
    if (!first || !second || first->slice.dim != second->slice.dim || !a->hasOneUse() || !b->hasOneUse())
      return {};
    if (first->slice.low > second->slice.low) {
      std::swap(a, b);
      std::swap(first, second);
    }
    auto [dim, low] = first->slice;
    int64_t extent = first->shape[dim];
    if (low + extent != second->slice.low)
      return {};
    auto inShape = [&](FoldOp fold, const Place &place) {
      return rewriter.createOrFold<ReshapeOp>(fold.getLoc(), typeOf(fold.getX()).clone(place.shape), fold.getX());
    };
    RankedTensorType type = withExtent(typeOf(a.getX()).clone(first->shape), dim, extent + second->shape[dim]);
    Value both = ConcatOp::create(rewriter, a.getLoc(), type, ValueRange{inShape(a, *first), inShape(b, *second)}, dim);
    return rewriter.createOrFold<FoldOp>(a.getLoc(), a.getType(), both,
                                         shiftMap(a.getContext(), first->shape.size(), dim, low));
  }
};

} // namespace

OpFoldResult ConcatOp::fold(FoldAdaptor adaptor) {
  if (getParts().size() == 1)
    return getParts().front();
  auto splat = dyn_cast_if_present<DenseElementsAttr>(adaptor.getParts().front());
  if (!splat || !splat.isSplat())
    return nullptr;
  DenseElementsAttr all = splat.resizeSplat(cast<ShapedType>(getType()));
  for (Attribute part : adaptor.getParts())
    if (auto other = dyn_cast_if_present<DenseElementsAttr>(part);
        !other || !other.isSplat() || other.resizeSplat(cast<ShapedType>(getType())) != all)
      return nullptr;
  return all;
}

void ConcatOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<ConcatOfConcat, ConcatOfSlices, WindowOfConcat, SumOfSlices>(context);
}

} // namespace talweg::tw
