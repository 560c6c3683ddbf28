// The scratch memory of planned products: what the loops that are written need, and what a model of memory counts.
#ifndef TALWEG_LIB_CODEGEN_PRODUCTSCRATCH_H
#define TALWEG_LIB_CODEGEN_PRODUCTSCRATCH_H

#include "talweg/Dialect/Kernel/ProductPlan.h"

namespace talweg {

/// An operand in the order that the tiles read it.
struct Packed {
  std::int64_t elements = 0; ///< of its copy
  std::int64_t tileStep = 0; ///< how far the copy moves from one tile to the next, for each row (column) of offset
};

/// Rewrites the strides of a (or b) in `plan` to those of its packed copy: [others…][k blocks…][tiles][k…][tile]. Of panels that are packed one by one
/// there is one for each turn of what threads share.
Packed arrangePacked(kernel::ProductPlan &plan, bool ofA);

/// Sums of more than `longestChain` visits are added up in groups, each from zero in scratch like c: the loop that is cut into groups, the
/// longest of those that visit c, and its turns in a group.
struct SumGroups {
  kernel::Loop *loop = nullptr; ///< of the plan; null: one group has all
  std::int64_t turns = 0;

  static SumGroups of(kernel::ProductPlan &plan);
};

/// The sizes in elements of all scratch that the product takes; `sums` is the number of its sums.
llvm::SmallVector<std::int64_t> scratchOf(kernel::ProductPlan plan, std::int64_t sums);

} // namespace talweg

#endif
