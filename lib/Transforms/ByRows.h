// What ops do row by row, where the first dimensions of tensors are those of rows.
#ifndef TALWEG_LIB_TRANSFORMS_BYROWS_H
#define TALWEG_LIB_TRANSFORMS_BYROWS_H

#include "talweg/Dialect/Tw/Tw.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <optional>

namespace talweg::byrows {

/// True if `map` has `dims` alone as its first results, and nowhere else.
bool areFirst(mlir::AffineMap map, llvm::ArrayRef<unsigned> dims);

/// The loops that are the first `depth` dimensions of all three of a product's tensors.
std::optional<llvm::SmallVector<unsigned>> rowLoops(tw::ContractOp op, unsigned depth);

/// The type of a row of tensors of `type`, whose first `depth` dimensions are those of rows.
mlir::RankedTensorType rowOf(mlir::Type type, unsigned depth);

/// The same elements, with all rows in one dimension.
mlir::RankedTensorType stackOf(mlir::Type type, unsigned depth);

/// Where `op` computes its result row by row, whether each operand is a tensor of rows, of which it reads its own, or is the same for all; nothing: rows
/// depend on each other, or it is not known.
std::optional<llvm::SmallVector<bool>> readByRows(mlir::Operation *op, unsigned depth);

/// What `op` does, in row `turn`.
mlir::Value inRow(mlir::ImplicitLocOpBuilder &b, mlir::Operation *op, unsigned depth, mlir::ValueRange operands,
                  mlir::Value turn);

} // namespace talweg::byrows

#endif
