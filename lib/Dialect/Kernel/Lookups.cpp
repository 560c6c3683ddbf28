// Lookups: what an op on rows of a table is.
#include "talweg/Dialect/Kernel/Kernel.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace talweg::kernel;

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
  return success();
}

LogicalResult GatherOp::verify() { return verifyLookup(*this, getTable(), getRows(), getOut()); }

LogicalResult ScatterAddOp::verify() {
  if (!isa<FloatType>(cast<ShapedType>(getValues().getType()).getElementType()))
    return emitOpError("adds up floats");
  return verifyLookup(*this, getOut(), getRows(), getValues());
}

LogicalResult PutRowsOp::verify() { return verifyLookup(*this, getOut(), getRows(), getValues()); }
bool PutRowsOp::readsElements(OpOperand *) { return true; } // the init too: what no row names stays
bool PutRowsOp::readsWhereItWrites(OpOperand *operand, OpResult) { return isDpsInit(operand); }

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
  return success();
}
