// What a run looks at by itself: the best validation, when it stops before its plan is done, and what it does where a number is not finite.
#include "Expressions.h"
#include "Planning.h"
#include "Walk.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

using namespace talweg;
using namespace talweg::frontend;
using ast::BinaryOp;
using ast::Expr;
using ast::Stmt;

//===-- numbers of a validation ------------------------------------------------------------------------------------===//

static std::string firstLoss(const ast::Decl &train) {
  const auto loss =
      std::find_if(train.body.begin(), train.body.end(), [](const auto &stmt) { return stmt->kind == Stmt::Minimize; });
  return loss != train.body.end() ? lossName(train, **loss) : "loss";
}

/// Of losses and metrics.
static std::vector<std::string> namesTold(const ast::Decl &train) {
  std::vector<std::string> names;
  for (const auto &stmt : train.body)
    if (stmt->kind == Stmt::Minimize)
      names.push_back(lossName(train, *stmt));
    else if (stmt->kind == Stmt::Metric)
      names.push_back(stmt->target.text);
  return names;
}

static bool contains(const std::vector<std::string> &names, const std::string &name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

static void failUnknown(Walk &walk, const ast::Name &name, std::vector<std::string> names) {
  walk.fail(Code::UnknownName, name.range, fmt::format("no loss and no metric is called `{}`", name.text))
      .didYouMean(suggest(name.text, names));
}

/// What is named by `min error`, or else the first loss.
static std::string bestNumber(Walk &walk, const Stmt &stmt) {
  const ast::Decl &train = *walk.names.train;
  if (stmt.target.text.empty())
    return firstLoss(train);
  const std::vector<std::string> names = namesTold(train);
  if (!contains(names, stmt.target.text))
    failUnknown(walk, stmt.target, names);
  walk.watched.push_back(stmt.target);
  return stmt.target.text;
}

void frontend::checkNotices(Walk &walk, llvm::ArrayRef<Reported> reports) {
  for (const ast::Name &name : walk.watched)
    for (auto [op, range] : reports) {
      const bool isTable = op.getTold() == Told::Table, isOfTraining = op.getTold() == Told::Report;
      if (op.getName() != name.text || !(isTable || isOfTraining))
        continue;
      walk.fail(isTable ? Code::NotAScalar : Code::NotKnownHere, name.range,
                isTable
                    ? fmt::format("a run looks at single numbers, and `{}` is a table", name.text)
                    : fmt::format("a run looks at what evaluation tells, and `{}` is a metric of training", name.text))
          .note(range, "defined here");
    }
}

//===-- clauses ----------------------------------------------------------------------------------------------------===//

/// False (reported): the plan has it already.
static bool isFirst(Walk &walk, const Stmt &stmt, bool isThere, const char *what) {
  if (isThere)
    walk.fail(Code::AlreadyDefined, stmt.range, fmt::format("`{}` is there twice", what));
  return !isThere;
}

/// A whole number from 1. Nothing: reported.
static std::optional<std::int64_t> evalCount(Walk &walk, const Expr &expr, const char *what) {
  const Value value = eval(walk, expr);
  if (value.isInteger() && value.number.integer >= 1)
    return value.number.integer;
  if (!value.isPoison())
    walk.fail(Code::BadSetting, expr.range,
              fmt::format("{} is a positive integer, and this is {}", what, walk.describe(value)));
  return std::nullopt;
}

static void planBest(Walk &walk, const Stmt &stmt) {
  isFirst(walk, stmt, !walk.plan.best.empty(), "keep");
  walk.plan.greatest = stmt.unit.text == "max";
  walk.plan.best = bestNumber(walk, stmt);
}

static void planEarlyStop(Walk &walk, const Stmt &stmt) {
  isFirst(walk, stmt, walk.plan.early.has_value(), "early_stop");
  const std::optional<std::int64_t> patience = evalCount(walk, *stmt.value, "`patience`");
  walk.plan.early = EarlyStop{bestNumber(walk, stmt), stmt.unit.text == "max", patience.value_or(1)};
}

static void planBudget(Walk &walk, const Stmt &stmt) {
  static constexpr std::pair<std::string_view, double> kUnits[] = {
      {"second", 1}, {"minute", 60}, {"hour", 3600}, {"day", 86400}};
  Plan &plan = walk.plan;
  std::string unit = stmt.unit.text;
  if (unit.ends_with("s"))
    unit.pop_back();
  if (unit == "step") {
    const std::optional<std::int64_t> steps = evalCount(walk, *stmt.value, "a budget of steps");
    if (isFirst(walk, stmt, plan.budgetSteps.has_value(), "budget of steps") && steps)
      plan.budgetSteps = steps;
    return;
  }
  const auto *known =
      std::find_if(std::begin(kUnits), std::end(kUnits), [&](auto &each) { return each.first == unit; });
  if (known == std::end(kUnits)) {
    walk.fail(Code::BadSetting, stmt.unit.range, fmt::format("a budget has no unit `{}`", stmt.unit.text))
        .help("the units are `seconds`, `minutes`, `hours`, `days` and `steps`");
    return;
  }
  const Value value = eval(walk, *stmt.value);
  if (value.isPoison() || !isFirst(walk, stmt, plan.budgetSeconds.has_value(), "budget of time"))
    return;
  const double seconds = value.isNumber() ? value.number.asReal() * known->second : 0;
  if (seconds > 0 && std::isfinite(seconds))
    plan.budgetSeconds = seconds;
  else
    walk.fail(Code::BadSetting, stmt.value->range,
              fmt::format("a budget is a number above 0, and this is {}", walk.describe(value)));
}

static void planOnNan(Walk &walk, const Stmt &stmt, bool isThere) {
  isFirst(walk, stmt, isThere, "on nan");
  walk.plan.onNan = *onNanNamed(stmt.target.text);
  if (stmt.value)
    walk.plan.rollbacks = evalCount(walk, *stmt.value, "the number of rollbacks").value_or(walk.plan.rollbacks);
}

//===-- conditions -------------------------------------------------------------------------------------------------===//

namespace {
using Conditions = std::vector<std::vector<Comparison>>;

/// The condition of a `stop when`, brought into an or of ands.
class StopCondition {
public:
  explicit StopCondition(Walk &walk) : walk(walk), names(namesTold(*walk.names.train)) {
    for (const char *counted : {"loss", "step", "epoch"})
      names.push_back(counted);
  }

  /// `holds`: whether it is the condition or its opposite. Nothing: reported.
  std::optional<Conditions> of(const Expr &expr, bool holds = true);

private:
  static constexpr std::size_t kMost = 256;

  std::optional<Conditions> join(const Expr &expr, bool holds);
  std::optional<Conditions> compare(const Expr &expr, bool holds);
  bool isTold(const Expr &expr) const { return expr.kind == Expr::Ident && contains(names, expr.text); }
  std::nullopt_t fail(const Expr &expr, const std::string &what) {
    walk.fail(Code::BadSetting, expr.range, what).help("write it as in `stop when loss < 0.01 and accuracy > 0.9`");
    return std::nullopt;
  }

  Walk &walk;
  std::vector<std::string> names;
};
} // namespace

std::optional<Conditions> StopCondition::of(const Expr &expr, bool holds) {
  if (expr.kind == Expr::Unary && expr.unary == ast::UnaryOp::Not)
    return of(*expr.lhs, !holds);
  if (expr.kind == Expr::Binary && (expr.binary == BinaryOp::And || expr.binary == BinaryOp::Or))
    return join(expr, holds);
  return compare(expr, holds);
}

std::optional<Conditions> StopCondition::join(const Expr &expr, bool holds) {
  std::optional<Conditions> a = of(*expr.lhs, holds), b = of(*expr.rhs, holds);
  if (!a || !b)
    return std::nullopt;
  const bool isAnd = (expr.binary == BinaryOp::And) == holds;
  if ((isAnd ? a->size() * b->size() : a->size() + b->size()) > kMost)
    return fail(expr, fmt::format("a condition to stop has at most {} alternatives, and this has more", kMost));
  if (!isAnd) {
    a->insert(a->end(), b->begin(), b->end());
    return a;
  }
  Conditions both;
  for (const auto &left : *a)
    for (const auto &right : *b) {
      both.push_back(left);
      both.back().insert(both.back().end(), right.begin(), right.end());
    }
  return both;
}

static Predicate opposite(Predicate predicate) {
  switch (predicate) {
  case Predicate::Less: return Predicate::GreaterEqual;
  case Predicate::LessEqual: return Predicate::Greater;
  case Predicate::Greater: return Predicate::LessEqual;
  case Predicate::GreaterEqual: break;
  }
  return Predicate::Less;
}

/// With the sides exchanged.
static Predicate turned(Predicate predicate) {
  switch (predicate) {
  case Predicate::Less: return Predicate::Greater;
  case Predicate::LessEqual: return Predicate::GreaterEqual;
  case Predicate::Greater: return Predicate::Less;
  case Predicate::GreaterEqual: break;
  }
  return Predicate::LessEqual;
}

std::optional<Conditions> StopCondition::compare(const Expr &expr, bool holds) {
  static constexpr std::pair<BinaryOp, Predicate> kPredicates[] = {{BinaryOp::Lt, Predicate::Less},
                                                                   {BinaryOp::Le, Predicate::LessEqual},
                                                                   {BinaryOp::Gt, Predicate::Greater},
                                                                   {BinaryOp::Ge, Predicate::GreaterEqual}};
  const auto *written = std::find_if(std::begin(kPredicates), std::end(kPredicates), [&](const auto &each) {
    return expr.kind == Expr::Binary && each.first == expr.binary;
  });
  if (written == std::end(kPredicates))
    return fail(expr, "a condition to stop is made of comparisons by `<`, `<=`, `>` or `>=`");
  const bool isLeft = isTold(*expr.lhs);
  const Expr &told = isLeft ? *expr.lhs : *expr.rhs, &number = isLeft ? *expr.rhs : *expr.lhs;
  if (!isTold(told)) {
    for (const Expr *side : {expr.lhs.get(), expr.rhs.get()})
      if (side->kind == Expr::Ident && !walk.names.configs.count(side->text)) {
        failUnknown(walk, {side->text, side->range}, names);
        return std::nullopt;
      }
    return fail(expr, "a loss, a metric, `step` or `epoch` is compared, and neither side is one");
  }
  if (isTold(number))
    return fail(number, fmt::format("`{}` is compared with a number, and `{}` is told by validation, too", told.text,
                                    number.text));
  const Value value = eval(walk, number);
  if (value.isPoison())
    return std::nullopt;
  if (!(value.isNumber() || value.kind == Value::Hyper) || !std::isfinite(value.number.asReal()))
    return fail(number,
                fmt::format("`{}` is compared with a finite number, and this is {}", told.text, walk.describe(value)));
  const bool isCount = told.text == "step" || told.text == "epoch";
  const std::string name = told.text == "loss" ? firstLoss(*walk.names.train) : told.text;
  if (!isCount)
    walk.watched.push_back({name, told.range});
  const Predicate predicate = isLeft ? written->second : turned(written->second);
  return Conditions{{{name, holds ? predicate : opposite(predicate), value.number.asReal()}}};
}

static void planStop(Walk &walk, const Stmt &stmt) {
  if (std::optional<Conditions> found = StopCondition(walk).of(*stmt.value))
    walk.plan.stopWhen.insert(walk.plan.stopWhen.end(), found->begin(), found->end());
}

void frontend::planNotice(Walk &walk, const Stmt &stmt) {
  const auto isEarlierOnNan = [&](const auto &other) {
    return other->kind == Stmt::OnNan && other->range.begin < stmt.range.begin;
  };
  const auto &body = walk.names.train->body;
  switch (stmt.kind) {
  case Stmt::Keep: return planBest(walk, stmt);
  case Stmt::EarlyStop: return planEarlyStop(walk, stmt);
  case Stmt::StopWhen: return planStop(walk, stmt);
  case Stmt::Budget: return planBudget(walk, stmt);
  case Stmt::Save:
    for (const ast::Name &pattern : stmt.patterns)
      walk.plan.saved.push_back(pattern.text);
    return;
  case Stmt::OnNan: return planOnNan(walk, stmt, std::any_of(body.begin(), body.end(), isEarlierOnNan));
  default: return;
  }
}
