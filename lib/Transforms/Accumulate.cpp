// Cuts a step in two: the sums over the rows of a part, and the finish, which takes the sums of all parts.
//
// The loss is f(A, B, …) of sums over rows. Where f is linear in them, a part adds the derivative of what f makes of its own sums. Else one
// of them alone may depend on parameters, such as N of N / D: a part adds the derivative of its own N, and the finish multiplies by that of f.
// What f takes of parameters without rows, such as their squares, is differentiated in the finish.
#include "SplitScans.h"
#include "TellOfSteps.h"

#include "talweg/Transforms/Passes.h"

#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace talweg {
#define GEN_PASS_DEF_ACCUMULATE
#include "talweg/Transforms/Passes.h.inc"

namespace {

class Accumulation {
public:
  Accumulation(train::ProgramOp program, train::ObjectiveOp objective)
      : program(program), objective(objective), block(objective.getBody().front()), symbols(program) {}

  LogicalResult run();

private:
  void findStatistics();
  void separateFromStatistics(const tw::Rows &all);
  void countOwnRows();
  void findMovingStates();
  LogicalResult dropForeignRules();
  LogicalResult checkLoss();
  LogicalResult reportMeeting(Operation *culprit);
  LogicalResult chooseTerms();
  LogicalResult combine();
  void writePart();
  void writeFinish();
  Value partOfLoss(RowWriter &part);
  bool isUpdated(train::GetOp get);
  bool isOfStep(train::SetOp set) const { return !moving.contains(set.getVariable()); }
  bool readsMovingState(Value value) const;
  bool isWhole(train::ReportOp report) const {
    tw::RowUse use = rows->of(report.getValue());
    return report.getWhole() && use.kind != tw::RowUse::Mixed && use.passes <= 1 &&
           !readsMovingState(report.getValue());
  }

