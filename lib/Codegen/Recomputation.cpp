// Looks at bodies and shapes, through producers in the same block.
#include "Recomputation.h"

#include "Access.h"
#include "InlineProducer.h"
#include "Memory.h"

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

/// Of an input that is computed where it is read, too; nothing: it is stored.
static std::optional<Recomputation> recomputationOf(Value input, Block *block, int depth) {
  auto producer = input.getDefiningOp<GenericOp>();
  auto before = producer && producer->getBlock() == block ? recomputationOf(producer, depth) : std::nullopt;
  return before && (isAccess(producer) || before->isCheap(elementsOf(input))) ? before : std::nullopt;
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
    const auto before = recomputationOf(input, op->getBlock(), depth - 1);
    all.operations += before ? before->operations : 0;
    all.elementsRead += before ? before->elementsRead : elementsOf(input);
  }
  return all;
}

/// Whether all that the body reads but one tensor is far smaller than the result, and that one, no larger, is stored anyway since others read it, too.
static bool readsWhatIsStored(GenericOp op) {
  constexpr int depth = 2; // what is spread, and of what
  Recomputation others;
  Value stored;
  for (OpOperand *operand : op.getDpsInputOperands()) {
    Value input = operand->get();
    if (auto before = recomputationOf(input, op->getBlock(), depth)) {
      others.operations += before->operations;
      others.elementsRead += before->elementsRead;
    } else if (!stored && op.getMatchingIndexingMap(operand).isPermutation() &&
               bytesOf(input.getType()) <= bytesOf(op.getResult(0).getType())) {
      stored = input;
    } else {
      others.elementsRead += elementsOf(input);
    }
  }
  return stored && others.operations == 0 && others.isCheap(elementsOf(op.getResult(0))) &&
         llvm::any_of(stored.getUsers(), [&](Operation *reader) { return reader != op; });
}

StringRef whyNotRepeated(GenericOp op) {
  int count = 0;
  for (Operation &inner : op.getBody()->without_terminator()) {
    if (isExpensive(inner))
      return "it takes a function or a division";
    ++count;
  }
  if (count <= 2 && (op.getNumDpsInputs() <= 1 || readsWhatIsStored(op)))
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
