// What a turn of a loop computes without regard to the other turns is computed for all of them at once: in front of the loop, where it reads
// nothing that is carried, or behind it, where nothing that is carried reads it. A sum over the turns reads nothing in between.
#include "talweg/Dialect/Tw/Tw.h"
#include "talweg/Transforms/Passes.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace talweg {
#define GEN_PASS_DEF_LIFTOUTOFSCANS
#include "talweg/Transforms/Passes.h.inc"

namespace {

/// What is better done once for all turns than in each. Other ops go along with these, and else stay where their results are read, in registers.
bool isWorthLifting(Operation *op) {
  return isa<tw::ContractOp, tw::ReduceOp, tw::GatherOp, tw::ScatterAddOp, tw::ArgOp>(op);
}

bool canBeLifted(Operation *op) {
  return op->hasTrait<tw::Elementwise>() || isa<tw::Liftable, tw::StopGradientOp, tw::WatchOp>(op);
}

class Lifting {
public:
  explicit Lifting(tw::ScanOp scan) : scan(scan), count(scan.getLength()), body(scan.getBody()) {}

  int64_t ahead = 0, behind = 0;

  void run() {
    bindArguments();
    putAhead();
    eraseDead();
    putBehind();
  }

private:
  tw::ScanOp scan;
  int64_t count;
  Block *body;
  DenseMap<Value, Value> outside; ///< of the body's values: in front of the loop, of all turns or the same in each
  DenseSet<Value> free;           ///< values that depend on nothing that is carried

  void bindArguments();
  bool isFree(Operation *op);
  Value inFront(OpBuilder &builder, Value value);
  void putAhead();
  void eraseDead();

  struct Sum {
    unsigned carried;
    Value term;
  };
  std::optional<Sum> sumOf(Operation *op);
  llvm::SetVector<Operation *> lateOps();
  void putBehind();
  Value behindLoop(OpBuilder &builder, Value value);
  Value sumOverTurns(OpBuilder &builder, Value value);
};

//===-- in front ---------------------------------------------------------------------------------------------------===//

void Lifting::bindArguments() {
  for (auto [stack, slice] : llvm::zip_equal(scan.getStacks(), scan.getSlices()))
    outside[slice] = stack;
  for (auto [shared, inside] : llvm::zip_equal(scan.getShared(), scan.getSharedInside()))
    outside[inside] = shared;
  for (BlockArgument argument : body->getArguments())
    if (!llvm::is_contained(scan.getCarried(), argument))
      free.insert(argument);
}

bool Lifting::isFree(Operation *op) {
  return op->getNumRegions() == 0 && isPure(op) && op->getNumResults() == 1 &&
         llvm::all_of(op->getOperands(), [&](Value operand) { return free.contains(operand); });
}

/// Null: it cannot be computed in front.
Value Lifting::inFront(OpBuilder &builder, Value value) {
  if (Value known = outside.lookup(value))
    return known;
  if (!free.contains(value))
    return {};
  Operation *op = value.getDefiningOp();
  if (!op) // the turn
    return outside[value] = tw::IotaOp::create(builder, scan.getLoc(), tw::stackOf(value.getType(), count), 0);
  SmallVector<Value> operands;
  bool isSame = true; // in all turns
  for (Value operand : op->getOperands()) {
    operands.push_back(inFront(builder, operand));
    if (!operands.back())
      return {};
    isSame &= operands.back().getType() == operand.getType();
  }
  if (!isSame)
    return outside[value] = canBeLifted(op) ? tw::liftOp(builder, op, count, operands) : Value();
  IRMapping mapping;
  mapping.map(op->getOperands(), operands);
  return outside[value] = builder.clone(*op, mapping)->getResult(0);
}

void Lifting::putAhead() {
  OpBuilder builder(scan);
  for (Operation &op : llvm::make_early_inc_range(body->without_terminator())) {
    if (!isFree(&op))
      continue;
    Value value = op.getResult(0);
    free.insert(value);
    Value front = isWorthLifting(&op) ? inFront(builder, value) : Value();
    if (!front)
      continue;
    bool isSame = front.getType() == value.getType();
    unsigned place = 1 + scan.getStarts().size() + scan.getStacks().size() + (isSame ? scan.getShared().size() : 0);
    (isSame ? scan.getSharedMutable() : scan.getStacksMutable()).append(front);
    BlockArgument inside = body->insertArgument(place, value.getType(), op.getLoc());
    outside[inside] = front;
    free.insert(inside);
    value.replaceAllUsesWith(inside);
    outside.erase(value);
    free.erase(value);
    op.erase();
    ++ahead;
  }
}

void Lifting::eraseDead() {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(*body)))
    if (isOpTriviallyDead(&op)) {
      for (Value result : op.getResults())
        outside.erase(result), free.erase(result);
      op.erase();
    }
}