  train::ProgramOp program;
  train::ObjectiveOp objective;
  Block &block;
  SymbolTable symbols;
  train::MinimizeOp minimize;
  tw::Rows::Reductions ofBatch; ///< reductions that states are computed from, and what is made of them
  std::optional<tw::Rows> rows;
  llvm::StringSet<> moving; ///< states that each part sets
  SmallVector<train::ReportOp> told;
  SmallVector<train::ReportOp> behind; ///< what is known when parameters are updated (train.norm)
  Combinations combinations;
  SmallVector<Operation *> terms; ///< the sums over rows that the loss is made of
  Operation *numerator = nullptr; ///< the one with parameters, where the loss is not linear in them
};

/// What is told, and the loss, are of all rows, also where a state is computed from the same reductions: these have copies of their own.
void Accumulation::separateFromStatistics(const tw::Rows &all) {
  SmallVector<Value> left;
  for (Operation &op : block)
    if (auto report = dyn_cast<train::ReportOp>(op))
      left.push_back(report.getValue());
    else if (auto minimize = dyn_cast<train::MinimizeOp>(op))
      left.push_back(minimize.getLoss());
  Operations copied;
  while (!left.empty()) {
    Value value = left.pop_back_val();
    Operation *op = value.getDefiningOp();
    if (op && all.of(value).kind == tw::RowUse::OverRows && copied.insert(op) && !all.reducesRows(op))
      left.append(op->operand_begin(), op->operand_end());
  }
  IRMapping copies;
  for (Operation &op : llvm::make_early_inc_range(block)) {
    OpBuilder behind(op.getContext());
    behind.setInsertionPointAfter(&op);
    if (copied.contains(&op))
      behind.clone(op, copies);
    else if (auto report = dyn_cast<train::ReportOp>(op))
      report.getValueMutable().assign(copies.lookupOrDefault(report.getValue()));
    else if (auto minimize = dyn_cast<train::MinimizeOp>(op))
      minimize.getLossMutable().assign(copies.lookupOrDefault(minimize.getLoss()));
  }
}

/// What a state keeps is of each part by itself.
void Accumulation::findStatistics() {
  tw::Rows all(block, program.getBatch());
  Operation *meeting = nullptr;
  for (auto set : block.getOps<train::SetOp>()) {
    if (!meeting)
      meeting = all.of(set.getValue()).culprit;
    for (Operation *op : slice(set.getValue()))
      if (all.reducesRows(op))
        ofBatch.insert(op);
  }
  auto first = llvm::find_if(block, [&](Operation &op) { return ofBatch.contains(&op); });
  if (first != block.end())
    meeting = &*first;
  if (meeting)
    meeting->emitWarning() << "what a state is computed from are the rows of each part of a step by itself";
  if (!ofBatch.empty())
    separateFromStatistics(all);
  rows.emplace(block, program.getBatch(), ofBatch);
  for (Operation &op : block)
    if (op.getNumResults() == 1 && rows->of(op.getResult(0)).kind == tw::RowUse::Free &&
        llvm::any_of(op.getOperands(), [&](Value operand) {
          return operand.getDefiningOp() && ofBatch.contains(operand.getDefiningOp());
        }))
      ofBatch.insert(&op);
  findMovingStates();
  countOwnRows();
  rows.emplace(block, program.getBatch(), ofBatch);
}

/// The rows that count in what a moving state is computed from are those of the part. Where something else takes the same of rows, it has it
/// of its own.
void Accumulation::countOwnRows() {
  SmallVector<Value> values;
  for (auto set : block.getOps<train::SetOp>())
    if (!isOfStep(set))
      values.push_back(set.getValue());
  Operations ofStates = slice(values);
  IRMapping own;
  for (Operation &op : llvm::make_early_inc_range(block)) {
    ImplicitLocOpBuilder behind(op.getLoc(), op.getContext());
    behind.setInsertionPointAfter(&op);
    if (auto set = dyn_cast<train::SetOp>(op); set && !isOfStep(set))
      set.getValueMutable().assign(own.lookupOrDefault(set.getValue()));
    if (!ofStates.contains(&op))
      continue;
    if (isa<train::RowsOp>(op)) {
      auto type = cast<RankedTensorType>(op.getResult(0).getType());
      auto number = DenseElementsAttr::get(type, double(program.getBatch()));
      own.map(op.getResult(0), tw::ConstantOp::create(behind, type, number).getResult());
    } else if (llvm::any_of(takenBy(&op), [&](Value taken) { return own.contains(taken); })) {
      Operation *copy = behind.clone(op, own);
      if (!ofBatch.contains(&op))
        continue;
      ofBatch.insert(copy);
      op.replaceAllUsesWith(copy);
    }
  }
}

/// A state that is computed from rows moves with each part, and so does one that is computed from such a state; others move on once.
void Accumulation::findMovingStates() {
  auto moves = [&](train::SetOp set) {
    Operation *value = set.getValue().getDefiningOp();
    return rows->of(set.getValue()).kind != tw::RowUse::Free || !value || ofBatch.contains(value) ||
           readsMovingState(set.getValue());
  };
  for (bool isDone = false; !isDone;) {
    isDone = true;
    for (auto set : block.getOps<train::SetOp>())
      if (moves(set) && moving.insert(set.getVariable()).second)
        isDone = false;
  }
}

bool Accumulation::readsMovingState(Value value) const {
  return llvm::any_of(slice(value, [&](Operation *op) { return rows->reducesRows(op); }), [&](Operation *op) {
    auto get = dyn_cast<train::GetOp>(op);
    return get && moving.contains(get.getVariable());
  });
}

LogicalResult Accumulation::checkLoss() {
  auto losses = llvm::to_vector(block.getOps<train::MinimizeOp>());
  if (losses.empty())
    return objective.emitError() << "minimizes nothing";
  if (losses.size() > 1)
    return losses[1].emitError() << "`accumulate` takes one loss, and this is the second";
  minimize = losses[0];
  if (minimize.getEvery())
    return minimize.emitError() << "under `accumulate` every loss is updated in every step";
  tw::RowUse use = rows->of(minimize.getLoss());
  Operation *culprit = use.culprit;
  if (use.passes > 1)
    for (Operation *op : slice(minimize.getLoss()))
      if (rows->of(op->getResult(0)).isPerRow() && llvm::any_of(op->getOperands(), [&](Value operand) {
            return rows->of(operand).kind == tw::RowUse::OverRows;
          }))
        culprit = op;
  return culprit ? reportMeeting(culprit) : success();
}

LogicalResult Accumulation::reportMeeting(Operation *culprit) {
  auto error = culprit->emitError() << "a row meets other rows here, which may be in another part of the step";
  error.attachNote(minimize.getLoc())
      << "this loss is computed from it; under `accumulate` a loss is made of sums over rows";
  return error;
}

bool Accumulation::isUpdated(train::GetOp get) {
  return llvm::is_contained(minimize.getOver().getAsRange<FlatSymbolRefAttr>(), get.getVariableAttr());
}

/// A derivative of the program's own for each row of something over all of them would see those of its part: it is the loss's to say no, and of
/// a metric the value counts.
LogicalResult Accumulation::dropForeignRules() {
  Operations ofLoss = slice(minimize.getLoss());
  for (auto own : llvm::make_early_inc_range(block.getOps<tw::WithDerivativeOp>())) {
    auto isPerRow = [&](Value x) { return rows->of(x).isPerRow(); };
    if (rows->of(own.getY()).kind != tw::RowUse::OverRows || llvm::none_of(own.getX(), isPerRow))
      continue;
    if (ofLoss.contains(own))
      return reportMeeting(own);
    own.getY().replaceAllUsesWith(own.getValue());
    own.erase();
  }
  return success();
}

LogicalResult Accumulation::chooseTerms() {
  Value loss = minimize.getLoss();
  auto isTerm = [&](Operation *op) { return rows->reducesRows(op); };
  Operations outside = slice(loss, isTerm);
  llvm::DenseSet<Value> dependent;
  auto depends = [&](Value value) {
    return dependent.contains(value) || (value.getDefiningOp() && isTerm(value.getDefiningOp()));
  };
  bool linear = true;
  for (Operation &op : block) {
    if (!outside.contains(&op))
      continue;
    auto get = dyn_cast<train::GetOp>(op);
    if (ofBatch.contains(&op) || (get && moving.contains(get.getVariable())))
      return op.emitError() << "the loss takes this of each part of the step by itself";
    if (!llvm::any_of(op.getOperands(), depends))
      continue;
    dependent.insert(op.getResult(0));
    linear = linear && isLinearIn(op, depends);
  }
  for (Operation *op : slice(loss))
    if (isTerm(op))
      terms.push_back(op);
  SmallVector<Operation *> learnt = llvm::to_vector(llvm::make_filter_range(terms, [&](Operation *term) {
    return llvm::any_of(slice(term->getOperands()), [&](Operation *op) {
      auto get = dyn_cast<train::GetOp>(op);
      return get && isUpdated(get);
    });
  }));
  for (Operation *term : learnt)
    if (combineOf(term) != Combine::Sum)
      return reportMeeting(term);
  if (linear)
    return success();
  if (learnt.size() != 1 || cast<RankedTensorType>(learnt[0]->getResult(0).getType()).getRank() != 0)
    return minimize.emitError() << "`accumulate` cannot follow this loss: it is neither linear in sums over rows, nor "
                                   "made of one such sum with parameters and others without";
  numerator = learnt[0];
  return success();
}

LogicalResult Accumulation::combine() {
  for (train::ReportOp report : train::toldBy(objective))
    (report.getTold() == Told::Report ? behind : told).push_back(report);
  for (train::ReportOp report : behind) {
    if (!isWhole(report))
      return report.emitError() << "`" << report.getName()
                                << "` takes a norm, which is of the whole step, and of the rows something that their "
                                   "sums do not tell";
    addReductions(combinations, *rows, report.getValue());
  }
  for (train::ReportOp report : told) {
    Value value = report.getValue();
    if (!isWhole(report)) {
      combinations[report] = {Combine::Sum, 0, 0, allWide(value.getType())};
      continue;
    }
    addReductions(combinations, *rows, value);
  }
  for (Operation *term : terms)
    combinations[term] = {combineOf(term), 0, 0, allWide(term->getResult(0).getType())};
  place(combinations, 1);
  return success();
}

/// What is differentiated of a part, from which nothing but rows leads to parameters.
Value Accumulation::partOfLoss(RowWriter &part) {
  IRMapping outer;
  for (Operation *term : terms)
    outer.map(term->getResult(0), part.copyReduction(term));
  if (numerator)
    return outer.lookup(numerator->getResult(0));
  Operations outside = slice(minimize.getLoss(), [&](Operation *op) { return rows->reducesRows(op); });
  for (Operation &op : block)
    if (outside.contains(&op))
      part.b.clone(op, outer);
  return outer.lookup(minimize.getLoss());
}

/// The derivatives of y by these reads; null where there is none.
SmallVector<Value> gradientsOf(RowWriter &writer, Value y, ArrayRef<Value> reads) {
  ImplicitLocOpBuilder &b = writer.b;
  Operations leading = slice(y);
  SmallVector<Value> by = llvm::to_vector(
      llvm::make_filter_range(reads, [&](Value read) { return read && leading.contains(read.getDefiningOp()); }));
  SmallVector<Value> gradients(reads.size());
  if (by.empty())
    return gradients;
  auto type = cast<RankedTensorType>(y.getType());
  Value one = tw::ConstantOp::create(b, type,
                                     DenseElementsAttr::get(type, Attribute(b.getFloatAttr(type.getElementType(), 1))));
  auto results = tw::GradientOp::create(b, y, one, by).getResults();
  for (auto [read, gradient] : llvm::zip_equal(reads, gradients))
    if (auto *found = llvm::find(by, read); read && found != by.end())
      gradient = results[found - by.begin()];
  return gradients;
}

std::string sumOf(FlatSymbolRefAttr parameter) { return (parameter.getValue() + train::kGradientSum).str(); }

void Accumulation::writePart() {
  RowWriter part(*rows, combinations, objective, createInFront(objective, 0));
  part.watchReads(minimize.getOver());
  for (auto require : block.getOps<tw::RequireOp>()) {
    part.copyBatchwise(require->getOperands());
    part.copyRequirement(require);
  }
  Value loss = partOfLoss(part);
  part.b.setLoc(minimize.getLoc());
  SmallVector<Value> gradients = gradientsOf(part, loss, part.readsOf(minimize.getOver()));
  for (auto [parameter, gradient] : llvm::zip_equal(minimize.getOver().getAsRange<FlatSymbolRefAttr>(), gradients))
    if (gradient) {
      Value sum = train::GetOp::create(part.b, gradient.getType(), sumOf(parameter));
      sum = tw::AddOp::create(part.b, gradient.getType(), sum, gradient);
      train::SetOp::create(part.b, sumOf(parameter), sum);
    }
  for (auto set : block.getOps<train::SetOp>()) {
    if (isOfStep(set))
      continue;
    part.copyWhole(ValueRange(set.getValue()));
    part.b.setLoc(set.getLoc());
    train::SetOp::create(part.b, set.getVariable(), part.inRows(set.getValue()));
  }
  part.copyCarries();
  SmallVector<std::pair<Combination, Value>> parts;
  for (auto &[op, combination] : combinations) {
    if (isa<train::ReportOp>(op))
      part.copyBatchwise(op->getOperands());
    else
      part.copyWhole(op->getOperands());
    parts.push_back({combination, isa<train::ReportOp>(op) ? part.weighted(op->getOperand(0)) : part.partOf(op)});
  }
  for (auto &[combination, value] : parts)
    train::PartialOp::create(part.b, combination.combine, value, combination.at);
  train::YieldOp::create(part.b, ValueRange());
}

void Accumulation::writeFinish() {
  RowWriter finish(*rows, combinations, objective, createInFront(objective, std::nullopt));
  ImplicitLocOpBuilder &b = finish.b;
  finish.watchReads(minimize.getOver());
  Value watched = numerator ? finish.watch(numerator->getResult(0)) : Value();
  Value source = minimize.getLoss();
  finish.copyWhole(ValueRange(source));
  Value loss = finish.whole(source);
  SmallVector<Value> reads = finish.readsOf(minimize.getOver());
  if (watched)
    reads.push_back(watched);
  b.setLoc(minimize.getLoc());
  SmallVector<Value> direct = gradientsOf(finish, loss, reads), gradients;
  Value scale = watched ? direct.pop_back_val() : Value();
  for (auto [parameter, own] : llvm::zip_equal(minimize.getOver().getAsRange<FlatSymbolRefAttr>(), direct)) {
    auto type = symbols.lookup<train::VariableOp>(parameter.getValue()).getUpdatedType();
    Value sum = train::GetOp::create(b, type, sumOf(parameter));
    if (scale)
      sum = finish.multiply(sum, finish.convert(scale, RankedTensorType::get({}, type.getElementType())));
    gradients.push_back(own ? Value(tw::AddOp::create(b, type, sum, own)) : sum);
    Value none = tw::ConstantOp::create(
        b, type, DenseElementsAttr::get(type, Attribute(b.getFloatAttr(type.getElementType(), 0))));
    train::SetOp::create(b, sumOf(parameter), none);
  }
  finish.copyWhole(minimize.getLimits());
  SmallVector<Value> limits =
      llvm::map_to_vector(minimize.getLimits(), [&](Value limit) { return finish.inRows(limit); });
  SmallVector<std::pair<train::ReportOp, Value>> values;
  for (train::ReportOp report : told) {
    b.setLoc(report.getLoc());
    if (!isWhole(report)) {
      values.push_back({report, finish.mean(combinations.lookup(report))});
      continue;
    }
    finish.copyWhole(ValueRange(report.getValue()));
    values.push_back({report, finish.whole(report.getValue())});
  }
  auto tell = [&](train::ReportOp report, Value value) {
    b.setLoc(report.getLoc());
    train::ReportOp::create(b, report.getTold(), report.getName(), value).setOfSums(report.getOfSums());
  };
  for (auto [report, value] : values)
    tell(report, value);
  b.setLoc(minimize.getLoc());
  train::MinimizeOp::create(b, minimize.getName(), loss, limits, gradients, minimize.getOver(), minimize.getByAttr(),
                            minimize.getClipsAttr(), IntegerAttr(), minimize.getFinite());
  for (auto average : block.getOps<train::AverageOp>())
    b.clone(*average);
  for (auto set : block.getOps<train::SetOp>())
    if (isOfStep(set)) {
      finish.copyWhole(ValueRange(set.getValue()));
      b.setLoc(set.getLoc());
      train::SetOp::create(b, set.getVariable(), finish.inRows(set.getValue()));
    }
  for (train::ReportOp report : behind) {
    finish.copyWhole(ValueRange(report.getValue()));
    tell(report, finish.whole(report.getValue()));
  }
  train::YieldOp::create(b, ValueRange());
}

LogicalResult Accumulation::run() {
  splitScans(objective);
  findStatistics();
  if (failed(checkLoss()) || failed(dropForeignRules()) || failed(chooseTerms()) || failed(combine()))
    return failure();
  SmallVector<train::ReportOp> ofSums = markOfSums(*rows, objective);
  writePart();
  writeFinish();
  writeTell(*rows, combinations, objective, ofSums);
  objective.erase();
  for (auto part : program.getOps<train::ObjectiveOp>())
    if (tw::UniformOp uncounted = countRandomNumbers(part, /*others=*/false))
      return uncounted.emitError()
             << "random numbers of the rows of a step are counted row by row: their first dimension is the batch";
  tw::eraseRowMarks(program);
  return success();
}

struct Accumulate : impl::AccumulateBase<Accumulate> {
  void runOnOperation() override {
    for (auto program : getOperation().getOps<train::ProgramOp>()) {
      FailureOr<train::ObjectiveOp> objective = program.findObjective();
      if (failed(objective) || failed(Accumulation(program, *objective).run()))
        return signalPassFailure();
    }
  }
};

} // namespace
} // namespace talweg
