// Spells out every update. In: an objective with train.update and train.average ops and the rules they name, written for any shape. Out:
// for each update the rule's body at the parameter's shape, which takes what updates in front have left, and sets parameter and slots; what
// reads them behind it takes the new values. The rule's reports once, from its first parameter; no train.update, no train.average, no
// train.optimizer and no train.norm. That states are not averaged is told where there are some.
// What an update computes is in Part::Update of its parameter.
#include "RuleAtZero.h"
#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Access.h"
#include "talweg/Dialect/Tw/Norm.h"
#include "talweg/Dialect/Tw/Tw.h"
#include "talweg/Transforms/Passes.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SetVector.h"
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

/// The updates of one program, in their order.
class Expansion {
public:
  Expansion(train::ProgramOp program, train::ObjectiveOp objective) : objective(objective), symbols(program) {}

  void run();

private:
  /// Which value of a variable: that at the beginning of the step, or what updates in front have left.
  enum class When { Begun, Now };

  void expand(train::UpdateOp update);
  void expand(train::AverageOp average);
  void expand(train::NormOp norm);
  void expand(Operation *op, train::VariableOp variable, train::OptimizerOp rule, Value driver);
  bool isInLoop(train::UpdateOp update, train::VariableOp variable, train::OptimizerOp rule);
  SmallVector<Value> applyInLoop(train::OptimizerOp rule, ValueRange arguments, train::VariableOp variable,
                                 OpBuilder &builder);
  void expandRows(train::UpdateOp update, train::VariableOp variable, train::OptimizerOp rule);
  SmallVector<Value> apply(train::OptimizerOp rule, ValueRange arguments, train::VariableOp variable,
                           OpBuilder &builder);
  void report(train::OptimizerOp rule, ArrayRef<Value> results, OpBuilder &builder);
  void warnOfStates(train::AverageOp average);
  Value valueOf(StringRef variable, Type type, When when, OpBuilder &builder, Location loc);
  Value parameterOf(train::VariableOp parameter, When when, OpBuilder &builder, Location loc);
  Value kept(StringRef variable, Value value, OpBuilder &builder, Location loc);
  void set(StringRef variable, Value value, OpBuilder &builder, Location loc);
  void setSlot(StringRef slot, Value value, OpBuilder &builder, Location loc) {
    set(slot, kept(slot, value, builder, loc), builder, loc);
  }
  void setParameter(train::VariableOp parameter, Value value, OpBuilder &builder, Location loc);

  IntegerAttr every; ///< of the update that is expanded
  train::ObjectiveOp objective;
  SymbolTable symbols;
  /// Of each variable the value that a statement in front has read, or an update has given it.
  llvm::StringMap<Value> values;
  llvm::StringMap<train::SetOp> sets; ///< by the updates in front: the last one of a variable stays
  llvm::DenseSet<Operation *> reported;
  bool isWarned = false;
};

void Expansion::run() {
  for (Operation &op : llvm::make_early_inc_range(objective.getBody().front()))
    if (auto update = dyn_cast<train::UpdateOp>(op)) {
      expand(update);
    } else if (auto average = dyn_cast<train::AverageOp>(op)) {
      expand(average);
    } else if (auto norm = dyn_cast<train::NormOp>(op)) {
      expand(norm);
    } else if (auto get = dyn_cast<train::GetOp>(op)) {
      auto set = sets.find(get.getVariable());
      Value value =
          set != sets.end() ? Value(set->second.getValue()) : values.try_emplace(get.getVariable(), get).first->second;
      if (value == get.getValue())
        continue;
      if (value.getType() != get.getType())
        value = OpBuilder(get).createOrFold<tw::ConvertOp>(get.getLoc(), get.getType(), value);
      get.replaceAllUsesWith(value);
      get.erase();
    }
}

Value Expansion::valueOf(StringRef variable, Type type, When when, OpBuilder &builder, Location loc) {
  if (auto set = sets.find(variable); set != sets.end() && when == When::Now)
    return set->second.getValue();
  if (Value read = values.lookup(variable); read && read.getType() == type)
    return read;
  return train::GetOp::create(builder, loc, type, variable);
}

