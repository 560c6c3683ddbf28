// Reverse-mode differentiation of a program's objective.
//
// In: a program in mode train or gradient whose objective yields the loss first. Out: the same objective, then the
// cotangent of every parameter that is not frozen, handed to its optimizer (train) or stored in the slot
// `<parameter>.grad` (gradient), all at locations in Part::Backward. Guaranteed: only values that lie between such a parameter and the loss get
// cotangents; several cotangents of one value are added in reverse order of its uses, so the result is deterministic;
// a parameter that no derivative reaches is an error.
//
// The walk: the loss has cotangent 1. Ops are visited backwards; each hands the sum of its result's cotangents to
// Differentiable::vjp, which gives those of its operands. At last the zeros of branches that were not taken are made strong.
#include "StrongZeros.h"

#include "talweg/Autodiff/Passes.h"
#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Tw.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace talweg {
#define GEN_PASS_DEF_DIFFERENTIATE
#include "talweg/Autodiff/Passes.h.inc"

namespace {

bool isFloat(Value value) { return isa<FloatType>(getElementTypeOrSelf(value)); }

/// The backward pass of one program.
class ReverseWalk {
public:
  ReverseWalk(train::ProgramOp program, train::ObjectiveOp objective)
      : program(program), objective(objective), block(objective.getBody().front()), builder(block.getTerminator()) {}

  LogicalResult run();

private:
  void findParameters();
  LogicalResult markActive();
  void propagate();
  LogicalResult handOver();
  LogicalResult handToOptimizers();
  void storeInSlots();
  void eraseUnused(Operation *lastPrimal);
  void markBackward(Operation *lastPrimal);

  /// The sum of what has arrived for `value`, or null.
  Value cotangentOf(Value value, Location loc);
  InFlightDiagnostic reportUnreached(train::VariableOp parameter);

