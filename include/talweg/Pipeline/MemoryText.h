// What a program's memory is taken for, in words.
#ifndef TALWEG_PIPELINE_MEMORYTEXT_H
#define TALWEG_PIPELINE_MEMORYTEXT_H

#include "talweg/Pipeline/Compiler.h"

namespace talweg {

/// `its variables take 72 B (parameters 24 B, optimizer state 48 B)`, of a module after phase vector.
std::string variablesText(const Manifest &manifest);

/// A line of help that names half the batch; nothing for a batch of one row.
std::string batchHelp(const Manifest &manifest);

} // namespace talweg

#endif
