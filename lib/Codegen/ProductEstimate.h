// How near to the processor's limit a product comes, by its plan.
#ifndef TALWEG_LIB_CODEGEN_PRODUCTESTIMATE_H
#define TALWEG_LIB_CODEGEN_PRODUCTESTIMATE_H

#include "Access.h"
#include "talweg/Codegen/Target.h"
#include "talweg/Dialect/Kernel/Kernel.h"

#include <string>

namespace talweg {

struct ProductEstimate {
  double busy = 0;    ///< cycles of a core that finds all it reads in its caches
  double cycles = 0;  ///< with memory
  double share = 1;   ///< of the multiply-adds that registers could do in the same time
  std::string reason; ///< what keeps it from being 1 most
};

/// Of a plan for registers of `lanes` elements; its operands take `bytes` together.
ProductEstimate estimateOf(const kernel::ProductPlan &plan, std::int64_t lanes, std::int64_t bytes);

/// The cycles of a core that finds all it reads in its caches, with an epilogue that reads and writes there, by a plan for no machine in particular: what
/// bits may follow is decided by this.
double cyclesAnywhere(kernel::ProductOp product, llvm::ArrayRef<Access> epilogue, const Target &target);

/// The nanoseconds that a planned product takes on one thread of the target's machine, with what its epilogue reads and writes.
double estimatedNs(kernel::ProductOp product, const Target &target);

} // namespace talweg

#endif
