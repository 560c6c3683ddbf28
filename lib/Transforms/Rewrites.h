// Remarks on the rewrites of FormContractions: what was done, and what it spares.
#ifndef TALWEG_LIB_TRANSFORMS_REWRITES_H
#define TALWEG_LIB_TRANSFORMS_REWRITES_H

#include "Product.h"

#include "talweg/Dialect/Tw/Tw.h"

namespace talweg {

/// Says what is done to the sums of a program, if anybody wants to know.
class Rewrites {
public:
  explicit Rewrites(bool tells) : tells(tells) {}

  /// A sum of `written` over the dims that are not `kept`, in its place: `inside`, by `order` (null: element by element), and what stands outside of it.
  struct Sum {
    const Product &written;
    const llvm::SmallBitVector &kept;
    const Product &inside;
    const ContractionOrder *order = nullptr;
    std::size_t factorsOutside = 0;
    bool looksUp = false;
  };
  void tell(mlir::Location loc, mlir::Type element, const Sum &sum) const;

  /// Contractions, and the sum of them, that are planned together, with their operations as they were.
  void tellPlanned(mlir::Location loc, double written, const ContractionOrder &order) const;

  /// A sum that is reckoned of others.
  void tellKnownSum(tw::ReduceOp op) const;

  /// A running sum of these terms along a dimension; `what`: it is one, or a product.
  void tellRunning(mlir::Location loc, llvm::StringRef what, mlir::RankedTensorType terms, unsigned dim) const;

  /// An elementwise op whose operands are spread is computed for so many elements.
  void tellBeforeSpreading(mlir::Operation *op, llvm::ArrayRef<std::int64_t> shape) const;

  /// A contraction whose result first has another shape.
  void tellDiagonals(tw::ContractOp op, llvm::ArrayRef<std::int64_t> shape) const;
  void tellLongLanes(tw::ContractOp op) const;

  /// A contraction that scattered sums of so many terms, and gathers now.
  void tellGathered(tw::ContractOp op, std::int64_t terms) const;

private:
  bool tells;
};

/// Remarks on squared distances in sums of `root`, which could be written as products.
void tellSquaredDistances(mlir::Operation *root);

/// Remarks on large sums of products in `root` that are no contractions, for want of reuse.
void tellSumsWithoutReuse(mlir::Operation *root);

} // namespace talweg

#endif
