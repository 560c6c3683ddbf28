// Lookups: what an op on rows of a table is, and what giving it a place needs to know.
#include "talweg/Dialect/Kernel/Kernel.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace talweg::kernel;

static bool isOnTensors(Operation *op) { return isa<RankedTensorType>(op->getOperand(0).getType()); }

static void addEffects(Operation *op, SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  if (isOnTensors(op))
    return;
  for (OpOperand &operand : op->getOpOperands()) {
    if (cast<PlacedOp>(op).readsElements(&operand))
      effects.emplace_back(MemoryEffects::Read::get(), &operand);
    if (cast<DestinationStyleOpInterface>(op).isDpsInit(&operand))
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
  }
}

static Speculation::Speculatability speculatability(Operation *op) {
  return isOnTensors(op) ? Speculation::Speculatable : Speculation::NotSpeculatable;
}

static LogicalResult verifyResults(Operation *op) {
  ValueRange inits = cast<DestinationStyleOpInterface>(op).getDpsInits();
  if (isOnTensors(op) ? op->getResultTypes() != inits.getTypes() : op->getNumResults() != 0)
    return op->emitOpError("a result is of the type of what it is written to; on memrefs there is none");
  return success();
}

/// That `looked` [P, W..] are values for each of `rows` [P] of `table` [R, W..].
static LogicalResult verifyLookup(Operation *op, Value table, Value rows, Value looked) {
  auto ofTable = cast<ShapedType>(table.getType()), ofRows = cast<ShapedType>(rows.getType()),
       ofLooked = cast<ShapedType>(looked.getType());
  if (!isa<IntegerType>(ofRows.getElementType()) || ofRows.getRank() != 1)
    return op->emitOpError("rows are a list of whole numbers");
  if (ofTable.getElementType() != ofLooked.getElementType() || ofTable.getRank() == 0 || ofLooked.getRank() == 0 ||
      ofTable.getShape().drop_front() != ofLooked.getShape().drop_front() ||
      ofRows.getDimSize(0) != ofLooked.getDimSize(0))
    return op->emitOpError("has a row of the table's for each of the rows that are named");
  return verifyResults(op);
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

//===-- kernel.coalesce --------------------------------------------------------------------------------------------===//

unsigned CoalesceOp::getRowBits() { return llvm::Log2_64_Ceil(getCount()); }
unsigned CoalesceOp::getPositionBits() {
  return llvm::Log2_64_Ceil(cast<ShapedType>(getRows().getType()).getDimSize(0));
}

LogicalResult CoalesceOp::verify() {
  auto values = cast<ShapedType>(getValues().getType()), rows = cast<ShapedType>(getRows().getType());
  if (!isa<FloatType>(values.getElementType()))
    return emitOpError("adds up floats");
  if (!isa<IntegerType>(rows.getElementType()) || rows.getRank() != 1)
    return emitOpError("rows are a list of whole numbers");
  if (values.getRank() != 2 || values.getDimSize(0) != rows.getDimSize(0) || getSums().getType() != values ||
      getNamed().getType() != rows)
    return emitOpError("has a value for each of the rows, and gives as many as there are");
  if (int64_t(getCount()) < 1 || !llvm::isIntN(rows.getElementTypeBitWidth(), getCount()))
    return emitOpError("the number of rows is at least 1, and one of the numbers of rows");
  if (getRowBits() + getPositionBits() > 63)
    return emitOpError("the numbers of a row and of a position are one of 63 bits together");
  return verifyResults(*this);
}
bool CoalesceOp::readsElements(OpOperand *operand) { return isDpsInput(operand); }
bool CoalesceOp::readsWhereItWrites(OpOperand *, OpResult) { return false; }
Operation *CoalesceOp::fillBefore(OpResult) { return nullptr; }
Speculation::Speculatability CoalesceOp::getSpeculatability() { return speculatability(*this); }
void CoalesceOp::getEffects(SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  addEffects(*this, effects);
}

//===-- kernel.put_rows --------------------------------------------------------------------------------------------===//

LogicalResult PutRowsOp::verify() { return verifyLookup(*this, getOut(), getRows(), getValues()); }
bool PutRowsOp::readsElements(OpOperand *) { return true; } // the init too: what no row names stays
bool PutRowsOp::readsWhereItWrites(OpOperand *operand, OpResult) { return isDpsInit(operand); }
Operation *PutRowsOp::fillBefore(OpResult) { return nullptr; }
Speculation::Speculatability PutRowsOp::getSpeculatability() { return speculatability(*this); }
void PutRowsOp::getEffects(SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  addEffects(*this, effects);
}
