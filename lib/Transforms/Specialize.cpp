// Derives one mode's program. What a mode has and has not stands in `run`, a line for each.
#include "TellOfSteps.h"

#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Rows.h"
#include "talweg/Dialect/Tw/Tw.h"
#include "talweg/Transforms/Passes.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/FoldUtils.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SetOperations.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace talweg {
#define GEN_PASS_DEF_SPECIALIZE
#include "talweg/Transforms/Passes.h.inc"

namespace {

/// What `values` are computed from: the block's arguments behind them.
llvm::DenseSet<Value> argumentsBehind(ValueRange values) {
  llvm::DenseSet<Value> seen, arguments;
  SmallVector<Value> left(values);
  while (!left.empty()) {
    Value value = left.pop_back_val();
    if (!seen.insert(value).second)
      continue;
    if (Operation *op = value.getDefiningOp())
      left.append(op->operand_begin(), op->operand_end());
    else
      arguments.insert(value);
  }
  return arguments;
}

/// Puts what the mode says in the place of such ops, and folds what depends on it alone.
template <typename Op>
void answer(Operation *root, Attribute element) {
  OperationFolder folder(root->getContext());
  llvm::SetVector<Operation *> readers;
  auto addReaders = [&](Operation *op) {
    for (Operation *user : op->getUsers())
      readers.insert(user);
  };
  SmallVector<Op> questions;
  root->walk([&](Op op) { questions.push_back(op); });
  for (Op op : questions) {
    OpBuilder builder(op);
    auto type = cast<ShapedType>(op.getType());
    auto answer = tw::ConstantOp::create(builder, op.getLoc(), DenseElementsAttr::get(type, element));
    op.getResult().replaceAllUsesWith(answer.getResult());
    op.erase();
    addReaders(answer);
  }
  while (!readers.empty()) {
    Operation *op = readers.pop_back_val();
    SmallVector<Operation *> next(op->getUsers());
    if (isa<tw::WindowOp>(op) || succeeded(folder.tryToFold(op)))
      readers.insert(next.begin(), next.end());
  }
}

void eraseDead(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op))
      op.erase();
}

class Specialization {
public:
  Specialization(train::ProgramOp program, train::ObjectiveOp objective, Mode mode)
      : program(program), mode(mode), objective(objective), block(objective.getBody().front()) {}

  LogicalResult run() {
    bool updates = mode == Mode::Train, learns = updates || mode == Mode::Gradient;
    Builder attributes(program.getContext());
    answer<train::TrainingOp>(program, attributes.getBoolAttr(learns));
    if (mode == Mode::Predict && failed(yieldOutput()))
      return failure();
    if (mode == Mode::Gradient)
      eraseAll<train::CarryOp>(block);
    bool isInParts = mode == Mode::Eval || (updates && accumulates());
    if (!isInParts) {
      if (mode == Mode::Predict)
        prepareForAnyBatch();
      if (updates)
        tellOfSteps(program, objective);
      answer<train::RowsOp>(objective, attributes.getF64FloatAttr(double(program.getBatch())));
      tw::eraseRowMarks(program);
    }
    eraseAll<train::OutputOp>(block);
    if (!learns)
      readAverages();
    if (!updates) {
      eraseAll<train::AverageOp>(block);
      eraseAll<train::SetOp>(block);
      for (auto report : llvm::make_early_inc_range(block.getOps<train::ReportOp>()))
        if (report.getTold() == Told::Report)
          report.erase();
    }
    if (!learns) {
      eraseAll<train::MinimizeOp>(block);
      eraseAll<train::OptimizerOp>(program.getBody().front());
    }
    for (train::ReportOp report : llvm::to_vector(block.getOps<train::ReportOp>()))
      if (mode == Mode::Predict || (mode != Mode::Eval && report.getTold() == Told::Table))
        report.erase();
      else if (!isInParts)
        report.setWhole(false);
      else if (mode == Mode::Eval) // nothing is written in between, so that equal reads are one
        report->moveBefore(block.getTerminator());
    if (!updates) // no loss is skipped
      for (Operation &op : block)
        if (isa<train::ReportOp, train::MinimizeOp>(op))
          op.removeAttr("every");
    for (Operation &op : program.getBody().front())
      for (Region &region : op.getRegions())
        eraseDead(region.front());
    program.setMode(mode);
    return success();
  }

private:
  /// Predictions are of each row by itself.
  void prepareForAnyBatch() {
    Value output = block.getTerminator()->getOperand(0);
    const tw::Rows rows(block, program.getBatch());
    if (Operation *culprit = rows.of(output).culprit)
      culprit->emitWarning()
          << "rows of the batch may meet here, and a prediction then depends on the others in its batch";
    countRandomNumbers(objective, /*others=*/true);
  }

