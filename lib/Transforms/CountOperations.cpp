// Counting by types alone.
#include "talweg/Transforms/CountOperations.h"

#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Tw.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace talweg {

static int64_t elementsOf(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && isa<FloatType>(type.getElementType()) ? type.getNumElements() : 0;
}

static int64_t operationsOf(Block &block);

static int64_t operationsOf(Operation &op) {
  return llvm::TypeSwitch<Operation *, int64_t>(&op)
      .Case([](tw::ContractOp contract) {
        int64_t places = 1;
        for (int64_t extent : contract.getExtents())
          places *= extent;
        return 2 * places;
      })
      .Case([](tw::ScanOp scan) { return int64_t(scan.getLength()) * operationsOf(*scan.getBody()); })
      .Case<tw::ReduceOp, tw::FoldOp>([](auto sum) { return elementsOf(sum.getX()); })
      .Case<tw::ScatterAddOp, tw::CoalesceOp>([](auto sum) { return elementsOf(sum.getValues()); })
      .Case<tw::SelectOp, tw::ConvertOp>([](auto) { return 0; })
      .Default([](Operation *other) {
        return other->hasTrait<tw::Elementwise>() && other->getNumResults() == 1 ? elementsOf(other->getResult(0)) : 0;
      });
}

static int64_t operationsOf(Block &block) {
  int64_t count = 0;
  for (Operation &op : block)
    count += operationsOf(op);
  return count;
}

int64_t countOperations(ModuleOp module) {
  int64_t count = 0;
  module.walk([&](train::ObjectiveOp objective) { count += operationsOf(objective.getBody().front()); });
  return count;
}

} // namespace talweg
