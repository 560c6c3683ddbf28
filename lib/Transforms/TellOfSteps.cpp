// A mean over rows is told of several steps by weighing: it is linear in sums over rows, and as often divided by the number of rows as there
// are sums in a product. The figures of any other metric are computed of the combined reductions, as an evaluation does.
#include "TellOfSteps.h"

#include "talweg/Dialect/Tw/Elements.h"

using namespace mlir;
using namespace talweg;

namespace {

/// A metric, seen from the reductions over rows that it is computed from.
class Figure {
public:
  Figure(const tw::Rows &rows, Value value)
      : rows(rows), outside(slice(value, [&](Operation *op) { return rows.reducesRows(op); })) {
    for (Operation *op : slice(value))
      if (rows.reducesRows(op))
        reductions.insert(op);
  }

  /// Whether nothing but reductions, settings and the number of rows decide it.
  bool isOfReductions() const {
    auto countsRows = [](Operation *op) { return isa<train::RowsOp>(op); };
    for (Operation *reduction : reductions) // of a step, which several have not
      if (llvm::any_of(slice(reduction->getOperands()), countsRows))
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

  /// Linear in sums over rows, and of power 0 in the number of rows.
  bool isMean(Value value) const {
    auto dependsOnSums = [&](Value operand) { return depends(operand); };
    llvm::DenseMap<Value, int64_t> powers;
    for (Operation &op : *value.getDefiningOp()->getBlock()) {
      bool isReduction = reductions.contains(&op);
      if (!isReduction && !outside.contains(&op))
        continue;
      Value result = op.getResult(0);
      std::optional<int64_t> power = isReduction ? powerOf(op) : powerOf(op, powers);
      if (!power || (!isReduction && depends(result) && !isLinearIn(op, dependsOnSums)))
        return false;
      powers[result] = *power;
    }
    return powers.lookup(value) == 0;
  }

private:
  bool depends(Value value) const {
    return rows.of(value).kind == tw::RowUse::OverRows || reductions.contains(value.getDefiningOp());
  }

  /// The power of the number of rows that a value grows with; nothing: it is no such product.
  static std::optional<int64_t> powerOf(Operation &reduction) {
    return combineOf(&reduction) == Combine::Sum ? std::optional<int64_t>(1) : std::nullopt;
  }
  static std::optional<int64_t> powerOf(Operation &op, const llvm::DenseMap<Value, int64_t> &powers) {
    if (isa<train::RowsOp>(op))
      return 1;
    if (op.getNumOperands() == 0)
      return 0;
    auto of = llvm::map_to_vector(op.getOperands(), [&](Value operand) { return powers.lookup(operand); });
    if (isa<tw::MulOp, tw::ContractOp>(op))
      return of[0] + of[1];
    if (isa<tw::DivOp>(op) && tw::isReal(getElementTypeOrSelf(op.getResult(0))))
      return of[0] - of[1];
    bool keeps = llvm::all_equal(of) && (of[0] == 0 || isLinearIn(op, [](Value) { return true; }));
    return keeps ? std::optional(of[0]) : std::nullopt;
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
