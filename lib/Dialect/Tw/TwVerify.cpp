// What a legal tensor op is, beyond its types: shapes that agree, and accesses that stay inside.
#include "talweg/Dialect/Tw/Access.h"
#include "talweg/Dialect/Tw/Elements.h"
#include "talweg/Dialect/Tw/Tw.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace talweg::tw {
namespace {

constexpr int64_t kMaxElements = int64_t(1) << 48;

bool isUnranked(Value value) { return isa<UnrankedTensorType>(value.getType()); }
ArrayRef<int64_t> shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }
int64_t rankOf(Value value) { return cast<RankedTensorType>(value.getType()).getRank(); }

LogicalResult verifyStatic(Operation *op, Type type) {
  auto ranked = dyn_cast<RankedTensorType>(type);
  if (!ranked)
    return success();
  int64_t elements = 1;
  for (int64_t extent : ranked.getShape()) {
    if (ShapedType::isDynamic(extent) || extent < 1)
      return op->emitOpError() << "has type " << type << ", but every extent must be known and at least 1";
    if (llvm::MulOverflow(elements, extent, elements) || elements > kMaxElements)
      return op->emitOpError() << "has type " << type << ", which has more than 2^48 elements";
  }
  return success();
}

/// Two types of one shape: both unranked, or both of the same extents.
LogicalResult verifySameShape(Operation *op, Value a, Value b) {
  if (isUnranked(a) != isUnranked(b) || (!isUnranked(a) && shapeOf(a) != shapeOf(b)))
    return op->emitOpError() << "has operand and result of different shapes, " << a.getType() << " and " << b.getType();
  return success();
}

LogicalResult verifySameElement(Operation *op, Value a, Value b) {
  if (getElementTypeOrSelf(a) != getElementTypeOrSelf(b))
    return op->emitOpError() << "has different element types, " << getElementTypeOrSelf(a) << " and "
                             << getElementTypeOrSelf(b);
  return success();
}

LogicalResult verifyRanked(Operation *op) {
  for (Type type :
       llvm::concat<const Type>(llvm::to_vector(op->getOperandTypes()), llvm::to_vector(op->getResultTypes())))
    if (isa<UnrankedTensorType>(type))
      return op->emitOpError() << "needs ranked types, but has " << type;
  return success();
}

/// That `map` takes `extents` into `target`.
LogicalResult verifyAccess(Operation *op, StringRef name, AffineMap map, ArrayRef<int64_t> extents,
                           ArrayRef<int64_t> target) {
  if (map.getNumSymbols() != 0)
    return op->emitOpError() << name << " has symbols";
  if (map.getNumDims() != extents.size())
    return op->emitOpError() << name << " takes " << map.getNumDims() << " indices, but there are " << extents.size();
  if (map.getNumResults() != target.size())
    return op->emitOpError() << name << " gives " << map.getNumResults() << " positions, but the tensor has rank "
                             << target.size();
  for (auto [position, expr] : llvm::enumerate(map.getResults())) {
    auto range = rangeOf(expr, extents);
    if (!range)
      return op->emitOpError() << name << ": the range of position " << position << " cannot be known";
    if (range->first < 0 || range->second >= target[position])
      return op->emitOpError() << name << ": position " << position << " runs from " << range->first << " to "
                               << range->second << ", outside the extent " << target[position];
  }
  return success();
}

LogicalResult verifyDims(Operation *op, ArrayRef<int64_t> dims, int64_t rank) {
  int64_t previous = -1;
  for (int64_t dim : dims) {
    if (dim < 0 || dim >= rank)
      return op->emitOpError() << "names dimension " << dim << " of a tensor of rank " << rank;
    if (dim <= previous)
      return op->emitOpError() << "lists its dimensions out of order";
    previous = dim;
  }
  return success();
}

