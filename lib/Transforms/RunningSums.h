// Running sums: Σⱼ [j ≤ i] x(j), and products, as work that grows with the number of terms and not with its square.
#ifndef TALWEG_LIB_TRANSFORMS_RUNNING_SUMS_H
#define TALWEG_LIB_TRANSFORMS_RUNNING_SUMS_H

#include "Product.h"

namespace talweg {

/// Which j are summed for each i of as many: those before it or behind it, and perhaps itself.
struct Running {
  bool fromEnd = false, withItself = false;
};

/// A condition that compares two dims of the box, both counted from 0: j with i.
struct Triangle {
  unsigned j = 0, i = 0;
  Running running;
};

/// Nothing: it is another condition, or compares no dim of `summed` with one of `left`, as long and long enough.
std::optional<Triangle> triangleOf(const Factor &condition, llvm::ArrayRef<std::int64_t> extents,
                                   const llvm::SmallBitVector &summed, const llvm::SmallBitVector &left);

/// What the running sum of so many terms takes.
struct RunningSumCost {
  double operations = 0;
  std::int64_t elements = 0; ///< of the largest tensor between the terms and their sums
};
RunningSumCost costOfRunningSum(std::int64_t terms);

/// y[.., i, ..] = Σⱼ x[.., j, ..], along dimension `dim`.
mlir::Value runningSum(mlir::Value x, unsigned dim, Running running, mlir::PatternRewriter &rewriter,
                       mlir::Location loc);

/// y[.., i, ..] = Πⱼ x[.., j, ..] likewise.
mlir::Value runningProduct(mlir::Value x, unsigned dim, Running running, mlir::PatternRewriter &rewriter,
                           mlir::Location loc);

} // namespace talweg

#endif
