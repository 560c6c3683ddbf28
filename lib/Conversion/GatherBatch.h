// The rows of one field that a step takes. Private to Conversion.
#ifndef TALWEG_LIB_CONVERSION_GATHERBATCH_H
#define TALWEG_LIB_CONVERSION_GATHERBATCH_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <optional>

namespace talweg::conversion {

/// A tensor's memory, row-major.
mlir::MemRefType bufferType(mlir::RankedTensorType tensor);

/// The records order[position … position + batch) of `data`, gathered into memory of their own: a tensor of `batch` times `record`,
/// with the storage type's elements. A record is a row of `data`, or with `windowBegin` as many rows as its first extent says, of which the first
/// is so many rows behind the record's own.
mlir::Value createBatch(mlir::ImplicitLocOpBuilder &b, mlir::RankedTensorType record, int64_t batch, mlir::Value data,
                        mlir::Value order, mlir::Value position, std::optional<int64_t> windowBegin);

/// The first `count` rows of memory.
mlir::Value createFirstRows(mlir::ImplicitLocOpBuilder &b, mlir::Value memory, int64_t count);

/// What stands in memory, which may change, as a tensor of `type`.
mlir::Value createCopy(mlir::ImplicitLocOpBuilder &b, mlir::Value memory, mlir::RankedTensorType type);

} // namespace talweg::conversion

#endif
