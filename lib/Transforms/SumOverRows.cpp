// Cuts an objective where it reduces over rows. What belongs to rows stays with them, in the passes over the data; what a reduction makes of
// all rows is combined from the batches by the host; what uses that is computed once, in the finish, or where rows use it again, in a later
// pass. Sums are made in f64, and so is everything that is computed from them.
#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Access.h"
#include "talweg/Dialect/Tw/Rows.h"
#include "talweg/Dialect/Tw/Tw.h"
#include "talweg/Transforms/Passes.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace talweg {
#define GEN_PASS_DEF_SUMOVERROWS
#include "talweg/Transforms/Passes.h.inc"

namespace {

using Operations = llvm::SetVector<Operation *>;

/// What the host combines of a reduction over rows, or of a batch's own number.
struct Combination {
  Combine combine;
  int64_t pass, at = 0;
  RankedTensorType type; ///< of f64
};
using Combinations = llvm::MapVector<Operation *, Combination>;

RankedTensorType wideType(Type type) {
  auto ranked = cast<RankedTensorType>(type);
  return isa<FloatType>(ranked.getElementType())
             ? cast<RankedTensorType>(ranked.clone(Float64Type::get(type.getContext())))
             : ranked;
}

RankedTensorType allWide(Type type) {
  return cast<RankedTensorType>(cast<RankedTensorType>(type).clone(Float64Type::get(type.getContext())));
}

Combine combineOf(Operation *op) {
  auto reduce = dyn_cast<tw::ReduceOp>(op);
  if (!reduce)
    return isa<tw::CountBelowOp>(op) ? Combine::Below : Combine::Sum;
  switch (reduce.getKind()) {
  case tw::Reduction::sum: return Combine::Sum;
  case tw::Reduction::prod: return Combine::Product;
  case tw::Reduction::max:
  case tw::Reduction::any: return Combine::Max;
  case tw::Reduction::min:
  case tw::Reduction::all: return Combine::Min;
  }
  llvm_unreachable("every reduction has its case");
}

/// What `values` are computed from, as far as `ends` goes.
Operations slice(ValueRange values, llvm::function_ref<bool(Operation *)> ends) {
  Operations found;
  SmallVector<Value> left(values);
  while (!left.empty())
    if (Operation *op = left.pop_back_val().getDefiningOp(); op && !ends(op) && found.insert(op))
      left.append(op->operand_begin(), op->operand_end());
  return found;
}

/// One of the new objectives, and what has been put into it.
class Writer {
public:
  Writer(const tw::Rows &rows, const Combinations &combinations, train::ObjectiveOp source, train::ObjectiveOp target)
      : rows(rows), combinations(combinations), source(source.getBody().front()), batch(batchOf(source)),
        b(source.getLoc(), OpBuilder::atBlockEnd(&target.getBody().emplaceBlock())) {
    Block &block = target.getBody().front();
    for (BlockArgument argument : this->source.getArguments()) {
      Value added = block.addArgument(argument.getType(), argument.getLoc());
      plain.map(argument, added);
      split.map(argument, added);
    }
  }

  /// Puts in what these values are computed from, of the batch alone.
  void copyBatchwise(ValueRange values) {
    Operations needed = slice(values, [](Operation *) { return false; });
    for (Operation &op : source)
      if (needed.contains(&op))
        copyBatchwise(&op);
  }
  /// The same of all rows.
  void copyWhole(ValueRange values) {
    Operations needed = slice(values, [&](Operation *op) { return rows.reducesRows(op); });
    for (Operation &op : source)
      if (needed.contains(&op))
        copyWhole(&op);
  }

