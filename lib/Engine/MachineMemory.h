// How much memory this process may have, and whether a program fits into it.
#ifndef TALWEG_ENGINE_MACHINEMEMORY_H
#define TALWEG_ENGINE_MACHINEMEMORY_H

#include "talweg/Pipeline/Compiler.h"
#include "talweg/Support/Result.h"

#include <cstdint>
#include <string>

namespace talweg {

struct MachineMemory {
  std::int64_t bytes = INT64_MAX; ///< INT64_MAX: not known
  bool ofGroup = false;           ///< a control group's limit, and not all that the machine has
};

/// The machine's physical memory, or less: the least limit of this process's control groups, of either version. `root` is where
/// /proc and /sys are, another folder than / in tests.
MachineMemory machineMemory(const std::string &root = "");

/// An error, E0872, if variables and arena of a compiled program are together more than that. `file` is for the message.
Result<void> fitsMachine(const Manifest &manifest, const MachineMemory &machine, const std::string &file);

} // namespace talweg

#endif
