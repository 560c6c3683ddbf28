// Norms of gradients, parameters and updates. Each is a train.norm where it is called; when the objective is complete, it and what is computed
// from it go to the end, where a step's losses have done their work.
#include "Norms.h"

#include "Operators.h"
#include "Training.h"
#include "Walk.h"

#include "talweg/Dialect/Tw/Tw.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/DenseMap.h"

#include <algorithm>
#include <fmt/format.h>

using namespace talweg;
using namespace talweg::frontend;

static Value createNorm(TensorBuilder &tensors, ProgramBody &body, Measured measured, const Given &pattern,
                        ast::Range range) {
  mlir::OpBuilder &builder = tensors.builder;
  auto op =
      train::NormOp::create(builder, tensors.location(range), mlir::RankedTensorType::get({}, builder.getF64Type()),
                            measured, builder.getArrayAttr({}));
  body.norms.push_back({op, {pattern.value.text, pattern.range}, range});
  Tensor tensor;
  tensor.ssa = op.getValue();
  tensor.weak = true;
  return Value::of(tensor);
}

Value frontend::norm(TensorBuilder &tensors, const Scopes &scopes, const std::string &name, const Given &pattern,
                     ast::Range range) {
  ProgramBody *body = scopes.body();
  if (!body || !body->isMetric || mlir::isa<tw::WithDerivativeOp>(tensors.builder.getInsertionBlock()->getParentOp()))
    return tensors
        .fail(Code::NotKnownHere, range, fmt::format("`{}` is known at the end of a step, where metrics tell it", name))
        .help(fmt::format("write `metric name = {}` in the train block", tensors.text(range)));
  if (pattern.value.kind != Value::Text)
    return tensors.fail(Code::WrongKind, pattern.range,
                        fmt::format("`{}` takes a pattern of parameters, such as \"*.weight\", and this is {}", name,
                                    tensors.describe(pattern.value)));
  const auto create = [&](Measured measured) { return createNorm(tensors, *body, measured, pattern, range); };
  if (name == "update_ratio")
    return binary(tensors, ast::BinaryOp::Div, create(Measured::Update), create(Measured::Parameter), range);
  return create(name == "gradient_norm" ? Measured::Gradient : Measured::Parameter);
}

/// Sets what the norm is of. Frozen parameters do not count.
static void findParameters(Walk &walk, const AskedNorm &asked) {
  const std::vector<DeclaredVariable *> found = parametersCalled(walk, asked.pattern);
  llvm::SmallVector<mlir::Attribute> names;
  for (const DeclaredVariable *parameter : found)
    if (!mlir::cast<train::VariableOp>(parameter->op).getFrozen())
      names.push_back(mlir::FlatSymbolRefAttr::get(walk.builder.getContext(), parameter->name));
  if (names.empty() && !found.empty())
    walk.fail(Code::PatternMatchesNothing, asked.pattern.range,
              fmt::format("every parameter called `{}` is frozen", asked.pattern.text));
  mlir::cast<train::NormOp>(asked.op).setOfAttr(walk.builder.getArrayAttr(names));
}

/// The norm that an op is computed from; null: none.
static const AskedNorm *normBehind(mlir::Operation *op,
                                   const llvm::DenseMap<mlir::Operation *, const AskedNorm *> &known) {
  const AskedNorm *found = known.lookup(op);
  op->walk([&](mlir::Operation *inside) { // the op, and what is in its regions
    for (mlir::Value operand : inside->getOperands())
      if (mlir::Operation *from = operand.getDefiningOp(); from && !found)
        found = known.lookup(from);
  });
  return found;
}

static void moveToEnd(Walk &walk, mlir::Block &block, const std::vector<AskedNorm> &norms) {
  llvm::DenseMap<mlir::Operation *, const AskedNorm *> behind;
  for (const AskedNorm &asked : norms)
    behind[asked.op] = &asked;
  llvm::SmallVector<mlir::Operation *> ops;
  for (mlir::Operation &op : block.without_terminator())
    ops.push_back(&op);
  for (mlir::Operation *op : ops) {
    const AskedNorm *asked = normBehind(op, behind);
    if (!asked)
      continue;
    auto report = mlir::dyn_cast<train::ReportOp>(op);
    if (report && report.getTold() == Told::Metric)
      report.setTold(Told::Report);
    else if (op != asked->op && !mlir::isMemoryEffectFree(op)) {
      walk.fail(Code::NotKnownHere, asked->range,
                fmt::format("`{}` is known at the end of a step: metrics tell it, and nothing else is computed from it",
                            walk.messages.text(asked->range)));
      return;
    }
    op->moveBefore(block.getTerminator());
    behind[op] = asked;
  }
}

void frontend::finishNorms(Walk &walk, mlir::Block &block, const std::vector<AskedNorm> &norms) {
  for (const AskedNorm &asked : norms)
    findParameters(walk, asked);
  moveToEnd(walk, block, norms);
}
