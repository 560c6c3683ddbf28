// Which memrefs show the same memory.
#ifndef TALWEG_LIB_CODEGEN_MEMORY_H
#define TALWEG_LIB_CODEGEN_MEMORY_H

#include "mlir/IR/Value.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"

#include <map>

namespace talweg {

/// The memory that a view shows: an allocation, a function's argument, a global.
mlir::Value rootOf(mlir::Value memref);

/// True unless `a` and `b` surely show different memory: views of one storage overlap unless their offsets are known to differ.
bool sameMemory(mlir::Value a, mlir::Value b);

/// Values by the memory that they are kept in, so that those that meet a memref are found without looking at all.
class MemoryIndex {
public:
  void add(mlir::Value value, mlir::Value memref);
  /// All values whose memref was sameMemory as `memref` when they were added, in the order of their adding at each place.
  llvm::SmallVector<mlir::Value> meeting(mlir::Value memref) const;

private:
  using Values = llvm::SmallVector<mlir::Value, 2>;
  struct Storage {
    std::map<int64_t, Values> at; ///< by offset
    Values anywhere;              ///< of which no offset is known
  };
  llvm::DenseMap<mlir::Value, Storage> storages; ///< by root
};

} // namespace talweg

#endif
