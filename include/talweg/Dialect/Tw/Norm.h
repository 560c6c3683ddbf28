// The norm of several tensors together, as ops.
#ifndef TALWEG_DIALECT_TW_NORM_H
#define TALWEG_DIALECT_TW_NORM_H

#include "mlir/IR/Builders.h"

namespace talweg::tw {

/// The sum of the squares of a tensor of floats, in its type; given in f64.
mlir::Value sumOfSquares(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value x);

/// The norm of tensors of which these are the sums of squares, one or more: added in their order, in f64.
mlir::Value normOf(mlir::OpBuilder &builder, mlir::Location loc, mlir::ValueRange sumsOfSquares);

} // namespace talweg::tw

#endif
