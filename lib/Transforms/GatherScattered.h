// Sums that contractions scatter are gathered: each result is visited once.
#ifndef TALWEG_LIB_TRANSFORMS_GATHERSCATTERED_H
#define TALWEG_LIB_TRANSFORMS_GATHERSCATTERED_H

#include "Rewrites.h"

#include "mlir/IR/PatternMatch.h"

namespace talweg {

/// y[i + u] += a[i] b[u] is y[y] = Σᵤ a'[y + u] b[U - 1 - u], where a' is a between zeros, if a term of y[i + u] is a short sum.
void addGatherScattered(mlir::RewritePatternSet &patterns, const Rewrites &rewrites);

} // namespace talweg

#endif
