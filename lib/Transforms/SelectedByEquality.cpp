// See SelectedByEquality.h. A position that is in no row's place selects nothing: its term is 0.
#include "SelectedByEquality.h"

#include "talweg/Dialect/Tw/Tw.h"

using namespace mlir;

namespace talweg {
namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// Of a factor, which of its source's dimensions is read by `dim` alone and nothing else; nothing: there is none.
std::optional<unsigned> placeOf(unsigned dim, const Factor &factor) {
  std::optional<unsigned> place;
  for (auto [position, expr] : llvm::enumerate(factor.map.getResults())) {
    if (!expr.isFunctionOfDim(dim))
      continue;
    if (place || !isa<AffineDimExpr>(expr))
      return std::nullopt;
    place = position;
  }
  return place;
}

bool reads(const Factor &factor, unsigned dim) { return factor.map.isFunctionOfDim(dim); }

constexpr int64_t kFewestRows = 16; // fewer are compared in registers

/// Whether each factor that reads the index is a number that it names rows of, of dims that the position does not read.
bool areTables(const Product &product, const EqualityOfIndex &equality) {
  bool isAny = false;
  for (auto [number, factor] : llvm::enumerate(product.factors)) {
    if (number == equality.condition || !reads(factor, equality.index))
      continue;
    const bool isApart =
        !dimsRead(factor.map, product.extents).anyCommon(dimsRead(equality.position.map, product.extents));
    if (factor.isCondition() || !isApart || !placeOf(equality.index, factor))
      return false;
    isAny = true;
  }
  return isAny;
}

} // namespace

std::optional<EqualityOfIndex> findEquality(const Product &product, const llvm::SmallBitVector &summed) {
  for (auto [number, factor] : llvm::enumerate(product.factors)) {
    auto compare = factor.source.getDefiningOp<tw::CompareOp>();
    if (factor.role != Role::selects || !compare || compare.getPredicate() != tw::Predicate::eq)
      continue;
    const Factor a = throughWindows(compare.getA(), factor.map), b = throughWindows(compare.getB(), factor.map);
    for (auto [counted, position] : {std::pair(a, b), std::pair(b, a)}) {
      auto index = countedBy(counted);
      EqualityOfIndex equality{number, index.value_or(0), position};
      if (index && summed.test(*index) && product.extents[*index] >= kFewestRows && !reads(position, *index) &&
          typeOf(position.source).getElementType().isInteger(32) && areTables(product, equality))
        return equality;
    }
  }
  return std::nullopt;
}

/// Row p of the factor's source, for each place of the position.
static Factor rowsOf(const Factor &factor, const EqualityOfIndex &equality, PatternRewriter &rewriter, Location loc) {
  const unsigned place = *placeOf(equality.index, factor);
  SmallVector<int64_t> shape(typeOf(factor.source).getShape());
  SmallVector<AffineExpr> toTable, places(equality.position.map.getResults());
  SmallVector<int64_t> ofRows(typeOf(equality.position.source).getShape());
  SmallVector<int64_t> tableShape = {shape[place]};
  for (unsigned dim = 0; dim < shape.size(); ++dim)
    if (dim != place) {
      places.push_back(factor.map.getResult(dim));
      ofRows.push_back(shape[dim]);
      tableShape.push_back(shape[dim]);
    }
  for (unsigned dim = 0; dim < shape.size(); ++dim)
    toTable.push_back(rewriter.getAffineDimExpr(dim == place ? 0 : dim < place ? dim + 1 : dim));
  RankedTensorType type = typeOf(factor.source);
  Value table = rewriter.createOrFold<tw::WindowOp>(loc, type.clone(tableShape), factor.source,
                                                    AffineMap::get(shape.size(), 0, toTable, rewriter.getContext()));
  Value rows = tw::GatherOp::create(rewriter, loc, type.clone(ofRows), table, equality.position.source);
  return {rows, AffineMap::get(factor.map.getNumDims(), 0, places, rewriter.getContext()), factor.role};
}

Product lookUp(const Product &product, const EqualityOfIndex &equality, PatternRewriter &rewriter, Location loc) {
  Product result = product;
  for (Factor &factor : result.factors)
    if (!factor.isCondition() && reads(factor, equality.index))
      factor = rowsOf(factor, equality, rewriter, loc);

  Value position = equality.position.source;
  RankedTensorType type = typeOf(position), truths = type.clone(rewriter.getI1Type());
  auto compared = [&](tw::Predicate predicate, int64_t bound) {
    Value number = tw::ConstantOp::create(
        rewriter, loc, type, DenseElementsAttr::get(type, Attribute(rewriter.getI32IntegerAttr(int32_t(bound)))));
    return tw::CompareOp::create(rewriter, loc, truths, predicate, position, number).getResult();
  };
  Value isThere = tw::AndOp::create(rewriter, loc, truths, compared(tw::Predicate::ge, 0),
                                    compared(tw::Predicate::lt, product.extents[equality.index]));
  result.factors[equality.condition] = {isThere, equality.position.map, Role::selects};
  llvm::SmallBitVector others(unsigned(product.extents.size()), true);
  others.reset(equality.index);
  return restrictTo(result, others);
}

} // namespace talweg
