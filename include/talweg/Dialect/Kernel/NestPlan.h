// How one linalg.generic on memrefs is computed: which loop runs along lanes, in what order loops stand, what threads share.
#ifndef TALWEG_DIALECT_KERNEL_NESTPLAN_H
#define TALWEG_DIALECT_KERNEL_NESTPLAN_H

#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <optional>

namespace talweg::kernel {

/// One loop: its extent, how far the position of each operand moves with it, and the loop of the op it stands for (-1: several, or a
/// part of one).
struct NestAxis {
  std::int64_t extent = 1;
  llvm::SmallVector<std::int64_t> strides;
  int source = -1;
};

/// Turns of one loop that are combined from the initial value on, before their result goes to what holds the other groups, where
/// loops reach one result so often that a chain in memory would be too long. Inside of a group the same is asked again.
struct Groups {
  int loop = -1; ///< none
  std::int64_t length = 0;
};

/// The loops, in the order in which they stand in each other; there is at least one.
struct NestPlan {
  enum class Form {
    Vectors,    ///< moving loops, then reducing loops: a vector of results at a time
    Transposed, ///< …, rows, along lanes: inputs contiguous along the rows are transposed in registers, block by block
    Interleaved ///< …, along lanes, apart: results' innermost loop is so short that vectors are interleaved
  };

  llvm::SmallVector<NestAxis> axes;
  std::optional<NestAxis> row; ///< the loop outside of this and other nests; none: the nest is by itself
  Form form = Form::Vectors;
  std::size_t moving = 0;   ///< the number of moving loops
  int vectorAxis = -1;      ///< index in axes
  std::int64_t lanes = 1;   ///< of a vector
  std::int64_t vectors = 1; ///< vectors of results in hand at once, for loops along lanes that move the result
  std::int64_t chains = 1;  ///< independent chains along lanes, where these are combined at the end
  std::int64_t block = 0;   ///< rows that are walked before the next lanes, so that lines of memory are used up
  int shared = -1;          ///< index in axes of the loop that threads share; -1: none
  std::int64_t piece = 0;   ///< of the loop along lanes, cut for threads; 0: it is not cut
  int parts = -1; ///< index in axes of the loop cut into parts, whose results are combined in their order; -1: none
  std::int64_t partLength = 0; ///< turns of that loop
  bool partsInScratch = false; ///< every part has results of its own; otherwise the next is added to a part in place
  Groups groups;               ///< combined in scratch memory; the loop is an index in axes
};

} // namespace talweg::kernel

#endif
