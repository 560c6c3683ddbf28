// Small pieces of the loops over rows.
#include "RowLoops.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace talweg {

RowLoops::RowLoops(OpBuilder &builder, Location loc, Value looked, const Target &target)
    : builder(builder), loc(loc), tools(builder, loc), machine(target.machine) {
  auto type = cast<MemRefType>(looked.getType());
  positions = type.getDimSize(0), width = type.getNumElements() / positions;
  elementBytes = (type.getElementTypeBitWidth() + 7) / 8;
  lanes = width == 1 ? 1 : target.vectorBits / (8 * elementBytes);
}

bool RowLoops::isLarge(int64_t rowCost) const {
  return double(positions) * double(width + rowCost) >= machine.workOfFork();
}

int64_t RowLoops::columnsOfPart() const { return llvm::alignTo(llvm::divideCeil(width, kParts), kLine / elementBytes); }

int64_t RowLoops::rowsOfLine() const { return llvm::PowerOf2Ceil(llvm::divideCeil(kLine, width * elementBytes)); }

void RowLoops::forEach(int64_t turns, function_ref<void(Value)> body) {
  tools.forTiles(turns, 1, false, [&](Value turn, int64_t) { body(turn); });
}

void RowLoops::ifHolds(Value condition, function_ref<void()> body) {
  auto taken = scf::IfOp::create(builder, loc, condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(taken.thenBlock());
  body();
}

Value RowLoops::clamp(Value number, int64_t count) {
  Value row = arith::IndexCastOp::create(builder, loc, builder.getIndexType(), number);
  row = arith::MaxSIOp::create(builder, loc, row, tools.index(0));
  return arith::MinSIOp::create(builder, loc, row, tools.index(count - 1));
}

Value RowLoops::load(Value memory, Value at, int64_t size) {
  return lanes == 1 ? tools.loadScalar(memory, at) : tools.load(memory, at, lanes, size);
}

void RowLoops::store(Value value, Value memory, Value at, int64_t size) {
  if (lanes == 1)
    tools.storeScalar(value, memory, at);
  else
    tools.store(value, memory, at, size);
}

Value RowLoops::zero(Type element) {
  if (lanes != 1)
    return tools.zero(element, lanes);
  return arith::ConstantOp::create(builder, loc, builder.getZeroAttr(element));
}

} // namespace talweg
