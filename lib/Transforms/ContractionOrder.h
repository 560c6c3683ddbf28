// In which order the factors of a sum of products are multiplied. Sets of indices and sizes only: no IR.
#ifndef TALWEG_LIB_TRANSFORMS_CONTRACTION_ORDER_H
#define TALWEG_LIB_TRANSFORMS_CONTRACTION_ORDER_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallBitVector.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>

namespace talweg {

/// Σ Π f[reads of f]: the sum runs over all indices that are not kept.
struct SumOfFactors {
  llvm::SmallVector<std::int64_t> extents;       ///< of the indices
  llvm::SmallVector<llvm::SmallBitVector> reads; ///< of each factor, at most 64
  llvm::SmallBitVector kept;
};

/// Factors, and what is multiplied of them: step i is value number factors + i, whose operands have lower numbers.
struct ContractionOrder {
  struct Step {
    unsigned a = 0, b = 0;     ///< equal: the one value, of which indices are summed that nothing else reads
    llvm::SmallBitVector runs; ///< over these indices
    llvm::SmallBitVector left; ///< those that the result has; over the others it is summed
  };
  llvm::SmallVector<Step> steps;
  double operations = 0; ///< multiply-adds: a step's are the places that it runs over
  double elements = 0;   ///< of the results
};

/// An order of least operations and, of several such, of least elements: of up to eight factors of all there are, of more what is best step
/// by step.
ContractionOrder orderOf(const SumOfFactors &sum);

} // namespace talweg

#endif
