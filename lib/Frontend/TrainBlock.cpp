// The train block: the objective with its metrics, and around it the plan, the variables and the optimizers.
#include "Training.h"

#include "Averages.h"
#include "Expressions.h"
#include "Indexing.h"
#include "Norms.h"
#include "Numbers.h"
#include "Planning.h"
#include "Statements.h"
#include "StepNumbers.h"
#include "Walk.h"

#include "talweg/Dialect/Train/SpareReadings.h"
#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Elements.h"
#include "talweg/Dialect/Tw/Rows.h"
#include "talweg/Dialect/Tw/Tw.h"
#include "talweg/Frontend/PlanOps.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>

using namespace talweg;
using namespace talweg::frontend;
using ast::Stmt;

namespace {
/// The body of the train block.
class Objective {
public:
  /// Creates the train.objective at the builder's place.
  explicit Objective(Walk &walk);
  /// False: something is wrong (reported), and what was made is of no use.
  bool run();

private:
  void bindField(const Field &field, const ast::DataField &declared);
  void runStatement(const Stmt &stmt);
  Value asScalar(const Value &value, ast::Range range, const char *what);
  llvm::SmallVector<mlir::Value> evalLimits();
  std::int64_t evalEvery(const Stmt &stmt);
  void checkSkips(const Stmt &stmt);
  void minimize(const Stmt &stmt);
  void metric(const Stmt &stmt);
  void finish();

  Walk &walk;
  const ast::Decl &train;
  train::ObjectiveOp op;
  mlir::Block *block;
  ProgramBody body;
  void report(Told told, const std::string &name, const Value &value, ast::Range range, mlir::IntegerAttr every = {});
  void checkReports();
  std::vector<Reported> reports;
};
} // namespace

Objective::Objective(Walk &walk) : walk(walk), train(*walk.names.train) {
  op = train::ObjectiveOp::create(walk.builder, walk.location(train.range), mlir::IntegerAttr(), false);
  block = &op.getBody().emplaceBlock();
  walk.objective = op;
  walk.builder.setInsertionPointToStart(block);
}

void Objective::bindField(const Field &field, const ast::DataField &declared) {
  Tensor tensor;
  tensor.dims.push_back({walk.batchRows(), "batch", false});
  for (std::int64_t size : field.shape)
    tensor.dims.push_back({size, "", false});
  const mlir::Type element = tw::irType(field.element, walk.builder.getContext());
  tensor.ssa = block->addArgument(tensorType({}, tensor.dims, element), walk.location(declared.name.range));
  if (!walk.tensors.checkSize({}, tensor.dims, declared.type.range))
    return;
  tensor.classes = field.classes;
  tensor.label = field.classes.has_value();
  if (const ElementInfo &info = infoOf(field.element); info.isFloat() && info.computes == ElementType::F32)
    tensor.ssa = walk.tensors.convert(tensor.ssa, walk.tensors.floatType(), declared.name.range);
  walk.frame().locals[field.name] = Value::of(tensor);
}

/// A single number, as an objective and a metric are.
static bool isScalar(const Value &value) {
  return value.isNumber() || value.kind == Value::Hyper ||
         (value.isRankedTensor() && mlir::cast<mlir::RankedTensorType>(value.tensor.ssa.getType()).getRank() == 0 &&
          !value.holdsConditions());
}

Value Objective::asScalar(const Value &value, ast::Range range, const char *what) {
  if (value.isPoison())
    return value;
  if (!isScalar(value)) {
    Failure failure =
        walk.fail(Code::NotAScalar, range, fmt::format("{} is one number, and this is {}", what, walk.describe(value)));
    if (value.isTensor())
      failure.help("`mean(…)` or `sum(…)` makes one number of a tensor");
    return failure;
  }
  const bool isReal = value.isTensor() && !value.tensor.weak && tw::isReal(value.tensor.element());
  Tensor tensor;
  tensor.ssa =
      walk.tensors.materialise(value, isReal ? value.tensor.element() : walk.tensors.floatType(), Aligned(), range);
  return Value::of(tensor);
}

