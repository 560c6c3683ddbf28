// The epilogue of a product on memrefs, written on vectors.
#ifndef TALWEG_LIB_CODEGEN_EPILOGUE_H
#define TALWEG_LIB_CODEGEN_EPILOGUE_H

#include "Access.h"
#include "VectorTools.h"

#include "talweg/Dialect/Kernel/Kernel.h"

namespace talweg {

class Epilogue {
public:
  /// Makes the operands flat memory at the builder.
  Epilogue(mlir::OpBuilder &builder, kernel::ProductOp product);

  /// Where the operands begin: what it reads, then what it writes, as the plan's Loop::e have it.
  llvm::ArrayRef<std::int64_t> offsets() const { return starts; }
  /// Whether each tile gives one number.
  bool isPartial() const { return product.getPartial(); }
  /// Or one for each of its columns.
  bool isOfColumns() const {
    return isPartial() && mlir::cast<mlir::ShapedType>(product.getOuts().back().getType()).getRank() == 2;
  }

  /// Asks for a tile's share of the operands, so that they come while the product is summed.
  void prefetch(mlir::OpBuilder &builder, llvm::ArrayRef<mlir::Value> positions, std::int64_t rows,
                std::int64_t vectors) const;

  /// Computes and stores the results of one tile. `sums` holds the product, row by row, `vectors` to a row; `positions` the
  /// place of each operand at the tile's first element; `columns` of the vectors' lanes exist.
  void emit(mlir::OpBuilder &builder, llvm::ArrayRef<mlir::Value> sums, llvm::ArrayRef<mlir::Value> positions,
            std::int64_t vectors, std::int64_t columns) const;

  /// Likewise for the tile of this number, which gives one; of columns, for the tile whose row of sums begins there.
  void emitPartial(mlir::OpBuilder &builder, llvm::ArrayRef<mlir::Value> sums, mlir::Value number, std::int64_t vectors,
                   std::int64_t columns) const;

private:
  mutable kernel::ProductOp product;
  kernel::ProductPlan plan;
  llvm::SmallVector<mlir::Value> memory; ///< of the operands
  llvm::SmallVector<std::int64_t> starts;
  std::size_t reads = 0; ///< of the operands

  mlir::Block *body() const { return &product.getEpilogue().front(); }
  mlir::Location loc() const { return body()->getTerminator()->getLoc(); }

  /// Where operand `i` of a row and a vector of the tile is, given `positions`.
  mlir::Value placeOf(VectorTools &tools, std::size_t i, llvm::ArrayRef<mlir::Value> positions, std::int64_t row,
                      std::int64_t vector) const;
};

/// The different memories among `operands` that an op passes over once, at least as large as its result: their number, and all their bytes. `same`
/// tells whether two are one memory.
struct Streams {
  std::size_t count = 0;
  std::int64_t bytes = 0;

  static Streams of(llvm::ArrayRef<mlir::Value> operands, std::int64_t elements,
                    llvm::function_ref<bool(mlir::Value, mlir::Value)> same);

  /// From so many on, passing over them is what an op costs.
  static constexpr std::size_t many = 3;
};

} // namespace talweg

#endif
