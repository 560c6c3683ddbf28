// Reads an objective for its host.
#include "Declarations.h"

#include "talweg/Dialect/Tw/Tw.h"

#include "mlir/IR/Builders.h"

#include <optional>

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

/// The rows of a table that a step looks up and replaces at most; nothing: it is read or written otherwise.
static std::optional<int64_t> rowsLookedUp(train::VariableOp variable, ArrayRef<train::ObjectiveOp> objectives) {
  std::optional<int64_t> rows;
  auto add = [&](Value named) {
    rows = std::max(rows.value_or(0), cast<RankedTensorType>(named.getType()).getNumElements());
    return true;
  };
  for (train::ObjectiveOp objective : objectives)
    for (Operation &op : objective.getBody().front()) {
      auto get = dyn_cast<train::GetOp>(op);
      auto set = dyn_cast<train::SetOp>(op);
      if (get && get.getVariable() == variable.getSymName()) {
        for (OpOperand &use : get->getUses()) {
          auto gather = dyn_cast<tw::GatherOp>(use.getOwner());
          auto put = dyn_cast<tw::PutRowsOp>(use.getOwner());
          if (!(gather && gather.getTable() == get && add(gather.getRows())) &&
              !(put && put.getTable() == get && add(put.getRows())))
            return std::nullopt;
        }
      } else if (set && set.getVariable() == variable.getSymName()) {
        auto put = set.getValue().getDefiningOp<tw::PutRowsOp>();
        if (!put || !put.getTable().getDefiningOp<train::GetOp>())
          return std::nullopt;
      }
    }
  return rows;
}

static int64_t movedBytes(train::ProgramOp program, ArrayRef<train::ObjectiveOp> objectives) {
  bool predicts = program.getMode() == Mode::Predict;
  int64_t moved = 0;
  for (auto variable : program.getOps<train::VariableOp>()) {
    if (predicts &&
        (variable.getRole() == Role::Slot || variable.getRole() == Role::Average)) // which stands for its parameter
      continue;
    int64_t bytes = variable.getBytes();
    if (std::optional<int64_t> rows = rowsLookedUp(variable, objectives))
      bytes = std::min(bytes, *rows * (bytes / cast<ShapedType>(variable.getType()).getDimSize(0)));
    moved += predicts || variable.getFrozen() ? bytes : 2 * bytes;
  }
  return moved;
}

/// Multiply-adds of the block's products, in all turns of its loops. Counts the products.
static int64_t multiplyAdds(Block &block, int64_t &contractions) {
  int64_t sum = 0;
  for (Operation &op : block)
    if (auto contract = dyn_cast<tw::ContractOp>(op)) {
      int64_t points = 1;
      for (int64_t extent : contract.getExtents())
        points *= extent;
      sum += points;
      ++contractions;
    } else if (auto scan = dyn_cast<tw::ScanOp>(op)) {
      sum += int64_t(scan.getLength()) * multiplyAdds(*scan.getBody(), contractions);
    }
  return sum;
}

static void declareWork(OpBuilder &builder, train::ProgramOp program, ArrayRef<train::ObjectiveOp> objectives) {
  int64_t products = 0, contractions = 0;
  for (train::ObjectiveOp objective : objectives)
    products += multiplyAdds(objective.getBody().front(), contractions);
  train::WorkOp::create(builder, program.getLoc(), 2 * products, contractions, movedBytes(program, objectives));
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
    objective.walk([&](train::TotalStepsOp) { program.setKnowsEnd(true); });
  for (train::ObjectiveOp objective : objectives)
    for (auto require : objective.getBody().getOps<tw::RequireOp>())
      train::FaultOp::create(builder, require.getLoc(), require.getMessageAttr(), require.getHelpAttr(),
                             require.getNotFiniteAttr());
  declareWork(builder, program, objectives);
}

void conversion::leaveDeclarations(train::ProgramOp program) {
  for (Operation &op : llvm::make_early_inc_range(program.getBody().front()))
    if (auto variable = dyn_cast<train::VariableOp>(op))
      variable.getInit().getBlocks().clear();
    else if (isa<train::ObjectiveOp, train::OptimizerOp, train::PlanOp, train::SplitOp>(op))
      op.erase();
}
