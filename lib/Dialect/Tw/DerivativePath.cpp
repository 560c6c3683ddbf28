#include "talweg/Dialect/Tw/DerivativePath.h"

#include "talweg/Dialect/Tw/Tw.h"

#include "llvm/ADT/DenseSet.h"

using namespace mlir;

namespace talweg::tw {

/// The ops that `value` is computed by.
static llvm::DenseSet<Operation *> opsBehind(Value value) {
  llvm::DenseSet<Operation *> ops;
  SmallVector<Value> left{value};
  while (!left.empty())
    if (Operation *op = left.pop_back_val().getDefiningOp(); op && ops.insert(op).second)
      left.append(op->operand_begin(), op->operand_end());
  return ops;
}

DerivativePath derivativePath(ValueRange from, Value to) {
  llvm::DenseSet<Value> reached(from.begin(), from.end());
  llvm::DenseSet<Operation *> between = opsBehind(to);
  DerivativePath path;
  for (Operation &op : *to.getParentBlock()) {
    if (!between.contains(&op) || llvm::none_of(op.getOperands(), [&](Value x) { return reached.contains(x); }))
      continue;
    if (!op.hasTrait<Inactive>())
      reached.insert(op.result_begin(), op.result_end());
    else if (!path.cut)
      path.cut = &op;
  }
  path.isThere = reached.contains(to);
  return path;
}

} // namespace talweg::tw
