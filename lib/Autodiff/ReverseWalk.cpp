// The reverse walk. Guaranteed: only values that lie between a wanted one and a seed get cotangents; several cotangents of one value
// are added in reverse order of its uses, so the result is deterministic; nothing is left behind that the result does not need.
//
// Ops are visited backwards; each hands the sums of its results' cotangents to Differentiable::vjp, which gives those of its
// operands. At last the zeros of branches that were not taken are made strong.
#include "ReverseScan.h"
#include "StrongZeros.h"

#include "talweg/Autodiff/Differentiate.h"
#include "talweg/Dialect/Tw/Rows.h"
#include "talweg/Dialect/Tw/Tw.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;

namespace talweg {
namespace {

bool isFloat(Value value) { return isa<FloatType>(getElementTypeOrSelf(value)); }

class ReverseWalk {
public:
  ReverseWalk(OpBuilder &builder, ArrayRef<Seed> seeds, ValueRange wanted, StringRef what, const tw::Rows *rows)
      : builder(builder), seeds(seeds), wanted(wanted), what(what), rows(rows),
        begin(builder.getInsertionBlock()->begin()), end(builder.getInsertionPoint()) {}

  FailureOr<SmallVector<Value>> run();

private:
  LogicalResult markActive();
  LogicalResult propagate();
  FailureOr<SmallVector<Value>> cotangentsOfOperands(Operation *op, ValueRange arrived);
  void take(Value value, Value cotangent);
  Value cotangentOf(Value value, Location loc);
  SmallVector<Value> finish(Operation *lastPrimal);

  bool isActive(Value value) const { return active.contains(value); }

  OpBuilder &builder;
  ArrayRef<Seed> seeds;
  ValueRange wanted;
  StringRef what;
  const tw::Rows *rows;
  Block::iterator begin, end;
  /// Values that depend differentiably on a wanted one.
  llvm::DenseSet<Value> active;
  llvm::DenseMap<Value, SmallVector<Value, 2>> cotangents;
  /// Loops in whose place there are others.
  SmallVector<Operation *> scans;
};

FailureOr<SmallVector<Value>> ReverseWalk::run() {
  if (failed(markActive()))
    return failure();
  Operation *lastPrimal = begin == end ? nullptr : &*std::prev(end);
  if (failed(propagate()))
    return failure();
  SmallVector<Value> results = finish(lastPrimal);
  for (Operation *op : scans) // that others have been put in the place of
    if (op->use_empty())
      op->erase();
  return results;
}

LogicalResult ReverseWalk::markActive() {
  active.insert(wanted.begin(), wanted.end());
  for (Operation &op : llvm::make_range(begin, end)) {
    auto depends = [&](Value operand) { return isActive(operand); };
    if (op.getNumResults() == 0 || llvm::none_of(op.getOperands(), depends) || op.hasTrait<tw::Inactive>())
      continue;
    if (!isa<tw::Differentiable, tw::ScanOp>(op))
      return op.emitError() << "`" << op.getName() << "` depends on " << what << ", but has no derivative";
    for (Value result : op.getResults())
      if (isFloat(result))
        active.insert(result);
  }
  return success();
}

void ReverseWalk::take(Value value, Value cotangent) {
  Operation *op = cotangent.getDefiningOp();
  if (tw::RowUse use = rows ? rows->of(value) : tw::RowUse(); use.isPerRow() && op)
    tw::markRows(op, use.dim);
  cotangents[value].push_back(cotangent);
}

/// The sum of what has arrived for `value`, or null.
Value ReverseWalk::cotangentOf(Value value, Location loc) {
  auto found = cotangents.find(value);
  if (found == cotangents.end())
    return nullptr;
  Value sum = found->second.front();
  for (Value next : llvm::drop_begin(found->second))
    sum = builder.createOrFold<tw::AddOp>(loc, sum.getType(), sum, next);
  found->second = {sum};
  return sum;
}

FailureOr<SmallVector<Value>> ReverseWalk::cotangentsOfOperands(Operation *op, ValueRange arrived) {
  auto scan = dyn_cast<tw::ScanOp>(op);
  if (!scan)
    return cast<tw::Differentiable>(op).vjp(builder, arrived);
  auto found = reverseScan(builder, scan, arrived, what);
  if (scan != op) {
    scans.push_back(op);
    for (auto &[value, ofValue] : cotangents) // some may be results of the loop
      for (Value &cotangent : ofValue)
        if (cotangent.getDefiningOp() == op)
          cotangent = scan->getResult(cast<OpResult>(cotangent).getResultNumber());
  }
  return found;
}

LogicalResult ReverseWalk::propagate() {
  SmallVector<Operation *> primal;
  for (Operation &op : llvm::make_range(begin, end))
    if (llvm::any_of(op.getResults(), [&](Value result) { return isActive(result); }))
      primal.push_back(&op);
  for (const Seed &seed : seeds)
    if (isActive(seed.value))
      take(seed.value, seed.cotangent);
  for (Operation *op : llvm::reverse(primal)) {
    auto arrived = llvm::map_to_vector(op->getResults(), [&](Value y) { return cotangentOf(y, op->getLoc()); });
    bool isEnd = llvm::none_of(op->getOperands(), [&](Value operand) { return isActive(operand); });
    if (isEnd || llvm::none_of(arrived, [](Value dy) { return bool(dy); }))
      continue;
    auto found = cotangentsOfOperands(op, arrived);
    if (failed(found))
      return failure();
    for (auto [operand, cotangent] : llvm::zip(op->getOperands(), *found))
      if (cotangent && isActive(operand))
        take(operand, cotangent);
  }
  return success();
}

/// Adds up what has arrived, and takes away what nobody asked for (cotangents of data, of conditions, of literals).
SmallVector<Value> ReverseWalk::finish(Operation *lastPrimal) {
  SmallVector<Value> results;
  for (Value value : wanted)
    results.push_back(cotangentOf(value, value.getLoc()));
  // An op that holds them: what follows may put others in their place.
  OperationState state(builder.getUnknownLoc(), "builtin.unrealized_conversion_cast");
  state.addOperands(llvm::to_vector(llvm::make_filter_range(results, [](Value value) { return bool(value); })));
  Operation *holder = builder.create(state);
  for (Operation *op = holder->getPrevNode(); op != lastPrimal;) {
    Operation *previous = op->getPrevNode();
    if (isOpTriviallyDead(op))
      op->erase();
    op = previous;
  }
  makeZerosStrong(*holder->getBlock(), lastPrimal, holder);
  auto held = holder->operand_begin();
  for (Value &result : results)
    if (result)
      result = *held++;
  holder->erase();
  return results;
}

} // namespace

FailureOr<SmallVector<Value>> differentiate(OpBuilder &builder, ArrayRef<Seed> seeds, ValueRange wanted, StringRef what,
                                            const tw::Rows *rows) {
  return ReverseWalk(builder, seeds, wanted, what, rows).run();
}

} // namespace talweg
