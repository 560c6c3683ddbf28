// See RunningSums.h. The terms are cut into blocks: each is summed by a triangle of its size, and the sums of all blocks before it, which run in the
// same way, are added. Products are multiplied likewise, factor by factor.
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

/// Whether j counts for i, at [i, j].
Value triangle(int64_t size, Running running, PatternRewriter &rewriter, Location loc) {
  auto numbers = RankedTensorType::get({size, size}, rewriter.getI32Type());
  Value i = tw::IotaOp::create(rewriter, loc, numbers, 0), j = tw::IotaOp::create(rewriter, loc, numbers, 1);
  const tw::Predicate predicate = running.fromEnd      ? running.withItself ? tw::Predicate::ge : tw::Predicate::gt
                                  : running.withItself ? tw::Predicate::le
                                                       : tw::Predicate::lt;
  return tw::CompareOp::create(rewriter, loc, numbers.clone(rewriter.getI1Type()), predicate, j, i);
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
  auto square = RankedTensorType::get({extents[dim], extents[dim]}, type.getElementType());
  Value ones = tw::SelectOp::create(rewriter, loc, square, triangle(extents[dim], running, rewriter, loc),
                                    filled(1, square, rewriter, loc), filled(0, square, rewriter, loc));
  return tw::ContractOp::create(rewriter, loc, type, x, ones, extents, mapOf(read.getResults()), mapOf({i, j}),
                                mapOf(places));
}

/// As the product of a box, which has i in front of j.
Value byBox(Value x, unsigned dim, Running running, PatternRewriter &rewriter, Location loc) {
  RankedTensorType type = typeOf(x);
  SmallVector<int64_t> extents(type.getShape());
  extents.insert(extents.begin() + dim, type.getDimSize(dim));
  auto box = type.clone(extents);
  AffineMap read = tw::dropDims(rewriter.getContext(), extents.size(), {int64_t(dim)});
  AffineMap both =
      AffineMap::getMultiDimMapWithTargets(unsigned(extents.size()), {dim, dim + 1}, rewriter.getContext());
  Value counts = tw::WindowOp::create(rewriter, loc, box.clone(rewriter.getI1Type()),
                                      triangle(extents[dim], running, rewriter, loc), both);
  Value factors = tw::SelectOp::create(rewriter, loc, box, counts, tw::WindowOp::create(rewriter, loc, box, x, read),
                                       filled(1, box, rewriter, loc));
  return tw::ReduceOp::create(rewriter, loc, type, tw::Reduction::prod, factors, ArrayRef<int64_t>{int64_t(dim) + 1});
}

Value reshaped(Value x, ArrayRef<int64_t> shape, PatternRewriter &rewriter, Location loc) {
  return rewriter.createOrFold<tw::ReshapeOp>(loc, typeOf(x).clone(shape), x);
}

/// Of sums or of products.
Value run(tw::Reduction kind, Value x, unsigned dim, Running running, PatternRewriter &rewriter, Location loc) {
  const bool multiplies = kind == tw::Reduction::prod;
  RankedTensorType type = typeOf(x);
  const int64_t terms = type.getDimSize(dim), blocks = (terms + kBlock - 1) / kBlock;
  auto directly = multiplies ? byBox : byTriangle;
  if (terms < kFewest)
    return directly(x, dim, running, rewriter, loc);
  SmallVector<int64_t> padded(type.getShape()), none(type.getRank()), more(type.getRank());
  padded[dim] = blocks * kBlock;
  more[dim] = padded[dim] - terms;
  if (more[dim] > 0)
    x = tw::PadOp::create(rewriter, loc, type.clone(padded), x, none, more, APFloat(multiplies ? 1.0 : 0.0));
  SmallVector<int64_t> cut(padded), ofBlocks(padded);
  cut[dim] = ofBlocks[dim] = blocks;
  cut.insert(cut.begin() + dim + 1, kBlock);
  Value inBlocks = reshaped(x, cut, rewriter, loc);
  Value within = directly(inBlocks, dim + 1, running, rewriter, loc);
  Value whole =
      tw::ReduceOp::create(rewriter, loc, type.clone(ofBlocks), kind, inBlocks, ArrayRef<int64_t>{int64_t(dim) + 1});
  Value others = run(kind, whole, dim, {running.fromEnd, false}, rewriter, loc);
  AffineMap spread = tw::dropDims(rewriter.getContext(), cut.size(), {int64_t(dim) + 1});
  Value added = rewriter.createOrFold<tw::WindowOp>(loc, type.clone(cut), others, spread);
  Value both = multiplies ? Value(tw::MulOp::create(rewriter, loc, type.clone(cut), within, added))
                          : Value(tw::AddOp::create(rewriter, loc, type.clone(cut), within, added));
  Value all = reshaped(both, padded, rewriter, loc);
  AffineMap first = AffineMap::getMultiDimIdentityMap(unsigned(type.getRank()), rewriter.getContext());
  return more[dim] > 0 ? rewriter.createOrFold<tw::WindowOp>(loc, type, all, first) : all;
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
  return run(tw::Reduction::sum, x, dim, running, rewriter, loc);
}

Value runningProduct(Value x, unsigned dim, Running running, PatternRewriter &rewriter, Location loc) {
  return run(tw::Reduction::prod, x, dim, running, rewriter, loc);
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
