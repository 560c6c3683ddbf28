// How one linalg.generic is computed: which loop runs along lanes, in what order loops stand, what threads share. Plain data, which
// NestEmitter.h writes as code.
#ifndef TALWEG_LIB_CODEGEN_NESTPLAN_H
#define TALWEG_LIB_CODEGEN_NESTPLAN_H

#include "NestLoops.h"

#include <optional>

namespace talweg {

/// The loops, in the order in which they stand in each other; there is at least one.
struct NestPlan : NestLoops {
  enum class Form {
    Vectors,    ///< moving loops, then reducing loops: a vector of results at a time
    Transposed, ///< …, rows, along lanes: inputs contiguous along the rows are transposed in registers, block by block
    Interleaved ///< …, along lanes, apart: results' innermost loop is so short that vectors are interleaved
  };

  Form form = Form::Vectors;
  std::optional<NestAxis> row; ///< the loop outside of this and other nests; none: the nest is by itself
  std::size_t moving = 0;      ///< the number of moving loops
  int vectorAxis = -1;         ///< index in axes
  std::int64_t vectors = 1;    ///< vectors of results in hand at once, for loops along lanes that move the result
  std::int64_t block = 0;      ///< rows that are walked before the next lanes, so that lines of memory are used up
  int shared = -1;             ///< index in axes of the loop that threads share; -1: none
  std::int64_t piece = 0;      ///< of the loop along lanes, cut for threads; 0: it is not cut
  int parts = -1;              ///< index in axes of the loop cut into parts (ReductionOrder.h); -1: none
  bool partsInScratch = false; ///< every part has results of its own; otherwise the next is added to a part in place
  Groups groups;               ///< combined in scratch memory; the loop is an index in axes
  bool scalar = false;         ///< results lie apart along every loop, and are computed one at a time

  explicit NestPlan(const NestLoops &loops) : NestLoops(loops) {}

  bool across() const { return vectorAxis >= int(moving); } ///< lanes are combined at the end
  const NestAxis &alongLanes() const { return axes[vectorAxis]; }
  /// Turns by which the loops inside of `axis` lengthen each chain.
  std::int64_t turnsInside(std::size_t axis) const;
  /// The innermost loop that moves an input which is the same in all lanes, -1 if there is none; nullopt if lanes differ.
  std::optional<int> fixedAt(std::size_t operand) const;
  /// True for few turns of a small body: written out, they cost no loop.
  bool writesOut(std::int64_t turns) const { return turns <= 4 && bodySize <= 10; }

  std::int64_t results() const { return operands[firstOutput].elements; }
  std::int64_t wholeParts() const { return axes[parts].extent / order.partLength; }
  std::int64_t restOfParts() const { return axes[parts].extent % order.partLength; }
  /// Elements of the scratch memory that holds the results of all parts, or of one group.
  std::int64_t scratch() const;
  /// The bytes of the arena that the nest takes for scratch memory, groups inside of groups included.
  std::int64_t scratchBytes(std::int64_t elementBytes) const;

  /// True if there is enough to combine of parts for threads to share it.
  bool sharesCombination() const;

  // Of what the nest is made:

  /// One part, of so many turns.
  NestPlan part(std::int64_t turns) const;
  /// All whole parts, as turns of one more moving loop outside, over results in scratch memory.
  NestPlan allParts() const;
  /// One group, of so many turns.
  NestPlan group(std::int64_t turns) const;
};

/// Chooses how loops run, by themselves (`rows` = 0) or as one of so many rows.
NestPlan planNest(const NestLoops &loops, std::int64_t rows);

} // namespace talweg

#endif
