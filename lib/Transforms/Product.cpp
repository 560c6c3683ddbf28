// Taking products apart and together. See the header.
#include "Product.h"

#include "talweg/Dialect/Tw/Access.h"
#include "talweg/Dialect/Tw/Tw.h"

using namespace mlir;

namespace talweg {
namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

bool isSpread(Value value) { return value.getDefiningOp<tw::WindowOp>() || tw::uniformValue(value); }

void collect(Value value, AffineMap map, bool isInverse, Product &product) {
  if (auto number = tw::uniformValue(value)) {
    product.scale = isInverse ? product.scale / *number : product.scale * *number;
  } else if (auto mul = value.getDefiningOp<tw::MulOp>(); mul && !isInverse) {
    collect(mul.getA(), map, isInverse, product);
    collect(mul.getB(), map, isInverse, product);
  } else if (auto div = value.getDefiningOp<tw::DivOp>(); div && !isInverse && isSpread(div.getB())) {
    collect(div.getA(), map, false, product);
    collect(div.getB(), map, true, product);
  } else if (auto neg = value.getDefiningOp<tw::NegOp>()) {
    product.scale = -product.scale;
    collect(neg.getX(), map, isInverse, product);
  } else if (auto window = value.getDefiningOp<tw::WindowOp>()) {
    AffineMap access = simplifyAffineMap(window.getMap().compose(map));
    if (typeOf(window).getNumElements() <= typeOf(window.getX()).getNumElements())
      collect(window.getX(), access, isInverse, product);
    else
      product.factors.push_back({window.getX(), access, isInverse});
  } else {
    product.factors.push_back({value, map, isInverse});
  }
}

Value constantOf(double number, RankedTensorType type, PatternRewriter &rewriter, Location loc) {
  Attribute element = rewriter.getFloatAttr(type.getElementType(), number);
  return tw::ConstantOp::create(rewriter, loc, type, DenseElementsAttr::get(type, element));
}

/// Whether `small` can be multiplied into `large` before `large` is spread.
bool canMerge(const Factor &small, const Factor &large, ArrayRef<int64_t> extents) {
  llvm::SmallBitVector read = dimsRead(large.map, extents);
  bool isSpread =
      llvm::any_of(llvm::enumerate(extents), [&](auto dim) { return dim.value() > 1 && !read.test(dim.index()); });
  return isSpread && !dimsRead(small.map, extents).test(read) && placesOf(large, extents);
}

/// small times large, read like large.
Factor merge(const Factor &small, const Factor &large, ArrayRef<int64_t> extents, PatternRewriter &rewriter,
             Location loc) {
  SmallVector<AffineExpr> renamed;
  SmallVector<int64_t> places = *placesOf(large, extents);
  for (int64_t place : places)
    renamed.push_back(place < 0 ? rewriter.getAffineConstantExpr(0) : rewriter.getAffineDimExpr(place));
  RankedTensorType type = typeOf(large.source);
  AffineMap map = simplifyAffineMap(small.map.replaceDimsAndSymbols(renamed, {}, type.getRank(), 0));
  Value spread = rewriter.createOrFold<tw::WindowOp>(loc, type, small.source, map);
  if (small.isInverse == large.isInverse)
    return {tw::MulOp::create(rewriter, loc, type, large.source, spread), large.map, large.isInverse};
  Value numerator = large.isInverse ? spread : large.source, denominator = large.isInverse ? large.source : spread;
  return {tw::DivOp::create(rewriter, loc, type, numerator, denominator), large.map, false};
}

bool isDone(const Product &product) {
  return product.factors.size() == 2 && !product.factors[0].isInverse && !product.factors[1].isInverse;
}

/// The positions of a factor and of one it can be multiplied into.
std::optional<std::pair<size_t, size_t>> mergeablePair(const Product &product) {
  for (size_t small = 0; small < product.factors.size(); ++small)
    for (size_t large = 0; large < product.factors.size(); ++large)
      if (small != large && canMerge(product.factors[small], product.factors[large], product.extents))
        return std::pair(small, large);
  return std::nullopt;
}

} // namespace