SmallVector<int64_t> without(ArrayRef<int64_t> shape, ArrayRef<int64_t> dims) {
  SmallVector<int64_t> kept;
  for (auto [dim, extent] : llvm::enumerate(shape))
    if (!llvm::is_contained(dims, int64_t(dim)))
      kept.push_back(extent);
  return kept;
}

} // namespace

LogicalResult verifyStaticShapes(Operation *op) {
  for (Type type : op->getOperandTypes())
    if (failed(verifyStatic(op, type)))
      return failure();
  for (Type type : op->getResultTypes())
    if (failed(verifyStatic(op, type)))
      return failure();
  // Upstream's trait takes an unranked type and any ranked one for the same.
  if (op->hasTrait<OpTrait::SameOperandsAndResultType>())
    for (Type type : op->getOperandTypes())
      if (type != op->getResult(0).getType())
        return op->emitOpError() << "has operand and result of different types, " << type << " and "
                                 << op->getResult(0).getType();
  return success();
}

LogicalResult CompareOp::verify() { return verifySameShape(*this, getA(), getY()); }
LogicalResult SelectOp::verify() { return verifySameShape(*this, getCondition(), getY()); }
LogicalResult ConvertOp::verify() { return verifySameShape(*this, getX(), getY()); }

LogicalResult PowOp::verify() {
  if (!isa<FloatType>(getElementTypeOrSelf(getY())))
    return emitOpError() << "is of floats, but has " << getY().getType();
  return success();
}

LogicalResult IotaOp::verify() {
  if (failed(verifyRanked(*this)))
    return failure();
  if (int64_t(getDim()) < 0 || int64_t(getDim()) >= rankOf(getY()))
    return emitOpError() << "counts along dimension " << getDim() << " of a tensor of rank " << rankOf(getY());
  return success();
}

LogicalResult UniformOp::verify() {
  if (failed(verifyRanked(*this)))
    return failure();
  if (shapeOf(getKey()) != ArrayRef<int64_t>{2})
    return emitOpError() << "needs a key of type 'tensor<2xi64>', but has " << getKey().getType();
  if (getStream() >> 32)
    return emitOpError() << "has stream " << getStream() << ", which does not fit in 32 bits";
  return success();
}

LogicalResult WindowOp::verify() {
  if (failed(verifySameElement(*this, getX(), getY())))
    return failure();
  if (isUnranked(getY())) {
    if (isUnranked(getX()) || rankOf(getX()) != 0 || getMap().getNumInputs() != 0 || getMap().getNumResults() != 0)
      return emitOpError() << "gives an unranked type, which only a spread scalar (rank 0, map () -> ()) may";
    return success();
  }
  if (failed(verifyRanked(*this)))
    return failure();
  return verifyAccess(*this, "map", getMap(), shapeOf(getY()), shapeOf(getX()));
}

LogicalResult FoldOp::verify() {
  if (failed(verifyRanked(*this)) || failed(verifySameElement(*this, getX(), getY())))
    return failure();
  return verifyAccess(*this, "map", getMap(), shapeOf(getX()), shapeOf(getY()));
}

LogicalResult PadOp::verify() {
  if (failed(verifyRanked(*this)) || failed(verifySameElement(*this, getX(), getY())))
    return failure();
  int64_t rank = rankOf(getX());
  if (int64_t(getLow().size()) != rank || int64_t(getHigh().size()) != rank || rankOf(getY()) != rank)
    return emitOpError() << "needs one low and one high count for each of " << rank << " dimensions";
  for (int64_t dim = 0; dim < rank; ++dim) {
    int64_t low = getLow()[dim], high = getHigh()[dim], extent;
    if (low < 0 || high < 0)
      return emitOpError() << "has a negative count in dimension " << dim;
    if (llvm::AddOverflow(low, high, extent) || llvm::AddOverflow(extent, shapeOf(getX())[dim], extent) ||
        extent != shapeOf(getY())[dim])
      return emitOpError() << "dimension " << dim << ": " << low << " + " << shapeOf(getX())[dim] << " + " << high
                           << " is not " << shapeOf(getY())[dim];
  }
  return success();
}

