// Numbers of a step: single ones that are computed from constants, settings and the step's own number alone, as rates of learning are.
#ifndef TALWEG_LIB_FRONTEND_STEPNUMBERS_H
#define TALWEG_LIB_FRONTEND_STEPNUMBERS_H

#include "Walk.h"

#include "mlir/IR/IRMapping.h"

namespace talweg::frontend {

/// The ops that compute these numbers, in their order; nothing: one is computed from something else, too.
std::optional<std::vector<mlir::Operation *>> opsOfStep(mlir::ValueRange numbers);
/// What the number (a condition: 0 or 1) is, if it is the same in every step: settings have their present values.
std::optional<double> presentValue(Walk &walk, mlir::Value number);

} // namespace talweg::frontend

#endif
