// A rule is elaborated once, on tensors of any shape: the parameter, its gradient and its slots; or the average, its parameter and its slots.
#include "Rule.h"

#include "Calls.h"
#include "Expressions.h"
#include "Numbers.h"
#include "Operators.h"
#include "Statements.h"
#include "Types.h"
#include "Variables.h"

#include "talweg/Dialect/Train/Train.h"

#include <algorithm>
#include <fmt/format.h>

using namespace talweg;
using namespace talweg::frontend;
using ast::BinaryOp;
using ast::Decl;
using ast::Expr;
using ast::Stmt;

namespace {
class RuleBuilder {
public:
  RuleBuilder(Walk &walk, const Stmt &clause, const Decl &rule, const RuleUse &use,
              const std::vector<DeclaredVariable *> &parameters)
      : walk(walk), clause(clause), rule(rule), use(use), parameters(parameters) {}
  /// The optimizer's symbol; null: reported.
  mlir::FlatSymbolRefAttr run();

private:
  bool findSlots();
  void create();
  Value evalOrHyper(const Expr &expr);
  std::optional<Arguments> evalArguments();
  bool takeArguments(const Arguments &bound, const Frame &top);
  bool checkRate(const Value &rate, ast::Range range);
  Value lowered(const Value &rate, ast::Range range);
  void bindTensor(const std::string &name, mlir::Value ssa);
  void bindAssignable(const std::string &name, mlir::Value ssa, ast::Range place);
  void runBody();
  void dropUntouchedSlots();
  void yield(bool fits);
  void createSlots(bool fits);
  mlir::ArrayAttr slotNames();

  Walk &walk;
  const Stmt &clause;
  const Decl &rule;
  const RuleUse &use;
  const std::vector<DeclaredVariable *> &parameters;
  std::vector<const Stmt *> slots; ///< the rule's states
  train::OptimizerOp op;
  mlir::Block *block = nullptr;         ///< its arguments: what is updated, what it is updated by, slots
  Frame frame;                          ///< the rule's
  std::deque<DeclaredVariable> rolling; ///< what is updated and its slots as the body changes them
};
} // namespace

/// False: reported.
bool RuleBuilder::findSlots() {
  for (const auto &stmt : rule.body) {
    if (stmt->kind != Stmt::State)
      continue;
    if (stmt->type.hasShape) {
      walk.fail(Code::NotSupportedYet, stmt->range,
                "a state of an update rule has its parameter's shape; others are not supported yet");
      return false;
    }
    if (!stmt->type.element.text.empty() && stmt->type.element.text != "f32") {
      walk.fail(Code::NotSupportedYet, stmt->range,
                "a state of an update rule is `f32`; other types are not supported yet");
      return false;
    }
    slots.push_back(stmt.get());
  }
  return true;
}

mlir::ArrayAttr RuleBuilder::slotNames() {
  std::vector<llvm::StringRef> names;
  for (const Stmt *slot : slots)
    names.push_back(walk.builder.getStringAttr(use.slotPrefix + slot->target.text).getValue());
  return walk.builder.getStrArrayAttr(names);
}

void RuleBuilder::create() {
  mlir::OpBuilder &builder = walk.builder;
  const mlir::Location loc = walk.location(clause.range);
  const auto rates = rateNames(walk);
  std::vector<llvm::StringRef> reports;
  if (const auto rate = rates.find(&clause); rate != rates.end() && use.tellsRate)
    reports.push_back(rate->second);
  builder.setInsertionPoint(walk.objective);
  std::string symbol = rule.name.text + use.suffix;
  while (mlir::SymbolTable::lookupSymbolIn(walk.objective->getParentOp(), symbol)) // a config or a field is called so
    symbol += "_";
  op = train::OptimizerOp::create(builder, loc, builder.getStringAttr(symbol), slotNames(),
                                  builder.getStrArrayAttr(reports), clause.lazy);
  block = &op.getBody().emplaceBlock();
  for (std::size_t i = 0; i < 2 + slots.size(); ++i)
    block->addArgument(mlir::UnrankedTensorType::get(walk.tensors.floatType()), loc);
  builder.setInsertionPointToStart(block);
}

//===-- arguments --------------------------------------------------------------------------------------------------===//

/// The plain number that is a hyper-parameter may change between steps.
Value RuleBuilder::evalOrHyper(const Expr &expr) {
  if (&expr != plainRate(walk))
    return eval(walk, expr);
  Value hyper = Value::of(Value::Hyper);
  hyper.text = "lr";
  hyper.number = Number::of(expr.isInteger ? double(expr.integer) : expr.number);
  return hyper;
}

/// The clause's arguments by the rule's parameters. Nothing: reported.
std::optional<Arguments> RuleBuilder::evalArguments() {
  std::vector<Given> arguments;
  if (clause.rule->kind == Expr::Call)
    for (const ast::Argument &argument : clause.rule->arguments) {
      const Expr &expr = *argument.value;
      arguments.push_back({argument.name, evalOrHyper(expr), expr.range, &expr});
    }
  if (std::any_of(arguments.begin(), arguments.end(), [](const Given &given) { return given.value.isPoison(); }))
    return std::nullopt;
  Callable callable;
  callable.decl = &rule;
  return matchArguments(walk, callable, arguments, clause.rule->range, false);
}

/// False (reported): a learning rate that no program computes with.
bool RuleBuilder::checkRate(const Value &rate, ast::Range range) {
  if ((!rate.isNumber() && rate.kind != Value::Hyper) || walk.tensors.isFinite(rate.number.asReal()))
    return true;
  walk.tensors.failNotFinite(Code::NumberOutOfRange, range, "`lr`", toText(rate.number));
  return false;
}

