// The derivative of a loop.
#ifndef TALWEG_LIB_AUTODIFF_REVERSESCAN_H
#define TALWEG_LIB_AUTODIFF_REVERSESCAN_H

#include "talweg/Dialect/Tw/Tw.h"

namespace talweg {

/// The cotangent of each operand of `scan`, given those of its results (null: none has arrived); null where there is none. New ops are made by
/// `builder`; in the place of the scan comes one that also emits what its derivative reads again, and is `scan` from then on. An op of the body that depends on
/// `what` and has no derivative is an error.
mlir::FailureOr<llvm::SmallVector<mlir::Value>> reverseScan(mlir::OpBuilder &builder, tw::ScanOp &scan,
                                                            mlir::ValueRange cotangents, llvm::StringRef what);

} // namespace talweg

#endif
