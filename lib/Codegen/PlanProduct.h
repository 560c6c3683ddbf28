// Choosing how one product is computed.
#ifndef TALWEG_LIB_CODEGEN_PLANPRODUCT_H
#define TALWEG_LIB_CODEGEN_PLANPRODUCT_H

#include "Access.h"
#include "talweg/Codegen/Target.h"
#include "talweg/Dialect/Kernel/Kernel.h"

namespace talweg {

/// Chooses a plan for loops over flat memory, given the lanes of a register and the number of registers. Loops that do not move c
/// are summed over. In which order they are depends neither on an epilogue nor on the machine.
kernel::ProductPlan planProduct(llvm::SmallVector<kernel::Loop> loops, std::int64_t lanes, std::int64_t registers,
                                std::int64_t elementBytes, const Machine &machine);

/// Whether tiles read b faster in panels, where to have it so costs nothing: again and again, of rows that are several panels long.
bool prefersPanels(const kernel::ProductPlan &plan);

/// Lets the tiles of a plan, whose loops tell how they move in a band, skip what lies outside of it, if they are long enough and summed once.
void skipOutside(kernel::ProductPlan &plan, std::int64_t low, std::int64_t high);

/// The plan of `product` with an epilogue that reads and writes at `epilogue`, by the loops of the product.
kernel::ProductPlan planOf(kernel::ProductOp product, llvm::ArrayRef<Access> epilogue, const Target &target);

} // namespace talweg

#endif
