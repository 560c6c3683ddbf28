// A loop over slices of what a loop in front emits, which carries nothing, is a part of that loop: a layer's gradient is measured, or makes the new
// value of its parameter, in the turn that computes it.
#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Tw.h"
#include "talweg/Transforms/Passes.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace talweg {
#define GEN_PASS_DEF_JOINSCANS
#include "talweg/Transforms/Passes.h.inc"

namespace {

/// The loop of whose emitted values `scan` takes slices, if it can be a part of it; null: there is none.
tw::ScanOp findProducer(tw::ScanOp scan) {
  if (!scan.getBlocks() || !scan.getStarts().empty())
    return {};
  for (Value stack : scan.getStacks())
    if (auto producer = stack.getDefiningOp<tw::ScanOp>();
        producer && producer.getBlocks() && producer.getLength() == scan.getLength() &&
        producer->getBlock() == scan->getBlock() && llvm::is_contained(producer.getEmitted(), stack))
      return producer;
  return {};
}

bool isEmittedBy(tw::ScanOp producer, Value stack) { return llvm::is_contained(producer.getEmitted(), stack); }

/// The ops behind `producer` that `value` needs, in an order in which they can stand in front of it. False: it needs the loop itself, or an op that
/// must stay where it is.
bool addNeeded(Value value, tw::ScanOp producer, llvm::SetVector<Operation *> &needed) {
  Operation *op = value.getDefiningOp();
  if (!op || op->getBlock() != producer->getBlock() || op->isBeforeInBlock(producer) || needed.contains(op))
    return true;
  if (op == producer || op->getNumRegions() > 0 || !(isPure(op) || isa<train::GetOp>(op)))
    return false;
  for (Value operand : op->getOperands())
    if (!addNeeded(operand, producer, needed))
      return false;
  needed.insert(op);
  return true;
}

/// Both as one loop; false: what `scan` reads is not known in front of `producer`.
bool join(tw::ScanOp producer, tw::ScanOp scan) {
  llvm::SetVector<Operation *> needed;
  for (Value operand : scan.getOperands())
    if (!isEmittedBy(producer, operand) && !addNeeded(operand, producer, needed))
      return false;
  for (Operation *op : needed)
    op->moveBefore(producer);

  SmallVector<Value> stacks(producer.getStacks()), shared(producer.getShared());
  for (Value stack : scan.getStacks())
    if (!isEmittedBy(producer, stack))
      stacks.push_back(stack);
  llvm::append_range(shared, scan.getShared());
  SmallVector<Type> types(producer.getResultTypes());
  llvm::append_range(types, scan.getResultTypes());
  OpBuilder builder(producer);
  auto joined = tw::ScanOp::create(builder, producer.getLoc(), producer, types, producer.getStarts(), stacks, shared);
  joined.getTurns().takeBody(producer.getTurns());
  Block &body = *joined.getBody();
  IRMapping mapping;
  mapping.map(scan.getTurn(), body.getArgument(0));
  unsigned place = 1 + producer.getStarts().size() + producer.getStacks().size();
  tw::YieldOp yield = joined.getYield();
  for (auto [stack, slice] : llvm::zip_equal(scan.getStacks(), scan.getSlices()))
    if (isEmittedBy(producer, stack))
      mapping.map(slice, yield.getValues()[cast<OpResult>(stack).getResultNumber()]);
    else
      mapping.map(slice, body.insertArgument(place++, slice.getType(), slice.getLoc()));
  for (Value inside : scan.getSharedInside())
    mapping.map(inside, body.addArgument(inside.getType(), inside.getLoc()));
  OpBuilder inside(yield);
  for (Operation &op : scan.getBody()->without_terminator())
    inside.clone(op, mapping);
  SmallVector<Value> yielded(yield.getValues());
  for (Value value : scan.getYield().getValues())
    yielded.push_back(mapping.lookupOrDefault(value));
  yield->setOperands(yielded);
  scan->replaceAllUsesWith(joined.getResults().take_back(scan.getNumResults()));
  scan.erase();
  producer->replaceAllUsesWith(joined.getResults().take_front(producer.getNumResults()));
  producer.erase();
  return true;
}

struct JoinScans : impl::JoinScansBase<JoinScans> {
  void runOnOperation() override {
    getOperation()->walk([&](train::ObjectiveOp objective) { joinIn(objective.getBody().front()); });
  }

  void joinIn(Block &block) {
    for (auto scan : llvm::to_vector(block.getOps<tw::ScanOp>()))
      if (tw::ScanOp producer = findProducer(scan))
        joined += join(producer, scan);
    for (auto scan : block.getOps<tw::ScanOp>()) // what two loops have in their bodies is in one now
      joinIn(*scan.getBody());
  }
};

} // namespace
} // namespace talweg
