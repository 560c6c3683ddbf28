// Cuts a module in the LLVM dialect into parts that can be compiled beside each other.
#ifndef TALWEG_ENGINE_CUTMODULE_H
#define TALWEG_ENGINE_CUTMODULE_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <vector>

namespace talweg {

/// Moves the functions of `module` into at most `count` modules with about as many ops each, not more than are worth a thread. A function that another part
/// calls has hidden visibility, and is declared there; constants are in each part that reads them. What is cut where depends on the module
/// and on `count` alone.
std::vector<mlir::OwningOpRef<mlir::ModuleOp>> cutModule(mlir::ModuleOp module, std::size_t count);

} // namespace talweg

#endif
