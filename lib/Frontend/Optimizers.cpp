// Update rules: which parameter is updated by which clause of the train block, and each rule as a train.optimizer.
//
// Patterns are those of Instances.h. A clause without `for` takes what no pattern takes; of several patterns that match, the last
// one decides. A frozen parameter is updated by none.
#include "Planning.h"
#include "Rule.h"
#include "Statements.h"
#include "Training.h"
#include "Variables.h"

#include "talweg/Dialect/Train/Train.h"
#include "talweg/Support/Pattern.h"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <set>

using namespace talweg;
using namespace talweg::frontend;
using ast::Decl;
using ast::Expr;
using ast::Stmt;

//===-- clauses ----------------------------------------------------------------------------------------------------===//

static const Expr &ruleName(const Stmt &clause) {
  return clause.rule->kind == Expr::Call ? *clause.rule->lhs : *clause.rule;
}

const Decl *frontend::ruleOf(Walk &walk, const Stmt &clause) {
  const Expr &name = ruleName(clause);
  if (name.kind != Expr::Ident)
    return nullptr;
  if (clause.kind == Stmt::Average)
    return walk.names.findAverage(name.text, name.range.file);
  const Decl *rule = walk.names.find(name.text, name.range.file);
  return rule && rule->kind == Decl::Optimizer ? rule : nullptr;
}

/// What names an optimizer: `optimizer adam()`, `minimize … with adam()`.
static std::vector<const Stmt *> clausesOf(const Decl &train) {
  std::vector<const Stmt *> clauses;
  for (const auto &stmt : train.body)
    if (stmt->rule && stmt->kind != Stmt::Average)
      clauses.push_back(stmt.get());
  return clauses;
}

/// The expression that a clause gives for the rule's parameter `name`, or the default; null: there is no such parameter.
static const Expr *argumentFor(const Stmt &clause, const Decl &rule, const std::string &name) {
  std::size_t place = 0;
  for (const ast::Formal &formal : rule.formals) {
    if (formal.name.text != name) {
      ++place;
      continue;
    }
    if (clause.rule->kind == Expr::Call) {
      std::size_t at = 0;
      for (const ast::Argument &argument : clause.rule->arguments)
        if (argument.name.text == name || (argument.name.text.empty() && at++ == place))
          return argument.value.get();
    }
    return formal.value.get();
  }
  return nullptr;
}

std::map<const Stmt *, std::string> frontend::rateNames(Walk &walk) {
  const auto isRate = [](const ast::Formal &formal) { return formal.name.text == "lr"; };
  std::map<const Stmt *, std::string> names;
  for (const Stmt *clause : clausesOf(*walk.names.train))
    if (const Decl *rule = ruleOf(walk, *clause);
        rule && std::any_of(rule->formals.begin(), rule->formals.end(), isRate))
      names.emplace(clause, names.empty() ? "lr" : fmt::format("lr_{}", names.size() + 1));
  return names;
}

const Expr *frontend::plainRate(Walk &walk) {
  const std::vector<const Stmt *> clauses = clausesOf(*walk.names.train);
  const Decl *rule = clauses.size() == 1 ? ruleOf(walk, *clauses[0]) : nullptr;
  const Expr *rate = rule ? argumentFor(*clauses[0], *rule, "lr") : nullptr;
  return rate && rate->kind == Expr::Number && !walk.names.configs.count("lr") ? rate : nullptr;
}

//===-- the plan ---------------------------------------------------------------------------------------------------===//

/// The hyper-parameter `lr`, which `--set` may replace.
static void planRate(Walk &walk, const Expr &rate) {
  double value = rate.isInteger ? double(rate.integer) : rate.number;
  if (const auto set = walk.options.set.find("lr"); set != walk.options.set.end()) {
    char *end = nullptr;
    value = std::strtod(set->second.c_str(), &end);
    if (set->second.empty() || *end || !walk.tensors.isFinite(value))
      walk.tensors.failNotFinite(Code::BadConfig, rate.range, "`lr`", fmt::format("set to `{}`", set->second));
  }
  walk.hypers.push_back({"lr", value});
}

/// The hyper-parameter that all rates are multiplied by.
static void planRateFactor(Walk &walk) {
  const Decl &train = *walk.names.train;
  const auto onNan =
      std::find_if(train.body.begin(), train.body.end(), [](const auto &stmt) { return stmt->kind == Stmt::OnNan; });
  const std::string name(kRateFactor);
  if (const auto taken = walk.names.configs.find(name); taken != walk.names.configs.end())
    walk.fail(Code::AlreadyDefined, (*onNan)->range,
              fmt::format("under `on nan rollback` rates are multiplied by `{}`, and a config has that name", name))
        .help("give the config another name");
  for (const Stmt *clause : clausesOf(train))
    if (const Decl *rule = ruleOf(walk, *clause); rule && !argumentFor(*clause, *rule, "lr"))
      walk.fail(Code::BadSetting, clause->rule->range,
                fmt::format("`on nan rollback` lowers `lr`, which `{}` does not have", rule->name.text))
          .note((*onNan)->range, "rolled back here")
          .help("give the rule a parameter `lr`, or write `on nan stop` or `on nan skip`");
  walk.hypers.push_back({name, 1});
}

