// The norm of several tensors together, as ops.
#ifndef TALWEG_DIALECT_TW_NORM_H
#define TALWEG_DIALECT_TW_NORM_H

#include "mlir/IR/Builders.h"

namespace talweg::tw {

/// The sum of the squares of a tensor of floats, in its type; given in f64.
mlir::Value sumOfSquares(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value x);

/// Those of the slices of a stack along its first `depth` dimensions, in these.
mlir::Value sumsOfSquares(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value stack, std::int64_t depth);

/// The norm of tensors of which these are the sums of squares, one or more: added in their order, in f64. Of stacks of equal
/// length that follow each other, which are those of layers, each layer's are added, then those of the next.
mlir::Value normOf(mlir::OpBuilder &builder, mlir::Location loc, mlir::ValueRange sumsOfSquares);

} // namespace talweg::tw

#endif
