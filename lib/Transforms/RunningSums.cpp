// See RunningSums.h. The terms are cut into blocks: each is summed by a triangle of its size, and the sums of all blocks before it, which run in the
// same way, are added.
#include "RunningSums.h"

#include "talweg/Dialect/Tw/Access.h"
#include "talweg/Dialect/Tw/Tw.h"

using namespace mlir;

namespace talweg {
namespace {

constexpr int64_t kFewest = 128; // fewer are summed by one triangle
constexpr int64_t kBlock = 16;

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

Value filled(double number, RankedTensorType type, PatternRewriter &rewriter, Location loc) {
  Attribute element = rewriter.getFloatAttr(type.getElementType(), number);
  return tw::ConstantOp::create(rewriter, loc, type, DenseElementsAttr::get(type, element));
}

/// 1 at [i, j] where j is summed for i, else 0.
Value triangle(int64_t size, Type element, Running running, PatternRewriter &rewriter, Location loc) {
  auto numbers = RankedTensorType::get({size, size}, rewriter.getI32Type());
  Value i = tw::IotaOp::create(rewriter, loc, numbers, 0), j = tw::IotaOp::create(rewriter, loc, numbers, 1);
  const tw::Predicate predicate = running.fromEnd      ? running.withItself ? tw::Predicate::ge : tw::Predicate::gt
                                  : running.withItself ? tw::Predicate::le
                                                       : tw::Predicate::lt;
  Value isSummed = tw::CompareOp::create(rewriter, loc, numbers.clone(rewriter.getI1Type()), predicate, j, i);
  auto type = numbers.clone(element);
  return tw::SelectOp::create(rewriter, loc, type, isSummed, filled(1, type, rewriter, loc),
                              filled(0, type, rewriter, loc));
}

/// As a product with a triangle.
Value byTriangle(Value x, unsigned dim, Running running, PatternRewriter &rewriter, Location loc) {
  RankedTensorType type = typeOf(x);
  const unsigned rank = unsigned(type.getRank());
  SmallVector<int64_t> extents(type.getShape());
  extents.push_back(type.getDimSize(dim));
  AffineExpr i = rewriter.getAffineDimExpr(rank), j = rewriter.getAffineDimExpr(dim);
  AffineMap read = AffineMap::getMultiDimIdentityMap(rank, rewriter.getContext());
  auto mapOf = [&](ArrayRef<AffineExpr> places) { return AffineMap::get(rank + 1, 0, places, rewriter.getContext()); };
  SmallVector<AffineExpr> places(read.getResults());
  places[dim] = i;
  return tw::ContractOp::create(rewriter, loc, type, x,
                                triangle(extents[dim], type.getElementType(), running, rewriter, loc), extents,
                                mapOf(read.getResults()), mapOf({i, j}), mapOf(places));
}

Value reshaped(Value x, ArrayRef<int64_t> shape, PatternRewriter &rewriter, Location loc) {
  return rewriter.createOrFold<tw::ReshapeOp>(loc, typeOf(x).clone(shape), x);
}

} // namespace

RunningSumCost costOfRunningSum(int64_t terms) {
  if (terms < kFewest)
    return {double(terms) * double(terms), 0};
  const int64_t blocks = (terms + kBlock - 1) / kBlock, padded = blocks * kBlock;
  const double within = double(padded) * kBlock, whole = double(padded), added = double(padded);
  return {within + whole + costOfRunningSum(blocks).operations + added, padded};
}

Value runningSum(Value x, unsigned dim, Running running, PatternRewriter &rewriter, Location loc) {
  RankedTensorType type = typeOf(x);
  const int64_t terms = type.getDimSize(dim), blocks = (terms + kBlock - 1) / kBlock;
  if (terms < kFewest)
    return byTriangle(x, dim, running, rewriter, loc);
  SmallVector<int64_t> padded(type.getShape()), none(type.getRank()), more(type.getRank());
  padded[dim] = blocks * kBlock;
  more[dim] = padded[dim] - terms;
  if (more[dim] > 0)
    x = tw::PadOp::create(rewriter, loc, type.clone(padded), x, none, more, APFloat(0.0));
  SmallVector<int64_t> cut(padded), ofBlocks(padded);
  cut[dim] = ofBlocks[dim] = blocks;
  cut.insert(cut.begin() + dim + 1, kBlock);
  Value inBlocks = reshaped(x, cut, rewriter, loc);
  Value within = byTriangle(inBlocks, dim + 1, running, rewriter, loc);
  Value whole = tw::ReduceOp::create(rewriter, loc, type.clone(ofBlocks), tw::Reduction::sum, inBlocks,
                                     ArrayRef<int64_t>{int64_t(dim) + 1});
  Value others = runningSum(whole, dim, {running.fromEnd, false}, rewriter, loc);
  AffineMap spread = tw::dropDims(rewriter.getContext(), cut.size(), {int64_t(dim) + 1});
  Value added = rewriter.createOrFold<tw::WindowOp>(loc, type.clone(cut), others, spread);
  Value sum = reshaped(tw::AddOp::create(rewriter, loc, type.clone(cut), within, added), padded, rewriter, loc);
  AffineMap first = AffineMap::getMultiDimIdentityMap(unsigned(type.getRank()), rewriter.getContext());
  return more[dim] > 0 ? rewriter.createOrFold<tw::WindowOp>(loc, type, sum, first) : sum;
}

std::optional<Triangle> triangleOf(const Factor &condition, ArrayRef<int64_t> extents,
                                   const llvm::SmallBitVector &summed, const llvm::SmallBitVector &left) {
  auto compare = condition.source.getDefiningOp<tw::CompareOp>();
  if (!condition.isCondition() || !compare)
    return std::nullopt;
  auto a = countedBy(throughWindows(compare.getA(), condition.map));
  auto b = countedBy(throughWindows(compare.getB(), condition.map));
  if (!a || !b || extents[*a] != extents[*b] || extents[*a] < kFewest)
    return std::nullopt;
  const bool isTurned = summed.test(*b);
  const unsigned j = isTurned ? *b : *a, i = isTurned ? *a : *b;
  if (!summed.test(j) || !left.test(i))
    return std::nullopt;
  Triangle triangle{j, i, {}};
  switch (compare.getPredicate()) { // a with b
  case tw::Predicate::lt: triangle.running = {false, false}; break;
  case tw::Predicate::le: triangle.running = {false, true}; break;
  case tw::Predicate::gt: triangle.running = {true, false}; break;
  case tw::Predicate::ge: triangle.running = {true, true}; break;
  default: return std::nullopt;
  }
  if (isTurned)
    triangle.running.fromEnd = !triangle.running.fromEnd;
  if (condition.role == Role::excludes)
    triangle.running = {!triangle.running.fromEnd, !triangle.running.withItself};
  return triangle;
}

} // namespace talweg
