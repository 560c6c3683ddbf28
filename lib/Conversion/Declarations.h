// What a host must know of a program, as declarations that stay when its computation becomes code. Private to Conversion.
#ifndef TALWEG_LIB_CONVERSION_DECLARATIONS_H
#define TALWEG_LIB_CONVERSION_DECLARATIONS_H

#include "talweg/Dialect/Train/Train.h"

namespace talweg::conversion {

/// Which whole numbers a program can do something with: [low, high).
struct Bound {
  int64_t low = INT64_MIN, high = INT64_MAX;
};

/// Of each field, by what an objective requires of it, and by the positions that it is compared with, seen through conversions, windows
/// and numbers that are added.
llvm::SmallVector<Bound> boundFields(mlir::Block &objective);

/// In: an expanded program with storage assigned. Out: beside that, train.column, train.prediction, train.fault and train.work for its
/// objective; which fields are read, and their ranges, stand on these.
void declare(train::ProgramOp program);

/// Leaves nothing but what a host must know: no objective, no plan, no initial values. They are code now.
void leaveDeclarations(train::ProgramOp program);

} // namespace talweg::conversion

#endif
