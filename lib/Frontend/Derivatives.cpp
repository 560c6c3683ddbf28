#include "Derivatives.h"

#include "Instances.h"
#include "Operators.h"
#include "Scopes.h"
#include "Statements.h"
#include "Tensors.h"
#include "Walk.h"

#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/DerivativePath.h"
#include "talweg/Dialect/Tw/Tw.h"
#include "talweg/Support/Pattern.h"

#include <fmt/format.h>

using namespace talweg;
using namespace talweg::frontend;

/// Is it a tensor that a step computes, and a number if it `isNumber`?
static bool checkTensor(TensorBuilder &tensors, const Given &y, bool isNumber) {
  const Value &value = y.value;
  const bool isFloat = value.isRankedTensor() && tw::isReal(value.tensor.element());
  const std::string what = isNumber ? "one number" : "a tensor";
  if (isFloat && !value.tensor.vars.empty())
    tensors
        .fail(Code::NoDerivative, y.range,
              fmt::format("`grad` differentiates {}, and `{}` is one for each index", what, tensors.text(y.range)))
        .help("define it with its indices first, and write `grad` without any");
  else if (isFloat && isNumber && !value.tensor.dims.empty())
    tensors
        .fail(Code::NoDerivative, y.range, "`grad` differentiates one number, and this is " + tensors.describe(value))
        .help(fmt::format("`sum({0})` makes one number of a tensor; `grad({0}, x, dy)` weighs its elements by dy",
                          tensors.text(y.range)));
  else if (!isFloat)
    tensors.fail(Code::NoDerivative, y.range,
                 fmt::format("`grad` differentiates {}, and this is {}", what, tensors.describe(value)));
  return isFloat && value.tensor.vars.empty() && (!isNumber || value.tensor.dims.empty());
}

/// The cotangent of y, of its type; null (reported): it has another shape.
static mlir::Value cotangentOf(TensorBuilder &tensors, const Given &y, const Given *dy, ast::Range range) {
  const mlir::Type element = y.value.tensor.element();
  Aligned shape;
  shape.dims = y.value.tensor.dims;
  const Value one = Value::integer(1);
  if (dy && (!dy->value.isNumeric() || dy->value.holdsConditions())) {
    tensors.fail(Code::NoDerivative, dy->range,
                 "what `grad` weighs elements by is a tensor of numbers, and this is " + tensors.describe(dy->value));
    return {};
  }
  if (dy) {
    const std::optional<Aligned> united = tensors.unite({{{&y.value, y.expr}, {&dy->value, dy->expr}}}, "grad", range);
    if (!united)
      return {};
    if (!sameSizes(united->dims, shape.dims) || !united->vars.empty()) {
      tensors.fail(Code::NoDerivative, dy->range,
                   fmt::format("what `grad` weighs the elements of {} by is {}, not one number for each",
                               tensors.describe(y.value), tensors.describe(dy->value)));
      return {};
    }
  }
  return tensors.materialise(dy ? dy->value : one, element, shape, range);
}

namespace {
/// What y is differentiated by: a value, or a parameter by all that has read it.
struct Base {
  Tensor tensor;
  llvm::SmallVector<mlir::Value> reads;
};
} // namespace

/// What x stands for; empty: reported.
static std::vector<Base> basesOf(TensorBuilder &tensors, const Instances &instances, const Given &y, const Given &x) {
  if (x.value.kind != Value::Text) {
    if (x.value.isRankedTensor() && tw::isReal(x.value.tensor.element()) && x.value.tensor.vars.empty())
      return {{x.value.tensor, {x.value.tensor.ssa}}};
    tensors.fail(Code::NoDerivative, x.range,
                 "`grad` differentiates by a tensor of floats or a pattern of parameters, and this is " +
                     tensors.describe(x.value));
    return {};
  }
  std::vector<Base> bases;
  mlir::Value computed = y.value.tensor.ssa;
  for (const DeclaredVariable &variable : instances.variables())
    if (variable.role == Role::Parameter && matchesPattern(x.value.text, variable.name)) {
      Base base;
      base.tensor.dims = variable.dims;
      for (auto get : computed.getParentBlock()->getOps<train::GetOp>())
        if (get.getVariable() == variable.name)
          base.reads.push_back(get);
      bases.push_back(std::move(base));
    }
  if (bases.empty())
    tensors.fail(Code::PatternMatchesNothing, x.range,
                 fmt::format("no parameter that has been used so far is called `{}`", x.value.text));
  return bases;
}

