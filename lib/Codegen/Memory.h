// Which memrefs show the same memory.
#ifndef TALWEG_LIB_CODEGEN_MEMORY_H
#define TALWEG_LIB_CODEGEN_MEMORY_H

#include "mlir/IR/Value.h"

namespace talweg {

/// The memory that a view shows: an allocation, a function's argument, a global.
mlir::Value rootOf(mlir::Value memref);

/// True unless `a` and `b` surely show different memory: views of one storage overlap unless their offsets are known to differ.
bool sameMemory(mlir::Value a, mlir::Value b);

} // namespace talweg

#endif
