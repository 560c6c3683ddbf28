// Reads an objective for its host.
#include "Declarations.h"

#include "talweg/Dialect/Tw/Tw.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace talweg;
using namespace talweg::conversion;

static void declareFields(train::ProgramOp program, ArrayRef<train::ObjectiveOp> objectives) {
  for (train::ObjectiveOp objective : objectives) {
    Block &block = objective.getBody().front();
    SmallVector<Bound> bounds = boundFields(block);
    for (auto [number, field] : llvm::enumerate(program.getOps<train::FieldOp>())) {
      if (!block.getArgument(number).use_empty())
        field.setRead(true);
      const Bound &bound = bounds[number];
      if (bound.low != INT64_MIN || bound.high != INT64_MAX)
        field.setRange(ArrayRef<int64_t>{bound.low, bound.high});
    }
  }
}

static void declareColumns(OpBuilder &builder, train::ObjectiveOp objective) {
  SmallVector<train::ReportOp> told = train::toldBy(objective);
  for (train::ReportOp report : told) {
    auto shape = cast<RankedTensorType>(report.getValue().getType()).getShape();
    train::ColumnOp::create(builder, report.getLoc(), report.getTold(), report.getNameAttr(),
                            report.getTold() == Told::Metric && report.getValue() == told[0].getValue(),
                            report.getOverAttr(), report.getGradientsAttr(),
                            report.getTold() == Told::Table ? builder.getDenseI64ArrayAttr(shape) : nullptr,
                            report.getEveryAttr(), report.getOfSums());
  }
}

static void declareSums(OpBuilder &builder, train::ObjectiveOp objective) {
  for (auto partial : objective.getBody().getOps<train::PartialOp>())
    train::SumOp::create(builder, partial.getLoc(), partial.getCombine(),
                         partial.getCombine() == Combine::Below
                             ? 1
                             : cast<RankedTensorType>(partial.getValue().getType()).getNumElements(),
                         objective.getPass().value_or(0));
}

static void declareWork(OpBuilder &builder, train::ProgramOp program, ArrayRef<train::ObjectiveOp> objectives) {
  int64_t products = 0, contractions = 0;
  for (train::ObjectiveOp objective : objectives)
    for (auto contract : objective.getBody().getOps<tw::ContractOp>()) {
      int64_t points = 1;
      for (int64_t extent : contract.getExtents())
        points *= extent;
      products += points;
      ++contractions;
    }
  train::WorkOp::create(builder, program.getLoc(), 2 * products, contractions);
}

void conversion::declare(train::ProgramOp program) {
  SmallVector<train::ObjectiveOp> objectives(program.getOps<train::ObjectiveOp>());
  auto builder = OpBuilder::atBlockEnd(&program.getBody().front());
  declareFields(program, objectives);
  if (program.getMode() == Mode::Predict)
    train::PredictionOp::create(builder, objectives[0].getLoc(),
                                objectives[0].getBody().front().getTerminator()->getOperand(0).getType());
  for (train::ObjectiveOp objective : objectives) {
    if (!objective.getTell())
      declareColumns(builder, objective);
    declareSums(builder, objective);
  }
  for (train::ObjectiveOp objective : objectives)
    for (auto require : objective.getBody().getOps<tw::RequireOp>())
      train::FaultOp::create(builder, require.getLoc(), require.getMessageAttr(), require.getHelpAttr());
  declareWork(builder, program, objectives);
}

void conversion::leaveDeclarations(train::ProgramOp program) {
  for (Operation &op : llvm::make_early_inc_range(program.getBody().front()))
    if (auto variable = dyn_cast<train::VariableOp>(op))
      variable.getInit().getBlocks().clear();
    else if (isa<train::ObjectiveOp, train::OptimizerOp, train::PlanOp, train::SplitOp>(op))
      op.erase();
}
