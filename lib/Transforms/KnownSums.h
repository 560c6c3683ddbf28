// A sum of what is linear in values whose sums are there.
#ifndef TALWEG_LIB_TRANSFORMS_KNOWN_SUMS_H
#define TALWEG_LIB_TRANSFORMS_KNOWN_SUMS_H

#include "Rewrites.h"

#include "mlir/IR/PatternMatch.h"

namespace talweg {

/// Pattern: a sum of sums, differences and multiples of values that are summed over the same dimensions elsewhere in the block is that of their sums.
void addKnownSums(mlir::RewritePatternSet &patterns, const Rewrites &rewrites);

} // namespace talweg

#endif
