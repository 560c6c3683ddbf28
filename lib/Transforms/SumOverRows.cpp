// Cuts an objective where it reduces over rows. What belongs to rows stays with them, in the passes over the data; what a reduction makes of
// all rows is combined from the batches by the host; what uses that is computed once, in the finish, or where rows use it again, in a later
// pass.
#include "RowWriter.h"
#include "SplitScans.h"

#include "talweg/Dialect/Train/SpareReadings.h"

#include "talweg/Transforms/Passes.h"

using namespace mlir;

namespace talweg {
#define GEN_PASS_DEF_SUMOVERROWS
#include "talweg/Transforms/Passes.h.inc"

namespace {

class Cut {
public:
  explicit Cut(train::ObjectiveOp objective)
      : program(objective->getParentOfType<train::ProgramOp>()), objective(objective),
        rows(objective.getBody().front(), program.getBatch()), told(train::toldBy(objective)) {}

  LogicalResult run();

private:
  bool isWhole(train::ReportOp report) const {
    return report.getWhole() && rows.of(report.getValue()).kind != tw::RowUse::Mixed;
  }
  LogicalResult collect();
  void writePass(int64_t pass);
  void writeFinish();

  train::ProgramOp program;
  train::ObjectiveOp objective;
  tw::Rows rows;
  SmallVector<train::ReportOp> told;
  Combinations combinations; ///< of reductions, and of the reports that are means over batches
  int64_t passes = 1;
};

LogicalResult Cut::collect() {
  for (train::ReportOp report : told) {
    Value value = report.getValue();
    if (!isWhole(report)) {
      if (report.getWhole())
        report.emitWarning()
            << "`" << report.getName()
            << "` takes rows together otherwise than by a reduction over them, such as in pairs: it is told as the "
               "mean over batches, weighted by their rows";
      combinations[report] = {Combine::Sum, 0, 0, allWide(value.getType())};
      continue;
    }
    int64_t times = rows.of(value).passes;
    if (times > tw::Rows::kMostPasses)
      return report.emitError() << "`" << report.getName() << "` reads all rows " << times
                                << " times, one after the other";
    addReductions(combinations, rows, value);
    passes = std::max(passes, times);
  }
  place(combinations, passes);
  return success();
}

void Cut::writePass(int64_t pass) {
  RowWriter writer(rows, combinations, objective, createInFront(objective, pass));
  if (pass == 0)
    for (auto require : objective.getBody().getOps<tw::RequireOp>()) {
      writer.copyBatchwise(require->getOperands());
      writer.copyRequirement(require);
    }
  SmallVector<std::pair<Combination, Value>> parts;
  for (auto &[op, combination] : combinations) {
    if (combination.pass != pass)
      continue;
    Value part;
    if (isa<train::ReportOp>(op)) {
      writer.copyBatchwise(op->getOperands());
      part = writer.weighted(op->getOperand(0));
    } else {
      writer.copyWhole(op->getOperands());
      part = writer.partOf(op);
    }
    parts.push_back({combination, part});
  }
  writer.copyCarries();
  for (auto &[combination, part] : parts)
    train::PartialOp::create(writer.b, combination.combine, part, combination.at);
  train::YieldOp::create(writer.b, ValueRange());
}

void Cut::writeFinish() {
  RowWriter writer(rows, combinations, objective, createInFront(objective, std::nullopt));
  SmallVector<Value> values;
  for (train::ReportOp report : told) {
    Value value = report.getValue();
    writer.b.setLoc(report.getLoc());
    if (isWhole(report)) {
      writer.copyWhole(value);
      value = writer.whole(value);
      if (report.getTold() == Told::Table)
        value = writer.convert(value, allWide(value.getType()));
    } else {
      value = writer.mean(combinations.lookup(report));
    }
    values.push_back(value);
  }
  for (auto [report, value] : llvm::zip_equal(told, values)) {
    writer.b.setLoc(report.getLoc());
    train::ReportOp::create(writer.b, report.getTold(), report.getName(), value);
  }
  train::YieldOp::create(writer.b, ValueRange());
}

LogicalResult Cut::run() {
  if (failed(collect()))
    return failure();
  for (int64_t pass = 0; pass < passes; ++pass)
    writePass(pass);
  writeFinish();
  objective.erase();
  for (auto part : program.getOps<train::ObjectiveOp>())
    countRandomNumbers(part, /*others=*/true);
  tw::eraseRowMarks(program);
  return success();
}

struct SumOverRows : impl::SumOverRowsBase<SumOverRows> {
  using SumOverRowsBase::SumOverRowsBase;

  void runOnOperation() override {
    for (auto program : getOperation().getOps<train::ProgramOp>()) {
      FailureOr<train::ObjectiveOp> objective = program.findObjective();
      if (failed(objective))
        return signalPassFailure();
      splitScans(*objective);
      for (const auto &[loc, before, after] : train::spareReadings(*objective, program.getBatch()))
        if (tells)
          emitRemark(loc) << "what is of no row stands outside of a sum over all rows, which are read " << after
                          << (after == 1 ? " time" : " times") << " for it instead of " << before;
      if (failed(Cut(*objective).run()))
        return signalPassFailure();
    }
  }
};

} // namespace
} // namespace talweg
