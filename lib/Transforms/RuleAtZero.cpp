// Follows a zero through a rule. Values are taken as finite, so that 0 * x is 0, and literals as what they are, so that 0 / (sqrt(x) + 1e-8)
// is: what is then known to be an argument is that argument.
#include "RuleAtZero.h"

#include "talweg/Dialect/Tw/Access.h"
#include "talweg/Dialect/Tw/Tw.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace talweg {

namespace {

/// What is known of a value.
struct Known {
  enum Sign { Any, Zero, NotNegative, Positive } sign = Any;
  BlockArgument same = {}; ///< the argument that it is equal to

  bool isZero() const { return sign == Zero; }
  bool isNotNegative() const { return sign != Any; }
};

class Follow {
public:
  explicit Follow(Block &body) {
    known[body.getArgument(1)] = {Known::Zero, {}};
    for (BlockArgument argument : body.getArguments())
      if (argument.getArgNumber() != 1)
        known[argument] = {Known::Any, argument};
    for (Operation &op : body.without_terminator())
      if (op.getNumResults() == 1)
        known[op.getResult(0)] = resultOf(op);
  }

  Known of(Value value) const { return known.lookup(value); }

private:
  DenseMap<Value, Known> known;

  Known resultOf(Operation &op) {
    if (std::optional<double> number = tw::uniformValue(op.getResult(0)))
      return {*number == 0 ? Known::Zero : *number > 0 ? Known::Positive : Known::Any, {}};
    Known a = op.getNumOperands() > 0 ? of(op.getOperand(0)) : Known();
    Known b = op.getNumOperands() > 1 ? of(op.getOperand(1)) : Known();
    return TypeSwitch<Operation *, Known>(&op)
        .Case([&](tw::WindowOp) { return Known{a.sign, {}}; })
        .Case<tw::ConvertOp, tw::AbsOp>([&](auto) { return Known{a.sign, {}}; })
        .Case([&](tw::NegOp) { return Known{a.isZero() ? Known::Zero : Known::Any, {}}; })
        .Case([&](tw::SqrtOp) {
          return Known{a.isZero() || a.sign == Known::Positive ? a.sign : Known::NotNegative, {}};
        })
        .Case([&](tw::AddOp) {
          if (a.isZero() || b.isZero())
            return a.isZero() ? b : a;
          bool positive =
              (a.sign == Known::Positive && b.isNotNegative()) || (b.sign == Known::Positive && a.isNotNegative());
          return Known{positive                                 ? Known::Positive
                       : a.isNotNegative() && b.isNotNegative() ? Known::NotNegative
                                                                : Known::Any,
                       {}};
        })
        .Case([&](tw::SubOp) { return b.isZero() ? a : Known(); })
        .Case([&](tw::MulOp) {
          bool isSquare = op.getOperand(0) == op.getOperand(1);
          if (a.isZero() || b.isZero())
            return Known{Known::Zero, {}};
          bool positive = a.sign == Known::Positive && b.sign == Known::Positive;
          return Known{positive                                               ? Known::Positive
                       : isSquare || (a.isNotNegative() && b.isNotNegative()) ? Known::NotNegative
                                                                              : Known::Any,
                       {}};
        })
        .Case([&](tw::DivOp) { return Known{a.isZero() && b.sign == Known::Positive ? Known::Zero : Known::Any, {}}; })
        .Case([&](tw::SelectOp) {
          Known then = of(op.getOperand(1)), otherwise = of(op.getOperand(2));
          return Known{then.sign == otherwise.sign ? then.sign : Known::Any,
                       then.same == otherwise.same ? then.same : BlockArgument()};
        })
        .Default([](Operation *) { return Known(); });
  }
};

} // namespace

RuleAtZero RuleAtZero::of(train::OptimizerOp rule) {
  Block &body = rule.getBody().front();
  RuleAtZero result;
  for (Operation &op : body.without_terminator())
    for (Value value : op.getResults())
      if (isa<UnrankedTensorType>(value.getType()))
        result.isPointwise &= op.hasTrait<tw::Elementwise>() || isa<tw::WindowOp, tw::ConstantOp>(op);
  for (Operation &op : body.without_terminator()) // nothing is made of a whole tensor
    if (llvm::any_of(op.getOperandTypes(), llvm::IsaPred<UnrankedTensorType>))
      result.isPointwise &= llvm::all_of(op.getResultTypes(), llvm::IsaPred<UnrankedTensorType>);
  const Follow follow(body);
  result.leavesAsItIs = true;
  for (auto [number, value] :
       llvm::enumerate(body.getTerminator()->getOperands().take_front(1 + rule.getSlots().size()))) {
    BlockArgument kept = body.getArgument(number == 0 ? 0 : number + 1);
    result.leavesAsItIs &= value == kept || follow.of(value).same == kept;
  }
  return result;
}

} // namespace talweg
