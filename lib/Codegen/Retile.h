// Tensors in tiles: the last dimension is cut into blocks, and the block's number comes first: [.., n] → [n / b, .., b]; of a stack behind its
// `outer` dimensions, so that each member lies in tiles.
#ifndef TALWEG_LIB_CODEGEN_RETILE_H
#define TALWEG_LIB_CODEGEN_RETILE_H

#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/IndexingMapOpInterface.h"

#include <optional>

namespace talweg {

/// The type of a tensor or memref whose last dimension is cut into blocks of `block` elements, which divides it.
mlir::ShapedType tiledType(mlir::ShapedType type, std::int64_t block, unsigned outer = 0);

/// The largest block of whole registers, at most `panel`, that divides `extent`; 0 if there is none.
std::int64_t blockOf(std::int64_t extent, std::int64_t panel, std::int64_t lanes);

/// The loop that alone runs along the last dimension of `operand`, or nothing if there is none.
std::optional<unsigned> lastLoopOf(mlir::IndexingMapOpInterface op, mlir::OpOperand &operand);

/// Replaces `op`, a linalg.generic or a product, by one that reads and writes `tiled` of its operands in tiles, and whose loop `loop` (lastLoopOf each of them) is cut
/// in two, the blocks' numbers outermost. The new op's inputs and inits of these operands are `values`, in the same order; a null value
/// is for an init, which is made in its tiled shape. Returns the new op; `op` is left to the caller, without uses of its own.
mlir::Operation *retile(mlir::OpBuilder &builder, mlir::IndexingMapOpInterface op, unsigned loop, std::int64_t block,
                        unsigned outer, llvm::ArrayRef<mlir::OpOperand *> tiled, llvm::ArrayRef<mlir::Value> values);

/// `tensor` in tiles (or, from tiles, in rows), by a copy.
mlir::Value copyToTiles(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value tensor, std::int64_t block,
                        unsigned outer);
mlir::Value copyFromTiles(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value tiles, unsigned outer);

} // namespace talweg

#endif
