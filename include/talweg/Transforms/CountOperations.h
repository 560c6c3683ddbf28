// How many operations a step takes, by its graph.
#ifndef TALWEG_TRANSFORMS_COUNTOPERATIONS_H
#define TALWEG_TRANSFORMS_COUNTOPERATIONS_H

#include "mlir/IR/BuiltinOps.h"

#include <cstdint>

namespace talweg {

/// Operations on floating-point numbers of a program's objectives, in all turns of their loops: one for each element of what arithmetic or a
/// function gives, one for each that is summed or otherwise combined, two for each multiply-add of a contraction; none for what only moves,
/// compares or selects.
std::int64_t countOperations(mlir::ModuleOp module);

} // namespace talweg

#endif
