// Ops with one more outer dimension, along which lie the turns of a loop: the batching rules.
#include "talweg/Dialect/Tw/Tw.h"

#include "mlir/IR/Builders.h"

using namespace mlir;

namespace talweg::tw {

RankedTensorType stackOf(Type slice, int64_t length) {
  auto type = cast<RankedTensorType>(slice);
  SmallVector<int64_t> shape{length};
  llvm::append_range(shape, type.getShape());
  return type.clone(shape);
}

namespace {

bool isLifted(Operation *op, unsigned operand, Value given) {
  return given.getType() != op->getOperand(operand).getType();
}

/// The map of the dimensions behind the first, as `map` is of all; and in front of its results the first, if `isOfTurns`.
AffineMap behindTurns(AffineMap map, bool isOfTurns) {
  AffineMap behind = map.shiftDims(1);
  return isOfTurns ? behind.insertResult(getAffineDimExpr(0, map.getContext()), 0) : behind;
}

/// The operand of all turns, which is the same in each where it is not given so.
Value ofAllTurns(OpBuilder &builder, Operation *op, unsigned operand, int64_t count, Value given) {
  if (isLifted(op, operand, given))
    return given;
  auto type = cast<RankedTensorType>(given.getType());
  AffineMap spread = behindTurns(builder.getMultiDimIdentityMap(type.getRank()), false);
  return WindowOp::create(builder, op->getLoc(), stackOf(type, count), given, spread);
}

SmallVector<Value> ofAllTurns(OpBuilder &builder, Operation *op, int64_t count, ValueRange operands) {
  SmallVector<Value> all;
  for (auto [number, given] : llvm::enumerate(operands))
    all.push_back(ofAllTurns(builder, op, number, count, given));
  return all;
}

/// The op on these operands, with its attributes as they are.
Value again(OpBuilder &builder, Operation *op, int64_t count, ValueRange operands) {
  OperationState state(op->getLoc(), op->getName(), operands, stackOf(op->getResult(0).getType(), count));
  state.addAttributes(llvm::to_vector(op->getDiscardableAttrs()));
  state.propertiesAttr = op->getPropertiesAsAttribute();
  return builder.create(state)->getResult(0);
}

SmallVector<int64_t> behindTurns(ArrayRef<int64_t> dims) {
  return llvm::map_to_vector(dims, [](int64_t dim) { return dim + 1; });
}

SmallVector<int64_t> withFirst(int64_t first, ArrayRef<int64_t> others) {
  SmallVector<int64_t> all{first};
  llvm::append_range(all, others);
  return all;
}

} // namespace

Value liftOp(OpBuilder &builder, Operation *op, int64_t count, ValueRange operands) {
  if (op->hasTrait<Elementwise>() || isa<StopGradientOp, WatchOp>(op))
    return again(builder, op, count, ofAllTurns(builder, op, count, operands));
  auto liftable = dyn_cast<Liftable>(op);
  return liftable ? liftable.lift(builder, count, operands) : Value();
}

Value WindowOp::lift(OpBuilder &builder, int64_t count, ValueRange operands) {
  AffineMap map = behindTurns(getMap(), isLifted(*this, 0, operands[0]));
  return WindowOp::create(builder, getLoc(), stackOf(getType(), count), operands[0], map);
}

Value FoldOp::lift(OpBuilder &builder, int64_t count, ValueRange operands) {
  return FoldOp::create(builder, getLoc(), stackOf(getType(), count), ofAllTurns(builder, *this, 0, count, operands[0]),
                        behindTurns(getMap(), true));
}

Value PadOp::lift(OpBuilder &builder, int64_t count, ValueRange operands) {
  return PadOp::create(builder, getLoc(), stackOf(getType(), count), ofAllTurns(builder, *this, 0, count, operands[0]),
                       withFirst(0, getLow()), withFirst(0, getHigh()), getValue());
}

Value ConcatOp::lift(OpBuilder &builder, int64_t count, ValueRange operands) {
  return ConcatOp::create(builder, getLoc(), stackOf(getType(), count), ofAllTurns(builder, *this, count, operands),
                          getDim() + 1);
}

Value ReshapeOp::lift(OpBuilder &builder, int64_t count, ValueRange operands) {
  return again(builder, *this, count, ofAllTurns(builder, *this, count, operands));
}

// Where the table is one for all turns, there are only more rows.
Value GatherOp::lift(OpBuilder &builder, int64_t count, ValueRange operands) {
  Value table = operands[0], rows = operands[1];
  bool isOne = !isLifted(*this, 0, table) && getShared() == 0;
  if (!isOne)
    table = ofAllTurns(builder, *this, 0, count, table);
  rows = ofAllTurns(builder, *this, 1, count, rows);
  return GatherOp::create(builder, getLoc(), stackOf(getType(), count), table, rows, isOne ? 0 : getShared() + 1);
}

Value ScatterAddOp::lift(OpBuilder &builder, int64_t count, ValueRange operands) {
  SmallVector<Value> all = ofAllTurns(builder, *this, count, operands);
  return ScatterAddOp::create(builder, getLoc(), stackOf(getType(), count), all[0], all[1], getShared() + 1);
}

Value ReduceOp::lift(OpBuilder &builder, int64_t count, ValueRange operands) {
  return ReduceOp::create(builder, getLoc(), stackOf(getType(), count), getKind(),
                          ofAllTurns(builder, *this, 0, count, operands[0]), behindTurns(getDims()));
}

Value ArgOp::lift(OpBuilder &builder, int64_t count, ValueRange operands) {
  return ArgOp::create(builder, getLoc(), stackOf(getType(), count), getKind(),
                       ofAllTurns(builder, *this, 0, count, operands[0]), getDim() + 1);
}

// A factor that is one for all turns is not spread: the turns are one more loop of the sum's.
Value ContractOp::lift(OpBuilder &builder, int64_t count, ValueRange operands) {
  return ContractOp::create(builder, getLoc(), stackOf(getType(), count), operands[0], operands[1],
                            withFirst(count, getExtents()), behindTurns(getAMap(), isLifted(*this, 0, operands[0])),
                            behindTurns(getBMap(), isLifted(*this, 1, operands[1])), behindTurns(getYMap(), true));
}

} // namespace talweg::tw