void Objective::report(Told told, const std::string &name, const Value &value, ast::Range range,
                       mlir::IntegerAttr every) {
  if (!value.isTensor())
    return;
  auto op = train::ReportOp::create(walk.builder, walk.location(range), told, name, value.tensor.ssa, every);
  op.setWhole(true);
  reports.emplace_back(op, range);
}

/// In evaluation nothing is trained.
static std::optional<bool> inEvaluation(mlir::Value condition) {
  mlir::Operation *op = condition.getDefiningOp();
  if (auto window = llvm::dyn_cast_or_null<tw::WindowOp>(op))
    return inEvaluation(window.getX());
  if (auto inverse = llvm::dyn_cast_or_null<tw::NotOp>(op)) {
    const std::optional<bool> inner = inEvaluation(inverse.getA());
    return inner ? std::optional(!*inner) : inner;
  }
  return llvm::isa_and_nonnull<train::TrainingOp>(op) ? std::optional(false) : std::nullopt;
}

/// What speaks of all rows reads them a few times at most, also where evaluation spares readings.
void Objective::checkReports() {
  const tw::Rows written(*block, walk.plan.batch, {}, inEvaluation);
  if (llvm::all_of(reports, [&](Reported report) {
        return written.of(report.first.getValue()).passes <= tw::Rows::kMostPasses;
      }))
    return;
  mlir::IRMapping copies;
  mlir::OwningOpRef<mlir::Operation *> copy = op->clone(copies);
  auto evaluated = mlir::cast<train::ObjectiveOp>(*copy);
  train::spareReadings(evaluated, walk.plan.batch, inEvaluation);
  const tw::Rows rows(evaluated.getBody().front(), walk.plan.batch, {}, inEvaluation);
  for (auto [op, range] : reports) {
    auto report = mlir::cast<train::ReportOp>(copies.lookup(op.getOperation()));
    const tw::RowUse use = rows.of(report.getValue());
    if (use.passes > tw::Rows::kMostPasses)
      walk.fail(Code::TooManyPasses, range,
                fmt::format("`{}` would read all rows {} times, one after the other", op.getName().str(), use.passes))
          .line("each reduction over rows that is used for every row again needs another reading")
          .help(fmt::format("{} times are possible: take the innermost reductions over fewer values",
                            tw::Rows::kMostPasses));
  }
}

/// What gradients are limited to, by the block's `clip` statements.
llvm::SmallVector<mlir::Value> Objective::evalLimits() {
  llvm::SmallVector<mlir::Value> limits;
  for (const auto &stmt : train.body) {
    if (stmt->kind != Stmt::Clip)
      continue;
    const Value value = eval(walk, *stmt->value);
    const auto failIf = [&](bool isWrong, const std::string &what) {
      if (isWrong && walk.minimized.empty())
        walk.fail(Code::BadSetting, stmt->value->range,
                  fmt::format("a gradient is clipped to a number above 0, and this is {}", what));
    };
    failIf(!value.isPoison() && !isScalar(value), walk.describe(value));
    if (!isScalar(value))
      continue;
    limits.push_back(walk.tensors.materialise(value, walk.builder.getF64Type(), Aligned(), stmt->value->range));
    const std::optional<double> known = presentValue(walk, limits.back());
    failIf(known && !(*known > 0), value.isTensor() ? toText(Number::of(*known)) : walk.describe(value));
  }
  return limits;
}

/// In the last of how many steps the loss is updated.
std::int64_t Objective::evalEvery(const Stmt &stmt) {
  if (!stmt.every)
    return 1;
  const Value value = eval(walk, *stmt.every);
  if (value.isInteger() && value.number.integer >= 1)
    return value.number.integer;
  if (!value.isPoison())
    walk.fail(Code::BadSetting, stmt.every->range,
              fmt::format("`every` is a positive integer, and this is {}", walk.describe(value)));
  return 1;
}