LogicalResult ConcatOp::verify() {
  if (getParts().empty())
    return emitOpError() << "has no parts";
  if (failed(verifyRanked(*this)))
    return failure();
  int64_t dim = getDim(), rank = rankOf(getY()), extent = 0;
  if (dim < 0 || dim >= rank)
    return emitOpError() << "joins along dimension " << dim << " of a tensor of rank " << rank;
  for (Value part : getParts()) {
    SmallVector<int64_t> shape(shapeOf(part));
    if (failed(verifySameElement(*this, part, getY())))
      return failure();
    extent += rankOf(part) == rank ? shape[dim] : 0;
    if (rankOf(part) == rank)
      shape[dim] = shapeOf(getY())[dim];
    if (ArrayRef(shape) != shapeOf(getY()))
      return emitOpError() << "has a part of type " << part.getType() << ", which does not fit into "
                           << getY().getType();
  }
  if (extent != shapeOf(getY())[dim])
    return emitOpError() << "has parts of " << extent << " together in dimension " << dim << ", not of "
                         << shapeOf(getY())[dim];
  return success();
}

LogicalResult ReshapeOp::verify() {
  if (failed(verifyRanked(*this)) || failed(verifySameElement(*this, getX(), getY())))
    return failure();
  int64_t ofX = cast<RankedTensorType>(getX().getType()).getNumElements();
  int64_t ofY = cast<RankedTensorType>(getY().getType()).getNumElements();
  if (ofX != ofY)
    return emitOpError() << "takes " << ofX << " elements to " << ofY;
  return success();
}

/// That `looked` [S.., P.., W..] are values for each of `rows` [S.., P..] of `table` [S.., R, W..].
static LogicalResult verifyLookup(Operation *op, Value table, Value rows, Value looked, int64_t shared) {
  if (failed(verifyRanked(op)))
    return failure();
  if (shared < 0 || shared > rankOf(rows) || shared >= rankOf(table))
    return op->emitOpError() << "shares " << shared << " dimensions of " << table.getType() << " and "
                             << rows.getType();
  if (shapeOf(table).take_front(shared) != shapeOf(rows).take_front(shared))
    return op->emitOpError() << "shares dimensions of different extents, of " << table.getType() << " and "
                             << rows.getType();
  SmallVector<int64_t> shape(shapeOf(rows));
  llvm::append_range(shape, shapeOf(table).drop_front(shared + 1));
  if (ArrayRef(shape) != shapeOf(looked))
    return op->emitOpError() << "has " << looked.getType() << " for rows " << rows.getType() << " of "
                             << table.getType();
  return success();
}

LogicalResult GatherOp::verify() { return verifyLookup(*this, getTable(), getRows(), getY(), getShared()); }
LogicalResult ScatterAddOp::verify() { return verifyLookup(*this, getY(), getRows(), getValues(), getShared()); }
LogicalResult PutRowsOp::verify() { return verifyLookup(*this, getTable(), getRows(), getValues(), 0); }

LogicalResult CoalesceOp::verify() {
  if (failed(verifyRanked(*this)))
    return failure();
  if (rankOf(getValues()) < rankOf(getRows()) ||
      shapeOf(getValues()).take_front(rankOf(getRows())) != shapeOf(getRows()))
    return emitOpError() << "has " << getValues().getType() << " for rows " << getRows().getType();
  SmallVector<int64_t> sums(shapeOf(getValues()).drop_front(rankOf(getRows())));
  int64_t positions = ShapedType::getNumElements(shapeOf(getRows())), count = getCount();
  sums.insert(sums.begin(), positions);
  if (shapeOf(getNamed()) != ArrayRef(positions) || shapeOf(getSums()) != ArrayRef(sums))
    return emitOpError() << "does not give " << getNamed().getType() << " and " << getSums().getType() << " from "
                         << getValues().getType() << " at " << getRows().getType();
  if (count < 1 || !llvm::isIntN(getElementTypeOrSelf(getRows()).getIntOrFloatBitWidth(), count) ||
      llvm::Log2_64_Ceil(count) + llvm::Log2_64_Ceil(positions) > 63)
    return emitOpError() << "names rows of " << count << " by " << getRows().getType();
  return success();
}

