// Writes the loops that plans say.
#ifndef TALWEG_LIB_CODEGEN_NESTEMITTER_H
#define TALWEG_LIB_CODEGEN_NESTEMITTER_H

#include "NestPlan.h"

namespace talweg {

struct PlannedNest {
  mlir::linalg::GenericOp op;
  PlannedLoops plan;
  mlir::Value initial; ///< the scalar that a reduction's accumulators start from
};

/// Writes ops at the builder's place, in one loop over `rows` around all of them, or one op by itself (0). The ops stay.
void emitNests(mlir::OpBuilder &builder, mlir::Location loc, llvm::ArrayRef<PlannedNest> nests, std::int64_t rows);

} // namespace talweg

#endif
