// Writes the loops of one planned contraction.
#ifndef TALWEG_LIB_CODEGEN_CONTRACTIONLOOPS_H
#define TALWEG_LIB_CODEGEN_CONTRACTIONLOOPS_H

#include "ContractionPlan.h"

#include "mlir/IR/Builders.h"

namespace talweg {

class Epilogue;

/// An operand: its flat memory and the position of the first element.
struct FlatOperand {
  mlir::Value memory;
  std::int64_t offset = 0;
};

/// Emits c += a * b as `plan` says, at the builder's insertion point. Operands are in the plan's roles (already swapped if it
/// says so). If the plan accumulates, c holds its initial value in memory; otherwise c is written without being read. The epilogue, if any,
/// is computed on each finished tile; c's final value is then stored only if `stored`.
void emitContraction(mlir::OpBuilder &builder, mlir::Location loc, ContractionPlan plan, FlatOperand a, FlatOperand b,
                     FlatOperand c, const Epilogue *epilogue = nullptr, bool stored = true);

} // namespace talweg

#endif
