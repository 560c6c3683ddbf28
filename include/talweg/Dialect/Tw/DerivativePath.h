// Whether one value of a block depends on others in a way that has a derivative.
#ifndef TALWEG_DIALECT_TW_DERIVATIVEPATH_H
#define TALWEG_DIALECT_TW_DERIVATIVEPATH_H

#include "mlir/IR/Operation.h"

namespace talweg::tw {

struct DerivativePath {
  bool isThere = false;
  /// Where there is no such path: the first op without derivative (tw::Inactive) that leads from one to the other; or null.
  mlir::Operation *cut = nullptr;
};

/// From values of one block to another of it.
DerivativePath derivativePath(mlir::ValueRange from, mlir::Value to);

} // namespace talweg::tw

#endif
