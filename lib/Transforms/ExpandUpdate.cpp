// Spells out every update. In: an objective with train.update ops and the rules they name, written for any shape. Out:
// for each update the rule's body at the parameter's shape, reading the slots and setting parameter and slots; the
// rule's reports once, from its first parameter; no train.update and no train.optimizer. All of it follows the forward
// and backward ops, at locations named `update of PARAMETER`.
#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Access.h"
#include "talweg/Dialect/Tw/Tw.h"
#include "talweg/Transforms/Passes.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace talweg {
#define GEN_PASS_DEF_EXPANDUPDATE
#include "talweg/Transforms/Passes.h.inc"

namespace {

/// `type` at the parameter's shape when it is unranked.
Type atShape(Type type, RankedTensorType parameter) {
  auto unranked = dyn_cast<UnrankedTensorType>(type);
  return unranked ? parameter.clone(unranked.getElementType()) : type;
}

/// One op of a rule, at the shape of `parameter`.
Operation *cloneAtShape(OpBuilder &builder, Operation &op, IRMapping &mapping, RankedTensorType parameter) {
  Operation *clone = builder.clone(op, mapping);
  bool wasUnranked = false;
  for (Value result : clone->getResults()) {
    wasUnranked |= isa<UnrankedTensorType>(result.getType());
    result.setType(atShape(result.getType(), parameter));
  }
  if (auto window = dyn_cast<tw::WindowOp>(clone); window && wasUnranked)
    window.setMap(tw::spreadMap(builder.getContext(), parameter.getRank()));
  auto reduce = dyn_cast<tw::ReduceOp>(&op);
  if (reduce && isa<UnrankedTensorType>(reduce.getX().getType()))
    cast<tw::ReduceOp>(clone).setDims(llvm::to_vector(llvm::seq<int64_t>(0, parameter.getRank())));
  return clone;
}

/// Reads of variables, by their names.
using Reads = llvm::StringMap<train::GetOp>;

/// The parameter's value, as the objective has already read it if it has (nothing set in a step is seen in that step); of a split one
/// both halves.
Value valueOf(train::UpdateOp update, train::VariableOp parameter, const Reads &reads, OpBuilder &builder,
              Location loc) {
  StringRef name = update.getVariable();
  if (parameter.isSplit()) {
    Value high = train::GetOp::create(builder, loc, parameter.getType(), name);
    Value low = train::GetOp::create(builder, loc, parameter.getLowHalfType(), parameter.getLowHalfName());
    return tw::JoinHalvesOp::create(builder, loc, parameter.getUpdatedType(), high, low);
  }
  if (train::GetOp get = reads.lookup(name))
    return get;
  return train::GetOp::create(builder, update.getLoc(), parameter.getType(), name);
}

/// Gives the parameter its new value.
void set(train::VariableOp parameter, Value value, OpBuilder &builder, Location loc) {
  if (!parameter.isSplit()) {
    train::SetOp::create(builder, loc, parameter.getSymName(), value);
    return;
  }
  Value high = tw::HighHalfOp::create(builder, loc, parameter.getType(), value);
  Value low = tw::LowHalfOp::create(builder, loc, parameter.getLowHalfType(), value);
  train::SetOp::create(builder, loc, parameter.getSymName(), high);
  train::SetOp::create(builder, loc, parameter.getLowHalfName(), low);
}

/// The update's rule in place of the update.
void expand(train::UpdateOp update, train::VariableOp variable, train::OptimizerOp rule, const Reads &reads,
            bool isFirst) {
  OpBuilder builder(update);
  auto inUpdate = [&](Location loc) { return train::inPart(loc, Part::Update, update.getVariableAttr()); };
  Location loc = inUpdate(update.getLoc());
  auto parameter = cast<RankedTensorType>(update.getGradient().getType());
  auto slotName = [&](Attribute slot) {
    return (update.getVariable() + "." + cast<StringAttr>(slot).getValue()).str();
  };

  Block &body = rule.getBody().front();
  IRMapping mapping;
  mapping.map(body.getArgument(0), valueOf(update, variable, reads, builder, loc));
  mapping.map(body.getArgument(1), update.getGradient());
  for (auto [position, slot] : llvm::enumerate(rule.getSlots()))
    mapping.map(body.getArgument(2 + position), train::GetOp::create(builder, loc, parameter, slotName(slot)));
  for (Operation &op : body.without_terminator())
    cloneAtShape(builder, op, mapping, parameter)->setLoc(inUpdate(op.getLoc()));

  auto results = llvm::map_to_vector(body.getTerminator()->getOperands(),
                                     [&](Value value) { return mapping.lookupOrDefault(value); });
  set(variable, results[0], builder, loc);
  size_t next = 1;
  for (Attribute slot : rule.getSlots())
    train::SetOp::create(builder, loc, slotName(slot), results[next++]);
  if (isFirst)
    for (Attribute name : rule.getReport())
      train::ReportOp::create(builder, rule.getLoc(), cast<StringAttr>(name), results[next++]);
  update.erase();
}

void expandProgram(train::ProgramOp program, train::ObjectiveOp objective) {
  Block &body = program.getBody().front();
  SymbolTable symbols(program);
  Operation *end = objective.getBody().front().getTerminator();
  auto updates = llvm::to_vector(objective.getBody().getOps<train::UpdateOp>());
  for (train::UpdateOp update : updates)
    update->moveBefore(end);
  Reads reads; // the first of each: updates stand behind all of them
  for (auto get : objective.getBody().getOps<train::GetOp>())
    reads.try_emplace(get.getVariable(), get);
  llvm::DenseSet<Operation *> reported;
  for (train::UpdateOp update : updates) {
    auto rule = symbols.lookup<train::OptimizerOp>(update.getOptimizer());
    auto variable = symbols.lookup<train::VariableOp>(update.getVariable());
    expand(update, variable, rule, reads, reported.insert(rule).second);
  }
  for (auto rule : llvm::make_early_inc_range(body.getOps<train::OptimizerOp>()))
    rule.erase();
}

struct ExpandUpdate : impl::ExpandUpdateBase<ExpandUpdate> {
  void runOnOperation() override {
    for (auto program : getOperation().getOps<train::ProgramOp>()) {
      FailureOr<train::ObjectiveOp> objective = program.findObjective();
      if (failed(objective))
        return signalPassFailure();
      expandProgram(program, *objective);
    }
  }
};

} // namespace
} // namespace talweg