LogicalResult RequireOp::verify() {
  if (failed(verifyRanked(*this)))
    return failure();
  if (getValue() && shapeOf(getValue()) != shapeOf(getCondition()))
    return emitOpError() << "tells a value of type " << getValue().getType() << " for a condition of type "
                         << getCondition().getType();
  if (getLow().has_value() != getHigh().has_value() || (getLow() && int64_t(*getLow()) >= int64_t(*getHigh())))
    return emitOpError() << "needs `low` below `high`, or neither";
  return success();
}

LogicalResult WithDerivativeOp::verifyRegions() {
  Block &body = getBody().front();
  if (body.getArgumentTypes() != TypeRange(getY().getType()))
    return emitOpError() << "takes the cotangent of y, so its body has one argument, of type " << getY().getType();
  auto yield = dyn_cast<YieldOp>(body.getTerminator());
  if (!yield || yield.getValues().getTypes() != getX().getTypes())
    return emitOpError() << "yields a cotangent of its type for each x";
  return success();
}

LogicalResult ReduceOp::verify() {
  if (failed(verifySameElement(*this, getX(), getY())))
    return failure();
  bool ofConditions = isTruth(getElementTypeOrSelf(getX()));
  if (ofConditions != (getKind() == Reduction::any || getKind() == Reduction::all))
    return emitOpError() << "combines " << getElementTypeOrSelf(getX()) << " by " << stringifyReduction(getKind());
  if (isUnranked(getY()))
    return emitOpError() << "has an unranked result";
  if (isUnranked(getX())) {
    if (!getDims().empty() || rankOf(getY()) != 0)
      return emitOpError() << "of an unranked operand lists no dimensions and gives rank 0";
    return success();
  }
  if (failed(verifyDims(*this, getDims(), rankOf(getX()))))
    return failure();
  if (without(shapeOf(getX()), getDims()) != shapeOf(getY()))
    return emitOpError() << "does not give " << getY().getType() << " from " << getX().getType();
  return success();
}

LogicalResult CountBelowOp::verify() {
  auto type = dyn_cast<RankedTensorType>(getType());
  return type && type.getRank() == 1 ? success() : emitOpError() << "takes a vector, not " << getType();
}

LogicalResult ArgOp::verify() {
  if (failed(verifyRanked(*this)))
    return failure();
  if (getKind() != Reduction::max && getKind() != Reduction::min)
    return emitOpError() << "is of max or min, not of " << stringifyReduction(getKind());
  int64_t dim = getDim();
  if (failed(verifyDims(*this, dim, rankOf(getX()))))
    return failure();
  if (without(shapeOf(getX()), dim) != shapeOf(getY()))
    return emitOpError() << "does not give " << getY().getType() << " from " << getX().getType();
  return success();
}

LogicalResult ContractOp::verify() {
  if (failed(verifyRanked(*this)))
    return failure();
  int64_t points = 1;
  for (int64_t extent : getExtents()) {
    if (extent < 1)
      return emitOpError() << "has an extent of " << extent;
    if (llvm::MulOverflow(points, extent, points))
      return emitOpError() << "has an iteration space of more than 2^63 points";
  }
  if (failed(verifyAccess(*this, "a's map", getAMap(), getExtents(), shapeOf(getA()))) ||
      failed(verifyAccess(*this, "b's map", getBMap(), getExtents(), shapeOf(getB()))))
    return failure();
  return verifyAccess(*this, "y's map", getYMap(), getExtents(), shapeOf(getY()));
}

} // namespace talweg::tw
