// The rows of one field that a step takes. Private to Conversion.
#ifndef TALWEG_LIB_CONVERSION_GATHERBATCH_H
#define TALWEG_LIB_CONVERSION_GATHERBATCH_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace talweg::conversion {

/// A tensor's memory, row-major.
mlir::MemRefType bufferType(mlir::RankedTensorType tensor);

/// The rows order[position … position + batch) of `data`, gathered into memory of their own: a tensor of `batch` times `row`,
/// with the storage type's elements.
mlir::Value createBatch(mlir::ImplicitLocOpBuilder &b, mlir::RankedTensorType row, int64_t batch, mlir::Value data,
                        mlir::Value order, mlir::Value position);

} // namespace talweg::conversion

#endif
