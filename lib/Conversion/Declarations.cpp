// Reads an objective for its host.
#include "Declarations.h"

#include "talweg/Dialect/Tw/Tw.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace talweg;
using namespace talweg::conversion;

static void declareFields(train::ProgramOp program, Block &objective) {
  SmallVector<Bound> bounds = boundFields(objective);
  for (auto [number, field] : llvm::enumerate(program.getOps<train::FieldOp>())) {
    field.setRead(!objective.getArgument(number).use_empty());
    const Bound &bound = bounds[number];
    if (bound.low != INT64_MIN || bound.high != INT64_MAX)
      field.setRange(ArrayRef<int64_t>{bound.low, bound.high});
  }
}

static void declareColumns(OpBuilder &builder, train::ObjectiveOp objective) {
  SmallVector<train::ReportOp> told = train::toldBy(objective);
  for (train::ReportOp report : told)
    train::ColumnOp::create(builder, report.getLoc(), report.getTold(), report.getNameAttr(),
                            report.getTold() == Told::Metric && report.getValue() == told[0].getValue(),
                            report.getOverAttr(), report.getGradientsAttr());
}

static void declareWork(OpBuilder &builder, train::ObjectiveOp objective) {
  int64_t products = 0, contractions = 0;
  for (auto contract : objective.getBody().getOps<tw::ContractOp>()) {
    int64_t points = 1;
    for (int64_t extent : contract.getExtents())
      points *= extent;
    products += points;
    ++contractions;
  }
  train::WorkOp::create(builder, objective.getLoc(), 2 * products, contractions);
}

void conversion::declare(train::ProgramOp program) {
  auto objective = *program.getOps<train::ObjectiveOp>().begin();
  Block &block = objective.getBody().front();
  auto builder = OpBuilder::atBlockEnd(&program.getBody().front());
  declareFields(program, block);
  if (program.getMode() == Mode::Predict)
    train::PredictionOp::create(builder, objective.getLoc(), block.getTerminator()->getOperand(0).getType());
  declareColumns(builder, objective);
  for (auto require : block.getOps<tw::RequireOp>())
    train::FaultOp::create(builder, require.getLoc(), require.getMessageAttr(), require.getHelpAttr());
  declareWork(builder, objective);
}

void conversion::leaveDeclarations(train::ProgramOp program) {
  for (Operation &op : llvm::make_early_inc_range(program.getBody().front()))
    if (auto variable = dyn_cast<train::VariableOp>(op))
      variable.getInit().getBlocks().clear();
    else if (isa<train::ObjectiveOp, train::OptimizerOp, train::PlanOp, train::SplitOp>(op))
      op.erase();
}
