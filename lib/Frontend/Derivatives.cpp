#include "Derivatives.h"

#include "Instances.h"
#include "Scopes.h"
#include "Tensors.h"

#include "talweg/Dialect/Tw/DerivativePath.h"
#include "talweg/Dialect/Tw/Tw.h"

#include <fmt/format.h>

using namespace talweg;
using namespace talweg::frontend;

/// Is it a number that a step computes?
static bool checkNumber(TensorBuilder &tensors, const Given &y) {
  const Value &value = y.value;
  const bool isFloat = value.isRankedTensor() && tw::isReal(value.tensor.element()) && value.tensor.vars.empty();
  if (isFloat && value.tensor.dims.empty())
    return true;
  Failure failure = tensors.fail(Code::NoDerivative, y.range,
                                 "`grad` differentiates one number, and this is " + tensors.describe(value));
  if (isFloat)
    failure.help(fmt::format("`sum({})` makes one number of a tensor; where each row has its own x, its derivatives are "
                             "those of the rows",
                             tensors.text(y.range)));
  return false;
}

/// The values that x stands for: what reads each of the parameters that the pattern matches, or a tensor.
static std::vector<Tensor> valuesOf(TensorBuilder &tensors, const Instances &instances, const Given &x) {
  if (x.value.kind != Value::Text) {
    if (x.value.isRankedTensor() && tw::isReal(x.value.tensor.element()) && x.value.tensor.vars.empty())
      return {x.value.tensor};
    tensors.fail(Code::NoDerivative, x.range,
                 "`grad` differentiates by a tensor of floats or a pattern of parameters, and this is " +
                     tensors.describe(x.value));
    return {};
  }
  std::vector<Tensor> values;
  for (const DeclaredVariable &variable : instances.variables())
    if (variable.role == Role::Parameter && matchesPattern(x.value.text, variable.name)) {
      Tensor tensor;
      tensor.ssa = variable.current;
      tensor.dims = variable.dims;
      values.push_back(std::move(tensor));
    }
  if (values.empty())
    tensors.fail(Code::PatternMatchesNothing, x.range,
                 fmt::format("no parameter that has been used so far is called `{}`", x.value.text));
  return values;
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
  return tensors.fail(Code::NoDerivative, x.range,
                      fmt::format("`{}` depends on `{}` only through `{}`, which has no derivative", of, by,
                                  std::string_view(op)));
}

Value frontend::gradient(TensorBuilder &tensors, const Scopes &scopes, const Instances &instances, const Given &y,
                         const Given &x, ast::Range range) {
  if (y.value.isPoison() || x.value.isPoison())
    return Value();
  if (!scopes.body() || !scopes.body()->isObjective())
    return tensors.fail(Code::NotKnownHere, range, "`grad` differentiates what a step computes, which is not known here");
  if (!checkNumber(tensors, y))
    return Value();
  const std::vector<Tensor> values = valuesOf(tensors, instances, x);
  if (values.empty())
    return Value();
  llvm::SmallVector<mlir::Value> by;
  for (const Tensor &tensor : values) {
    const tw::DerivativePath path = tw::derivativePath(tensor.ssa, y.value.tensor.ssa);
    if (!path.isThere)
      return failToReach(tensors, y, x, path.cut);
    by.push_back(x.value.isTensor() ? watch(tensors, tensor, x.range) : tensor.ssa);
  }
  auto op = tw::GradientOp::create(tensors.builder, tensors.location(range), y.value.tensor.ssa, by);
  std::vector<Value> gradients;
  for (std::size_t i = 0; i < values.size(); ++i) {
    Tensor gradient;
    gradient.ssa = op.getDx()[i];
    gradient.dims = values[i].dims;
    gradients.push_back(Value::of(std::move(gradient)));
  }
  return gradients.size() == 1 ? gradients[0] : Value::list(std::move(gradients));
}