/// Puts a tw.watch in the place of the value, wherever it was used.
static mlir::Value watch(TensorBuilder &tensors, const Tensor &tensor, ast::Range range) {
  mlir::OpBuilder::InsertionGuard guard(tensors.builder);
  tensors.builder.setInsertionPointAfterValue(tensor.ssa);
  auto watched = tw::WatchOp::create(tensors.builder, tensors.location(range), tensor.ssa);
  mlir::Value value = tensor.ssa;
  value.replaceAllUsesExcept(watched.getY(), watched);
  return watched.getY();
}

static Value failToReach(TensorBuilder &tensors, const Given &y, const Given &x, mlir::Operation *cut) {
  const std::string_view of = tensors.text(y.range), by = tensors.text(x.range);
  if (!cut)
    return tensors.fail(Code::NoDerivative, x.range, fmt::format("`{}` does not depend on `{}`", of, by))
        .help("`grad` takes a value from which the number was computed");
  const llvm::StringRef op = cut->getName().stripDialect();
  return tensors.fail(
      Code::NoDerivative, x.range,
      fmt::format("`{}` depends on `{}` only through `{}`, which has no derivative", of, by, std::string_view(op)));
}

Value frontend::gradient(TensorBuilder &tensors, const Scopes &scopes, const Instances &instances, const Given &y,
                         const Given &x, const Given *dy, ast::Range range) {
  if (y.value.isPoison() || x.value.isPoison() || (dy && dy->value.isPoison()))
    return Value();
  if (!scopes.body() || !scopes.body()->isObjective())
    return tensors.fail(Code::NotKnownHere, range,
                        "`grad` differentiates what a step computes, which is not known here");
  if (!checkTensor(tensors, y, /*isNumber=*/!dy))
    return Value();
  const std::vector<Base> bases = basesOf(tensors, instances, y, x);
  if (bases.empty())
    return Value();
  mlir::Value of = y.value.tensor.ssa;
  llvm::SmallVector<mlir::Value> by;
  std::vector<std::size_t> counts; // of the reads that lead to y
  for (const Base &base : bases) {
    const std::size_t before = by.size();
    mlir::Operation *cut = nullptr;
    for (mlir::Value read : base.reads) {
      const tw::DerivativePath path = tw::derivativePath(read, of);
      cut = cut ? cut : path.cut;
      if (path.isThere)
        by.push_back(read);
    }
    if (by.size() == before)
      return failToReach(tensors, y, x, cut);
    counts.push_back(by.size() - before);
  }
  if (x.value.isTensor()) {
    const mlir::Value watched = watch(tensors, x.value.tensor, x.range);
    of = of == by[0] ? watched : of;
    by[0] = watched;
  }
  const mlir::Value cotangent = cotangentOf(tensors, y, dy, range);
  if (!cotangent)
    return Value();
  const mlir::Location loc = tensors.location(range);
  auto op = tw::GradientOp::create(tensors.builder, loc, of, cotangent, by);
  std::vector<Value> gradients;
  auto dx = op.getDx().begin();
  for (std::size_t i = 0; i < bases.size(); ++i) {
    Tensor gradient;
    gradient.dims = bases[i].tensor.dims;
    gradient.ssa = *dx++;
    for (std::size_t more = 1; more < counts[i]; ++more)
      gradient.ssa = tw::AddOp::create(tensors.builder, loc, gradient.ssa.getType(), gradient.ssa, *dx++);
    gradients.push_back(Value::of(std::move(gradient)));
  }
  return gradients.size() == 1 ? gradients[0] : Value::list(std::move(gradients));
}

//===-- derivatives of the program's own ---------------------------------------------------------------------------===//

