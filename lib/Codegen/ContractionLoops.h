// Writes the loops of one planned contraction.
#ifndef TALWEG_LIB_CODEGEN_CONTRACTIONLOOPS_H
#define TALWEG_LIB_CODEGEN_CONTRACTIONLOOPS_H

#include "ContractionPlan.h"

#include "mlir/IR/Builders.h"

namespace talweg {

class Epilogue;

/// An operand: its flat memory and the position of the first element, offset + shift.
struct FlatOperand {
  mlir::Value memory;
  std::int64_t offset = 0;
  mlir::Value shift = {}; ///< null: 0
};

/// Emits c += a * b as `plan` says, at the builder's insertion point; sums that are visited more than `longestChain` times are added
/// up in groups, each in scratch memory (ContractionGroups.cpp). Arguments as those of emitContraction.
void emitInGroups(mlir::OpBuilder &builder, mlir::Location loc, const ContractionPlan &plan, FlatOperand a,
                  FlatOperand b, FlatOperand c, const Epilogue *epilogue, bool stored);

/// Emits c += a * b as `plan` says, at the builder's insertion point. Operands are in the plan's roles (already swapped if it
/// says so). If the plan accumulates, c holds its initial value in memory; otherwise c is written without being read. The epilogue, if any,
/// is computed on each finished tile; c's final value is then stored only if `stored`.
void emitContraction(mlir::OpBuilder &builder, mlir::Location loc, ContractionPlan plan, FlatOperand a, FlatOperand b,
                     FlatOperand c, const Epilogue *epilogue, bool stored);

} // namespace talweg

#endif
