// See GatherScattered.h. The image gradient of a convolution scatters: each output's cotangent goes to all places of its window, and the sum over
// output channels for one tap is short, so that most of the time goes to reading and writing sums. As a gather it is another convolution, of the
// cotangent between zeros, whose results are finished in registers.
#include "GatherScattered.h"

#include "mlir/IR/AffineExprVisitor.h"

using namespace mlir;

namespace talweg {

namespace {

/// A dimension of y in which terms meet.
struct Meeting {
  unsigned ofY;            ///< the dimension
  unsigned place, tap;     ///< loops: y's index is place + tap
  int64_t from = 0, count; ///< of y's indices those that are read
};

struct GatherScattered : OpRewritePattern<tw::ContractOp> {
  GatherScattered(MLIRContext *context, const Rewrites &rewrites) : OpRewritePattern(context), rewrites(rewrites) {}

  LogicalResult matchAndRewrite(tw::ContractOp op, PatternRewriter &rewriter) const override {
    std::optional<SmallVector<Meeting>> meetings = meetingsOf(op);
    if (!meetings || meetings->empty() || termsOfVisit(op) >= longVisit)
      return failure();
    std::optional<bool> isFirst = whoHasPlaces(op, *meetings);
    if (!isFirst)
      return failure();
    tw::WindowOp slice = readPart(op, *meetings);
    if (places(op, *meetings) > mostMore * double(placesBefore(op, *meetings)))
      return failure();
    write(op, slice, *meetings, *isFirst, rewriter);
    return success();
  }

private:
  /// Sums of so many terms are worth a visit of their results each; results at the edges take so much more than what is scattered.
  static constexpr int64_t longVisit = 256;
  static constexpr double mostMore = 1.05;

  const Rewrites &rewrites;

  /// The dimensions in which terms meet; nullopt if they do in any other way than as place + tap.
  static std::optional<SmallVector<Meeting>> meetingsOf(tw::ContractOp op) {
    SmallVector<Meeting> meetings;
    llvm::SmallBitVector seen(op.getExtents().size());
    auto take = [&](AffineExpr expr) -> std::optional<unsigned> {
      auto dim = dyn_cast<AffineDimExpr>(expr);
      if (!dim || seen.test(dim.getPosition()))
        return std::nullopt;
      seen.set(dim.getPosition());
      return dim.getPosition();
    };
    for (auto [ofY, expr] : llvm::enumerate(op.getYMap().getResults())) {
      auto sum = dyn_cast<AffineBinaryOpExpr>(expr);
      if (!sum) {
        if (!take(expr))
          return std::nullopt;
        continue;
      }
      if (sum.getKind() != AffineExprKind::Add)
        return std::nullopt;
      std::optional<unsigned> place = take(sum.getLHS()), tap = take(sum.getRHS());
      if (!place || !tap)
        return std::nullopt;
      if (op.getExtents()[*place] < op.getExtents()[*tap])
        std::swap(*place, *tap);
      meetings.push_back({unsigned(ofY), *place, *tap, 0, cast<RankedTensorType>(op.getType()).getDimSize(ofY)});
      if (meetings.back().count != op.getExtents()[*place] + op.getExtents()[*tap] - 1)
        return std::nullopt;
    }
    return meetings;
  }

  static int64_t termsOfVisit(tw::ContractOp op) {
    int64_t terms = 1;
    for (auto [dim, extent] : llvm::enumerate(op.getExtents()))
      if (!op.getYMap().isFunctionOfDim(dim))
        terms *= extent;
    return terms;
  }

  /// Whether a, and not b, has the places of all meetings, each as an index by itself; nullopt if neither does.
  static std::optional<bool> whoHasPlaces(tw::ContractOp op, ArrayRef<Meeting> meetings) {
    auto hasPlaces = [&](AffineMap own, AffineMap other) {
      return llvm::all_of(meetings, [&](const Meeting &meeting) {
        auto uses = [&](AffineExpr expr) { return expr.isFunctionOfDim(meeting.place); };
        return llvm::count_if(own.getResults(), uses) == 1 &&
               llvm::is_contained(own.getResults(), getAffineDimExpr(meeting.place, own.getContext())) &&
               llvm::none_of(other.getResults(), uses);
      });
    };
    if (hasPlaces(op.getAMap(), op.getBMap()))
      return true;
    if (hasPlaces(op.getBMap(), op.getAMap()))
      return false;
    return std::nullopt;
  }

