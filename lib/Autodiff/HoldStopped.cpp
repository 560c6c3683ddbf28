// What stop_gradient stops has no part in a derivative; for finite differences to have none of it either, it stays as it was while they are taken.
#include "talweg/Autodiff/Passes.h"
#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Access.h"
#include "talweg/Dialect/Tw/Tw.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;

namespace talweg {
#define GEN_PASS_DEF_HOLDSTOPPED
#include "talweg/Autodiff/Passes.h.inc"

namespace {

/// A slot in front of `objective` that begins with zeros.
void createSlot(train::ObjectiveOp objective, Location loc, const std::string &name, RankedTensorType type) {
  OpBuilder builder(objective);
  auto slot = train::VariableOp::create(builder, loc, name, Role::Slot, type);
  Block &init = slot.getInit().emplaceBlock();
  init.addArgument(RankedTensorType::get({2}, builder.getI64Type()), loc);
  auto inside = OpBuilder::atBlockEnd(&init);
  auto zeros = DenseElementsAttr::get(type, Attribute(builder.getFloatAttr(type.getElementType(), 0)));
  train::YieldOp::create(inside, loc, tw::ConstantOp::create(inside, loc, zeros).getResult());
}

struct HoldStopped : impl::HoldStoppedBase<HoldStopped> {
  using HoldStoppedBase::HoldStoppedBase;

  void runOnOperation() override {
    for (auto program : getOperation().getOps<train::ProgramOp>()) {
      FailureOr<train::ObjectiveOp> objective = program.findObjective();
      if (failed(objective))
        return signalPassFailure();
      int number = 0;
      for (auto stop : llvm::to_vector(objective->getBody().front().getOps<tw::StopGradientOp>()))
        hold(*objective, stop, (flag.getValue() + ".") + std::to_string(number++));
      if (number > 0)
        createSlot(*objective, program.getLoc(), flag,
                   RankedTensorType::get({}, Builder(program.getContext()).getF64Type()));
    }
  }

private:
  /// Puts in front of the op what it has held, where the flag is set.
  void hold(train::ObjectiveOp objective, tw::StopGradientOp stop, const std::string &slot) {
    ImplicitLocOpBuilder b(stop.getLoc(), stop);
    Value x = stop->getOperand(0);
    auto type = cast<RankedTensorType>(x.getType()), scalar = RankedTensorType::get({}, b.getF64Type());
    createSlot(objective, stop.getLoc(), slot, type);
    Value isSet = train::GetOp::create(b, scalar, flag),
          zero = tw::ConstantOp::create(b, DenseElementsAttr::get(scalar, 0.0));
    isSet = tw::CompareOp::create(b, RankedTensorType::get({}, b.getI1Type()), tw::Predicate::ne, isSet, zero);
    isSet = tw::WindowOp::create(b, RankedTensorType::get(type.getShape(), b.getI1Type()), isSet,
                                 AffineMapAttr::get(tw::spreadMap(b.getContext(), type.getRank())));
    Value held = tw::SelectOp::create(b, type, isSet, train::GetOp::create(b, type, slot), x);
    train::SetOp::create(b, slot, held);
    stop->setOperand(0, held);
  }
};

} // namespace
} // namespace talweg
