// Two linalg.generic of the same loops as one.
#ifndef TALWEG_LIB_CODEGEN_JOINGENERICS_H
#define TALWEG_LIB_CODEGEN_JOINGENERICS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace talweg {

/// One op, in the place of `second`, with the results of both: what `second` reads of `first` it takes as it is computed. Both are gone.
mlir::linalg::GenericOp joinGenerics(mlir::linalg::GenericOp first, mlir::linalg::GenericOp second,
                                     mlir::OpBuilder &builder);

} // namespace talweg

#endif