  Value whole(Value value) { return isOverRows(value) ? inWide(value) : inRows(value); }
  Value widened(Value value) { return convert(value, allWide(value.getType())); }
  /// As a list or a number.
  Value flattened(Value value) {
    auto type = cast<RankedTensorType>(value.getType());
    return type.getRank() <= 1 ? value : createReshape(value, {type.getNumElements()});
  }
  /// What a batch adds to a reduction.
  Value partOf(Operation *reduction);
  Value combined(const Combination &combination);
  /// A batch's own number times its rows, and the mean of such.
  Value weighted(Value value) { return flattened(multiply(widened(plain.lookup(value)), createNumber(double(batch)))); }
  Value mean(const Combination &sum);
  void copyRequirement(tw::RequireOp require) { b.clone(*require, plain); }

private:
  static int64_t batchOf(train::ObjectiveOp objective) {
    return objective->getParentOfType<train::ProgramOp>().getBatch();
  }
  bool isOverRows(Value value) const { return rows.of(value).kind == tw::RowUse::OverRows; }
  void copyBatchwise(Operation *op);
  void copyWhole(Operation *op);
  Value inRows(Value value);
  Value inWide(Value value);
  Value convert(Value value, RankedTensorType type) { return b.createOrFold<tw::ConvertOp>(type, value); }
  Value createNumber(double number) {
    auto type = RankedTensorType::get({}, b.getF64Type());
    return tw::ConstantOp::create(b, type, DenseElementsAttr::get(type, number));
  }
  /// Each element times a number.
  Value multiply(Value value, Value number) {
    auto type = cast<RankedTensorType>(value.getType());
    Value spread = b.createOrFold<tw::WindowOp>(type, number, tw::spreadMap(b.getContext(), type.getRank()));
    return b.createOrFold<tw::MulOp>(type, value, spread);
  }
  Value createReshape(Value value, ArrayRef<int64_t> shape) {
    auto type = RankedTensorType::get(shape, cast<RankedTensorType>(value.getType()).getElementType());
    return value.getType() == type ? value : tw::ReshapeOp::create(b, type, value).getResult();
  }

  const tw::Rows &rows;
  const Combinations &combinations;
  Block &source;
  int64_t batch;
  IRMapping plain; ///< of the batch alone
  IRMapping split; ///< of a row and of all
  llvm::DenseMap<Value, Value> wide;

public:
  ImplicitLocOpBuilder b;
};

void Writer::copyBatchwise(Operation *op) {
  if (plain.contains(op))
    return;
  b.setLoc(op->getLoc());
  if (!isa<train::RowsOp>(op)) {
    b.clone(*op, plain);
    return;
  }
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  plain.map(op, tw::ConstantOp::create(b, type, DenseElementsAttr::get(type, double(batch))).getOperation());
  plain.map(op->getResult(0), plain.lookup(op)->getResult(0));
}

/// A value of a row, or of no row.
Value Writer::inRows(Value value) {
  if (Value known = split.lookupOrNull(value))
    return known;
  if (auto found = combinations.find(value.getDefiningOp()); found != combinations.end() && !isOverRows(value)) {
    Value ranks = convert(combined(found->second), cast<RankedTensorType>(value.getType()));
    split.map(value, ranks);
    return ranks;
  }
  Value result = convert(inWide(value), cast<RankedTensorType>(value.getType()));
  split.map(value, result);
  return result;
}

/// A value of no row, computed in f64 if it is a float.
Value Writer::inWide(Value value) {
  Value &known = wide[value];
  if (known)
    return known;
  auto found = combinations.find(value.getDefiningOp());
  if (!isOverRows(value) || found == combinations.end()) {
    auto rounded = value.getDefiningOp<tw::ConvertOp>(); // of f64: not rounded here
    Value exact = rounded && rounded.getX().getType() == wideType(value.getType()) ? rounded.getX() : value;
    return wide[value] = convert(inRows(exact), wideType(value.getType()));
  }
  Value all = createReshape(combined(found->second), cast<RankedTensorType>(value.getType()).getShape());
  RankedTensorType type = wideType(value.getType());
  if (!type.getElementType().isInteger(1))
    return wide[value] = convert(all, type);
  Value none = tw::ConstantOp::create(b, cast<RankedTensorType>(all.getType()),
                                      DenseElementsAttr::get(cast<RankedTensorType>(all.getType()), 0.0));
  return wide[value] = tw::CompareOp::create(b, type, tw::Predicate::gt, all, none);
}

void Writer::copyWhole(Operation *op) {
  if (split.contains(op))
    return;
  b.setLoc(op->getLoc());
  if (op->getNumResults() != 1 || !isOverRows(op->getResult(0))) {
    for (Value operand : op->getOperands())
      (void)inRows(operand);
    b.clone(*op, split);
    return;
  }
  Value result = op->getResult(0);
  SmallVector<Value> operands = llvm::map_to_vector(op->getOperands(), [&](Value operand) { return inWide(operand); });
  if (isa<tw::ConvertOp>(op)) {
    wide[result] = convert(operands[0], wideType(result.getType()));
    return;
  }
  OperationState state(op->getLoc(), op->getName(), operands, wideType(result.getType()), op->getAttrs());
  wide[result] = b.create(state)->getResult(0);
}

Value Writer::combined(const Combination &combination) {
  auto type = combination.type;
  if (type.getRank() > 1)
    type = RankedTensorType::get({type.getNumElements()}, type.getElementType());
  return train::CombinedOp::create(b, type, combination.at, combination.combine == Combine::Below);
}

Value Writer::mean(const Combination &sum) {
  auto number = RankedTensorType::get({}, b.getF64Type());
  Value share = tw::DivOp::create(b, number, createNumber(1), train::RowsOp::create(b, number));
  return createReshape(multiply(combined(sum), share), sum.type.getShape());
}

Value Writer::partOf(Operation *reduction) {
  b.setLoc(reduction->getLoc());
  if (isa<tw::CountBelowOp>(reduction))
    return widened(inRows(reduction->getOperand(0)));
  auto reduce = dyn_cast<tw::ReduceOp>(reduction);
  bool isSum = !reduce || reduce.getKind() == tw::Reduction::sum || reduce.getKind() == tw::Reduction::prod;
  SmallVector<Value> operands = llvm::map_to_vector(
      reduction->getOperands(), [&](Value operand) { return isSum ? widened(inRows(operand)) : inRows(operand); });
  Type type = reduction->getResult(0).getType();
  OperationState state(reduction->getLoc(), reduction->getName(), operands, isSum ? Type(allWide(type)) : type,
                       reduction->getAttrs());
  return flattened(widened(b.create(state)->getResult(0)));
}

class Cut {
public:
  explicit Cut(train::ObjectiveOp objective)
      : program(objective->getParentOfType<train::ProgramOp>()), objective(objective),
        rows(objective.getBody().front(), program.getBatch()), told(train::toldBy(objective)), builder(objective) {}

