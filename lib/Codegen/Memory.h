// What memory memrefs show, and how much of it.
#ifndef TALWEG_LIB_CODEGEN_MEMORY_H
#define TALWEG_LIB_CODEGEN_MEMORY_H

#include "mlir/IR/Value.h"

#include <optional>

namespace talweg {

/// The bytes of a tensor or memref, each element in whole ones; 0 if its shape is not static.
std::int64_t bytesOf(mlir::Type shaped);

/// The memory that a view shows: an allocation, a function's argument, a global.
mlir::Value rootOf(mlir::Value memref);

/// Where `memref` begins in the storage that it is a view of, if it is known.
std::optional<std::int64_t> offsetOf(mlir::Value memref);

/// True unless `a` and `b` surely show different memory: views of one storage overlap unless their offsets are known to differ.
bool sameMemory(mlir::Value a, mlir::Value b);

} // namespace talweg

#endif
