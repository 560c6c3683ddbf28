// Contractions are planned together with those that they read, and with the sums that read them.
#ifndef TALWEG_LIB_TRANSFORMS_PLAN_THROUGH_CONTRACTIONS_H
#define TALWEG_LIB_TRANSFORMS_PLAN_THROUGH_CONTRACTIONS_H

#include "Rewrites.h"

#include "mlir/IR/PatternMatch.h"

namespace talweg {

/// Patterns: a sum of contractions that nothing else reads, or of sums of such, and a contraction of contractions are
/// contracted in another order where that takes fewer multiply-adds.
void addPlanningThroughContractions(mlir::RewritePatternSet &patterns, const Rewrites &rewrites);

} // namespace talweg

#endif
