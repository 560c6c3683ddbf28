// What the code of a block will take of the arena, told before there is any: the scratch of products and nests, what is computed in the
// registers of products, and which neighbours run as one loop.
#ifndef TALWEG_LIB_CODEGEN_CODEMEMORY_H
#define TALWEG_LIB_CODEGEN_CODEMEMORY_H

#include "BufferPlan.h"

#include "talweg/Codegen/Target.h"

namespace talweg {

/// Adds to the facts of `program`, of a block of linalg and products on tensors, what its code will do with memory.
void describeCode(mlir::Block &block, buffers::BlockProgram &program, const Target &target);

/// The bytes of the arena that the code of `block`, with all blocks in it, will take.
std::int64_t reckonArena(mlir::Block &block, const Target &target);

} // namespace talweg

#endif
