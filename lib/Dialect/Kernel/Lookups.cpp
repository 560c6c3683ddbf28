// Lookups: what an op on rows of a table is, and what giving it a place needs to know.
#include "talweg/Dialect/Kernel/Kernel.h"

using namespace mlir;
using namespace talweg::kernel;

static bool isOnTensors(Operation *op) { return isa<RankedTensorType>(op->getOperand(0).getType()); }

static void addEffects(Operation *op, SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  if (isOnTensors(op))
    return;
  for (OpOperand &operand : op->getOpOperands().drop_back())
    effects.emplace_back(MemoryEffects::Read::get(), &operand);
  effects.emplace_back(MemoryEffects::Write::get(), &op->getOpOperands().back());
}

static Speculation::Speculatability speculatability(Operation *op) {
  return isOnTensors(op) ? Speculation::Speculatable : Speculation::NotSpeculatable;
}

/// That `looked` [P, W] are values for each of `rows` [P] of `table` [R, W].
static LogicalResult verifyLookup(Operation *op, Value table, Value rows, Value looked) {
  auto ofTable = cast<ShapedType>(table.getType()), ofRows = cast<ShapedType>(rows.getType()),
       ofLooked = cast<ShapedType>(looked.getType());
  if (!isa<IntegerType>(ofRows.getElementType()) || ofRows.getRank() != 1)
    return op->emitOpError("rows are a list of whole numbers");
  if (ofTable.getElementType() != ofLooked.getElementType() || ofTable.getRank() != 2 || ofLooked.getRank() != 2 ||
      ofTable.getDimSize(1) != ofLooked.getDimSize(1) || ofRows.getDimSize(0) != ofLooked.getDimSize(0))
    return op->emitOpError("has a row of the table's for each of the rows that are named");
  Type out = op->getOperands().back().getType();
  if (isOnTensors(op) ? op->getResultTypes() != TypeRange(out) : op->getNumResults() != 0)
    return op->emitOpError("a result is of the type of what it is written to; on memrefs there is none");
  return success();
}

//===-- kernel.gather ----------------------------------------------------------------------------------------------===//

LogicalResult GatherOp::verify() { return verifyLookup(*this, getTable(), getRows(), getOut()); }
bool GatherOp::readsElements(OpOperand *operand) { return isDpsInput(operand); }
bool GatherOp::readsWhereItWrites(OpOperand *, OpResult) { return false; }
Operation *GatherOp::fillBefore(OpResult) { return nullptr; }
Speculation::Speculatability GatherOp::getSpeculatability() { return speculatability(*this); }
void GatherOp::getEffects(SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  addEffects(*this, effects);
}

//===-- kernel.scatter_add -----------------------------------------------------------------------------------------===//

LogicalResult ScatterAddOp::verify() {
  if (!isa<FloatType>(cast<ShapedType>(getValues().getType()).getElementType()))
    return emitOpError("adds up floats");
  return verifyLookup(*this, getOut(), getRows(), getValues());
}
bool ScatterAddOp::readsElements(OpOperand *operand) { return isDpsInput(operand); }
bool ScatterAddOp::readsWhereItWrites(OpOperand *, OpResult) { return false; }
Operation *ScatterAddOp::fillBefore(OpResult) { return nullptr; }
Speculation::Speculatability ScatterAddOp::getSpeculatability() { return speculatability(*this); }
void ScatterAddOp::getEffects(SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  addEffects(*this, effects);
}
