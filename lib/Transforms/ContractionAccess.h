// How contractions read their operands, and write their results.
#ifndef TALWEG_LIB_TRANSFORMS_CONTRACTION_ACCESS_H
#define TALWEG_LIB_TRANSFORMS_CONTRACTION_ACCESS_H

#include "Rewrites.h"

#include "mlir/IR/PatternMatch.h"

namespace talweg {

/// Patterns: contractions read through windows and write through transposes; those that write along diagonals sum these last, and those whose
/// results are short along their last dimension are computed along a long one.
void addContractionAccess(mlir::RewritePatternSet &patterns, const Rewrites &rewrites);

} // namespace talweg

#endif
