// Writes the loops of one planned product.
#ifndef TALWEG_LIB_CODEGEN_PRODUCTLOOPS_H
#define TALWEG_LIB_CODEGEN_PRODUCTLOOPS_H

#include "talweg/Dialect/Kernel/ProductPlan.h"

#include "mlir/IR/Builders.h"

namespace talweg {

class Epilogue;

/// An operand: its flat memory and the position of the first element, offset + shift.
struct FlatOperand {
  mlir::Value memory;
  std::int64_t offset = 0;
  mlir::Value shift = {}; ///< null: 0
};

/// Emits c += a * b as `plan` says, at the builder's insertion point. Operands are in the plan's roles (already swapped if it
/// says so). If the plan accumulates, c holds zeros, or what is added to; otherwise c is written without being read, and may be no memory if it is
/// not `stored`: whether c's final value is. The epilogue, if any, is computed on each finished tile.
/// `threads` is the number of threads that share a level; null where the plan shares none.
void emitProduct(mlir::OpBuilder &builder, mlir::Location loc, kernel::ProductPlan plan, FlatOperand a, FlatOperand b,
                 FlatOperand c, const Epilogue *epilogue, bool stored, mlir::Value threads);

} // namespace talweg

#endif