llvm::SmallBitVector dimsRead(AffineMap map, ArrayRef<int64_t> extents) {
  llvm::SmallBitVector read(extents.size());
  for (auto [dim, extent] : llvm::enumerate(extents))
    if (extent > 1 && map.isFunctionOfDim(dim))
      read.set(dim);
  return read;
}

std::optional<SmallVector<int64_t>> placesOf(const Factor &factor, ArrayRef<int64_t> extents) {
  SmallVector<int64_t> places(extents.size(), -1);
  ArrayRef<int64_t> shape = typeOf(factor.source).getShape();
  for (auto [position, expr] : llvm::enumerate(factor.map.getResults())) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (dim && shape[position] == extents[dim.getPosition()] && places[dim.getPosition()] < 0)
      places[dim.getPosition()] = position;
    else if (shape[position] != 1)
      return std::nullopt;
  }
  return places;
}

Product factorsOf(Value value) {
  Product product;
  product.extents.assign(typeOf(value).getShape().begin(), typeOf(value).getShape().end());
  collect(value, AffineMap::getMultiDimIdentityMap(product.extents.size(), value.getContext()), false, product);
  return product;
}

AffineMap restrictTo(AffineMap map, const llvm::SmallBitVector &kept) {
  SmallVector<AffineExpr> renamed;
  unsigned next = 0;
  for (unsigned dim = 0; dim < map.getNumDims(); ++dim)
    renamed.push_back(kept.test(dim) ? getAffineDimExpr(next++, map.getContext())
                                     : getAffineConstantExpr(0, map.getContext()));
  return simplifyAffineMap(map.replaceDimsAndSymbols(renamed, {}, next, 0));
}

Product restrictTo(const Product &product, const llvm::SmallBitVector &kept) {
  Product restricted;
  restricted.scale = product.scale;
  for (auto [dim, extent] : llvm::enumerate(product.extents))
    if (kept.test(dim))
      restricted.extents.push_back(extent);
  for (const Factor &factor : product.factors)
    restricted.factors.push_back({factor.source, restrictTo(factor.map, kept), factor.isInverse});
  return restricted;
}

bool canMergeToTwo(const Product &product) {
  Product trial = product;
  while (!isDone(trial)) {
    auto pair = mergeablePair(trial);
    if (trial.factors.size() < 3 || !pair)
      return false;
    auto [small, large] = *pair;
    trial.factors[large].isInverse &= trial.factors[small].isInverse;
    trial.factors.erase(trial.factors.begin() + small);
  }
  return true;
}

bool mergeToTwo(Product &product, PatternRewriter &rewriter, Location loc) {
  if (!canMergeToTwo(product))
    return false;
  while (!isDone(product)) {
    auto [small, large] = *mergeablePair(product);
    product.factors[large] = merge(product.factors[small], product.factors[large], product.extents, rewriter, loc);
    product.factors.erase(product.factors.begin() + small);
  }
  return true;
}

Value materialize(const Product &product, Type element, PatternRewriter &rewriter, Location loc) {
  auto type = RankedTensorType::get(product.extents, element);
  Value numerator, denominator;
  for (const Factor &factor : product.factors) {
    Value spread = rewriter.createOrFold<tw::WindowOp>(loc, type, factor.source, factor.map);
    Value &side = factor.isInverse ? denominator : numerator;
    side = side ? rewriter.createOrFold<tw::MulOp>(loc, type, side, spread) : spread;
  }
  if (!numerator || (product.scale != 1 && product.scale != -1)) {
    Value scale = constantOf(product.scale, type, rewriter, loc);
    numerator = numerator ? rewriter.createOrFold<tw::MulOp>(loc, type, numerator, scale) : scale;
  } else if (product.scale == -1) {
    numerator = rewriter.createOrFold<tw::NegOp>(loc, type, numerator);
  }
  if (denominator)
    numerator = rewriter.createOrFold<tw::DivOp>(loc, type, numerator, denominator);
  return numerator;
}

} // namespace talweg
