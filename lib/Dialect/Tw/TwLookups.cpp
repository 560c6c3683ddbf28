// Builders, folders and canonical forms of ops on rows: where the positions of gather and scatter_add are known, the accesses are affine.
#include "talweg/Dialect/Tw/Access.h"
#include "talweg/Dialect/Tw/Tw.h"

#include "mlir/IR/PatternMatch.h"

#include <algorithm>

using namespace mlir;

namespace talweg::tw {
namespace {

ArrayRef<int64_t> shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }

/// `rows` as a function of its own indices, all in [0, extent): one number, or an index. Null: not known to be.
AffineExpr positionOf(Value rows, int64_t extent) {
  MLIRContext *context = rows.getContext();
  if (std::optional<double> number = uniformValue(rows))
    return getAffineConstantExpr(int64_t(std::clamp(*number, 0.0, double(extent - 1))), context);
  if (auto iota = rows.getDefiningOp<IotaOp>(); iota && shapeOf(rows)[iota.getDim()] <= extent)
    return getAffineDimExpr(iota.getDim(), context);
  return {};
}

/// From the indices [s.., p.., w..] of what is looked up to those of the table, [s.., position, w..].
AffineMap mapTo(Value table, Value rows, Value looked, AffineExpr position, int64_t shared) {
  MLIRContext *context = rows.getContext();
  unsigned rank = shapeOf(looked).size();
  SmallVector<AffineExpr> access;
  for (unsigned dim = 0; dim < shared; ++dim)
    access.push_back(getAffineDimExpr(dim, context));
  access.push_back(position);
  for (unsigned dim = shapeOf(rows).size(); dim < rank; ++dim)
    access.push_back(getAffineDimExpr(dim, context));
  return AffineMap::get(rank, 0, access, context);
}

struct GatherAtKnownRows : OpRewritePattern<GatherOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(GatherOp op, PatternRewriter &rewriter) const override {
    AffineExpr position = positionOf(op.getRows(), shapeOf(op.getTable())[op.getShared()]);
    if (!position)
      return failure();
    AffineMap map = mapTo(op.getTable(), op.getRows(), op.getY(), position, op.getShared());
    rewriter.replaceOpWithNewOp<WindowOp>(op, op.getType(), op.getTable(), map);
    return success();
  }
};

/// Of rows in which elements change places, or that are parts of rows, the rows are looked up first, if that is less.
struct GatherBeforeWindow : OpRewritePattern<GatherOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(GatherOp op, PatternRewriter &rewriter) const override {
    auto window = op.getTable().getDefiningOp<WindowOp>();
    if (!window || op.getShared() != 0 || !isWithinRows(window.getMap(), shapeOf(window.getX()), shapeOf(window)))
      return failure();
    auto table = cast<RankedTensorType>(window.getX().getType());
    SmallVector<int64_t> shape(shapeOf(op.getRows()));
    unsigned positions = shape.size(), rank = shapeOf(op.getY()).size();
    llvm::append_range(shape, table.getShape().drop_front());
    if (ShapedType::getNumElements(shape) >= ShapedType::getNumElements(shapeOf(window)))
      return failure();
    Value looked = GatherOp::create(rewriter, op.getLoc(), table.clone(shape), window.getX(), op.getRows());
    SmallVector<AffineExpr> access, dims(1, rewriter.getAffineConstantExpr(0)); // the row's, which is not read again
    for (unsigned dim = 0; dim < rank; ++dim)
      (dim < positions ? access : dims).push_back(rewriter.getAffineDimExpr(dim));
    for (AffineExpr expr : window.getMap().getResults().drop_front())
      access.push_back(expr.replaceDims(dims));
    AffineMap map = AffineMap::get(rank, 0, access, op.getContext());
    rewriter.replaceOpWithNewOp<WindowOp>(op, op.getType(), looked, map);
    return success();
  }
};

struct ScatterAtKnownRows : OpRewritePattern<ScatterAddOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ScatterAddOp op, PatternRewriter &rewriter) const override {
    AffineExpr position = positionOf(op.getRows(), shapeOf(op.getY())[op.getShared()]);
    if (!position)
      return failure();
    AffineMap map = mapTo(op.getY(), op.getRows(), op.getValues(), position, op.getShared());
    rewriter.replaceOpWithNewOp<FoldOp>(op, op.getType(), op.getValues(), map);
    return success();
  }
};

/// The constant `attribute`, of equal elements, as `type`; null: it is none.
Attribute splatAs(Attribute attribute, Type type) {
  auto elements = dyn_cast_if_present<DenseElementsAttr>(attribute);
  return elements && elements.isSplat() ? elements.resizeSplat(cast<RankedTensorType>(type)) : Attribute();
}

} // namespace

OpFoldResult GatherOp::fold(FoldAdaptor adaptor) { return splatAs(adaptor.getTable(), getType()); }

void GatherOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<GatherAtKnownRows, GatherBeforeWindow>(context);
}

OpFoldResult ScatterAddOp::fold(FoldAdaptor adaptor) {
  auto elements = dyn_cast_if_present<DenseElementsAttr>(adaptor.getValues());
  bool isZero = elements && elements.isSplat() && elements.getSplatValue<APFloat>().isPosZero();
  return isZero ? splatAs(elements, getType()) : Attribute();
}

void ScatterAddOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<ScatterAtKnownRows>(context);
}

void CoalesceOp::build(OpBuilder &builder, OperationState &state, Value values, Value rows, int64_t count) {
  auto ofValues = cast<RankedTensorType>(values.getType()), ofRows = cast<RankedTensorType>(rows.getType());
  SmallVector<int64_t> shape(ofValues.getShape().drop_front(ofRows.getRank()));
  shape.insert(shape.begin(), ofRows.getNumElements());
  build(builder, state, ofRows.clone(ArrayRef(ofRows.getNumElements())), ofValues.clone(shape), values, rows, count);
}

} // namespace talweg::tw
