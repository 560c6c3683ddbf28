// The loop: what a legal one is, and what of it is needed.
#include "talweg/Dialect/Tw/Tw.h"

#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/SmallBitVector.h"

using namespace mlir;

namespace talweg::tw {

void ScanOp::build(OpBuilder &builder, OperationState &state, TypeRange types, int64_t length, bool reversed,
                   ValueRange starts, ValueRange stacks, ValueRange shared) {
  build(builder, state, types, length, reversed, /*blocks=*/false, /*recomputed=*/false, starts, stacks, shared);
}

void ScanOp::build(OpBuilder &builder, OperationState &state, ScanOp like, TypeRange types, ValueRange starts,
                   ValueRange stacks, ValueRange shared) {
  build(builder, state, types, like.getLength(), like.getReversed(), like.getBlocks(), like.getRecomputed(), starts,
        stacks, shared);
}

YieldOp ScanOp::getYield() { return cast<YieldOp>(getBody()->getTerminator()); }

LogicalResult ScanOp::verifyRegions() {
  int64_t length = getLength();
  if (length < 1)
    return emitOpError() << "has a length of " << length;
  auto turn = RankedTensorType::get({}, IntegerType::get(getContext(), 32));
  if (getBody()->getNumArguments() != 1 + getNumOperands() || getTurn().getType() != turn)
    return emitOpError() << "has a body that does not take " << turn << " and one value for each operand";
  auto yield = dyn_cast<YieldOp>(getBody()->getTerminator());
  if (!yield || yield.getNumOperands() < getStarts().size() || getNumResults() != yield.getNumOperands())
    return emitOpError() << "yields what it carries, then what it emits, each of which is a result";
  for (auto [operand, inside] : llvm::zip_equal(getOperands(), getInside()))
    if (isa<UnrankedTensorType>(operand.getType()) || isa<UnrankedTensorType>(inside.getType()))
      return emitOpError() << "needs ranked types, but has " << operand.getType();
  for (auto [start, inside, yielded, end] : llvm::zip(getStarts(), getCarried(), yield.getValues(), getEnds()))
    if (start.getType() != inside.getType() || start.getType() != yielded.getType() || start.getType() != end.getType())
      return emitOpError() << "carries " << inside.getType() << " from " << start.getType() << " to "
                           << yielded.getType() << " and out as " << end.getType();
  for (auto [stack, slice] : llvm::zip_equal(getStacks(), getSlices()))
    if (stack.getType() != stackOf(slice.getType(), length))
      return emitOpError() << "takes slices " << slice.getType() << " of " << stack.getType() << " in " << length
                           << " turns";
  for (auto [shared, inside] : llvm::zip_equal(getShared(), getSharedInside()))
    if (shared.getType() != inside.getType())
      return emitOpError() << "shares " << shared.getType() << " as " << inside.getType();
  for (auto [emitted, stack] : llvm::zip_equal(yield.getValues().drop_front(getStarts().size()), getEmitted()))
    if (stack.getType() != stackOf(emitted.getType(), length))
      return emitOpError() << "emits " << emitted.getType() << " in " << length << " turns, not " << stack.getType();
  return success();
}

/// What is emitted is needed where it is read; what is carried, too where it leads to something that is needed.
ScanOp::Needed ScanOp::neededFor(llvm::function_ref<bool(OpResult)> isRead) {
  ValueRange yielded = getYield().getValues();
  Needed needed{{}, llvm::SmallBitVector(getNumOperands()), llvm::SmallBitVector(yielded.size())};
  SmallVector<Value> left;
  auto need = [&](unsigned number) {
    needed.yielded.set(number);
    left.push_back(yielded[number]);
  };
  for (OpResult result : getResults())
    if (isRead(result))
      need(result.getResultNumber());
  while (!left.empty()) {
    Value value = left.pop_back_val();
    if (!needed.values.insert(value).second)
      continue;
    if (Operation *definition = value.getDefiningOp())
      definition->walk([&](Operation *inner) { left.append(inner->operand_begin(), inner->operand_end()); });
    else if (auto carried = llvm::find(getCarried(), value); carried != getCarried().end())
      need(carried - getCarried().begin());
  }
  for (auto [number, inside] : llvm::enumerate(getInside()))
    needed.operands[number] =
        number < getStarts().size() ? needed.yielded.test(number) : needed.values.contains(inside);
  return needed;
}

namespace {

/// The same loop, of the operands and results that are set. What is left out is read by nobody.
void rebuild(ScanOp op, const llvm::SmallBitVector &operands, const llvm::SmallBitVector &results,
             PatternRewriter &rewriter) {
  auto keep = [](auto range, const llvm::SmallBitVector &kept, unsigned first) {
    SmallVector<Value> values;
    for (auto [number, value] : llvm::enumerate(range))
      if (kept.test(first + number))
        values.push_back(value);
    return values;
  };
  unsigned carried = op.getStarts().size(), stacks = op.getStacks().size();
  SmallVector<Value> replaced = keep(op.getResults(), results, 0);
  auto scan =
      ScanOp::create(rewriter, op.getLoc(), op, TypeRange(ValueRange(replaced)), keep(op.getStarts(), operands, 0),
                     keep(op.getStacks(), operands, carried), keep(op.getShared(), operands, carried + stacks));
  scan.getTurns().takeBody(op.getTurns());
  llvm::BitVector left(1);
  for (unsigned number = 0; number < operands.size(); ++number)
    left.resize(left.size() + 1, !operands.test(number));
  scan.getBody()->eraseArguments(left);
  for (auto [old, fresh] : llvm::zip_equal(replaced, scan.getResults()))
    rewriter.replaceAllUsesWith(old, fresh);
  rewriter.eraseOp(op);
}

/// Nothing is there that nobody reads.
LogicalResult dropUnneeded(ScanOp op, PatternRewriter &rewriter) {
  ScanOp::Needed needed = op.neededFor([](OpResult result) { return !result.use_empty(); });
  if (needed.operands.all() && needed.yielded.all())
    return failure();
  YieldOp yield = op.getYield();
  SmallVector<Value> yielded;
  for (unsigned number : needed.yielded.set_bits())
    yielded.push_back(yield.getValues()[number]);
  rewriter.modifyOpInPlace(yield, [&] { yield->setOperands(yielded); });
  for (Operation &inner : llvm::make_early_inc_range(llvm::reverse(*op.getBody())))
    if (&inner != yield &&
        llvm::none_of(inner.getResults(), [&](Value result) { return needed.values.contains(result); }))
      rewriter.eraseOp(&inner);
  rebuild(op, needed.operands, needed.yielded, rewriter);
  return success();
}

/// What is emitted twice is emitted once.
LogicalResult emitOnce(ScanOp op, PatternRewriter &rewriter) {
  llvm::SmallDenseMap<Value, Value> first;
  bool changes = false;
  for (auto [value, stack] :
       llvm::zip_equal(op.getYield().getValues().drop_front(op.getStarts().size()), op.getEmitted())) {
    auto [found, isNew] = first.insert({value, stack});
    if (isNew || stack.use_empty())
      continue;
    rewriter.replaceAllUsesWith(stack, found->second);
    changes = true;
  }
  return success(changes);
}

/// A number that all turns share is known in each.
LogicalResult shareNoNumbers(ScanOp op, PatternRewriter &rewriter) {
  bool changes = false;
  for (auto [shared, inside] : llvm::zip_equal(op.getShared(), op.getSharedInside())) {
    auto constant = shared.getDefiningOp<ConstantOp>();
    if (!constant || !isa<SplatElementsAttr>(constant.getValueAttr()) || inside.use_empty())
      continue;
    rewriter.setInsertionPointToStart(op.getBody());
    rewriter.replaceAllUsesWith(inside, rewriter.clone(*constant)->getResult(0));
    changes = true;
  }
  return success(changes);
}

} // namespace

void ScanOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *) {
  patterns.add(dropUnneeded);
  patterns.add(emitOnce);
  patterns.add(shareNoNumbers);
}

} // namespace talweg::tw