void frontend::planRules(Walk &walk) {
  for (const auto &stmt : walk.names.train->body) {
    if (!stmt->rule || ruleOf(walk, *stmt))
      continue;
    const Expr &name = ruleName(*stmt);
    const bool isAverage = stmt->kind == Stmt::Average;
    walk.fail(Code::UnknownName, name.range,
              fmt::format("unknown {} `{}`", isAverage ? "average" : "optimizer", walk.messages.text(name.range)))
        .didYouMean(suggest(name.text, walk.names.namesOf({isAverage ? Decl::Average : Decl::Optimizer})));
  }
  if (const Expr *rate = plainRate(walk))
    planRate(walk, *rate);
  if (walk.plan.onNan == OnNan::Rollback)
    planRateFactor(walk);
}

//===-- which clause updates which parameter -----------------------------------------------------------------------===//

std::vector<DeclaredVariable *> frontend::parametersCalled(Walk &walk, const ast::Name &pattern) {
  std::vector<DeclaredVariable *> found;
  std::vector<std::string> names;
  for (DeclaredVariable &variable : walk.instances.variables()) {
    if (variable.role != Role::Parameter)
      continue;
    names.push_back(variable.name);
    if (matchesPattern(pattern.text, variable.name))
      found.push_back(&variable);
  }
  if (found.empty())
    walk.fail(Code::PatternMatchesNothing, pattern.range, fmt::format("no parameter is called `{}`", pattern.text))
        .line(names.empty() ? "there are no parameters" : fmt::format("the first parameter is {}", names.front()))
        .didYouMean(suggest(pattern.text, names));
  return found;
}

namespace {
/// Which parameters a loss updates, each by which clause.
class Updates {
public:
  explicit Updates(Walk &walk);
  /// Marks those that are frozen; every other one is updated by one loss, or by several that name it, and has a clause there, or it is
  /// reported.
  void check();
  std::vector<DeclaredVariable *> of(const Stmt &minimize, const Stmt &clause) const;
  /// The parameters of a loss whose gradients a `clip` limits.
  std::vector<DeclaredVariable *> clippedBy(const Stmt &minimize, const Stmt &clip) const;
  bool hasParameters() const { return !parameters.empty(); }
  std::vector<const DeclaredVariable *> learnt() const {
    std::vector<const DeclaredVariable *> found;
    for (DeclaredVariable *parameter : parameters)
      if (!frozen.count(parameter))
        found.push_back(parameter);
    return found;
  }
  /// Whether the loss updates any.
  bool hasParameters(const Stmt &minimize) const;

private:
  void takePatterns(const Stmt &stmt);
  void takeRest();
  const Stmt *clauseFor(const Stmt &minimize, DeclaredVariable *parameter) const;
  void failWithoutOptimizer(const DeclaredVariable &parameter);
  void checkSaved();

  Walk &walk;
  std::vector<DeclaredVariable *> parameters;
  std::set<DeclaredVariable *> frozen, saved;                       ///< by the statements `freeze` and `save`
  std::map<DeclaredVariable *, const Stmt *> optimizerFor, clipFor; ///< by the statements of these names
  std::map<const Stmt *, std::set<DeclaredVariable *>> over;
};
} // namespace

Updates::Updates(Walk &walk) : walk(walk) {
  for (DeclaredVariable &variable : walk.instances.variables())
    if (variable.role == Role::Parameter)
      parameters.push_back(&variable);
  for (const auto &stmt : walk.names.train->body)
    takePatterns(*stmt);
  takeRest();
}

void Updates::takePatterns(const Stmt &stmt) {
  for (const ast::Name &pattern : stmt.patterns)
    for (DeclaredVariable *parameter : parametersCalled(walk, pattern))
      if (stmt.kind == Stmt::Clip)
        clipFor[parameter] = &stmt;
      else if (stmt.kind == Stmt::Freeze)
        frozen.insert(parameter);
      else if (stmt.kind == Stmt::Save)
        saved.insert(parameter);
      else if (stmt.kind == Stmt::Minimize)
        over[&stmt].insert(parameter);
      else if (stmt.kind == Stmt::Optimizer)
        optimizerFor[parameter] = &stmt;
}

