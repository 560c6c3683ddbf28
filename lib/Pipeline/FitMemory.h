// Phase vector within a limit of memory.
#ifndef TALWEG_PIPELINE_FITMEMORY_H
#define TALWEG_PIPELINE_FITMEMORY_H

#include "talweg/Pipeline/Compiler.h"

namespace talweg {

/// Runs phase vector with `options` on a unit such that the planned arena and the variables take at most `limit` bytes. False if the phase
/// failed, with diagnostics; an error, E0871, if no plan is that small. `file` is for messages.
Result<bool> fitMemory(Unit &unit, const CodegenOptions &options, std::int64_t limit, const std::string &file);

} // namespace talweg

#endif
