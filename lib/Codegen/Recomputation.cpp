// Looks at bodies and shapes, through producers in the same block.
#include "Recomputation.h"

#include "Access.h"
#include "InlineProducer.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using linalg::GenericOp;

namespace talweg {

static int64_t elementsOf(Value tensor) { return cast<RankedTensorType>(tensor.getType()).getNumElements(); }

bool isAccess(GenericOp op) {
  return llvm::all_of(op.getBody()->without_terminator(), [](Operation &inner) {
    return isa<linalg::IndexOp, arith::IndexCastOp, arith::ExtUIOp, arith::TruncFOp, arith::ConstantOp>(inner);
  });
}

std::optional<Recomputation> recomputationOf(GenericOp op, int depth) {
  Recomputation all;
  if (!isElementwise(op) || op.getNumResults() != 1 || depth == 0)
    return std::nullopt;
  for (Operation &inner : op.getBody()->without_terminator()) {
    if (isExpensive(inner))
      return std::nullopt;
    all.operations += !isAccess(op);
  }
  SmallPtrSet<Value, 8> inputs;
  for (OpOperand *operand : op.getDpsInputOperands()) {
    Value input = operand->get();
    if (!op.payloadUsesValueFromOperand(operand) || !inputs.insert(input).second)
      continue;
    auto producer = input.getDefiningOp<GenericOp>();
    auto before =
        producer && producer->getBlock() == op->getBlock() ? recomputationOf(producer, depth - 1) : std::nullopt;
    if (before && (isAccess(producer) || before->isCheap(elementsOf(input)))) {
      all.operations += before->operations;
      all.elementsRead += before->elementsRead;
    } else {
      all.elementsRead += elementsOf(input);
    }
  }
  return all;
}

StringRef whyNotRepeated(GenericOp op) {
  int count = 0;
  for (Operation &inner : op.getBody()->without_terminator()) {
    if (isExpensive(inner))
      return "it takes a function or a division";
    ++count;
  }
  if (count <= 2 && op.getNumDpsInputs() <= 1)
    return "";
  auto again = recomputationOf(op);
  if (!again)
    return "it is computed with others";
  if (again->isCheap(elementsOf(op.getResult(0))))
    return "";
  static_assert(Recomputation::kMost == 12 && Recomputation::kFarSmaller == 4);
  return again->operations > Recomputation::kMost ? "it takes more than 12 operations"
                                                  : "what it is computed of has more than a quarter of its elements";
}

} // namespace talweg