//===-- behind -----------------------------------------------------------------------------------------------------===//

/// What `op` adds to something that is carried, and that nothing else reads.
std::optional<Lifting::Sum> Lifting::sumOf(Operation *op) {
  auto add = dyn_cast<tw::AddOp>(op);
  if (!add || !add->hasOneUse() || !isa<FloatType>(getElementTypeOrSelf(add.getType())))
    return std::nullopt;
  OpOperand &use = *add->getUses().begin();
  unsigned number = use.getOperandNumber();
  if (use.getOwner() != body->getTerminator() || number >= scan.getStarts().size())
    return std::nullopt;
  Value carried = scan.getCarried()[number];
  if (!carried.hasOneUse() || (add.getA() != carried && add.getB() != carried))
    return std::nullopt;
  return Sum{number, add.getA() == carried ? add.getB() : add.getA()};
}

/// Ops whose results lead to sums and to what is emitted only, by way of something that is worth it: last ones first.
llvm::SetVector<Operation *> Lifting::lateOps() {
  llvm::SetVector<Operation *> late;
  auto isLate = [&](OpOperand &use) {
    if (use.getOwner() == body->getTerminator())
      return use.getOperandNumber() >= scan.getStarts().size();
    return late.contains(use.getOwner()) || sumOf(use.getOwner());
  };
  for (Operation &op : llvm::reverse(body->without_terminator()))
    if (op.getNumRegions() == 0 && isPure(&op) && canBeLifted(&op) && !sumOf(&op) && llvm::all_of(op.getUses(), isLate))
      late.insert(&op);
  llvm::SetVector<Operation *> chosen;
  for (Operation *op : llvm::reverse(late))
    if (isWorthLifting(op) ||
        llvm::any_of(op->getOperands(), [&](Value operand) { return chosen.contains(operand.getDefiningOp()); }))
      chosen.insert(op);
  return chosen;
}

/// A value of all turns, from what is emitted.
Value Lifting::behindLoop(OpBuilder &builder, Value value) {
  if (Value known = outside.lookup(value))
    return known;
  SmallVector<Value> operands;
  Operation *op = value.getDefiningOp();
  for (Value operand : op->getOperands())
    operands.push_back(behindLoop(builder, operand));
  ++behind;
  return outside[value] = tw::liftOp(builder, op, count, operands);
}

