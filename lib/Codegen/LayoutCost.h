// What the order of a tensor's dimensions costs those that read and write it.
#ifndef TALWEG_LIB_CODEGEN_LAYOUTCOST_H
#define TALWEG_LIB_CODEGEN_LAYOUTCOST_H

#include "Band.h"
#include "talweg/Codegen/Target.h"

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Operation.h"

namespace talweg {

/// The order of a tensor's dimensions in memory: the first is the outermost. Empty: as the type has them.
using DimensionOrder = llvm::SmallVector<unsigned>;

/// An op with loops, and how far each of its tensors moves with each of them, dimension by dimension.
class LoopCost {
public:
  /// A linalg.generic on tensors or a kernel.product without an epilogue.
  explicit LoopCost(mlir::Operation *op);

  struct Tensor {
    mlir::Value value; ///< of a result the result
    bool isResult = false;
    llvm::SmallVector<std::int64_t> shape;
    llvm::SmallVector<llvm::SmallVector<std::int64_t>> moves; ///< by dimension and loop
    std::int64_t elements = 1, bits = 32;
    unsigned loops = 0; ///< of the op

    /// By loop, in elements, where its dimensions lie in `order`.
    llvm::SmallVector<std::int64_t> strides(llvm::ArrayRef<unsigned> order) const;
  };

  mlir::Operation *op;
  llvm::SmallVector<std::int64_t> extents;
  llvm::SmallVector<Tensor> tensors; ///< of a product left, right, sums; otherwise inputs, results
  std::optional<Band> band;          ///< of a product

  /// Where a tensor lies.
  struct Place {
    DimensionOrder order;
    bool mayFollow = false; ///< it may still be turned if it pays: if it is small, it costs nothing to read
  };

  /// Cycles of a core, where each tensor has its place: of a product and of a reduction all, of elementwise ops, which may be fused with any other, what
  /// they take more because elements lie apart. Reductions have the order of loops that they get for these places.
  double cycles(llvm::ArrayRef<Place> places, const Target &target) const;

  /// What it takes at least, whatever the orders.
  double least(const Target &target) const;

private:
  void add(mlir::Value value, mlir::AffineMap map, bool isResult);
  std::int64_t lanes(const Target &target) const;
  double turns() const;
};

} // namespace talweg

#endif
