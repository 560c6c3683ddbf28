// Update rules: which parameter is updated by which clause of the train block, and each rule as a train.optimizer.
//
// Patterns are those of Instances.h. A clause without `for` takes what no pattern takes; of several patterns that match, the last
// one decides. A frozen parameter is updated by none.
#include "Rule.h"

#include "Planning.h"
#include "Training.h"

#include "talweg/Dialect/Train/Train.h"

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
  return clause.value->kind == Expr::Call ? *clause.value->lhs : *clause.value;
}

const Decl *frontend::ruleOf(Walk &walk, const Stmt &clause) {
  const Expr &name = ruleName(clause);
  const Decl *rule = name.kind == Expr::Ident ? walk.names.find(name.text, name.range.file) : nullptr;
  return rule && rule->kind == Decl::Optimizer ? rule : nullptr;
}

static std::vector<const Stmt *> clausesOf(const Decl &train) {
  std::vector<const Stmt *> clauses;
  for (const auto &stmt : train.body)
    if (stmt->kind == Stmt::Optimizer)
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
    if (clause.value->kind == Expr::Call) {
      std::size_t at = 0;
      for (const ast::Argument &argument : clause.value->arguments)
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

void frontend::planOptimizers(Walk &walk) {
  for (const Stmt *clause : clausesOf(*walk.names.train)) {
    const Expr &name = ruleName(*clause);
    if (!ruleOf(walk, *clause))
      walk.fail(Code::UnknownName, name.range, fmt::format("unknown optimizer `{}`", walk.messages.text(name.range)))
          .didYouMean(suggest(name.text, walk.names.namesOf({Decl::Optimizer})));
  }
  if (const Expr *rate = plainRate(walk))
    planRate(walk, *rate);
}

//===-- which clause updates which parameter -----------------------------------------------------------------------===//

namespace {
/// Which clause updates which parameter.
class Updates {
public:
  explicit Updates(Walk &walk);
  /// Marks those that are frozen; every other one has a clause, or it is reported.
  void check();
  std::vector<DeclaredVariable *> of(const Stmt &clause) const;
  bool hasParameters() const { return !parameters.empty(); }

private:
  void takePattern(const Stmt &stmt, const ast::Name &pattern);

  Walk &walk;
  std::vector<DeclaredVariable *> parameters;
  std::set<DeclaredVariable *> frozen;
  std::map<DeclaredVariable *, const Stmt *> clauseFor;
};
} // namespace

Updates::Updates(Walk &walk) : walk(walk) {
  for (DeclaredVariable &variable : walk.instances.variables())
    if (variable.role == Role::Parameter)
      parameters.push_back(&variable);
  const Stmt *rest = nullptr; // the clause without patterns
  for (const auto &stmt : walk.names.train->body) {
    if (stmt->kind != Stmt::Optimizer && stmt->kind != Stmt::Freeze)
      continue;
    if (stmt->kind == Stmt::Optimizer && stmt->patterns.empty())
      rest = stmt.get();
    for (const ast::Name &pattern : stmt->patterns)
      takePattern(*stmt, pattern);
  }
  for (DeclaredVariable *parameter : parameters)
    if (rest)
      clauseFor.insert({parameter, rest});
}

void Updates::takePattern(const Stmt &stmt, const ast::Name &pattern) {
  bool any = false;
  for (DeclaredVariable *parameter : parameters) {
    if (!matchesPattern(pattern.text, parameter->name))
      continue;
    any = true;
    if (stmt.kind == Stmt::Freeze)
      frozen.insert(parameter);
    else
      clauseFor[parameter] = &stmt;
  }
  if (any)
    return;
  std::vector<std::string> names;
  for (DeclaredVariable *parameter : parameters)
    names.push_back(parameter->name);
  walk.fail(Code::PatternMatchesNothing, pattern.range, fmt::format("no parameter is called `{}`", pattern.text))
      .line(names.empty() ? "there are no parameters" : fmt::format("the first parameter is {}", names.front()))
      .didYouMean(suggest(pattern.text, names));
}

void Updates::check() {
  const ast::Decl &train = *walk.names.train;
  const bool noClauses = clausesOf(train).empty();
  for (DeclaredVariable *parameter : parameters) {
    if (frozen.count(parameter))
      mlir::cast<train::VariableOp>(parameter->op).setFrozen(true);
    else if (!clauseFor.count(parameter)) {
      walk.fail(Code::NoOptimizer, train.name.range,
                noClauses ? "the train block has no `optimizer`"
                          : fmt::format("no optimizer updates `{}`", parameter->name))
          .note(parameter->place, "declared here")
          .help(noClauses ? "write `optimizer adam()`, for example"
                          : fmt::format("write `optimizer …` without `for`, or `freeze \"{}\"`", parameter->name));
      return;
    }
  }
}

std::vector<DeclaredVariable *> Updates::of(const Stmt &clause) const {
  std::vector<DeclaredVariable *> own;
  for (DeclaredVariable *parameter : parameters)
    if (const auto found = clauseFor.find(parameter);
        !frozen.count(parameter) && found != clauseFor.end() && found->second == &clause)
      own.push_back(parameter);
  return own;
}

/// Which parameters a `minimize` updates, each by which optimizer; in the order of their declaration.
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
  std::map<const DeclaredVariable *, mlir::Attribute> by;
  int number = 0;
  for (const Stmt *clause : clausesOf(*walk.names.train)) {
    const std::vector<DeclaredVariable *> own = updates.of(*clause);
    if (!own.empty()) {
      const mlir::FlatSymbolRefAttr optimizer = runRule(walk, *clause, number, own);
      for (const DeclaredVariable *parameter : own)
        if (optimizer)
          by[parameter] = optimizer;
    } else if (updates.hasParameters() && !walk.diagnostics.hasErrors())
      walk.fail(Code::PatternMatchesNothing, clause->range, "no parameter is left for this optimizer");
    ++number;
  }
  for (const Minimized &minimized : walk.minimized)
    if (minimized.op)
      setUpdates(walk, minimized.op, by);
}