/// Where the last op is linear, it works on the sum.
Value Lifting::sumOverTurns(OpBuilder &builder, Value value) {
  Operation *op = outside.contains(value) ? nullptr : value.getDefiningOp();
  auto type = cast<RankedTensorType>(value.getType());
  if (isa_and_present<tw::AddOp>(op)) {
    Value a = sumOverTurns(builder, op->getOperand(0)), b = sumOverTurns(builder, op->getOperand(1));
    return tw::AddOp::create(builder, op->getLoc(), type, a, b);
  }
  if (isa_and_present<tw::WindowOp, tw::FoldOp, tw::ReshapeOp>(op)) {
    IRMapping mapping;
    mapping.map(op->getOperand(0), sumOverTurns(builder, op->getOperand(0)));
    return builder.clone(*op, mapping)->getResult(0);
  }
  Value all = behindLoop(builder, value);
  if (all.getType() == type) // the same in all turns
    return tw::MulOp::create(builder, value.getLoc(), type, all,
                             tw::ConstantOp::create(builder, value.getLoc(),
                                                    DenseElementsAttr::get(type, Attribute(builder.getFloatAttr(
                                                                                     type.getElementType(), count)))));
  if (auto contract = all.getDefiningOp<tw::ContractOp>(); contract && all.use_empty()) {
    AffineMap map = contract.getYMap().dropResult(0);
    auto sum = tw::ContractOp::create(builder, value.getLoc(), type, contract.getA(), contract.getB(),
                                      contract.getExtents(), contract.getAMap(), contract.getBMap(), map);
    outside.erase(value);
    contract.erase();
    return sum;
  }
  return tw::ReduceOp::create(builder, value.getLoc(), type, tw::Reduction::sum, all, ArrayRef<int64_t>{0});
}

void Lifting::putBehind() {
  llvm::SetVector<Operation *> chosen = lateOps();
  SmallVector<Sum> sums;
  for (Operation &op : body->without_terminator())
    if (auto sum = sumOf(&op); sum && chosen.contains(sum->term.getDefiningOp()))
      sums.push_back(*sum);
  if (chosen.empty())
    return;

  // What the chosen ones read is emitted, where it is not known in front.
  OpBuilder front(scan);
  llvm::SetVector<Value> emitted;
  for (Operation *op : chosen)
    for (Value operand : op->getOperands())
      if (!chosen.contains(operand.getDefiningOp()) && !inFront(front, operand))
        emitted.insert(operand);
  auto yielded = llvm::to_vector(scan.getYield().getValues());
  SmallVector<Type> types(scan.getResultTypes());
  for (Value value : emitted) {
    yielded.push_back(value);
    types.push_back(tw::stackOf(value.getType(), count));
  }
  auto loop =
      tw::ScanOp::create(front, scan.getLoc(), scan, types, scan.getStarts(), scan.getStacks(), scan.getShared());
  scan.getYield()->setOperands(yielded);
  loop.getTurns().takeBody(scan.getTurns());
  for (auto [value, stack] : llvm::zip_equal(emitted, loop.getResults().take_back(emitted.size())))
    outside[value] = stack;

  OpBuilder builder(loop->getContext());
  builder.setInsertionPointAfter(loop);
  SmallVector<Value> results(loop.getResults().take_front(scan.getNumResults()));
  for (const Sum &sum : sums) {
    Value whole = sumOverTurns(builder, sum.term);
    results[sum.carried] =
        tw::AddOp::create(builder, scan.getLoc(), whole.getType(), scan.getStarts()[sum.carried], whole);
  }
  unsigned carried = scan.getStarts().size();
  for (unsigned number = carried; number < results.size(); ++number)
    if (chosen.contains(yielded[number].getDefiningOp())) {
      results[number] = behindLoop(builder, yielded[number]);
      if (results[number].getType() != scan.getResult(number).getType()) // the same in all turns
        results[number] = tw::WindowOp::create(
            builder, scan.getLoc(), scan.getResult(number).getType(), results[number],
            builder.getMultiDimIdentityMap(cast<RankedTensorType>(results[number].getType()).getRank()).shiftDims(1));
    }
  scan->replaceAllUsesWith(results);
  scan.erase();
  scan = loop;
}

struct LiftOutOfScans : impl::LiftOutOfScansBase<LiftOutOfScans> {
  void runOnOperation() override {
    SmallVector<tw::ScanOp> scans; // inner ones first
    getOperation()->walk([&](tw::ScanOp scan) {
      if (!scan.getBlocks())
        scans.push_back(scan);
    });
    for (tw::ScanOp scan : scans) {
      Lifting lifting(scan);
      lifting.run();
      ahead += lifting.ahead;
      behind += lifting.behind;
    }
  }
};

} // namespace
} // namespace talweg
