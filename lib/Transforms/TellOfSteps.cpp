// A mean over rows is told of several steps by weighing: it is linear in sums over rows, and as often divided by the number of rows as there
// are sums in a product. The figures of any other metric are computed of the combined reductions, as an evaluation does.
#include "TellOfSteps.h"

using namespace mlir;
using namespace talweg;

namespace {

/// A metric, seen from the reductions over rows that it is computed from.
class Figure {
public:
  Figure(const tw::Rows &rows, Value value)
      : rows(rows), outside(slice(value, [&](Operation *op) { return rows.reducesRows(op); })) {
    for (Operation *op : slice(value, [](Operation *) { return false; }))
      if (rows.reducesRows(op))
        reductions.insert(op);
  }

  /// Whether nothing but reductions, settings and the number of rows decide it.
  bool isOfReductions() const {
    auto countsRows = [](Operation *op) { return isa<train::RowsOp>(op); };
    for (Operation *reduction : reductions) // of a step, which several have not
      if (llvm::any_of(slice(reduction->getOperands(), [](Operation *) { return false; }), countsRows))
        return false;
    return llvm::all_of(outside, [&](Operation *op) {
      bool isKnown = isa<tw::ConstantOp, tw::IotaOp, train::RowsOp, train::GetHyperOp>(op) || op->getNumOperands() > 0;
      return isKnown && llvm::all_of(op->getOperands(), [](Value operand) { return operand.getDefiningOp(); });
    });
  }
  /// Whether it speaks of rows at all.
  bool isOfRows() const {
    return !reductions.empty() || llvm::any_of(outside, [](Operation *op) { return isa<train::RowsOp>(op); });
  }

  bool isMean(Value value) const { return degreeOf(value) == 0 && isLinear(value); }

private:
  bool depends(Value value) const {
    return rows.of(value).kind == tw::RowUse::OverRows || reductions.contains(value.getDefiningOp());
  }
  bool isLinear(Value value) const {
    Operation *op = value.getDefiningOp();
    auto depending = [&](Value operand) { return depends(operand); };
    return !depends(value) || reductions.contains(op) ||
           (isLinearIn(*op, depending) && llvm::all_of(op->getOperands(), [&](Value x) { return isLinear(x); }));
  }

  /// The power of the number of rows that the value grows with; nothing: it is no such product.
  std::optional<int64_t> degreeOf(Value value) const {
    Operation *op = value.getDefiningOp();
    if (reductions.contains(op))
      return combineOf(op) == Combine::Sum ? std::optional<int64_t>(1) : std::nullopt;
    if (isa<train::RowsOp>(op))
      return 1;
    SmallVector<int64_t> degrees;
    for (Value operand : op->getOperands()) {
      std::optional<int64_t> degree = degreeOf(operand);
      if (!degree)
        return std::nullopt;
      degrees.push_back(*degree);
    }
    if (isa<tw::MulOp, tw::ContractOp>(op))
      return degrees[0] + degrees[1];
    if (isa<tw::DivOp>(op))
      return degrees[0] - degrees[1];
    if (degrees.empty() || llvm::all_equal(degrees)) {
      bool keeps = isLinearIn(*op, [](Value) { return true; });
      int64_t degree = degrees.empty() ? 0 : degrees[0];
      return keeps || degree == 0 ? std::optional(degree) : std::nullopt;
    }
    return std::nullopt;
  }

  const tw::Rows &rows;
  Operations outside, reductions;
};

} // namespace

SmallVector<train::ReportOp> talweg::markOfSums(const tw::Rows &rows, train::ObjectiveOp objective) {
  SmallVector<train::ReportOp> marked;
  for (auto report : objective.getBody().getOps<train::ReportOp>()) {
    Value value = report.getValue();
    tw::RowUse use = rows.of(value);
    if (report.getTold() != Told::Metric || !report.getWhole() || report.getEvery() ||
        (use.kind != tw::RowUse::OverRows && use.kind != tw::RowUse::Free) || use.passes > 1)
      continue;
    Figure figure(rows, value);
    if (!figure.isOfRows() || !figure.isOfReductions() || figure.isMean(value))
      continue;
    report.setOfSums(true);
    marked.push_back(report);
  }
  return marked;
}

void talweg::writeTell(const tw::Rows &rows, const Combinations &combinations, train::ObjectiveOp source,
                       ArrayRef<train::ReportOp> reports) {
  if (reports.empty())
    return;
  OpBuilder builder(source.getContext());
  builder.setInsertionPointAfter(source);
  auto target = train::ObjectiveOp::create(builder, source.getLoc(), IntegerAttr(), false, /*tell=*/true);
  RowWriter writer(rows, combinations, source, target);
  for (train::ReportOp report : reports) {
    writer.copyWhole(ValueRange(report.getValue()));
    Value value = writer.whole(report.getValue());
    writer.b.setLoc(report.getLoc());
    train::ReportOp::create(writer.b, report.getTold(), report.getName(), value);
  }
  train::YieldOp::create(writer.b, ValueRange());
}

void talweg::tellOfSteps(train::ProgramOp program, train::ObjectiveOp objective) {
  tw::Rows rows(objective.getBody().front(), program.getBatch());
  SmallVector<train::ReportOp> reports = markOfSums(rows, objective);
  Combinations combinations;
  for (train::ReportOp report : reports)
    addReductions(combinations, rows, report.getValue());
  place(combinations, 1);
  for (auto &[op, combination] : combinations) {
    ImplicitLocOpBuilder b(op->getLoc(), op->getContext());
    b.setInsertionPointAfter(op);
    Value part = createPart(b, op, op->getOperands());
    b.setInsertionPoint(objective.getBody().front().getTerminator());
    train::PartialOp::create(b, combination.combine, part, combination.at);
  }
  writeTell(rows, combinations, objective, reports);
}
