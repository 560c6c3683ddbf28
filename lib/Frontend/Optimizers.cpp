// Update rules: which parameter is updated by which clause of the train block, and each rule as a train.optimizer.
//
// A pattern (`*`: any characters, `?`: one) is matched with a variable's path, whole (`Mlp.dense_0.bias`) or without the
// model's name (`dense_0.bias`). A clause without `for` takes what no pattern takes; of several patterns that match, the last
// one decides. A frozen parameter is updated by none.
#include "Elaborator.h"

#include "talweg/Dialect/Train/Train.h"

#include "mlir/IR/BuiltinTypes.h"

#include <algorithm>
#include <fmt/format.h>

using namespace talweg;
using namespace talweg::frontend;
using ast::Decl;
using ast::Expr;
using ast::Stmt;

static bool glob(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t]) && pattern[p] != '*')
      ++p, ++t;
    else if (p < pattern.size() && pattern[p] == '*')
      star = p++, resume = t;
    else if (star != std::string_view::npos)
      p = star + 1, t = ++resume;
    else
      return false;
  }
  while (p < pattern.size() && pattern[p] == '*')
    ++p;
  return p == pattern.size();
}

static bool matches(const ast::Name &pattern, const std::string &name) {
  const std::size_t dot = name.find('.');
  return glob(pattern.text, name) ||
         (dot != std::string::npos && glob(pattern.text, std::string_view(name).substr(dot + 1)));
}

/// The rule's name in a clause: `adam` of `adam(lr = 0.1)`.
static const Expr &ruleOf(const Stmt &clause) {
  return clause.value->kind == Expr::Call ? *clause.value->lhs : *clause.value;
}

/// The expression that a clause gives for the rule's parameter `name`, or the default.
static const Expr *argumentFor(const Stmt &clause, const Decl &rule, const std::string &name, bool &isDefault) {
  isDefault = false;
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
    isDefault = true;
    return formal.value.get();
  }
  return nullptr;
}

/// What the clauses add to the plan: a report `lr` for each rule with such a parameter, and the hyper-parameter `lr`.
void Elaborator::planOptimizers() {
  int clauses = 0;
  for (const auto &stmt : trainDecl->body)
    clauses += stmt->kind == Stmt::Optimizer;
  int number = 0;
  for (const auto &stmt : trainDecl->body) {
    if (stmt->kind != Stmt::Optimizer)
      continue;
    const Expr &name = ruleOf(*stmt);
    const Decl *rule = name.kind == Expr::Ident ? findDecl(name.text, name.range.file) : nullptr;
    if (!rule || rule->kind != Decl::Optimizer) {
      std::vector<std::string> names;
      for (const auto *decls : {&userDecls, &stdDecls})
        for (const auto &[candidate, decl] : *decls)
          if (decl->kind == Decl::Optimizer)
            names.push_back(candidate);
      fail(Code::UnknownName, name.range, fmt::format("unknown optimizer `{}`", sources.text(name.range)))
          .didYouMean(suggest(name.text, names));
      continue;
    }
    ++number;
    bool isDefault = false;
    const Expr *lr = argumentFor(*stmt, *rule, "lr", isDefault);
    if (!lr)
      continue;
    thePlan.reports.push_back(thePlan.reports.empty() ? "lr" : fmt::format("lr_{}", number));
    if (clauses == 1 && lr->kind == Expr::Number && !configs.count("lr")) {
      double value = lr->isInteger ? double(lr->integer) : lr->number;
      if (auto set = options.set.find("lr"); set != options.set.end()) {
        char *end = nullptr;
        value = std::strtod(set->second.c_str(), &end);
        if (set->second.empty() || *end || !isFinite(value))
          failNotFinite(Code::BadConfig, lr->range, "`lr`", fmt::format("set to `{}`", set->second));
      }
      thePlan.hypers.push_back({"lr", value});
      literalRate = lr;
    }
  }
}

bool Elaborator::checkRate(const Value &rate, ast::Range range) {
  if ((!rate.isNumber() && rate.kind != Value::Hyper) || isFinite(rate.number.asReal()))
    return true;
  failNotFinite(Code::NumberOutOfRange, range, "`lr`", toText(rate.number));
  return false;
}

