// Ranges and kinds of affine accesses, by structural recursion over the expressions.
#include "talweg/Dialect/Tw/Access.h"
#include "talweg/Dialect/Tw/Elements.h"
#include "talweg/Dialect/Tw/Tw.h"

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace talweg::tw {
namespace {

using Range = std::pair<int64_t, int64_t>;

std::optional<Range> add(Range a, Range b) {
  Range sum;
  if (llvm::AddOverflow(a.first, b.first, sum.first) || llvm::AddOverflow(a.second, b.second, sum.second))
    return std::nullopt;
  return sum;
}

std::optional<Range> scale(Range a, int64_t factor) {
  Range product;
  if (llvm::MulOverflow(a.first, factor, product.first) || llvm::MulOverflow(a.second, factor, product.second))
    return std::nullopt;
  if (factor < 0)
    std::swap(product.first, product.second);
  return product;
}

std::optional<Range> divideOrMod(AffineExprKind kind, Range a, int64_t by) {
  if (by <= 0)
    return std::nullopt;
  if (kind == AffineExprKind::FloorDiv)
    return Range(llvm::divideFloorSigned(a.first, by), llvm::divideFloorSigned(a.second, by));
  if (kind == AffineExprKind::CeilDiv)
    return Range(llvm::divideCeilSigned(a.first, by), llvm::divideCeilSigned(a.second, by));
  if (llvm::divideFloorSigned(a.first, by) == llvm::divideFloorSigned(a.second, by))
    return Range(llvm::mod(a.first, by), llvm::mod(a.second, by));
  return Range(0, by - 1);
}

} // namespace

std::optional<Range> rangeOf(AffineExpr expr, ArrayRef<int64_t> extents) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return Range(constant.getValue(), constant.getValue());
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return Range(0, extents[dim.getPosition()] - 1);
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return std::nullopt;
  auto left = rangeOf(binary.getLHS(), extents);
  if (!left)
    return std::nullopt;
  if (expr.getKind() == AffineExprKind::Add) {
    auto right = rangeOf(binary.getRHS(), extents);
    return right ? add(*left, *right) : std::nullopt;
  }
  auto by = dyn_cast<AffineConstantExpr>(binary.getRHS());
  if (!by)
    return std::nullopt;
  if (expr.getKind() == AffineExprKind::Mul)
    return scale(*left, by.getValue());
  return divideOrMod(expr.getKind(), *left, by.getValue());
}

bool isIdentityAccess(AffineMap map, ArrayRef<int64_t> ofX, ArrayRef<int64_t> ofY) {
  if (ofX != ofY)
    return false;
  for (auto [position, expr] : llvm::enumerate(map.getResults())) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (ofX[position] != 1 && !(dim && dim.getPosition() == position))
      return false;
  }
  return true;
}

std::optional<AffineMap> inversePlacing(AffineMap map, ArrayRef<int64_t> ofX, ArrayRef<int64_t> ofY) {
  SmallVector<AffineExpr> source(ofX.size(), getAffineConstantExpr(0, map.getContext()));
  llvm::SmallBitVector isPlaced(ofX.size());
  for (auto [position, expr] : llvm::enumerate(map.getResults())) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (!dim && ofY[position] == 1)
      continue;
    if (!dim || isPlaced.test(dim.getPosition()) || ofX[dim.getPosition()] != ofY[position])
      return std::nullopt;
    isPlaced.set(dim.getPosition());
    source[dim.getPosition()] = getAffineDimExpr(position, map.getContext());
  }
  for (auto [dim, extent] : llvm::enumerate(ofX))
    if (!isPlaced.test(dim) && extent != 1)
      return std::nullopt;
  return AffineMap::get(ofY.size(), 0, source, map.getContext());
}

AffineMap dropDims(MLIRContext *context, unsigned rank, ArrayRef<int64_t> dims) {
  SmallVector<AffineExpr> kept;
  for (unsigned dim = 0; dim < rank; ++dim)
    if (!llvm::is_contained(dims, int64_t(dim)))
      kept.push_back(getAffineDimExpr(dim, context));
  return AffineMap::get(rank, 0, kept, context);
}

AffineMap shiftMap(MLIRContext *context, unsigned rank, unsigned dim, int64_t low) {
  SmallVector<AffineExpr> places(AffineMap::getMultiDimIdentityMap(rank, context).getResults());
  places[dim] = places[dim] + low;
  return AffineMap::get(rank, 0, places, context);
}

std::optional<Slice> sliceOf(AffineMap map, ArrayRef<int64_t> ofX, ArrayRef<int64_t> ofY) {
  if (ofX.size() != ofY.size())
    return std::nullopt;
  for (unsigned dim = 0; dim < ofX.size(); ++dim) {
    if (ofX[dim] == ofY[dim])
      continue;
    auto reached = rangeOf(map.getResult(dim), ofY);
    if (reached && map == shiftMap(map.getContext(), ofX.size(), dim, reached->first))
      return Slice{dim, reached->first};
    return std::nullopt;
  }
  return std::nullopt;
}

AffineMap spreadMap(MLIRContext *context, unsigned rank) { return AffineMap::get(rank, 0, {}, context); }

Value spreadScalar(Value value) {
  auto window = value.getDefiningOp<WindowOp>();
  if (!window)
    return nullptr;
  auto type = dyn_cast<RankedTensorType>(window.getX().getType());
  return type && type.getRank() == 0 ? window.getX() : Value();
}

bool isWithinRows(AffineMap map, ArrayRef<int64_t> ofX, ArrayRef<int64_t> ofY) {
  if (ofX.empty() || ofY.empty() || ofX[0] != ofY[0] || map.getResult(0) != getAffineDimExpr(0, map.getContext()))
    return false;
  return llvm::none_of(map.getResults().drop_front(), [](AffineExpr expr) { return expr.isFunctionOfDim(0); });
}

bool sumsDiagonalsLast(AffineMap map, ArrayRef<int64_t> extents, int64_t places) {
  constexpr int64_t most = 1 << 16, fewestTerms = 32; // a box that stays in cache, and is small beside the work
  int64_t box = 1, terms = 1;
  for (auto [dim, extent] : llvm::enumerate(extents))
    (map.isFunctionOfDim(dim) ? box : terms) *= extent;
  return box <= most && terms >= fewestTerms && box > places &&
         !llvm::all_of(map.getResults(), llvm::IsaPred<AffineDimExpr, AffineConstantExpr>);
}

std::optional<double> uniformValue(Value value) {
  if (Value scalar = spreadScalar(value))
    return uniformValue(scalar);
  auto constant = value.getDefiningOp<ConstantOp>();
  auto elements = constant ? dyn_cast<DenseElementsAttr>(constant.getValue()) : DenseElementsAttr();
  if (!elements || !elements.isSplat())
    return std::nullopt;
  Type type = elements.getElementType();
  if (isa<FloatType>(type)) {
    APFloat number = elements.getSplatValue<APFloat>();
    bool inexact;
    number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &inexact);
    return number.convertToDouble();
  }
  APInt number = elements.getSplatValue<APInt>();
  return infoOf(type).isUnsigned() ? double(number.getZExtValue()) : double(number.getSExtValue());
}

} // namespace talweg::tw
