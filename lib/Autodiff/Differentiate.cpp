// The derivatives in a program's objective, and its backward pass.
//
// In: a program. Out: every tw.gradient is the ops that it stands for, and there is neither tw.watch nor tw.with_derivative; in mode train and gradient, whose
// objective yields the loss first, then follows the
// cotangent of every parameter that is not frozen, handed to its optimizer (train) or stored in the slot
// `<parameter>.grad` (gradient), all at locations in Part::Backward. Guaranteed: a parameter that no derivative reaches is an error.
#include "talweg/Autodiff/Differentiate.h"
#include "talweg/Autodiff/Passes.h"
#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/DerivativePath.h"
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

/// A constant of the value's type, all of whose elements are `number`.
Value createSplat(OpBuilder &builder, Value like, double number) {
  auto type = cast<RankedTensorType>(like.getType());
  auto elements = DenseElementsAttr::get(type, Attribute(builder.getFloatAttr(type.getElementType(), number)));
  return tw::ConstantOp::create(builder, like.getLoc(), elements);
}

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
  Value unit = createSplat(builder, loss, 1);
  auto cotangents = differentiate(builder, Seed{loss, unit}, reads, "a parameter");
  if (failed(cotangents))
    return failure();
  if (unit.use_empty())
    unit.getDefiningOp()->erase();
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
  SmallVector<Value> reads;
  for (auto get : block.getOps<train::GetOp>())
    if (get.getVariable() == parameter.getSymName())
      reads.push_back(get);
  if (Operation *cut = tw::derivativePath(reads, block.getTerminator()->getOperand(0)).cut)
    error.attachNote(cut->getLoc()) << "`" << cut->getName() << "`, which has no derivative, depends on it here";
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
    train::YieldOp::create(inside, loc, createSplat(inside, gradient, 0));
    train::SetOp::create(builder, loc, name, gradient);
  }
}

/// Every op of the backward pass keeps the place of the op it comes from.
void BackwardPass::markBackward(Operation *lastPrimal) {
  for (Operation &op : llvm::make_range(lastPrimal ? std::next(lastPrimal->getIterator()) : block.begin(), block.end()))
    if (&op != block.getTerminator())
      op.setLoc(train::inPart(op.getLoc(), Part::Backward));
}

/// Puts the ops in the place of a tw.gradient. Of what y does not depend on, it is 0.
LogicalResult expand(tw::GradientOp gradient) {
  OpBuilder builder(gradient);
  auto cotangents =
      differentiate(builder, Seed{gradient.getY(), gradient.getDy()}, gradient.getX(), "what is differentiated by");
  if (failed(cotangents))
    return failure();
  for (auto [dx, cotangent] : llvm::zip_equal(gradient.getDx(), *cotangents))
    dx.replaceAllUsesWith(cotangent ? cotangent : createSplat(builder, dx, 0));
  gradient.erase();
  return success();
}

struct Differentiate : impl::DifferentiateBase<Differentiate> {
  void runOnOperation() override {
    for (auto program : getOperation().getOps<train::ProgramOp>()) {
      Block &block = (*program.getBody().front().getOps<train::ObjectiveOp>().begin()).getBody().front();
      for (auto gradient : llvm::make_early_inc_range(block.getOps<tw::GradientOp>()))
        if (failed(expand(gradient)))
          return signalPassFailure();
      if (program.getMode() == Mode::Train || program.getMode() == Mode::Gradient)
        if (failed(BackwardPass(program).run()))
          return signalPassFailure();
      for (Operation &op : llvm::make_early_inc_range(block))
        if (isa<tw::WatchOp, tw::WithDerivativeOp>(op)) {
          op.getResult(0).replaceAllUsesWith(op.getOperand(0));
          op.erase();
        }
    }
  }
};

} // namespace
} // namespace talweg
