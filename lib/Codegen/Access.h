// What code generation shares about ops with loops: their kinds, and accesses as linear functions of the loops.
#ifndef TALWEG_LIB_CODEGEN_ACCESS_H
#define TALWEG_LIB_CODEGEN_ACCESS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Builders.h"

#include <optional>

namespace talweg {

/// True if no loop of `op` combines elements.
bool isParallel(mlir::linalg::GenericOp op);

/// True for a sum into one number over all loops, from what is filled in in front.
bool isTotal(mlir::Operation *op);

/// True for a sum of one tensor over all loops but the last one, likewise.
bool isColumnSum(mlir::Operation *op);

/// True for an operation of a body that costs as much as some ten simple ones: a division or a function, not a multiply-add.
bool isExpensive(mlir::Operation &op);

/// A position in a buffer's flat memory as a function of the loops: offset + Σ strides[d] * iv[d], in elements.
struct Access {
  std::int64_t offset = 0;
  llvm::SmallVector<std::int64_t> strides;
};

/// The access of `map` into a buffer of static shape, row-major.
Access linearize(mlir::AffineMap map, llvm::ArrayRef<std::int64_t> shape);

/// A dimension of memory: the positions that are reached.
struct Inside {
  std::int64_t from = 0, count = 1;
};

/// The box of elements that `map` reaches, of loops of these extents, one of each moving along one dimension; nothing: it is no box, or not each
/// element is reached along each loop once.
std::optional<llvm::SmallVector<Inside>> boxOf(mlir::AffineMap map, llvm::ArrayRef<std::int64_t> extents);

/// The blocks of `root` that hold ops with loops, outer before inner; the bodies of these are not among them.
llvm::SmallVector<mlir::Block *> blocksOf(mlir::Operation *root);

/// `memref` seen as its flat memory: memref<N x element>.
mlir::Value flatten(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value memref);

} // namespace talweg

#endif
