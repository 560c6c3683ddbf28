// A statement without `for` takes what no other one names; a frozen parameter has no average.
#include "Averages.h"

#include "Rule.h"
#include "Variables.h"

#include "talweg/Support/Pattern.h"

#include <algorithm>
#include <fmt/format.h>

using namespace talweg;
using namespace talweg::frontend;
using ast::Stmt;

static bool isNamed(const DeclaredVariable &parameter, const Stmt &stmt) {
  return std::any_of(stmt.patterns.begin(), stmt.patterns.end(),
                     [&](const ast::Name &pattern) { return matchesPattern(pattern.text, parameter.name); });
}

/// The `average` statements that name the parameter; where none does, those without `for`.
static std::vector<const Stmt *> statementsFor(Walk &walk, const DeclaredVariable &parameter) {
  std::vector<const Stmt *> naming, ofAll;
  for (const auto &stmt : walk.names.train->body)
    if (stmt->kind == Stmt::Average && stmt->patterns.empty())
      ofAll.push_back(stmt.get());
    else if (stmt->kind == Stmt::Average && isNamed(parameter, *stmt))
      naming.push_back(stmt.get());
  return naming.empty() ? ofAll : naming;
}

bool frontend::isFrozen(Walk &walk, const DeclaredVariable &parameter) {
  const auto &body = walk.names.train->body;
  return std::any_of(body.begin(), body.end(),
                     [&](const auto &stmt) { return stmt->kind == Stmt::Freeze && isNamed(parameter, *stmt); });
}

const Stmt *frontend::averageOf(Walk &walk, const DeclaredVariable &parameter) {
  const std::vector<const Stmt *> statements = statementsFor(walk, parameter);
  return statements.empty() || isFrozen(walk, parameter) ? nullptr : statements.front();
}

/// Runs the rule of a statement for these parameters.
static void runAverage(Walk &walk, const Stmt &stmt, const std::string &suffix,
                       const std::vector<const DeclaredVariable *> &parameters) {
  std::vector<DeclaredVariable *> averages;
  for (const DeclaredVariable *parameter : parameters) {
    averages.push_back(createAverage(walk, *parameter));
    if (!averages.back())
      return;
  }
  const mlir::FlatSymbolRefAttr rule = runRule(walk, stmt, {suffix, {}}, averages);
  if (!rule)
    return;
  for (std::size_t i = 0; i < averages.size(); ++i)
    train::AverageOp::create(walk.builder, walk.location(stmt.range), averages[i]->name, parameters[i]->name,
                             rule.getValue());
}

void frontend::runAverages(Walk &walk) {
  if (walk.diagnostics.hasErrors())
    return;
  std::map<const Stmt *, std::vector<const DeclaredVariable *>> parameters;
  for (const DeclaredVariable &variable : walk.instances.variables()) {
    const Stmt *stmt = variable.role == Role::Parameter ? averageOf(walk, variable) : nullptr;
    if (!stmt)
      continue;
    if (const auto all = statementsFor(walk, variable); all.size() > 1 && parameters[stmt].empty())
      walk.fail(Code::AlreadyDefined, all[1]->range, fmt::format("`{}` has two averages", variable.name))
          .note(stmt->range, "the first is here");
    parameters[stmt].push_back(&variable);
  }
  mlir::OpBuilder::InsertionGuard guard(walk.builder);
  walk.builder.setInsertionPoint(mlir::cast<train::ObjectiveOp>(walk.objective).getBody().front().getTerminator());
  int number = 0;
  for (const auto &stmt : walk.names.train->body) {
    if (stmt->kind != Stmt::Average)
      continue;
    if (parameters.count(stmt.get()))
      runAverage(walk, *stmt, fmt::format("_{}", number), parameters[stmt.get()]);
    else if (!walk.diagnostics.hasErrors())
      walk.fail(Code::PatternMatchesNothing, stmt->range, "no parameter is left for this `average`");
    ++number;
  }
}
