// Two losses at the end of a random program, each over parameters of its own and, where the rule has no slots, some in common; clips; what
// the second computes from parameters that the first has updated; norms.
#include "RandomStep.h"

#include <fmt/format.h>

#include <algorithm>

using namespace mlir;

namespace talweg::random {

static FlatSymbolRefAttr symbol(MLIRContext *context, const std::string &name) {
  return FlatSymbolRefAttr::get(context, name);
}

static ArrayAttr symbols(OpBuilder &b, ArrayRef<std::string> names) {
  return b.getArrayAttr(
      llvm::map_to_vector(names, [&](const std::string &name) -> Attribute { return symbol(b.getContext(), name); }));
}

std::vector<std::string> Maker::some(const std::vector<std::string> &of) {
  std::vector<std::string> chosen;
  for (const std::string &name : of)
    if (chance.oneIn(2))
      chosen.push_back(name);
  return chosen;
}

void Maker::addTo(Loss &loss, Value leaf) {
  Value term = lossOf(leaf);
  loss.value = loss.value ? binary<tw::AddOp>(loss.value, term) : term;
}

/// Which parameters each loss updates: some that reach it; those that reach none get a term.
void Maker::share(MutableArrayRef<Loss> losses, bool mayShare) {
  std::map<std::string, train::GetOp> reads;
  for (auto get : b.getInsertionBlock()->getOps<train::GetOp>())
    reads.try_emplace(get.getVariable().str(), get);
  for (auto &[name, get] : reads) {
    bool byFirst = isReached(get, losses[0].value), bySecond = isReached(get, losses[1].value);
    bool isShared = byFirst && bySecond && mayShare && chance.oneIn(2);
    Loss &one = losses[byFirst != bySecond ? int(bySecond) : int(chance.below(2))];
    if (!byFirst && !bySecond)
      addTo(one, get);
    for (Loss &loss : losses)
      if (isShared || &loss == &one)
        loss.over.push_back(name);
  }
  for (Loss &loss : losses)
    if (loss.over.empty()) {
      Value own = addVariable(Role::Parameter, shapeOf(pool[0]));
      addTo(loss, binary<tw::MulOp>(pool[0], own));
      loss.over.push_back(cast<train::GetOp>(own.getDefiningOp()).getVariable().str());
    }
}

/// A term of the second loss that sees what the first has made of a parameter.
void Maker::readAgain(const Loss &from, Loss &to) {
  const std::string &name = from.over[chance.below(std::int64_t(from.over.size()))];
  Value again = train::GetOp::create(b, loc, type(inputs.variables.at(name).shape), name);
  Value own = addVariable(Role::Parameter, shapeOf(again));
  addTo(to, binary<tw::MulOp>(chance.oneIn(2) ? unary<tw::TanhOp>(again) : again, own));
  to.over.push_back(cast<train::GetOp>(own.getDefiningOp()).getVariable().str());
}

/// The report of a loss and its train.minimize, with clips of parameters that it alone updates.
void Maker::minimize(Loss &loss, const std::vector<std::string> &shared) {
  train::ReportOp::create(b, loc, Told::Loss, loss.name, loss.value);
  std::vector<std::string> left;
  for (const std::string &name : loss.over)
    if (!llvm::is_contained(shared, name))
      left.push_back(name);
  SmallVector<Value> limits;
  SmallVector<Attribute> clips;
  for (int more = int(chance.below(3)); more > 0; --more) {
    bool isNorm = chance.oneIn(2);
    std::vector<std::string> chosen = chance.oneIn(2) ? left : some(left);
    if (!isNorm) // each element is then checked by itself
      std::erase_if(chosen, [&](const std::string &name) { return countOf(inputs.variables.at(name).shape) > 12; });
    if (chosen.empty())
      continue;
    double limit = isNorm ? chance.pick({0.25, 1.0, 4.0, 64.0}) : chance.pick({0.0625, 0.5, 4.0});
    auto f64 = RankedTensorType::get({}, b.getF64Type());
    limits.push_back(
        tw::ConstantOp::create(b, loc, f64, DenseElementsAttr::get(f64, Attribute(b.getF64FloatAttr(limit)))));
    clips.push_back(train::ClipAttr::get(b.getContext(), isNorm ? Limit::Norm : Limit::Value, symbols(b, chosen)));
    std::erase_if(left, [&](const std::string &name) { return llvm::is_contained(chosen, name); });
  }
  auto rule = *step.program().getOps<train::OptimizerOp>().begin();
  std::vector<std::string> by(loss.over.size(), rule.getSymName().str());
  train::MinimizeOp::create(b, loc, loss.name, loss.value, limits, ValueRange(), symbols(b, loss.over), symbols(b, by),
                            clips.empty() ? ArrayAttr() : b.getArrayAttr(clips), IntegerAttr());
}

void Maker::tellNorms(const std::vector<std::string> &measurable) {
  for (Measured measured : {Measured::Gradient, Measured::Parameter, Measured::Update}) {
    std::vector<std::string> of = some(measurable);
    if (of.empty())
      continue;
    auto norm = train::NormOp::create(b, loc, RankedTensorType::get({}, b.getF64Type()), measured, symbols(b, of));
    train::ReportOp::create(b, loc, Told::Report, std::string(nameOf(measured)), norm);
  }
}

void Maker::finishLosses(ArrayRef<Value> leaves) {
  Loss losses[] = {{"first", {}, {}}, {"second", {}, {}}};
  for (Value value : leaves)
    if (value.use_empty())
      addTo(losses[chance.below(2)], value);
  for (Loss &loss : losses)
    if (!loss.value)
      addTo(loss, pool[chance.below(std::int64_t(pool.size()))]);
  bool mayShare = step.rule == Rule::Plain && chance.oneIn(2);
  share(losses, mayShare);
  std::vector<std::string> shared;
  for (const std::string &name : losses[0].over)
    if (llvm::is_contained(losses[1].over, name))
      shared.push_back(name);
  minimize(losses[0], shared);
  if (shared.empty() && chance.oneIn(2))
    readAgain(losses[0], losses[1]);
  minimize(losses[1], shared);
  std::vector<std::string> measurable;
  for (auto variable : llvm::to_vector(step.program().getOps<train::VariableOp>()))
    if (variable.getRole() == Role::Parameter) {
      addSlots(variable);
      if (!llvm::is_contained(shared, variable.getSymName()))
        measurable.push_back(variable.getSymName().str());
    }
  tellNorms(measurable);
}

} // namespace talweg::random
