// What a step requires (tw.require), as a look for faults and as words for the host. Private to Conversion.
#ifndef TALWEG_LIB_CONVERSION_REQUIREMENTS_H
#define TALWEG_LIB_CONVERSION_REQUIREMENTS_H

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "talweg/Dialect/Kernel/Kernel.h"
#include "talweg/Dialect/Tw/Tw.h"

namespace talweg::conversion {

struct Requirement {
  tw::RequireOp op;
  std::optional<int64_t> rowDim; ///< the dimension of its condition along which the rows of the batch lie
};

/// The requirements of an objective's body, in their order; the block's arguments are the batches of the fields.
llvm::SmallVector<Requirement> requirementsOf(mlir::Block &objective, int64_t batch);

/// Replaces the ops: behind the last of them the first fault is looked for, and if there is one, its words are stored in `control`
/// (Runtime/Abi.h), together with what `tellMore` writes, and the block is left. `firstSite`: requirements of the objectives in front.
kernel::LeaveOp createFaultCheck(mlir::ImplicitLocOpBuilder &b, llvm::ArrayRef<Requirement> requirements,
                                 int64_t firstSite, int64_t batch, mlir::Value control, mlir::Value batchNumber,
                                 llvm::function_ref<void()> tellMore);

} // namespace talweg::conversion

#endif