  LogicalResult run();

private:
  bool isWhole(train::ReportOp report) const {
    return report.getWhole() && rows.of(report.getValue()).kind != tw::RowUse::Mixed;
  }
  LogicalResult collect();
  train::ObjectiveOp create(std::optional<int64_t> pass);
  void writePass(int64_t pass);
  void writeFinish();

  train::ProgramOp program;
  train::ObjectiveOp objective;
  tw::Rows rows;
  SmallVector<train::ReportOp> told;
  OpBuilder builder;
  Combinations combinations; ///< of reductions, and of the reports that are means over batches
  int64_t passes = 1;
};

LogicalResult Cut::collect() {
  for (train::ReportOp report : told) {
    Value value = report.getValue();
    if (!isWhole(report)) {
      combinations[report] = {Combine::Sum, 0, 0, allWide(value.getType())};
      continue;
    }
    int64_t times = rows.of(value).passes;
    if (times > tw::Rows::kMostPasses)
      return report.emitError() << "`" << report.getName() << "` reads all rows " << times
                                << " times, one after the other";
    for (Operation *op : slice(value, [](Operation *) { return false; }))
      if (rows.reducesRows(op)) {
        Value result = op->getResult(0);
        combinations[op] = {combineOf(op), rows.of(result).passes - 1, 0, allWide(result.getType())};
      }
    passes = std::max(passes, times);
  }
  int64_t at = 0, rankings = 0;
  for (int64_t pass = 0; pass < passes; ++pass)
    for (auto &[op, combination] : combinations)
      if (combination.pass == pass && combination.combine == Combine::Below) {
        combination.at = rankings++;
      } else if (combination.pass == pass) {
        combination.at = at;
        at += combination.type.getNumElements();
      }
  return success();
}

/// In front of the one that is cut.
train::ObjectiveOp Cut::create(std::optional<int64_t> pass) {
  return train::ObjectiveOp::create(builder, objective.getLoc(),
                                    pass ? builder.getI64IntegerAttr(*pass) : IntegerAttr(), !pass);
}

void Cut::writePass(int64_t pass) {
  Writer writer(rows, combinations, objective, create(pass));
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
  for (auto &[combination, part] : parts)
    train::PartialOp::create(writer.b, combination.combine, part, combination.at);
  train::YieldOp::create(writer.b, ValueRange());
}

void Cut::writeFinish() {
  Writer writer(rows, combinations, objective, create(std::nullopt));
  SmallVector<Value> values;
  for (train::ReportOp report : told) {
    Value value = report.getValue();
    writer.b.setLoc(report.getLoc());
    if (isWhole(report)) {
      writer.copyWhole(value);
      value = writer.whole(value);
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
  tw::eraseRowMarks(program);
  return success();
}

struct SumOverRows : impl::SumOverRowsBase<SumOverRows> {
  void runOnOperation() override {
    for (auto program : getOperation().getOps<train::ProgramOp>()) {
      FailureOr<train::ObjectiveOp> objective = program.findObjective();
      if (failed(objective) || failed(Cut(*objective).run()))
        return signalPassFailure();
    }
  }
};

} // namespace
} // namespace talweg
