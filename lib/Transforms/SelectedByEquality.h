// Selection by equality is a lookup: Σₖ [p = k] f(k) is f(p).
#ifndef TALWEG_LIB_TRANSFORMS_SELECTED_BY_EQUALITY_H
#define TALWEG_LIB_TRANSFORMS_SELECTED_BY_EQUALITY_H

#include "Product.h"

namespace talweg {

/// A condition of a product that holds at one k at most: where position = k.
struct EqualityOfIndex {
  size_t condition = 0; ///< among the factors
  unsigned index = 0;   ///< k, a dim of the box
  Factor position;      ///< does not read it
};

/// One in `product`, which is summed over the dims in `summed`, for which looking up is less work: tables of other dims than the position's, with many
/// rows.
std::optional<EqualityOfIndex> findEquality(const Product &product, const llvm::SmallBitVector &summed);

/// The product without that sum: its dim is read no more, and factors that read it are rows of tables.
Product lookUp(const Product &product, const EqualityOfIndex &equality, mlir::PatternRewriter &rewriter,
               mlir::Location loc);

} // namespace talweg

#endif