void Elaborator::runOptimizers() {
  std::vector<Variable *> parameters;
  for (Variable &variable : variables)
    if (variable.role == Role::Parameter)
      parameters.push_back(&variable);
  std::set<Variable *> frozen;
  std::map<Variable *, const Stmt *> ruleFor;
  std::vector<const Stmt *> clauses;
  const Stmt *rest = nullptr; // the clause without patterns
  for (const auto &stmt : trainDecl->body) {
    if (stmt->kind != Stmt::Optimizer && stmt->kind != Stmt::Freeze)
      continue;
    if (stmt->kind == Stmt::Optimizer)
      clauses.push_back(stmt.get());
    if (stmt->kind == Stmt::Optimizer && stmt->patterns.empty())
      rest = stmt.get();
    for (const ast::Name &pattern : stmt->patterns) {
      bool any = false;
      for (Variable *parameter : parameters) {
        if (!matches(pattern, parameter->name))
          continue;
        any = true;
        if (stmt->kind == Stmt::Freeze)
          frozen.insert(parameter);
        else
          ruleFor[parameter] = stmt.get();
      }
      if (any)
        continue;
      std::vector<std::string> names;
      for (Variable *parameter : parameters)
        names.push_back(parameter->name);
      fail(Code::PatternMatchesNothing, pattern.range, fmt::format("no parameter is called `{}`", pattern.text))
          .line(names.empty() ? "there are no parameters" : fmt::format("the first parameter is {}", names.front()))
          .didYouMean(suggest(pattern.text, names));
    }
  }
  for (Variable *parameter : parameters) {
    if (rest)
      ruleFor.insert({parameter, rest});
    if (frozen.count(parameter)) {
      parameter->op->setAttr("frozen", builder.getUnitAttr());
      continue;
    }
    if (!ruleFor.count(parameter)) {
      fail(Code::NoOptimizer, trainDecl->name.range,
           clauses.empty() ? "the train block has no `optimizer`"
                           : fmt::format("no optimizer updates `{}`", parameter->name))
          .note(parameter->place, "declared here")
          .help(clauses.empty()
                    ? "write `optimizer adam()`, for example"
                    : fmt::format("write `optimizer …` without `for`, or `freeze \"{}\"`", parameter->name));
      break;
    }
  }
  int number = 0;
  for (const Stmt *clause : clauses) {
    std::vector<Variable *> own;
    for (Variable *parameter : parameters)
      if (!frozen.count(parameter) && ruleFor[parameter] == clause)
        own.push_back(parameter);
    if (own.empty() && !parameters.empty() && !diagnostics.hasErrors())
      fail(Code::PatternMatchesNothing, clause->range, "no parameter is left for this optimizer");
    else if (!own.empty())
      runOptimizer(*clause, number, own);
    ++number;
  }
}