  train::ProgramOp program;
  train::ObjectiveOp objective;
  Block &block;
  OpBuilder builder;
  /// Every parameter to be learnt, in order of declaration, with its gradient once it is known.
  llvm::MapVector<Operation *, Value> gradients;
  llvm::StringMap<train::VariableOp> parameters;
  /// Values that depend differentiably on a parameter to be learnt.
  llvm::DenseSet<Value> active;
  llvm::DenseMap<Value, SmallVector<Value, 2>> cotangents;
};

LogicalResult ReverseWalk::run() {
  findParameters();
  if (failed(markActive()))
    return failure();
  Operation *lastPrimal = block.getTerminator()->getPrevNode();
  propagate();
  if (failed(handOver()))
    return failure();
  if (lastPrimal)
    eraseUnused(lastPrimal);
  makeZerosStrong(block, lastPrimal);
  markBackward(lastPrimal);
  return success();
}

void ReverseWalk::findParameters() {
  for (auto variable : program.getBody().front().getOps<train::VariableOp>())
    if (variable.getRole() == Role::Parameter && !variable.getFrozen()) {
      gradients[variable] = Value();
      parameters[variable.getSymName()] = variable;
    }
}

LogicalResult ReverseWalk::markActive() {
  for (Operation &op : block.without_terminator()) {
    if (auto get = dyn_cast<train::GetOp>(op)) {
      if (parameters.contains(get.getVariable()))
        active.insert(get.getValue());
      continue;
    }
    auto isActive = [&](Value operand) { return active.contains(operand); };
    if (op.getNumResults() == 0 || llvm::none_of(op.getOperands(), isActive) || op.hasTrait<tw::Inactive>())
      continue;
    if (!isa<tw::Differentiable>(op))
      return op.emitError() << "`" << op.getName() << "` depends on a parameter, but has no derivative";
    if (isFloat(op.getResult(0)))
      active.insert(op.getResult(0));
  }
  return success();
}

Value ReverseWalk::cotangentOf(Value value, Location loc) {
  auto found = cotangents.find(value);
  if (found == cotangents.end())
    return nullptr;
  Value sum = found->second.front();
  for (Value next : llvm::drop_begin(found->second))
    sum = builder.createOrFold<tw::AddOp>(loc, sum.getType(), sum, next);
  return sum;
}

void ReverseWalk::propagate() {
  Value loss = block.getTerminator()->getOperand(0);
  auto type = cast<RankedTensorType>(loss.getType());
  auto one = DenseElementsAttr::get(type, Attribute(builder.getFloatAttr(type.getElementType(), 1.0)));
  SmallVector<Operation *> primal;
  for (Operation &op : block.without_terminator())
    primal.push_back(&op);
  if (active.contains(loss))
    cotangents[loss].push_back(tw::ConstantOp::create(builder, loss.getLoc(), one));

  for (Operation *op : llvm::reverse(primal)) {
    if (op->getNumResults() != 1 || !active.contains(op->getResult(0)))
      continue;
    Value dy = cotangentOf(op->getResult(0), op->getLoc());
    if (!dy)
      continue;
    if (auto get = dyn_cast<train::GetOp>(op)) {
      Value &gradient = gradients[parameters.lookup(get.getVariable())];
      gradient = gradient ? builder.createOrFold<tw::AddOp>(op->getLoc(), dy.getType(), gradient, dy) : dy;
      continue;
    }
    for (auto [operand, cotangent] : llvm::zip(op->getOperands(), cast<tw::Differentiable>(op).vjp(builder, dy)))
      if (cotangent && active.contains(operand))
        cotangents[operand].push_back(cotangent);
  }
}

InFlightDiagnostic ReverseWalk::reportUnreached(train::VariableOp parameter) {
  auto error = parameter.emitError() << "the loss does not depend on parameter '" << parameter.getSymName()
                                     << "' in a way that has a derivative";
  llvm::DenseSet<Value> reached;
  for (Operation &op : block.without_terminator()) {
    auto get = dyn_cast<train::GetOp>(op);
    auto isReached = [&](Value operand) { return reached.contains(operand); };
    if ((!get || get.getVariable() != parameter.getSymName()) && llvm::none_of(op.getOperands(), isReached))
      continue;
    if (op.getNumResults() == 0) // it only looks
      continue;
    if (op.hasTrait<tw::Inactive>()) {
      error.attachNote(op.getLoc()) << "`" << op.getName() << "`, which has no derivative, depends on it here";
      return error;
    }
    reached.insert(op.getResults().begin(), op.getResults().end());
  }
  return error;
}

LogicalResult ReverseWalk::handOver() {
  LogicalResult result = success();
  for (auto [variable, gradient] : gradients)
    if (!gradient)
      result = reportUnreached(cast<train::VariableOp>(variable));
  if (failed(result))
    return failure();
  if (program.getMode() == Mode::Train)
    return handToOptimizers();
  storeInSlots();
  return success();
}

LogicalResult ReverseWalk::handToOptimizers() {
  llvm::StringMap<train::OptimizerOp> owners;
  for (auto optimizer : program.getBody().front().getOps<train::OptimizerOp>())
    for (Attribute parameter : optimizer.getParameters())
      owners[cast<FlatSymbolRefAttr>(parameter).getValue()] = optimizer;
  for (auto [op, gradient] : gradients) {
    auto variable = cast<train::VariableOp>(op);
    auto owner = owners.find(variable.getSymName());
    if (owner == owners.end())
      return variable.emitError() << "parameter '" << variable.getSymName() << "' has no optimizer";
    train::UpdateOp::create(builder, variable.getLoc(), variable.getSymName(), gradient, owner->second.getSymName());
  }
  return success();
}

void ReverseWalk::storeInSlots() {
  OpBuilder declare(objective);
  for (auto [op, gradient] : gradients) {
    auto variable = cast<train::VariableOp>(op);
    Location loc = variable.getLoc();
    auto type = cast<RankedTensorType>(gradient.getType());
    std::string name = (variable.getSymName() + ".grad").str();
    auto slot = train::VariableOp::create(declare, loc, name, Role::Slot, type, nullptr, false, nullptr);
    Block &init = slot.getInit().emplaceBlock();
    init.addArgument(RankedTensorType::get({2}, builder.getI64Type()), loc);
    auto inside = OpBuilder::atBlockEnd(&init);
    auto zero = DenseElementsAttr::get(type, Attribute(builder.getFloatAttr(type.getElementType(), 0.0)));
    train::YieldOp::create(inside, loc, ValueRange(tw::ConstantOp::create(inside, loc, zero)));
    train::SetOp::create(builder, loc, name, gradient);
  }
}

/// Cotangents that nobody asked for (of data, of conditions, of literals) are created by the rules and go here.
void ReverseWalk::eraseUnused(Operation *lastPrimal) {
  for (Operation *op = block.getTerminator()->getPrevNode(); op != lastPrimal;) {
    Operation *previous = op->getPrevNode();
    if (isOpTriviallyDead(op))
      op->erase();
    op = previous;
  }
}

/// Every op of the backward pass keeps the place of the op it comes from.
void ReverseWalk::markBackward(Operation *lastPrimal) {
  for (Operation &op : llvm::make_range(lastPrimal ? std::next(lastPrimal->getIterator()) : block.begin(), block.end()))
    if (&op != block.getTerminator())
      op.setLoc(train::inPart(op.getLoc(), Part::Backward));
}

struct Differentiate : impl::DifferentiateBase<Differentiate> {
  void runOnOperation() override {
    for (auto program : getOperation().getOps<train::ProgramOp>()) {
      if (program.getMode() != Mode::Train && program.getMode() != Mode::Gradient)
        continue;
      FailureOr<train::ObjectiveOp> objective = program.findObjective();
      if (failed(objective))
        return signalPassFailure();
      if (auto updates = objective->getBody().getOps<train::UpdateOp>(); !updates.empty()) {
        (*updates.begin()).emitOpError("is in a program that has been differentiated already");
        return signalPassFailure();
      }
      if (failed(ReverseWalk(program, *objective).run()))
        return signalPassFailure();
    }
  }
};

} // namespace
} // namespace talweg
