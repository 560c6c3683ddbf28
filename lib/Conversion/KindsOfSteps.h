// The kinds of steps of a program in which a loss is skipped in some: each is written apart, so that a loss costs nothing where it is
// skipped.
#ifndef TALWEG_LIB_CONVERSION_KINDSOFSTEPS_H
#define TALWEG_LIB_CONVERSION_KINDSOFSTEPS_H

#include "talweg/Dialect/Train/Train.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace talweg::conversion {

/// For each number of steps of which only the last updates some losses, whether a step is such a last one.
using KindOfStep = llvm::SmallVector<std::pair<std::int64_t, bool>>;

/// All that there are: of a program that skips no loss one, without a condition.
llvm::SmallVector<KindOfStep> kindsOfSteps(train::ObjectiveOp objective);
/// Whether the step with this number (i64, from 0) is of the kind; null: every one is.
mlir::Value createIsOfKind(mlir::ImplicitLocOpBuilder &b, const KindOfStep &kind, mlir::Value step);
/// Leaves of the objective what a step of this kind computes: no train.every, and NaN for what it does not tell.
void reduceToKind(train::ObjectiveOp objective, const KindOfStep &kind);

} // namespace talweg::conversion

#endif