/// One clause as a train.optimizer, and the slots of its parameters.
void Elaborator::runOptimizer(const Stmt &clause, int number, const std::vector<Variable *> &parameters) {
  const Expr &name = ruleOf(clause);
  const Decl *found = name.kind == Expr::Ident ? findDecl(name.text, name.range.file) : nullptr;
  if (!found || found->kind != Decl::Optimizer)
    return; // planOptimizers has said so
  const Decl &rule = *found;
  const mlir::Location loc = location(clause.range);
  std::vector<const Stmt *> slots;
  for (const auto &stmt : rule.body)
    if (stmt->kind == Stmt::State) {
      if (stmt->type.hasShape) {
        fail(Code::NotSupportedYet, stmt->range,
             "a state of an update rule has its parameter's shape; others are not supported yet");
        return;
      }
      slots.push_back(stmt.get());
    }

  mlir::OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(objective);
  std::vector<llvm::StringRef> slotNames;
  for (const Stmt *slot : slots)
    slotNames.push_back(slot->target.text);
  llvm::SmallVector<mlir::Attribute> symbols;
  for (Variable *parameter : parameters)
    symbols.push_back(mlir::FlatSymbolRefAttr::get(&context, parameter->name));
  bool hasRate =
      std::any_of(rule.formals.begin(), rule.formals.end(), [](const ast::Formal &f) { return f.name.text == "lr"; });
  std::vector<llvm::StringRef> reports;
  const std::string reportName = number == 0 ? "lr" : fmt::format("lr_{}", number + 1);
  if (hasRate)
    reports.push_back(reportName);
  auto op = train::OptimizerOp::create(
      builder, loc, builder.getStringAttr(fmt::format("{}_{}", rule.name.text, number)),
      builder.getStrArrayAttr(slotNames), builder.getStrArrayAttr(reports), builder.getArrayAttr(symbols));
  mlir::Block *block = &op.getBody().emplaceBlock();
  const auto type = mlir::UnrankedTensorType::get(floatType());
  for (std::size_t i = 0; i < 2 + slots.size(); ++i)
    block->addArgument(type, loc);
  builder.setInsertionPointToStart(block);

  Frame top; // the clause's arguments are evaluated as in the train block
  FrameScope topScope(*this, top);
  top.decl = trainDecl;
  top.locals = topScope.previous->locals; // of which only what is known without a step's data may be used
  std::vector<Given> arguments;
  bool poisoned = false;
  const auto rateOr = [&](const Expr &expr) {
    if (&expr != literalRate)
      return eval(expr);
    Value hyper = Value::of(Value::Hyper);
    hyper.text = "lr";
    hyper.number = Number::of(expr.isInteger ? double(expr.integer) : expr.number);
    return hyper;
  };
  if (clause.value->kind == Expr::Call)
    for (const ast::Argument &argument : clause.value->arguments) {
      Given given;
      given.name = argument.name;
      given.value = rateOr(*argument.value);
      given.range = argument.value->range;
      given.expr = argument.value.get();
      poisoned = poisoned || given.value.isPoison();
      arguments.push_back(std::move(given));
    }
  std::map<std::string, Given> bound;
  Callable callable;
  callable.decl = &rule;
  const bool good = !poisoned && bind(rule, callable, arguments, clause.value->range, bound, false);

  Frame callee;
  callee.decl = &rule;
  callee.callee = rule.name.text;
  callee.callSite = clause.value->range;
  FrameScope calleeScope(*this, callee);
  bool fits = good;
  for (const ast::Formal &formal : rule.formals) {
    if (!good)
      break;
    Given given;
    if (auto it = bound.find(formal.name.text); it != bound.end())
      given = it->second;
    else {
      given.value = rateOr(*formal.value);
      given.range = formal.value->range;
    }
    Value value = given.value;
    reporting = &top;
    fits = !value.isPoison() && conform(formal, value, given, rule.name.text) &&
           (formal.name.text != "lr" || checkRate(value, given.range)) && fits;
    reporting = nullptr;
    callee.locals[formal.name.text] = value;
  }
  std::deque<Variable> rolling; // the parameter and its slots as the body changes them
  const auto bindTensor = [&](const std::string &local, mlir::Value ssa, bool assignable, ast::Range place) {
    Tensor tensor;
    tensor.ssa = ssa;
    callee.locals[local] = Value::of(tensor);
    if (!assignable)
      return;
    Variable &variable = rolling.emplace_back();
    variable.name = local;
    variable.current = ssa;
    variable.place = place;
    callee.states[local] = &variable;
  };
  bindTensor("param", block->getArgument(0), true, rule.name.range);
  bindTensor("grad", block->getArgument(1), false, rule.name.range);
  for (std::size_t i = 0; i < slots.size(); ++i)
    bindTensor(slots[i]->target.text, block->getArgument(2 + i), true, slots[i]->target.range);
  if (fits)
    runBody(rule.body, nullptr);
  if (fits && !rolling.front().assigned && !diagnostics.hasErrors())
    fail(Code::NothingUpdated, rule.name.range, fmt::format("the optimizer `{}` never assigns `param`", rule.name.text))
        .help("write `param -= lr * grad`, for example");
  // A slot that these arguments never touch (the velocity when momentum is 0) does not exist.
  for (std::size_t i = slots.size(); i-- > 0;) {
    const mlir::BlockArgument slot = block->getArgument(2 + i);
    if (!fits || rolling[1 + i].current != slot || !slot.use_empty())
      continue;
    block->eraseArgument(2 + i);
    rolling.erase(rolling.begin() + 1 + i);
    slots.erase(slots.begin() + i);
    slotNames.erase(slotNames.begin() + i);
  }
  op.setSlotsAttr(builder.getStrArrayAttr(slotNames));
  llvm::SmallVector<mlir::Value> results;
  for (Variable &variable : rolling)
    results.push_back(variable.current);
  if (hasRate && fits) {
    Aligned scalar;
    results.push_back(materialise(callee.locals["lr"], builder.getF64Type(), scalar, clause.range));
  }
  train::YieldOp::create(builder, loc, results);

  for (Variable *parameter : parameters)
    for (const Stmt *slot : slots) {
      Variable *variable = createVariable(parameter->name + "." + slot->target.text, Role::Slot, parameter->dims,
                                          floatType(), slot->target.range);
      if (fits && !initialise(*variable, slot->value.get(), slot->range))
        return;
    }
}
