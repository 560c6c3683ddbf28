// Plans how one linalg.generic is computed (kernel::NestPlan), and tells what follows of a plan. NestEmitter.h writes it as code.
#ifndef TALWEG_LIB_CODEGEN_NESTPLAN_H
#define TALWEG_LIB_CODEGEN_NESTPLAN_H

#include "NestLoops.h"
#include "talweg/Codegen/Machine.h"

namespace talweg {

/// The loops of one op as a plan says.
struct PlannedLoops : NestLoops {
  bool scalar = false; ///< results lie apart along every loop, and are computed one at a time

  double workOfFork = 0; ///< of which threads share no less

  PlannedLoops(const NestLoops &loops, const Machine &machine) : NestLoops(loops), workOfFork(machine.workOfFork()) {}

  /// By the plan that the op has.
  static PlannedLoops of(mlir::linalg::GenericOp op, const Machine &machine);

  bool across() const { return vectorAxis >= int(moving); } ///< lanes are combined at the end
  const NestAxis &alongLanes() const { return axes[vectorAxis]; }
  /// Turns by which the loops inside of `axis` lengthen each chain.
  std::int64_t turnsInside(std::size_t axis) const;
  /// The innermost loop that moves an input which is the same in all lanes, -1 if there is none; nullopt if lanes differ.
  std::optional<int> fixedAt(std::size_t operand) const;
  /// True for few turns of a small body: written out, they cost no loop.
  bool writesOut(std::int64_t turns) const { return turns <= 4 && bodySize <= 10; }

  std::int64_t results() const { return operands[firstOutput].elements; }
  std::int64_t wholeParts() const { return axes[parts].extent / partLength; }
  std::int64_t restOfParts() const { return axes[parts].extent % partLength; }
  /// Elements of the scratch memory that holds the results of all parts, or of one group.
  std::int64_t scratch() const;
  /// The bytes of the arena that the nest takes for scratch memory, groups inside of groups included.
  std::int64_t scratchBytes(std::int64_t elementBytes) const;

  /// True if there is enough to combine of parts for threads to share it.
  bool sharesCombination() const;

  // Of what the nest is made:

  /// One part, of so many turns.
  PlannedLoops part(std::int64_t turns) const;
  /// All whole parts, as turns of one more moving loop outside, over results in scratch memory.
  PlannedLoops allParts() const;
  /// One group, of so many turns.
  PlannedLoops group(std::int64_t turns) const;
};

/// Chooses how loops run, by themselves (`rows` = 0) or as one of so many rows.
PlannedLoops planNest(const NestLoops &loops, std::int64_t rows, const Machine &machine);

} // namespace talweg

#endif