/// What no pattern takes is the optimizer's and the clip's without `for`, and the loss's without `over`.
void Updates::takeRest() {
  for (const auto &stmt : walk.names.train->body)
    if ((stmt->kind == Stmt::Optimizer || stmt->kind == Stmt::Clip) && stmt->patterns.empty())
      for (DeclaredVariable *parameter : parameters)
        (stmt->kind == Stmt::Clip ? clipFor : optimizerFor).insert({parameter, stmt.get()});
  std::vector<DeclaredVariable *> rest;
  for (DeclaredVariable *parameter : parameters)
    if (std::none_of(over.begin(), over.end(), [&](const auto &loss) { return loss.second.count(parameter); }))
      rest.push_back(parameter);
  const Minimized *taker = nullptr;
  for (const Minimized &minimized : walk.minimized) {
    if (!minimized.stmt->patterns.empty())
      continue;
    over[minimized.stmt].insert(rest.begin(), rest.end());
    if (taker && !rest.empty())
      walk.fail(Code::SeveralObjectives, minimized.stmt->range,
                fmt::format("two losses update `{}`, which neither of them names", rest.front()->name))
          .note(taker->stmt->range, "the first is here")
          .help("write `over` and a pattern behind one of them, or behind both");
    taker = taker ? taker : &minimized;
  }
}

const Stmt *Updates::clauseFor(const Stmt &minimize, DeclaredVariable *parameter) const {
  if (minimize.rule)
    return &minimize;
  const auto found = optimizerFor.find(parameter);
  return found != optimizerFor.end() ? found->second : nullptr;
}

void Updates::failWithoutOptimizer(const DeclaredVariable &parameter) {
  const ast::Decl &train = *walk.names.train;
  const bool noClauses = clausesOf(train).empty();
  walk.fail(Code::NoOptimizer, train.name.range,
            noClauses ? "the train block has no `optimizer`" : fmt::format("no optimizer updates `{}`", parameter.name))
      .note(parameter.place, "declared here")
      .help(noClauses ? "write `optimizer adam()`, for example"
                      : fmt::format("write `optimizer …` without `for`, or `freeze \"{}\"`", parameter.name));
}

/// What is learnt is saved.
void Updates::checkSaved() {
  for (const auto &stmt : walk.names.train->body) {
    if (stmt->kind != Stmt::Save)
      continue;
    const auto lost = std::ranges::find_if(
        parameters, [&](DeclaredVariable *parameter) { return !frozen.count(parameter) && !saved.count(parameter); });
    if (lost != parameters.end())
      return void(walk.fail(Code::BadSetting, stmt->range,
                            fmt::format("`{}` is learnt, and `save` leaves it out", (*lost)->name))
                      .note((*lost)->place, "declared here")
                      .help(fmt::format("write `save …, \"{}\"`, or `freeze` it", (*lost)->name)));
  }
}

void Updates::check() {
  checkSaved();
  for (DeclaredVariable *parameter : parameters) {
    if (frozen.count(parameter)) {
      mlir::cast<train::VariableOp>(parameter->op).setFrozen(true);
      continue;
    }
    bool isUpdated = false;
    for (const auto &[minimize, own] : over)
      if (own.count(parameter)) {
        isUpdated = true;
        if (!clauseFor(*minimize, parameter))
          return failWithoutOptimizer(*parameter);
      }
    if (!isUpdated) {
      walk.fail(Code::NoOptimizer, walk.names.train->name.range, fmt::format("no loss updates `{}`", parameter->name))
          .note(parameter->place, "declared here")
          .help(fmt::format("name it behind `over`, or write `freeze \"{}\"`", parameter->name));
      return;
    }
  }
}

bool Updates::hasParameters(const Stmt &minimize) const {
  const auto found = over.find(&minimize);
  return found != over.end() && std::any_of(found->second.begin(), found->second.end(),
                                            [&](DeclaredVariable *parameter) { return !frozen.count(parameter); });
}

std::vector<DeclaredVariable *> Updates::of(const Stmt &minimize, const Stmt &clause) const {
  const auto found = over.find(&minimize);
  std::vector<DeclaredVariable *> own;
  for (DeclaredVariable *parameter : parameters)
    if (found != over.end() && found->second.count(parameter) && !frozen.count(parameter) &&
        clauseFor(minimize, parameter) == &clause)
      own.push_back(parameter);
  return own;
}

std::vector<DeclaredVariable *> Updates::clippedBy(const Stmt &minimize, const Stmt &clip) const {
  const auto found = over.find(&minimize);
  std::vector<DeclaredVariable *> own;
  for (DeclaredVariable *parameter : parameters)
    if (const auto by = clipFor.find(parameter);
        by != clipFor.end() && by->second == &clip && !frozen.count(parameter) && found->second.count(parameter))
      own.push_back(parameter);
  return own;
}

