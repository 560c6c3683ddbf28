// Phase vector within a limit of memory.
#ifndef TALWEG_PIPELINE_FITMEMORY_H
#define TALWEG_PIPELINE_FITMEMORY_H

#include "talweg/Pipeline/Compiler.h"

namespace talweg {

/// The program in phase graph such that the derivatives of long loops compute again what these have computed; null: there is no such loop.
mlir::OwningOpRef<mlir::ModuleOp> sparingOf(mlir::ModuleOp module);

/// Runs phase vector with `options` on a unit such that the planned arena and the variables take at most `limit` bytes. False if the phase
/// failed, with diagnostics; an error, E0871, if no plan is that small. `file` is for messages; `toLinalg` takes the unit's sparing program to phase linalg.
Result<bool> fitMemory(Unit &unit, const CodegenOptions &options, std::int64_t limit, const std::string &file,
                       llvm::function_ref<mlir::LogicalResult(mlir::ModuleOp)> toLinalg);

} // namespace talweg

#endif
