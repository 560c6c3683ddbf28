// See ContractionAccess.h.
#include "ContractionAccess.h"

#include "Product.h"

#include "talweg/Dialect/Tw/Access.h"
#include "talweg/Dialect/Tw/Tw.h"

using namespace mlir;

namespace talweg {
namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

constexpr int64_t kFewestTerms = 32; ///< of sums beside which another pass over their results is nothing
constexpr int64_t kShort = 8,
                  kLong = 16; ///< extents of a last dimension that leave registers mostly empty, and that fill them

/// The extent of the last dimension that is no 1; 1 if there is none.
int64_t lastExtent(ArrayRef<int64_t> shape) {
  auto last = llvm::find_if(llvm::reverse(shape), [](int64_t extent) { return extent > 1; });
  return last == shape.rend() ? 1 : *last;
}

/// A map of so many dims to those in `order`.
AffineMap mapTo(ArrayRef<unsigned> order, unsigned dims, MLIRContext *context) {
  SmallVector<AffineExpr> places;
  for (unsigned dim : order)
    places.push_back(getAffineDimExpr(dim, context));
  return AffineMap::get(dims, 0, places, context);
}

bool isDimOrConstant(AffineExpr expr) { return isa<AffineDimExpr, AffineConstantExpr>(expr); }

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

/// y[M(d)] += a b, where places of y lie along diagonals of few indices and many terms are summed in each: the terms are summed by these indices
/// first, and along the diagonals then.
struct SumAlongDiagonals : OpRewritePattern<tw::ContractOp> {
  SumAlongDiagonals(MLIRContext *context, const Rewrites &rewrites) : OpRewritePattern(context), rewrites(rewrites) {}
  LogicalResult matchAndRewrite(tw::ContractOp op, PatternRewriter &rewriter) const override {
    AffineMap map = op.getYMap();
    ArrayRef<int64_t> extents = op.getExtents();
    if (!tw::sumsDiagonalsLast(map, extents, typeOf(op).getNumElements()))
      return failure();
    const llvm::SmallBitVector kept = dimsRead(map, extents);
    SmallVector<int64_t> shape;
    SmallVector<unsigned> order = llvm::to_vector(kept.set_bits());
    for (unsigned dim : order)
      shape.push_back(extents[dim]);
    rewrites.tellDiagonals(op, shape);
    Value sum = tw::ContractOp::create(rewriter, op.getLoc(), typeOf(op).clone(shape), op.getA(), op.getB(), extents,
                                       op.getAMap(), op.getBMap(), mapTo(order, extents.size(), op.getContext()));
    rewriter.replaceOpWithNewOp<tw::FoldOp>(op, typeOf(op), sum, restrictTo(map, kept));
    return success();
  }

private:
  const Rewrites &rewrites;
};

/// A contraction whose result is short along its last dimension is computed with one that is long in its place, and transposed.
struct ComputeAlongLongest : OpRewritePattern<tw::ContractOp> {
  ComputeAlongLongest(MLIRContext *context, const Rewrites &rewrites) : OpRewritePattern(context), rewrites(rewrites) {}
  LogicalResult matchAndRewrite(tw::ContractOp op, PatternRewriter &rewriter) const override {
    ArrayRef<int64_t> shape = typeOf(op).getShape();
    AffineMap map = op.getYMap();
    auto longest = longestPlace(op);
    const llvm::SmallBitVector kept = dimsRead(map, op.getExtents());
    int64_t terms = 1;
    for (auto [dim, extent] : llvm::enumerate(op.getExtents()))
      terms *= kept.test(dim) ? 1 : extent;
    if (runOf(op) > kShort || terms < kFewestTerms || !longest || !llvm::all_of(map.getResults(), isDimOrConstant))
      return failure();
    rewrites.tellLongLanes(op);
    SmallVector<int64_t> other(shape);
    SmallVector<AffineExpr> places(map.getResults());
    SmallVector<unsigned> back;
    std::rotate(other.begin() + *longest, other.begin() + *longest + 1, other.end());
    std::rotate(places.begin() + *longest, places.begin() + *longest + 1, places.end());
    for (unsigned dim = 0; dim < shape.size(); ++dim)
      if (dim != *longest)
        back.push_back(dim);
    back.push_back(*longest);
    Value sum = tw::ContractOp::create(rewriter, op.getLoc(), typeOf(op).clone(other), op.getA(), op.getB(),
                                       op.getExtents(), op.getAMap(), op.getBMap(),
                                       AffineMap::get(map.getNumDims(), 0, places, op.getContext()));
    rewriter.replaceOpWithNewOp<tw::WindowOp>(op, typeOf(op), sum, mapTo(back, shape.size(), op.getContext()));
    return success();
  }

private:
  const Rewrites &rewrites;

  /// Elements of the result that follow each other and are of dims that one factor has side by side, too; at least its last dimension.
  static int64_t runOf(tw::ContractOp op) {
    int64_t run = 1;
    std::optional<bool> isOfA;
    for (auto [expr, extent] :
         llvm::zip(llvm::reverse(op.getYMap().getResults()), llvm::reverse(typeOf(op).getShape()))) {
      if (extent == 1)
        continue;
      auto isPlainIn = [&](AffineMap map) { return llvm::is_contained(map.getResults(), expr); };
      const bool inA = isPlainIn(op.getAMap()), inB = isPlainIn(op.getBMap());
      if (run > 1 && (inA == inB || inA != *isOfA))
        return run;
      run *= extent;
      if (inA == inB)
        return run;
      isOfA = inA;
    }
    return run;
  }

  /// The longest dimension that one factor alone has.
  static std::optional<unsigned> longestPlace(tw::ContractOp op) {
    std::optional<unsigned> longest;
    ArrayRef<int64_t> shape = typeOf(op).getShape(), extents = op.getExtents();
    const llvm::SmallBitVector ofA = dimsRead(op.getAMap(), extents), ofB = dimsRead(op.getBMap(), extents);
    for (auto [place, expr] : llvm::enumerate(op.getYMap().getResults()))
      if (auto dim = dyn_cast<AffineDimExpr>(expr); dim && shape[place] >= kLong &&
                                                    ofA.test(dim.getPosition()) != ofB.test(dim.getPosition()) &&
                                                    (!longest || shape[place] > shape[*longest]))
        longest = place;
    return longest;
  }
};

/// A contraction whose only reader is a transpose (perhaps with further dimensions of extent 1) writes transposed.
struct WriteThroughTranspose : OpRewritePattern<tw::WindowOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tw::WindowOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getX().getDefiningOp<tw::ContractOp>();
    if (!inner || !inner->hasOneUse() || !isa<RankedTensorType>(op.getType()))
      return failure();
    ArrayRef<int64_t> from = typeOf(inner).getShape(), to = typeOf(op).getShape();
    if (lastExtent(from) >= kLong && lastExtent(to) <= kShort)
      return failure();
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

} // namespace

void addContractionAccess(RewritePatternSet &patterns, const Rewrites &rewrites) {
  patterns.add<SumAlongDiagonals, ComputeAlongLongest>(patterns.getContext(), rewrites);
  patterns.add<ReadThroughWindows, WriteThroughTranspose>(patterns.getContext());
}

} // namespace talweg