/// Sets whose gradients the op's limits are of, in the order of the `clip` statements; a limit of none goes.
static void setClips(Walk &walk, train::MinimizeOp op, const Stmt &minimize, const Updates &updates) {
  llvm::SmallVector<mlir::Attribute> clips;
  llvm::SmallVector<mlir::Value> limits;
  std::size_t number = 0;
  for (const auto &stmt : walk.names.train->body) {
    if (stmt->kind != Stmt::Clip)
      continue;
    const mlir::Value limit = op.getLimits()[number++];
    llvm::SmallVector<mlir::Attribute> parameters;
    for (const DeclaredVariable *parameter : updates.clippedBy(minimize, *stmt))
      parameters.push_back(mlir::FlatSymbolRefAttr::get(walk.builder.getContext(), parameter->name));
    if (parameters.empty())
      continue;
    requireLimit(walk, op, limit, *stmt->value);
    limits.push_back(limit);
    clips.push_back(train::ClipAttr::get(walk.builder.getContext(),
                                         stmt->target.text == "norm" ? Limit::Norm : Limit::Value,
                                         walk.builder.getArrayAttr(parameters)));
  }
  op.getLimitsMutable().assign(limits);
  if (!clips.empty())
    op.setClipsAttr(walk.builder.getArrayAttr(clips));
}

/// Sets which parameters the loss updates, each by which optimizer; in the order of their declaration.
static void setUpdates(Walk &walk, train::MinimizeOp op,
                       const std::map<const DeclaredVariable *, mlir::Attribute> &by) {
  llvm::SmallVector<mlir::Attribute> parameters, optimizers;
  for (const DeclaredVariable &variable : walk.instances.variables())
    if (const auto found = by.find(&variable); found != by.end()) {
      parameters.push_back(mlir::FlatSymbolRefAttr::get(walk.builder.getContext(), variable.name));
      optimizers.push_back(found->second);
    }
  op.setOverAttr(walk.builder.getArrayAttr(parameters));
  op.setByAttr(walk.builder.getArrayAttr(optimizers));
}

void frontend::runOptimizers(Walk &walk) {
  Updates updates(walk);
  updates.check();
  std::map<const Stmt *, std::map<const DeclaredVariable *, mlir::Attribute>> by;
  std::set<const DeclaredVariable *> updated;
  int number = 0;
  for (const Stmt *clause : clausesOf(*walk.names.train)) {
    int uses = 0;
    for (const Minimized &minimized : walk.minimized) {
      const std::vector<DeclaredVariable *> own = updates.of(*minimized.stmt, *clause);
      if (own.empty())
        continue;
      RuleUse use{fmt::format("_{}", number), {}, uses == 0, minimized.every};
      if (uses++ > 0)
        use.suffix += fmt::format("_{}", uses);
      for (const DeclaredVariable *parameter : own)
        if (!updated.insert(parameter).second)
          use.slotPrefix = minimized.name + ".";
      const mlir::FlatSymbolRefAttr optimizer = runRule(walk, *clause, use, own);
      for (const DeclaredVariable *parameter : own)
        if (optimizer)
          by[minimized.stmt][parameter] = optimizer;
    }
    if (uses == 0 && updates.hasParameters() && !walk.diagnostics.hasErrors())
      walk.fail(Code::PatternMatchesNothing, clause->range, "no parameter is left for this optimizer");
    ++number;
  }
  if (walk.plan.accumulate > 1 && !walk.diagnostics.hasErrors())
    for (const DeclaredVariable *parameter : updates.learnt())
      createGradientSum(walk, *parameter);
  for (const auto &stmt : walk.names.train->body) {
    const auto limits = [&](const Minimized &loss) { return !updates.clippedBy(*loss.stmt, *stmt).empty(); };
    if (stmt->kind == Stmt::Clip && updates.hasParameters() && !walk.diagnostics.hasErrors() &&
        std::none_of(walk.minimized.begin(), walk.minimized.end(), limits))
      walk.fail(Code::PatternMatchesNothing, stmt->range, "no parameter is left for this `clip`");
  }
  for (const Minimized &minimized : walk.minimized)
    if (walk.minimized.size() > 1 && !updates.hasParameters(*minimized.stmt) && !walk.diagnostics.hasErrors())
      walk.fail(Code::PatternMatchesNothing, minimized.stmt->range, "no parameter is left for this loss")
          .help("what is told and not minimized is a `metric`");
  for (const Minimized &minimized : walk.minimized)
    if (minimized.op && !walk.diagnostics.hasErrors()) {
      setUpdates(walk, minimized.op, by[minimized.stmt]);
      setClips(walk, minimized.op, *minimized.stmt, updates);
    }
}
