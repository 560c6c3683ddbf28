// The backward pass of a program's objective.
//
// In: a program in mode train or gradient whose objective yields the loss first. Out: the same objective, then the
// cotangent of every parameter that is not frozen, handed to its optimizer (train) or stored in the slot
// `<parameter>.grad` (gradient), all at locations in Part::Backward. Guaranteed: a parameter that no derivative reaches is an error.
#include "talweg/Autodiff/Differentiate.h"
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

/// The backward pass of one program.
class BackwardPass {
public:
  explicit BackwardPass(train::ProgramOp program)
      : program(program), objective(*program.getBody().front().getOps<train::ObjectiveOp>().begin()),
        block(objective.getBody().front()), builder(block.getTerminator()) {}

  LogicalResult run();

private:
  void findParameters();
  LogicalResult findGradients();
  LogicalResult handOver();
  LogicalResult handToOptimizers();
  void storeInSlots();
  void markBackward(Operation *lastPrimal);
  InFlightDiagnostic reportUnreached(train::VariableOp parameter);

  train::ProgramOp program;
  train::ObjectiveOp objective;
  Block &block;
  OpBuilder builder;
  /// Every parameter to be learnt, in order of declaration, with its gradient once it is known.
  llvm::MapVector<Operation *, Value> gradients;
  llvm::StringMap<train::VariableOp> parameters;
};

LogicalResult BackwardPass::run() {
  findParameters();
  Operation *lastPrimal = block.getTerminator()->getPrevNode();
  if (failed(findGradients()) || failed(handOver()))
    return failure();
  markBackward(lastPrimal);
  return success();
}

void BackwardPass::findParameters() {
  for (auto variable : program.getBody().front().getOps<train::VariableOp>())
    if (variable.getRole() == Role::Parameter && !variable.getFrozen()) {
      gradients[variable] = Value();
      parameters[variable.getSymName()] = variable;
    }
}

/// The loss has cotangent 1. A parameter's gradient is the sum of those of all its reads.
LogicalResult BackwardPass::findGradients() {
  SmallVector<Value> reads;
  for (auto get : block.getOps<train::GetOp>())
    if (parameters.contains(get.getVariable()))
      reads.push_back(get.getValue());
  Value loss = block.getTerminator()->getOperand(0);
  auto type = cast<RankedTensorType>(loss.getType());
  auto one = DenseElementsAttr::get(type, Attribute(builder.getFloatAttr(type.getElementType(), 1.0)));
  auto unit = tw::ConstantOp::create(builder, loss.getLoc(), one);
  auto cotangents = differentiate(builder, Seed{loss, unit}, reads, "a parameter");
  if (failed(cotangents))
    return failure();
  if (unit->use_empty())
    unit.erase();
  for (auto [read, dy] : llvm::reverse(llvm::zip_equal(reads, *cotangents))) {
    Value &gradient = gradients[parameters.lookup(read.getDefiningOp<train::GetOp>().getVariable())];
    gradient = gradient && dy ? builder.createOrFold<tw::AddOp>(read.getLoc(), dy.getType(), gradient, dy)
               : gradient     ? gradient
                              : dy;
  }
  return success();
}

InFlightDiagnostic BackwardPass::reportUnreached(train::VariableOp parameter) {
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

LogicalResult BackwardPass::handOver() {
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

LogicalResult BackwardPass::handToOptimizers() {
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

void BackwardPass::storeInSlots() {
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

/// Every op of the backward pass keeps the place of the op it comes from.
void BackwardPass::markBackward(Operation *lastPrimal) {
  for (Operation &op : llvm::make_range(lastPrimal ? std::next(lastPrimal->getIterator()) : block.begin(), block.end()))
    if (&op != block.getTerminator())
      op.setLoc(train::inPart(op.getLoc(), Part::Backward));
}

struct Differentiate : impl::DifferentiateBase<Differentiate> {
  void runOnOperation() override {
    for (auto program : getOperation().getOps<train::ProgramOp>())
      if (program.getMode() == Mode::Train || program.getMode() == Mode::Gradient)
        if (failed(BackwardPass(program).run()))
          return signalPassFailure();
  }
};

} // namespace
} // namespace talweg