/// A rule's result for x, as a tensor of x's type: summed over the indices that x does not have. Null: reported.
static mlir::Value cotangentFor(Walk &walk, const ast::Decl &rule, const ast::Formal &formal, const Value &x,
                                Value given) {
  TensorBuilder &tensors = walk.tensors;
  const ast::Range range = rule.body.empty() ? rule.range : rule.body.back()->range;
  given = tensors.asTensor(given, range);
  if (given.isPoison())
    return {};
  const bool isNumber = given.isRankedTensor() && !given.holdsConditions();
  if (isNumber && !given.tensor.weak) {
    std::vector<IndexVar *> more;
    for (IndexVar *var : given.tensor.vars)
      if (std::find(x.tensor.vars.begin(), x.tensor.vars.end(), var) == x.tensor.vars.end())
        more.push_back(var);
    if (!more.empty())
      given = reduce(tensors, "sum", given.tensor, more, false, range);
  }
  if (!isNumber || (!given.tensor.dims.empty() && !sameSizes(given.tensor.dims, x.tensor.dims))) {
    walk.fail(Code::ResultMismatch, range,
              fmt::format("the derivative of `{}` by `{}` has the shape of that, {}, and this is {}", rule.name.text,
                          formal.name.text, walk.describe(x), walk.describe(given)));
    return {};
  }
  Aligned shape;
  shape.vars = x.tensor.vars;
  shape.dims = x.tensor.dims;
  return tensors.materialise(given, x.tensor.element(), shape, range);
}

/// The body of the op. False: reported.
static bool runRule(Walk &walk, const ast::Decl &rule, tw::WithDerivativeOp op, const Value &value,
                    const std::vector<const Value *> &by, const std::map<std::string, Value> &taken) {
  mlir::OpBuilder::InsertionGuard guard(walk.builder);
  mlir::Block &block = op.getBody().emplaceBlock();
  Tensor dy = value.tensor;
  dy.ssa = block.addArgument(value.tensor.ssa.getType(), walk.location(rule.given.range));
  walk.builder.setInsertionPointToStart(&block);
  Frame frame;
  frame.decl = &rule;
  frame.ambient = walk.frame().ambient;
  FrameScope scope(walk.scopes, frame);
  frame.locals = taken;
  frame.locals[rule.given.text] = Value::of(dy);
  const Value result = runBody(walk, rule.body, nullptr);
  if (result.isPoison())
    return false;
  const std::vector<Value> results = result.kind == Value::List ? result.items : std::vector<Value>{result};
  if (results.size() != rule.formals.size()) {
    walk.fail(Code::ResultMismatch, rule.name.range,
              fmt::format("the derivative of `{}` by {} parameter{}, and this gives {}", rule.name.text,
                          rule.formals.size(), rule.formals.size() == 1 ? " is one value" : "s is a list of as many",
                          results.size()));
    return false;
  }
  llvm::SmallVector<mlir::Value> cotangents;
  for (std::size_t i = 0; i < results.size(); ++i)
    if (by[i]) {
      cotangents.push_back(cotangentFor(walk, rule, rule.formals[i], *by[i], results[i]));
      if (!cotangents.back())
        return false;
    }
  tw::YieldOp::create(walk.builder, op.getLoc(), cotangents);
  return true;
}

Value frontend::withDerivative(Walk &walk, const ast::Decl &rule, const Value &value,
                               const std::map<std::string, Value> &taken) {
  const auto isFloat = [](const Value &v) {
    return v.isRankedTensor() && tw::isReal(v.tensor.element()) && !v.tensor.weak;
  };
  std::vector<const Value *> by; // null: known when the program is compiled, or no float
  llvm::SmallVector<mlir::Value> operands;
  for (const ast::Formal &formal : rule.formals) {
    const Value &x = taken.at(formal.name.text);
    by.push_back(isFloat(x) ? &x : nullptr);
    if (by.back())
      operands.push_back(x.tensor.ssa);
  }
  const bool isComputed = value.isTensor() || value.kind == Value::List;
  if (!isFloat(value) && isComputed && !operands.empty())
    return walk.fail(Code::ResultMismatch, rule.name.range,
                     fmt::format("a function with a derivative gives a tensor of floats, and `{}` gives {}",
                                 rule.name.text, walk.describe(value)));
  if (!isFloat(value))
    return value;
  auto op =
      tw::WithDerivativeOp::create(walk.builder, walk.location(walk.frame().callSite), value.tensor.ssa, operands);
  if (!runRule(walk, rule, op, value, by, taken))
    return Value();
  Value result = value;
  result.tensor.ssa = op.getY();
  return result;
}