/// Each different `every` makes more kinds of steps.
void Objective::checkSkips(const Stmt &stmt) {
  std::set<std::int64_t> skips;
  for (const Minimized &minimized : walk.minimized)
    if (minimized.every > 1)
      skips.insert(minimized.every);
  if (stmt.every && skips.size() > train::kMostSkips)
    walk.fail(
        Code::NotSupportedYet, stmt.every->range,
        fmt::format("losses that are skipped in more than {} different ways are not supported yet", train::kMostSkips));
}

/// Its parameters and their optimizers are known when the whole block is (runOptimizers).
void Objective::minimize(const Stmt &stmt) {
  const Value value = eval(walk, *stmt.value), loss = asScalar(value, stmt.value->range, "what is minimized");
  Minimized minimized{&stmt, lossName(train, stmt), {}, evalEvery(stmt)};
  const mlir::IntegerAttr every =
      minimized.every > 1 ? walk.builder.getI64IntegerAttr(minimized.every) : mlir::IntegerAttr();
  if (!stmt.target.text.empty())
    walk.frame().locals[minimized.name] = value;
  report(Told::Loss, minimized.name, loss, stmt.range, every);
  const UpdateScope counting(walk.scopes, minimized.every);
  const llvm::SmallVector<mlir::Value> limits = evalLimits();
  if (loss.isTensor())
    minimized.op =
        train::MinimizeOp::create(walk.builder, walk.location(stmt.range), minimized.name, loss.tensor.ssa, limits,
                                  mlir::ValueRange(), walk.builder.getArrayAttr({}), walk.builder.getArrayAttr({}),
                                  mlir::ArrayAttr(), every, walk.plan.onNan != OnNan::Ignore);
  walk.minimized.push_back(std::move(minimized));
  checkSkips(stmt);
  const auto last = std::find_if(train.body.rbegin(), train.body.rend(),
                                 [](const auto &other) { return other->kind == Stmt::Minimize; });
  if (last->get() == &stmt) // metrics may follow, which speak of what this loss was computed from
    walk.lastLoss = walk.minimized.back().op;
  for (DeclaredVariable &variable : walk.instances.variables())
    if (variable.role == Role::Parameter)
      variable.current = {}; // it may have another value from here on
}

/// Several numbers that are not one for each row.
static bool isTable(const Value &value) {
  return value.isRankedTensor() && value.tensor.vars.empty() && !value.tensor.dims.empty() &&
         !value.holdsConditions() &&
         std::none_of(value.tensor.dims.begin(), value.tensor.dims.end(),
                      [](const Dim &dim) { return dim.size.dependsOnBatch(); });
}

void Objective::metric(const Stmt &stmt) {
  const llvm::SaveAndRestore metric(body.isMetric, true);
  const Value value = stmt.indexed ? evalIndexed(walk, stmt, nullptr) : eval(walk, *stmt.value);
  if (isTable(value))
    report(Told::Table, stmt.target.text, value, stmt.range);
  else
    report(Told::Metric, stmt.target.text, asScalar(value, stmt.value->range, "a metric"), stmt.range);
  walk.frame().locals[stmt.target.text] = value;
}

void Objective::runStatement(const Stmt &stmt) {
  switch (stmt.kind) {
  case Stmt::Setting:
  case Stmt::Optimizer:
  case Stmt::Clip:    // of each loss, in front of its updates
  case Stmt::Average: // at the end of the step
  case Stmt::Keep:
  case Stmt::EarlyStop:
  case Stmt::StopWhen:
  case Stmt::Budget:
  case Stmt::OnNan:
  case Stmt::Save:
  case Stmt::Freeze: break;
  case Stmt::Minimize: minimize(stmt); break;
  case Stmt::Metric: metric(stmt); break;
  default: frontend::runStatement(walk, stmt, nullptr);
  }
}

