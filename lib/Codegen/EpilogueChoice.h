// Which op is computed on the tiles of a product while they are in registers.
#ifndef TALWEG_LIB_CODEGEN_EPILOGUECHOICE_H
#define TALWEG_LIB_CODEGEN_EPILOGUECHOICE_H

#include "BufferPlan.h"
#include "PlanProduct.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <optional>

namespace talweg {

/// An op that may become the epilogue of a product.
struct Candidate {
  mlir::linalg::GenericOp op;
  bool sums = false;                                ///< it is the sum of all that the product gives, or of its columns
  llvm::SmallVector<mlir::OpOperand *> results;     ///< its operands that read the product's result
  llvm::SmallVector<mlir::OpOperand *> reads, outs; ///< the others, in its order
  llvm::SmallVector<mlir::AffineMap> maps;          ///< of reads and outs, by the loops of the product
  kernel::ProductPlan plan;                         ///< of the product with it

  llvm::SmallVector<Access> accesses() const;
};

/// Of a candidate that sums: a number for each tile, or a row of columns for the tiles beside each other.
llvm::SmallVector<std::int64_t> shapeOfPartials(const Candidate &candidate);

/// Chooses for the products of one block, as it was when the program was read; what becomes of it since is told by replace().
class EpilogueChoice {
public:
  /// `tells`: remarks on ops that directly read a product and are no epilogues, with the reason.
  EpilogueChoice(mlir::Block &block, const Target &target, bool tells)
      : block(block), target(target), tells(tells), program(block), buffers(program) {}

  /// The epilogue of `product`, if it has one.
  std::optional<Candidate> epilogueOf(kernel::ProductOp product);

  void replace(mlir::Value value, mlir::Value with) { program.replace(value, with); }

private:
  mlir::Block &block;
  const Target &target;
  const bool tells;
  buffers::BlockProgram program;
  buffers::BufferPlan buffers; ///< where everything would be if nothing were joined

  void tellApart(mlir::Operation *op, llvm::StringRef reason);
  mlir::Operation *nextReader(kernel::ProductOp product, mlir::Operation *from);
  std::string refusal(kernel::ProductOp product, const Candidate &candidate);
  bool shortensTiles(kernel::ProductOp product, llvm::ArrayRef<Access> accesses) const;
  std::string refusedByPlan(const Candidate &candidate);
};

} // namespace talweg

#endif
