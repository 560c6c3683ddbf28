// Sums over all rows of a split, taken apart so that the rows are read fewer times.
#ifndef TALWEG_DIALECT_TRAIN_SPAREREADINGS_H
#define TALWEG_DIALECT_TRAIN_SPAREREADINGS_H

#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Rows.h"

namespace talweg::train {

/// A sum that has been taken apart, and how often all rows are read before it is known.
struct SparedReadings {
  mlir::Location loc;
  std::int64_t before, after;
};

/// Σₙ (a[n] + s) becomes Σₙ a[n] + N s in an objective of evaluation, where s is no row's and takes more readings of all rows than a.
llvm::SmallVector<SparedReadings> spareReadings(
    ObjectiveOp objective, std::int64_t batch,
    tw::Rows::Known isKnown = [](mlir::Value) { return std::optional<bool>(); });

} // namespace talweg::train

#endif
