// Makes leaving a block a branch: an scf.if, in whose other half stands what stood behind.
#include "talweg/Dialect/Kernel/Kernel.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

#define GEN_PASS_DEF_LOWERLEAVES
#include "talweg/Codegen/Passes.h"

using namespace mlir;
using namespace talweg;

namespace {

struct LowerLeaves : talweg::impl::LowerLeavesBase<LowerLeaves> {
  void runOnOperation() override {
    SmallVector<kernel::LeaveOp> leaves;
    getOperation()->walk([&](kernel::LeaveOp leave) { leaves.push_back(leave); });
    for (kernel::LeaveOp leave : llvm::reverse(leaves))
      lower(leave);
  }

  static void lower(kernel::LeaveOp leave) {
    OpBuilder builder(leave);
    Block &block = *leave->getBlock();
    auto branch = scf::IfOp::create(builder, leave.getLoc(), leave.getCondition(), /*withElseRegion=*/true);
    Block &leaving = *branch.thenBlock(), &rest = *branch.elseBlock();
    leaving.getOperations().splice(leaving.begin(), leave.getLeaving().front().getOperations());
    rest.getOperations().splice(rest.begin(), block.getOperations(), std::next(leave->getIterator()),
                                std::prev(block.end()));
    if (!leave.getStaying().empty())
      rest.getOperations().splice(rest.begin(), leave.getStaying().front().getOperations());
    leave.erase();
  }
};

} // namespace
