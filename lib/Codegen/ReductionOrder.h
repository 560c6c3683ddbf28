// In which order a reduction combines its elements. Sums of floats depend on it to the bit.
#ifndef TALWEG_LIB_CODEGEN_REDUCTIONORDER_H
#define TALWEG_LIB_CODEGEN_REDUCTIONORDER_H

#include "talweg/Dialect/Kernel/NestPlan.h"

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>

namespace talweg {

/// Elements that one chain combines before its result goes to a chain of the next level, which takes as many, and so on: the
/// error of a long sum grows with its levels, not with its length.
inline constexpr std::int64_t longestChain = 256;

/// True if loops reach one result in several turns: it is combined in memory, in the order of these loops, and of groups. `moves[d]`: how
/// far loop d moves the result in memory, in elements; 0 for loops that reduce.
bool collide(llvm::ArrayRef<std::int64_t> extents, llvm::ArrayRef<std::int64_t> moves);

/// The groups of loops that collide, for all loops that are left in a group.
kernel::Groups groupsOf(llvm::ArrayRef<std::int64_t> extents, llvm::ArrayRef<std::int64_t> moves);

/// The order of one reduction. It is a function of the loops' extents, of how they move the result, and of the lanes of a
/// register. Fusion, copies, neighbours and threads leave these alone, so they leave every bit alone.
///
/// The sequence of elements is that of the reducing loops in the op's order, the loop along lanes last. It is cut into parts, if
/// there are any; each part is combined by itself, and the parts in their order. Inside, a chain takes `longestChain` turns.
struct ReductionOrder {
  int lanes = -1; ///< the loop along lanes, which are combined at the end of each part; -1: lanes run along results
  std::int64_t chains = 1;     ///< independent chains along that loop
  int parts = -1;              ///< the loop cut into parts, outermost of the sequence; -1: all is one part
  std::int64_t partLength = 0; ///< turns of that loop

  /// `moves` as above.
  static ReductionOrder of(llvm::ArrayRef<std::int64_t> extents, llvm::ArrayRef<std::int64_t> moves,
                           std::int64_t lanes);
};

} // namespace talweg

#endif