/// What an update takes for the parameter: of a split one both halves.
Value Expansion::parameterOf(train::VariableOp parameter, When when, OpBuilder &builder, Location loc) {
  if (!parameter.isSplit())
    return valueOf(parameter.getSymName(), parameter.getType(), when, builder, parameter.getLoc());
  Value high = valueOf(parameter.getSymName(), parameter.getType(), when, builder, loc);
  Value low = valueOf(parameter.getLowHalfName(), parameter.getLowHalfType(), when, builder, loc);
  return tw::JoinHalvesOp::create(builder, loc, parameter.getUpdatedType(), high, low);
}

/// What the update leaves in `variable`: `value`, in the steps in which it is made.
Value Expansion::kept(StringRef variable, Value value, OpBuilder &builder, Location loc) {
  if (!every)
    return value;
  return train::EveryOp::create(builder, loc, value.getType(), every, value,
                                valueOf(variable, value.getType(), When::Now, builder, loc));
}

void Expansion::set(StringRef variable, Value value, OpBuilder &builder, Location loc) {
  train::SetOp &last = sets[variable];
  if (last)
    last.erase();
  last = train::SetOp::create(builder, loc, variable, value);
}

void Expansion::setParameter(train::VariableOp parameter, Value value, OpBuilder &builder, Location loc) {
  if (!parameter.isSplit())
    return set(parameter.getSymName(), kept(parameter.getSymName(), value, builder, loc), builder, loc);
  Value high = tw::HighHalfOp::create(builder, loc, parameter.getType(), value);
  Value low = tw::LowHalfOp::create(builder, loc, parameter.getLowHalfType(), value);
  // Both stand in front of where the first is set: there a norm joins them.
  high = kept(parameter.getSymName(), high, builder, loc);
  low = kept(parameter.getLowHalfName(), low, builder, loc);
  set(parameter.getSymName(), high, builder, loc);
  set(parameter.getLowHalfName(), low, builder, loc);
}

static Location inUpdate(Location loc, train::VariableOp of) {
  return train::inPart(loc, Part::Update, FlatSymbolRefAttr::get(of.getSymNameAttr()));
}

void Expansion::expand(train::UpdateOp update) {
  every = update.getEveryAttr();
  auto variable = symbols.lookup<train::VariableOp>(update.getVariable());
  auto rule = symbols.lookup<train::OptimizerOp>(update.getOptimizer());
  if (update.getRows())
    expandRows(update, variable, rule);
  else
    expand(update, variable, rule, update.getGradient());
}

void Expansion::expand(train::AverageOp average) {
  warnOfStates(average);
  every = {};
  auto variable = symbols.lookup<train::VariableOp>(average.getAverage());
  auto parameter = symbols.lookup<train::VariableOp>(average.getParameter());
  OpBuilder builder(average);
  expand(average, variable, symbols.lookup<train::OptimizerOp>(average.getRule()),
         parameterOf(parameter, When::Now, builder, inUpdate(average.getLoc(), variable)));
}

/// Once for a program: eval and predict read averages beside states that training has left.
void Expansion::warnOfStates(train::AverageOp average) {
  if (std::exchange(isWarned, true))
    return;
  SmallVector<StringRef> states;
  for (auto variable : objective->getParentOp()->getRegion(0).getOps<train::VariableOp>())
    if (variable.getRole() == Role::State)
      states.push_back(variable.getSymName());
  if (states.empty())
    return;
  auto warning = emitWarning(average.getLoc())
                 << "states are not averaged: averages of parameters are used with `" << states.front() << "` as it is";
  if (states.size() > 1)
    warning << ", and " << states.size() - 1 << " more";
}

static std::string slotName(train::VariableOp variable, Attribute slot) {
  return (variable.getSymName() + "." + cast<StringAttr>(slot).getValue()).str();
}

/// What the rule yields for these arguments: the parameter, the gradient, slots.
SmallVector<Value> Expansion::apply(train::OptimizerOp rule, ValueRange arguments, train::VariableOp variable,
                                    OpBuilder &builder) {
  Block &body = rule.getBody().front();
  auto type = cast<RankedTensorType>(arguments[1].getType());
  IRMapping mapping;
  mapping.map(body.getArguments(), arguments);
  for (Operation &inner : body.without_terminator())
    cloneAtShape(builder, inner, mapping, type)->setLoc(inUpdate(inner.getLoc(), variable));
  return llvm::map_to_vector(body.getTerminator()->getOperands(),
                             [&](Value value) { return mapping.lookupOrDefault(value); });
}