/// What the states are given.
void Objective::finish() {
  const mlir::Location end = walk.location(train.range);
  for (const DeclaredVariable &variable : walk.instances.variables())
    if (variable.assigned && variable.role == Role::Carried)
      train::CarryOp::create(walk.builder, end, variable.name, variable.current);
    else if (variable.assigned)
      train::SetOp::create(walk.builder, end, variable.name, variable.current);
  train::YieldOp::create(walk.builder, end, mlir::ValueRange());
}

bool Objective::run() {
  const int before = walk.messages.count();
  Frame top;
  FrameScope scope(walk.scopes, top);
  top.decl = &train;
  top.instance = &walk.instances.root();
  {
    body.batch = walk.plan.batch;
    ProgramBodyScope writing(walk.scopes, body);
    for (std::size_t i = 0; i < walk.fields.size(); ++i)
      bindField(walk.fields[i], walk.names.data->fields[i]);
    for (const auto &stmt : train.body)
      runStatement(*stmt);
  }
  if (walk.minimized.empty())
    walk.fail(Code::MissingObjective, train.name.range, "the train block minimizes nothing")
        .help("write `minimize` and a loss");
  if (!walk.isModelCalled && walk.messages.count() == before)
    walk.fail(Code::ModelNotCalled, train.name.range,
              fmt::format("the train block never calls the model `{}`", walk.plan.model));
  if (walk.diagnostics.hasErrors())
    return false;
  finish();
  checkReports();
  runOptimizers(walk);
  runAverages(walk);
  if (walk.diagnostics.hasErrors())
    return false;
  finishNorms(walk, *block, body.norms);
  checkNotices(walk, reports);
  // What nothing depends on is not part of the program.
  for (mlir::Operation &dead : llvm::make_early_inc_range(llvm::reverse(*block)))
    if (mlir::isOpTriviallyDead(&dead))
      dead.erase();
  return !walk.diagnostics.hasErrors();
}

/// Whether evaluation computes the value from the number of rows.
static bool countsRows(mlir::Value value) {
  llvm::DenseSet<mlir::Operation *> seen;
  llvm::SmallVector<mlir::Value> left{value};
  while (!left.empty()) {
    mlir::Operation *op = left.pop_back_val().getDefiningOp();
    if (!op || !seen.insert(op).second)
      continue;
    if (llvm::isa<train::RowsOp>(op))
      return true;
    auto select = llvm::dyn_cast<tw::SelectOp>(op);
    if (const std::optional<bool> taken = select ? inEvaluation(select.getCondition()) : std::nullopt)
      left.push_back(*taken ? select.getA() : select.getB());
    else
      left.append(op->operand_begin(), op->operand_end());
  }
  return false;
}

/// Whether it is floats for each row of the batch.
static bool isOutput(const Walk &walk, const Value &value) {
  return value.isTensor() && mlir::isa<mlir::FloatType>(value.tensor.element()) && !value.tensor.dims.empty() &&
         value.tensor.dims[0].size == walk.plan.batch && value.tensor.vars.empty();
}

/// The numbers of each row of several outputs beside each other; `parts` gets their shapes.
static mlir::Value sideBySide(Walk &walk, const std::vector<Value> &outputs, ast::Range range,
                              llvm::SmallVector<mlir::Attribute> &parts) {
  const mlir::Type element = walk.tensors.floatType();
  const mlir::Location loc = walk.location(range);
  llvm::SmallVector<mlir::Value> flat;
  std::int64_t width = 0;
  for (const Value &value : outputs) {
    const mlir::Value output = walk.tensors.convert(value.tensor.ssa, element, range);
    const auto type = mlir::cast<mlir::RankedTensorType>(output.getType());
    const std::int64_t count = mlir::ShapedType::getNumElements(type.getShape().drop_front());
    const auto row = mlir::RankedTensorType::get({walk.plan.batch, count}, element);
    flat.push_back(type == row ? output : tw::ReshapeOp::create(walk.builder, loc, row, output).getResult());
    parts.push_back(walk.builder.getDenseI64ArrayAttr(type.getShape().drop_front()));
    width += count;
  }
  const auto all = mlir::RankedTensorType::get({walk.plan.batch, width}, element);
  return tw::ConcatOp::create(walk.builder, loc, all, flat, 1);
}

