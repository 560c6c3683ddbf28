// An elementwise op, or the sum of all elements, computed on the tiles of a product while they are in registers.
//
// talweg-fuse-epilogues decides: it puts the op right behind its product and gives the product the attribute kEpilogue.
// talweg-lower-contractions writes both as one nest.
#ifndef TALWEG_LIB_CODEGEN_EPILOGUE_H
#define TALWEG_LIB_CODEGEN_EPILOGUE_H

#include "Contraction.h"
#include "ContractionPlan.h"
#include "VectorTools.h"

#include "talweg/Codegen/Target.h"

#include <optional>

namespace talweg {

/// The op that `product` is written as one nest with, or null.
mlir::linalg::GenericOp epilogueOf(mlir::linalg::GenericOp product);

/// Fails, naming the op, where a product of the function is said to have an epilogue and is not followed by an op that reads it.
mlir::LogicalResult verifyEpilogues(mlir::Operation *function);

class Epilogue {
public:
  /// `op` reads what `product` writes. `reason` says why it cannot be an epilogue if the result is empty.
  static std::optional<Epilogue> of(mlir::linalg::GenericOp product, mlir::linalg::GenericOp op, std::string &reason);

  /// The op's operands in memory: all but the product's result, inputs before outputs.
  struct Operand {
    mlir::OpOperand *operand = nullptr;
    Access access; ///< by the loops of the product
  };
  llvm::ArrayRef<Operand> operands() const { return memory; }
  mlir::linalg::GenericOp op() const { return generic; }

  /// Why the plan, made with the operands' strides as Loop::e, cannot take this epilogue; empty if it can.
  std::string refusedBy(const ContractionPlan &plan) const;

  /// Whether the op is the sum of all that the product gives: each tile has a partial sum, at its number.
  bool isSum() const { return memory.empty(); }

  /// Makes the operands flat memory at the builder, and scratch for the partial sums.
  void prepare(mlir::OpBuilder &builder, const ContractionPlan &plan);

  /// Replaces the op, whose tiles are computed: of a sum, their partial sums are left to add up.
  void finish();

  /// Asks for a tile's share of the op's operands, so that they come while the product is summed.
  void prefetch(mlir::OpBuilder &builder, llvm::ArrayRef<mlir::Value> positions, const ContractionPlan &plan,
                std::int64_t rows, std::int64_t vectors) const;

  /// Computes and stores the op for one tile. `sums` holds the product, row by row, `vectors` to a row; `positions` the
  /// place of each operand at the tile's first element; `columns` of the vectors' lanes exist.
  void emit(mlir::OpBuilder &builder, llvm::ArrayRef<mlir::Value> sums, llvm::ArrayRef<mlir::Value> positions,
            const ContractionPlan &plan, std::int64_t vectors, std::int64_t columns) const;

  /// Likewise for the tile of this number, of a sum.
  void emitPartial(mlir::OpBuilder &builder, llvm::ArrayRef<mlir::Value> sums, mlir::Value number,
                   const ContractionPlan &plan, std::int64_t vectors, std::int64_t columns) const;

private:
  /// The different memories that the op passes over once: as large as its results.
  llvm::SmallVector<mlir::Value> streams() const;

  mlir::linalg::GenericOp generic;
  llvm::SmallVector<Operand> memory;
  llvm::SmallVector<mlir::OpOperand *> results; ///< the operands that read the product's result
  llvm::SmallVector<mlir::Value> flat;
  mlir::Value partials; ///< of a sum

  /// Where operand `i` of a row and a vector of the tile is, given `positions`.
  mlir::Value placeOf(VectorTools &tools, std::size_t i, llvm::ArrayRef<mlir::Value> positions,
                      const ContractionPlan &plan, std::int64_t row, std::int64_t vector) const;
};

/// The plan of `product`, on tensors or memrefs, with the strides of `epilogue`'s operands if there is one.
ContractionPlan planOf(mlir::linalg::GenericOp product, const Epilogue *epilogue, const Target &target);

} // namespace talweg

#endif