/// Is the update made where the gradient of each member of a stack is computed? Where limits of gradients are known behind all of them, whole stacks are
/// updated.
bool Expansion::isInLoop(train::UpdateOp update, train::VariableOp variable, train::OptimizerOp rule) {
  auto loop = update.getGradient().getDefiningOp<tw::ScanOp>();
  return loop && loop.getBlocks() && update.getGradient().hasOneUse() && !every && !variable.isSplit();
}

/// `apply`, member by member.
SmallVector<Value> Expansion::applyInLoop(train::OptimizerOp rule, ValueRange arguments, train::VariableOp variable,
                                          OpBuilder &builder) {
  Block &body = rule.getBody().front();
  const unsigned kept = 1 + rule.getSlots().size();
  Location loc = inUpdate(rule.getLoc(), variable);
  auto type = cast<RankedTensorType>(arguments[0].getType());
  RankedTensorType member = type.clone(type.getShape().drop_front());

  // What depends on none of the arguments is the same for all.
  llvm::DenseSet<Value> inside(body.getArguments().begin(), body.getArguments().end());
  for (Operation &op : body.without_terminator())
    if (llvm::any_of(op.getOperands(), [&](Value operand) { return inside.contains(operand); }) ||
        llvm::any_of(op.getResultTypes(), llvm::IsaPred<UnrankedTensorType>))
      inside.insert(op.result_begin(), op.result_end());
  IRMapping mapping;
  llvm::SetVector<Value> shared;
  for (Operation &op : body.without_terminator()) {
    if (!inside.contains(op.getResult(0))) {
      builder.clone(op, mapping)->setLoc(inUpdate(op.getLoc(), variable));
      continue;
    }
    for (Value operand : op.getOperands())
      if (!inside.contains(operand))
        shared.insert(operand);
  }
  for (Value value : body.getTerminator()->getOperands().take_front(kept))
    if (!inside.contains(value))
      shared.insert(value);
  SmallVector<Value> given = llvm::map_to_vector(shared, [&](Value value) { return mapping.lookup(value); });
  const int64_t count = type.getDimSize(0);
  auto loop = tw::ScanOp::create(builder, loc, SmallVector<Type>(kept, type), count, /*reversed=*/false, ValueRange(),
                                 arguments, given);
  loop.setBlocks(true);
  Block &turn = loop.getTurns().emplaceBlock();
  turn.addArgument(RankedTensorType::get({}, builder.getI32Type()), loc);
  for (Value argument : body.getArguments())
    mapping.map(argument, turn.addArgument(member, argument.getLoc()));
  IRMapping ofTurn(mapping);
  for (Value value : shared)
    ofTurn.map(value, turn.addArgument(mapping.lookup(value).getType(), value.getLoc()));
  auto within = OpBuilder::atBlockEnd(&turn);
  for (Operation &op : body.without_terminator())
    if (inside.contains(op.getResult(0)))
      cloneAtShape(within, op, ofTurn, member)->setLoc(inUpdate(op.getLoc(), variable));
  ValueRange yielded = body.getTerminator()->getOperands();
  tw::YieldOp::create(within, loc,
                      llvm::map_to_vector(yielded.take_front(kept), [&](Value value) { return ofTurn.lookup(value); }));
  SmallVector<Value> results(loop.getResults());
  for (Value value : yielded.drop_front(kept))
    results.push_back(mapping.lookup(value));
  return results;
}

/// What the rule tells, once.
void Expansion::report(train::OptimizerOp rule, ArrayRef<Value> results, OpBuilder &builder) {
  if (!reported.insert(rule).second)
    return;
  for (auto [name, value] : llvm::zip_equal(rule.getReport(), results.drop_front(1 + rule.getSlots().size())))
    train::ReportOp::create(builder, rule.getLoc(), Told::Report, cast<StringAttr>(name).getValue(), value, every);
}

