// The train block: from the plan and the block's statements to a train.program.
#include "Elaborator.h"

#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Elements.h"
#include "talweg/Dialect/Tw/Tw.h"
#include "talweg/Frontend/PlanOps.h"

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include <algorithm>
#include <fmt/format.h>

using namespace talweg;
using namespace talweg::frontend;
using ast::Stmt;
using mlir::RankedTensorType;

mlir::OwningOpRef<mlir::ModuleOp> Elaborator::build() {
  plan();
  if (!canElaborate)
    return nullptr;
  const mlir::Location loc = location(trainDecl->range);
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::ModuleOp::create(loc);
  builder.setInsertionPointToStart(module->getBody());
  auto program = train::ProgramOp::create(builder, loc, builder.getStringAttr(thePlan.model), train::ModeAttr(),
                                          builder.getI64IntegerAttr(thePlan.batch));
  mlir::Block *body = &program.getBody().emplaceBlock();
  builder.setInsertionPointToStart(body);
  createPlan(builder, loc, thePlan);
  for (std::size_t i = 0; i < thePlan.splits.size(); ++i)
    createSplit(builder, location(dataDecl->splits[i].name.range), thePlan.splits[i]);
  for (std::size_t i = 0; i < thePlan.fields.size(); ++i)
    createField(builder, location(dataDecl->fields[i].name.range), thePlan.fields[i]);
  for (std::size_t i = 0; i < thePlan.hypers.size(); ++i)
    train::HyperOp::create(builder, loc, builder.getStringAttr(thePlan.hypers[i].name),
                           builder.getF64FloatAttr(thePlan.hypers[i].value), builder.getI64IntegerAttr(i));
  runTrain();
  if (diagnostics.hasErrors())
    return nullptr;
  return module;
}

/// True if the value is a single number, as an objective and a metric are.
static bool isScalar(const Value &value) {
  if (value.isNumber() || value.kind == Value::Hyper)
    return true;
  if (!value.isTensor())
    return false;
  const auto type = mlir::dyn_cast<RankedTensorType>(value.tensor.ssa.getType());
  return type && type.getRank() == 0 && !type.getElementType().isInteger(1);
}

void Elaborator::runTrain() {
  const int before = diagnostics.count();
  const mlir::Location loc = location(trainDecl->range);
  const std::vector<llvm::StringRef> metricNames(thePlan.metrics.begin(), thePlan.metrics.end());
  auto op = train::ObjectiveOp::create(builder, loc, builder.getStrArrayAttr(metricNames));
  objective = op;
  mlir::Block *block = &op.getBody().emplaceBlock();

  Frame top;
  FrameScope scope(*this, top);
  top.decl = trainDecl;
  top.instance = &root;
  RandomSource source;
  randomSource = &source;
  builder.setInsertionPointToStart(block);
  for (std::size_t i = 0; i < thePlan.fields.size(); ++i) {
    const Field &field = thePlan.fields[i];
    Tensor tensor;
    tensor.dims.push_back({thePlan.batch, "batch", false});
    for (std::int64_t size : field.shape)
      tensor.dims.push_back({size, "", false});
    const mlir::Type element = tw::irType(field.element, &context);
    tensor.ssa = block->addArgument(tensorType({}, tensor.dims, element), location(dataDecl->fields[i].name.range));
    if (!checkSize({}, tensor.dims, dataDecl->fields[i].type.range))
      continue;
    if (field.classes) {
      tensor.classes = field.classes;
      tensor.label = true;
    }
    if (field.element == ElementType::F32)
      tensor.ssa = convert(tensor.ssa, floatType(), dataDecl->fields[i].name.range);
    top.locals[field.name] = Value::of(tensor);
  }

  Value loss;
  const Stmt *minimized = nullptr;
  std::vector<Value> metrics;
  const auto asScalar = [&](const Value &value, const ast::Range range, const char *what) -> Value {
    if (value.isPoison())
      return value;
    if (!isScalar(value)) {
      Failure failure =
          fail(Code::NotAScalar, range, fmt::format("{} is one number, and this is {}", what, describe(value)));
      if (value.isTensor())
        failure.help("`mean(…)` or `sum(…)` makes one number of a tensor");
      return failure;
    }
    Aligned scalar;
    Tensor tensor;
    tensor.ssa = materialise(value, floatType(), scalar, range);
    return Value::of(tensor);
  };
  for (const auto &stmt : trainDecl->body) {
    switch (stmt->kind) {
    case Stmt::Setting:
    case Stmt::Optimizer:
    case Stmt::Freeze: break;
    case Stmt::Minimize:
      if (minimized) {
        fail(Code::SeveralObjectives, stmt->range, "several objectives are not supported yet")
            .note(minimized->range, "the first is here");
        break;
      }
      minimized = stmt.get();
      loss = asScalar(eval(*stmt->value), stmt->value->range, "what is minimized");
      break;
    case Stmt::Metric: {
      const Value value = eval(*stmt->value);
      metrics.push_back(asScalar(value, stmt->value->range, "a metric"));
      top.locals[stmt->target.text] = value;
      break;
    }
    default: runStatement(*stmt, nullptr);
    }
  }
  if (!minimized)
    fail(Code::MissingObjective, trainDecl->name.range, "the train block minimizes nothing")
        .help("write `minimize` and a loss");
  if (!modelCalled && diagnostics.count() == before)
    fail(Code::ModelNotCalled, trainDecl->name.range,
         fmt::format("the train block never calls the model `{}`", thePlan.model));
  if (diagnostics.hasErrors())
    return;

  const mlir::Location end = location(minimized->range);
  llvm::SmallVector<mlir::Value> results{loss.tensor.ssa};
  for (const Value &metric : metrics)
    results.push_back(metric.tensor.ssa);
  for (Variable &variable : variables)
    if (variable.assigned)
      train::SetOp::create(builder, end, variable.name, variable.current);
  train::YieldOp::create(builder, end, results);
  randomSource = nullptr;
  runOptimizers();

  // What nothing depends on is not part of the program.
  for (mlir::Operation &dead : llvm::make_early_inc_range(llvm::reverse(*block)))
    if (mlir::isOpTriviallyDead(&dead))
      dead.erase();
}

/// The output of the train block's model, of its first call.
void Elaborator::markOutput(const Value &output) {
  const bool isBatch = output.isTensor() && mlir::isa<mlir::FloatType>(elementOf(output)) &&
                       !output.tensor.dims.empty() && output.tensor.dims[0].size == thePlan.batch &&
                       output.tensor.vars.empty();
  if (isBatch)
    train::OutputOp::create(builder, location(modelDecl->name.range), output.tensor.ssa);
  else
    ofPrediction.error(
        Code::NoPrediction, modelDecl->name.range,
        fmt::format("prediction needs a model with an output for each row of the batch, and this gives {}",
                    describe(output)));
}