  /// If one op reads y and only a part of it, that op, with the part noted in the meetings.
  static tw::WindowOp readPart(tw::ContractOp op, SmallVector<Meeting> &meetings) {
    auto slice = op->hasOneUse() ? dyn_cast<tw::WindowOp>(*op->getUsers().begin()) : tw::WindowOp();
    if (!slice || slice.getMap().getNumDims() != slice.getMap().getNumResults())
      return {};
    SmallVector<Meeting> parts = meetings;
    for (auto [dim, expr] : llvm::enumerate(slice.getMap().getResults())) {
      auto from = dyn_cast<AffineConstantExpr>(expr - getAffineDimExpr(dim, op.getContext()));
      auto meeting = llvm::find_if(parts, [&](const Meeting &its) { return its.ofY == dim; });
      const int64_t count = cast<RankedTensorType>(slice.getType()).getDimSize(dim);
      if (!from || (meeting == parts.end() && count != cast<RankedTensorType>(op.getType()).getDimSize(dim)))
        return {};
      if (meeting == parts.end())
        continue;
      meeting->from = from.getValue();
      meeting->count = count;
    }
    meetings = parts;
    return slice;
  }

  static double places(tw::ContractOp, ArrayRef<Meeting> meetings) {
    double all = 1;
    for (const Meeting &meeting : meetings)
      all *= double(meeting.count);
    return all;
  }

  static double placesBefore(tw::ContractOp op, ArrayRef<Meeting> meetings) {
    double all = 1;
    for (const Meeting &meeting : meetings)
      all *= double(op.getExtents()[meeting.place]);
    return all;
  }

  void write(tw::ContractOp op, tw::WindowOp slice, ArrayRef<Meeting> meetings, bool isFirst,
             PatternRewriter &rewriter) const {
    MLIRContext *context = op.getContext();
    SmallVector<int64_t> extents(op.getExtents());
    Value places = isFirst ? op.getA() : op.getB();
    AffineMap placesMap = isFirst ? op.getAMap() : op.getBMap(), otherMap = isFirst ? op.getBMap() : op.getAMap();
    auto type = cast<RankedTensorType>(places.getType());
    SmallVector<int64_t> low(type.getRank(), 0), high = low, shape(type.getShape());
    SmallVector<AffineExpr> reversed, own(placesMap.getResults()), results(op.getYMap().getResults());
    for (unsigned dim = 0; dim < extents.size(); ++dim)
      reversed.push_back(getAffineDimExpr(dim, context));
    for (const Meeting &meeting : meetings)
      reversed[meeting.tap] = op.getExtents()[meeting.tap] - 1 - reversed[meeting.tap];
    for (AffineExpr &expr : own)
      expr = expr.replaceDims(reversed);
    for (const Meeting &meeting : meetings) {
      AffineExpr place = getAffineDimExpr(meeting.place, context), tap = getAffineDimExpr(meeting.tap, context);
      const int64_t taps = op.getExtents()[meeting.tap], first = meeting.from - (taps - 1);
      const size_t dim = size_t(llvm::find(own, place) - own.begin());
      low[dim] = std::max<int64_t>(0, -first);
      high[dim] = std::max<int64_t>(0, meeting.from + meeting.count - shape[dim]);
      own[dim] = place + tap + (first + low[dim]);
      shape[dim] += low[dim] + high[dim];
      extents[meeting.place] = meeting.count;
      results[meeting.ofY] = place;
    }
    auto mapOf = [&](ArrayRef<AffineExpr> exprs) {
      return AffineMap::get(unsigned(extents.size()), 0, exprs, context);
    };
    Location loc = op.getLoc();
    Value padded = tw::PadOp::create(rewriter, loc, type.clone(shape), places, rewriter.getDenseI64ArrayAttr(low),
                                     rewriter.getDenseI64ArrayAttr(high), rewriter.getF64FloatAttr(0));
    AffineMap maps[] = {mapOf(own), otherMap.replaceDimsAndSymbols(reversed, {}, unsigned(extents.size()), 0)};
    Value operands[] = {padded, isFirst ? op.getB() : op.getA()};
    Operation *last = slice ? slice.getOperation() : op.getOperation();
    rewriter.setInsertionPoint(op);
    auto gathered = tw::ContractOp::create(rewriter, loc, last->getResult(0).getType(), operands[isFirst ? 0 : 1],
                                           operands[isFirst ? 1 : 0], extents, maps[isFirst ? 0 : 1],
                                           maps[isFirst ? 1 : 0], mapOf(results));
    rewrites.tellGathered(gathered, termsOfVisit(op));
    rewriter.replaceOp(last, gathered);
    if (slice)
      rewriter.eraseOp(op);
  }
};

} // namespace

void addGatherScattered(RewritePatternSet &patterns, const Rewrites &rewrites) {
  patterns.add<GatherScattered>(patterns.getContext(), rewrites);
}

} // namespace talweg