/// The rule, at the shape of the variable, in the place of `op`. `driver` is what the rule takes beside the variable: of a parameter its
/// gradient, of an average its parameter.
void Expansion::expand(Operation *op, train::VariableOp variable, train::OptimizerOp rule, Value driver) {
  OpBuilder builder(op);
  Location loc = inUpdate(op->getLoc(), variable);
  SmallVector<Value> arguments{parameterOf(variable, When::Now, builder, loc), driver};
  for (Attribute slot : rule.getSlots())
    arguments.push_back(valueOf(slotName(variable, slot), driver.getType(), When::Now, builder, loc));
  auto update = dyn_cast<train::UpdateOp>(op);
  SmallVector<Value> results = update && isInLoop(update, variable, rule)
                                   ? applyInLoop(rule, arguments, variable, builder)
                                   : apply(rule, arguments, variable, builder);
  setParameter(variable, results[0], builder, loc);
  for (auto [slot, value] : llvm::zip(rule.getSlots(), llvm::drop_begin(results)))
    setSlot(slotName(variable, slot), value, builder, loc);
  report(rule, results, builder);
  op->erase();
}

/// The rule for the rows that have a gradient; then for all, with 0 for it, unless that leaves them as they are or is not wanted; and
/// the former put into the latter. Rows are read first, so that what is computed of all may be written over them.
void Expansion::expandRows(train::UpdateOp update, train::VariableOp variable, train::OptimizerOp rule) {
  OpBuilder builder(update);
  Location loc = inUpdate(update.getLoc(), variable);
  auto type = cast<RankedTensorType>(variable.getType());
  Value gradient = update.getGradient(), rows = update.getRows();
  SmallVector<Value> whole{parameterOf(variable, When::Now, builder, loc), {}};
  for (Attribute slot : rule.getSlots())
    whole.push_back(valueOf(slotName(variable, slot), type, When::Now, builder, loc));
  SmallVector<Value> arguments;
  for (Value value : whole)
    arguments.push_back(value ? tw::GatherOp::create(builder, loc, gradient.getType(), value, rows) : gradient);
  SmallVector<Value> inRows = apply(rule, arguments, variable, builder), others(whole);
  others.erase(others.begin() + 1);
  if (!rule.getLazy() && !RuleAtZero::of(rule).leavesAsItIs) {
    auto zero = cast<ElementsAttr>(
        Attribute(DenseElementsAttr::get(cast<ShapedType>(type), builder.getFloatAttr(type.getElementType(), 0))));
    whole[1] = tw::ConstantOp::create(builder, loc, zero);
    others = apply(rule, whole, variable, builder);
  }
  auto put = [&](unsigned number) -> Value {
    bool isAsItIs = inRows[number] == arguments[number == 0 ? 0 : number + 1];
    return isAsItIs ? others[number]
                    : tw::PutRowsOp::create(builder, loc, inRows[number], rows, others[number]).getResult();
  };
  setParameter(variable, put(0), builder, loc);
  for (auto [number, slot] : llvm::enumerate(rule.getSlots()))
    setSlot(slotName(variable, slot), put(number + 1), builder, loc);
  report(rule, inRows, builder);
  update.erase();
}

/// Squares are summed where a parameter's last update stands, so that its old value need not be kept longer.
void Expansion::expand(train::NormOp norm) {
  SmallVector<Value> squares;
  for (auto name : norm.getOf().getAsRange<FlatSymbolRefAttr>()) {
    auto set = sets.find(name.getValue());
    OpBuilder builder(set != sets.end() ? set->second.getOperation() : norm.getOperation());
    Location loc = train::inPart(norm.getLoc(), Part::Update, name);
    auto parameter = symbols.lookup<train::VariableOp>(name.getValue());
    Value x = parameterOf(parameter, When::Begun, builder, loc);
    if (norm.getMeasured() == Measured::Update) {
      Value now = parameterOf(parameter, When::Now, builder, loc);
      x = tw::SubOp::create(builder, loc, x.getType(), now, x);
    }
    squares.push_back(train::sumsOfSquares(builder, loc, x, parameter));
  }
  OpBuilder builder(norm);
  norm.replaceAllUsesWith(tw::normOf(builder, norm.getLoc(), squares));
  norm.erase();
}

struct ExpandUpdate : impl::ExpandUpdateBase<ExpandUpdate> {
  void runOnOperation() override {
    for (auto program : getOperation().getOps<train::ProgramOp>()) {
      if (failed(program.findObjective()))
        return signalPassFailure();
      for (auto objective : program.getOps<train::ObjectiveOp>())
        Expansion(program, objective).run();
      for (auto rule : llvm::make_early_inc_range(program.getOps<train::OptimizerOp>()))
        rule.erase();
    }
  }
};

} // namespace
} // namespace talweg