  train::ProgramOp program;
  Mode mode;
  train::ObjectiveOp objective;
  Block &block;

  template <typename Op>
  static void eraseAll(Block &block) {
    for (Op op : llvm::make_early_inc_range(block.getOps<Op>()))
      op.erase();
  }

  bool accumulates() {
    auto plans = program.getOps<train::PlanOp>();
    return !plans.empty() && (*plans.begin()).getAccumulate();
  }

  /// In the place of each parameter that has an average, its average is read.
  void readAverages() {
    llvm::StringMap<FlatSymbolRefAttr> averages;
    for (auto average : block.getOps<train::AverageOp>())
      averages[average.getParameter()] = average.getAverageAttr();
    objective.walk([&](train::GetOp get) {
      if (FlatSymbolRefAttr average = averages.lookup(get.getVariable()))
        get.setVariableAttr(average);
    });
  }

  /// What rows carry that predictions do not need is not handed on. `needed`: arguments behind the output.
  void dropForeign(llvm::DenseSet<Value> needed) {
    SmallVector<train::CarryOp> left(block.getOps<train::CarryOp>());
    llvm::StringMap<Value> carried;
    SmallVector<train::VariableOp> variables = train::carriedBy(program);
    for (auto [variable, rows] : llvm::zip_equal(variables, block.getArguments().take_back(variables.size())))
      carried[train::VariableOp(variable).getSymName()] = rows;
    for (bool found = true; std::exchange(found, false);)
      llvm::erase_if(left, [&](train::CarryOp carry) {
        if (!needed.contains(carried.lookup(carry.getVariable())))
          return false;
        llvm::set_union(needed, argumentsBehind(carry.getValue()));
        return found = true;
      });
    for (train::CarryOp carry : left)
      carry.erase();
  }

  LogicalResult yieldOutput() {
    auto outputs = block.getOps<train::OutputOp>();
    if (outputs.empty())
      return program.emitError() << "the program has no output to predict";
    train::OutputOp output = *outputs.begin();
    llvm::DenseSet<Value> needed = argumentsBehind(output.getValue());
    for (auto require : llvm::make_early_inc_range(block.getOps<tw::RequireOp>())) {
      bool isOfLoss = output->isBeforeInBlock(require);
      bool isForeign = llvm::any_of(argumentsBehind(require->getOperands()),
                                    [&](Value argument) { return !needed.contains(argument); });
      if (isOfLoss || isForeign)
        require.erase();
    }
    dropForeign(needed);
    program.setOutputsAttr(output.getPartsAttr());
    OpBuilder builder(block.getTerminator());
    train::YieldOp::create(builder, block.getTerminator()->getLoc(), output.getValue());
    block.getTerminator()->erase();
    return success();
  }
};

struct Specialize : impl::SpecializeBase<Specialize> {
  using SpecializeBase::SpecializeBase;

  void runOnOperation() override {
    std::optional<Mode> wanted = modeNamed(mode.getValue());
    if (!wanted) {
      getOperation().emitError() << "there is no mode `" << mode << "`";
      return signalPassFailure();
    }
    for (auto program : getOperation().getOps<train::ProgramOp>()) {
      if (program.getMode()) {
        program.emitError() << "the program is in mode " << StringRef(nameOf(*program.getMode())) << " already";
        return signalPassFailure();
      }
      FailureOr<train::ObjectiveOp> objective = program.findObjective();
      if (failed(objective) || failed(Specialization(program, *objective, *wanted).run()))
        return signalPassFailure();
    }
  }
};

} // namespace
} // namespace talweg