/// The rate as the host lowers it.
Value RuleBuilder::lowered(const Value &rate, ast::Range range) {
  Value factor = Value::of(Value::Hyper);
  factor.text = kRateFactor;
  factor.number = Number::of(1.0);
  return binary(walk.tensors, BinaryOp::Mul, rate, factor, range);
}

bool RuleBuilder::takeArguments(const Arguments &bound, const Frame &top) {
  bool fits = true;
  for (const ast::Formal &formal : rule.formals) {
    const auto found = bound.find(formal.name.text);
    const Given given =
        found != bound.end() ? found->second : Given{{}, evalOrHyper(*formal.value), formal.value->range};
    Value value = given.value;
    TellingScope telling(walk.scopes, top);
    fits = !value.isPoison() && conform(walk, formal, value, given, rule.name.text) &&
           (formal.name.text != "lr" || checkRate(value, given.range)) && fits;
    if (formal.name.text == "lr" && fits && walk.plan.onNan == OnNan::Rollback)
      value = lowered(value, given.range);
    frame.locals[formal.name.text] = std::move(value);
  }
  return fits;
}

//===-- the body ---------------------------------------------------------------------------------------------------===//

void RuleBuilder::bindTensor(const std::string &name, mlir::Value ssa) {
  Tensor tensor;
  tensor.ssa = ssa;
  frame.locals[name] = Value::of(tensor);
}

void RuleBuilder::bindAssignable(const std::string &name, mlir::Value ssa, ast::Range place) {
  bindTensor(name, ssa);
  DeclaredVariable &variable = rolling.emplace_back();
  variable.name = name;
  variable.current = ssa;
  variable.place = place;
  frame.states[name] = &variable;
}

void RuleBuilder::runBody() {
  frontend::runBody(walk, rule.body, nullptr);
  if (rolling.front().assigned || walk.diagnostics.hasErrors())
    return;
  const bool isAverage = rule.kind == Decl::Average;
  walk.fail(Code::NothingUpdated, rule.name.range,
            fmt::format("the {} `{}` never assigns `{}`", isAverage ? "average" : "optimizer", rule.name.text,
                        rolling.front().name))
      .help(isAverage ? "write `average += 0.001 * (param - average)`, for example"
                      : "write `param -= lr * grad`, for example");
}

/// A slot that these arguments never touch (the velocity when momentum is 0) does not exist.
void RuleBuilder::dropUntouchedSlots() {
  for (std::size_t i = slots.size(); i-- > 0;) {
    const mlir::BlockArgument slot = block->getArgument(2 + i);
    if (rolling[1 + i].current != slot || !slot.use_empty())
      continue;
    block->eraseArgument(2 + i);
    rolling.erase(rolling.begin() + 1 + i);
    slots.erase(slots.begin() + i);
  }
  op.setSlotsAttr(slotNames());
}

void RuleBuilder::yield(bool fits) {
  llvm::SmallVector<mlir::Value> results;
  for (const DeclaredVariable &variable : rolling)
    results.push_back(variable.current);
  if (!op.getReport().empty() && fits)
    results.push_back(walk.tensors.materialise(frame.locals["lr"], walk.builder.getF64Type(), Aligned(), clause.range));
  train::YieldOp::create(walk.builder, op.getLoc(), results);
}

void RuleBuilder::createSlots(bool fits) {
  for (const DeclaredVariable *parameter : parameters) {
    for (const Stmt *slot : slots) {
      DeclaredVariable &variable = createVariable(walk, parameter->name + "." + use.slotPrefix + slot->target.text,
                                                  Role::Slot, ElementType::F32, parameter->dims, slot->target.range);
      if (fits && !initialise(walk, variable, slot->value.get(), slot->range))
        return;
    }
    if (mlir::cast<train::VariableOp>(parameter->op).isSplit() && use.slotPrefix.empty() &&
        !createLowHalf(walk, *parameter))
      return;
  }
}

mlir::FlatSymbolRefAttr RuleBuilder::run() {
  if (!findSlots())
    return nullptr;
  mlir::OpBuilder::InsertionGuard guard(walk.builder);
  create();
  const UpdateScope counting(walk.scopes, use.every);
  Frame top; // the clause's arguments are evaluated as in the train block
  FrameScope topScope(walk.scopes, top);
  top.decl = walk.names.train;
  top.locals = topScope.caller()->locals; // of which only what is known without a step's data may be used
  const std::optional<Arguments> bound = evalArguments();

  frame.decl = &rule;
  frame.callee = rule.name.text;
  frame.callSite = clause.rule->range;
  FrameScope scope(walk.scopes, frame);
  const bool fits = bound && takeArguments(*bound, top);
  const bool isAverage = rule.kind == Decl::Average;
  bindAssignable(isAverage ? "average" : "param", block->getArgument(0), rule.name.range);
  bindTensor(isAverage ? "param" : "grad", block->getArgument(1));
  for (std::size_t i = 0; i < slots.size(); ++i)
    bindAssignable(slots[i]->target.text, block->getArgument(2 + i), slots[i]->target.range);
  if (fits) {
    runBody();
    dropUntouchedSlots();
  }
  yield(fits);
  createSlots(fits);
  return mlir::FlatSymbolRefAttr::get(op.getSymNameAttr());
}

mlir::FlatSymbolRefAttr frontend::runRule(Walk &walk, const Stmt &clause, const RuleUse &use,
                                          const std::vector<DeclaredVariable *> &parameters) {
  const Decl *rule = ruleOf(walk, clause);
  return rule ? RuleBuilder(walk, clause, *rule, use, parameters).run() : nullptr; // else planRules has said so
}