void frontend::markOutput(Walk &walk, const Value &output) {
  const ast::Range name = walk.names.model->name.range;
  const bool isList = output.kind == Value::List;
  const std::vector<Value> outputs = isList ? output.items : std::vector<Value>{output};
  if (outputs.empty() ||
      !std::all_of(outputs.begin(), outputs.end(), [&](const Value &value) { return isOutput(walk, value); })) {
    walk.ofPrediction.error(
        Code::NoPrediction, name,
        fmt::format("prediction needs a model with an output for each row of the batch, and this gives {}",
                    walk.describe(output)));
    return;
  }
  llvm::SmallVector<mlir::Attribute> parts;
  const mlir::Value marked = isList ? sideBySide(walk, outputs, name, parts) : output.tensor.ssa;
  train::OutputOp::create(walk.builder, walk.location(name), marked,
                          isList ? walk.builder.getArrayAttr(parts) : mlir::ArrayAttr());
  const tw::Rows rows(*walk.builder.getBlock(), walk.plan.batch, {}, inEvaluation);
  if (rows.of(marked).passes > 0 || countsRows(marked))
    walk.ofPrediction
        .error(Code::NoPrediction, name,
               "prediction is of each row by itself, and here an output depends on other rows of the batch")
        .help("what reduces over rows belongs into the loss or a metric; a `state` can keep a mean of them");
}

/// The plan's ops, at the builder's place.
static void createPlanOps(Walk &walk) {
  const Plan &plan = walk.plan;
  const ast::Decl &data = *walk.names.data;
  mlir::OpBuilder &builder = walk.builder;
  const mlir::Location loc = walk.location(walk.names.train->range);
  createPlan(builder, loc, plan);
  for (std::size_t i = 0; i < plan.splits.size(); ++i)
    createSplit(builder, walk.location(data.splits[i].name.range), plan.splits[i]);
  for (std::size_t i = 0; i < walk.fields.size(); ++i)
    createField(builder, walk.location(data.fields[i].name.range), walk.fields[i]);
  for (std::size_t i = 0; i < walk.hypers.size(); ++i)
    train::HyperOp::create(builder, loc, builder.getStringAttr(walk.hypers[i].name),
                           builder.getF64FloatAttr(walk.hypers[i].value), builder.getI64IntegerAttr(i));
}

mlir::OwningOpRef<mlir::ModuleOp> frontend::elaborate(Walk &walk) {
  mlir::OpBuilder &builder = walk.builder;
  builder.getContext()->loadDialect<tw::TwDialect, train::TrainDialect>();
  if (!planExperiment(walk))
    return nullptr;
  const mlir::Location loc = walk.location(walk.names.train->range);
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::ModuleOp::create(loc);
  builder.setInsertionPointToStart(module->getBody());
  auto program = train::ProgramOp::create(builder, loc, builder.getStringAttr(walk.plan.model), train::ModeAttr(),
                                          builder.getI64IntegerAttr(walk.plan.batch), mlir::TypeAttr(),
                                          mlir::UnitAttr(), mlir::ArrayAttr());
  if (walk.options.real != ElementType::F32)
    program.setReal(tw::irType(walk.options.real, builder.getContext()));
  builder.setInsertionPointToStart(&program.getBody().emplaceBlock());
  createPlanOps(walk);
  if (!Objective(walk).run())
    return nullptr;
  return module;
}
