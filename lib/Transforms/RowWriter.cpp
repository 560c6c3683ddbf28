// Sums are made in f64, and so is everything that is computed from them.
#include "RowWriter.h"

#include "talweg/Dialect/Tw/Access.h"
#include "talweg/Dialect/Tw/Elements.h"

#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace talweg;

RankedTensorType talweg::wideType(Type type) {
  auto ranked = cast<RankedTensorType>(type);
  return isa<FloatType>(ranked.getElementType())
             ? cast<RankedTensorType>(ranked.clone(Float64Type::get(type.getContext())))
             : ranked;
}

RankedTensorType talweg::allWide(Type type) {
  return cast<RankedTensorType>(cast<RankedTensorType>(type).clone(Float64Type::get(type.getContext())));
}

talweg::Combine talweg::combineOf(Operation *op) {
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

SmallVector<Value> talweg::takenBy(Operation *op) {
  llvm::SetVector<Value> taken(op->operand_begin(), op->operand_end());
  getUsedValuesDefinedAbove(op->getRegions(), taken);
  return taken.takeVector();
}

talweg::Operations talweg::slice(ValueRange values, llvm::function_ref<bool(Operation *)> ends) {
  Operations found;
  SmallVector<Value> left(values);
  while (!left.empty())
    if (Operation *op = left.pop_back_val().getDefiningOp(); op && !ends(op) && found.insert(op))
      left.append(takenBy(op));
  return found;
}

train::ObjectiveOp talweg::createInFront(train::ObjectiveOp source, std::optional<int64_t> pass) {
  OpBuilder builder(source);
  IntegerAttr number = pass ? builder.getI64IntegerAttr(*pass) : IntegerAttr();
  return train::ObjectiveOp::create(builder, source.getLoc(), number, /*finish=*/!pass, /*tell=*/false);
}

void talweg::place(Combinations &combinations, int64_t passes) {
  int64_t at = 0, rankings = 0;
  for (int64_t pass = 0; pass < passes; ++pass)
    for (auto &[op, combination] : combinations)
      if (combination.pass == pass && combination.combine == Combine::Below) {
        combination.at = rankings++;
      } else if (combination.pass == pass) {
        combination.at = at;
        at += combination.type.getNumElements();
      }
}

void talweg::addReductions(Combinations &combinations, const tw::Rows &rows, Value value) {
  for (Operation *op : slice(value))
    if (rows.reducesRows(op)) {
      Value result = op->getResult(0);
      combinations[op] = {combineOf(op), rows.of(result).passes - 1, 0, allWide(result.getType())};
    }
}

bool talweg::isLinearIn(Operation &op, llvm::function_ref<bool(Value)> depends) {
  if (isa<tw::AddOp, tw::SubOp, tw::NegOp, tw::ConvertOp, tw::ReshapeOp, tw::WindowOp, tw::FoldOp>(op))
    return true;
  if (auto reduce = dyn_cast<tw::ReduceOp>(op))
    return reduce.getKind() == tw::Reduction::sum;
  if (auto gather = dyn_cast<tw::GatherOp>(op))
    return !depends(gather.getRows());
  if (auto scatter = dyn_cast<tw::ScatterAddOp>(op))
    return !depends(scatter.getRows());
  if (isa<tw::MulOp, tw::ContractOp>(op))
    return !depends(op.getOperand(0)) || !depends(op.getOperand(1));
  if (auto divide = dyn_cast<tw::DivOp>(op))
    return !depends(divide.getB()) && tw::isReal(getElementTypeOrSelf(divide.getType())); // whole numbers are rounded
  if (auto select = dyn_cast<tw::SelectOp>(op))
    return !depends(select.getCondition());
  return false;
}

static Value createReshape(ImplicitLocOpBuilder &b, Value value, ArrayRef<int64_t> shape) {
  auto type = RankedTensorType::get(shape, cast<RankedTensorType>(value.getType()).getElementType());
  return value.getType() == type ? value : tw::ReshapeOp::create(b, type, value).getResult();
}

/// As a list or a number.
static Value flatten(ImplicitLocOpBuilder &b, Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return type.getRank() <= 1 ? value : createReshape(b, value, {type.getNumElements()});
}

Value talweg::createPart(ImplicitLocOpBuilder &b, Operation *reduction, ValueRange operands) {
  auto widen = [&](Value value) { return b.createOrFold<tw::ConvertOp>(allWide(value.getType()), value); };
  auto widenSummand = [&](Value value) { // rows of a scatter stay rows
    return isa<FloatType>(getElementTypeOrSelf(value)) || !isa<tw::ScatterAddOp>(reduction) ? widen(value) : value;
  };
  if (isa<tw::CountBelowOp>(reduction))
    return widen(operands[0]);
  auto reduce = dyn_cast<tw::ReduceOp>(reduction);
  bool isSum = !reduce || reduce.getKind() == tw::Reduction::sum || reduce.getKind() == tw::Reduction::prod;
  SmallVector<Value> taken = isSum ? llvm::map_to_vector(operands, widenSummand) : SmallVector<Value>(operands);
  Type type = reduction->getResult(0).getType();
  OperationState state(reduction->getLoc(), reduction->getName(), taken, isSum ? Type(allWide(type)) : type,
                       reduction->getAttrs());
  return flatten(b, widen(b.create(state)->getResult(0)));
}

/// The op with the dimension of the rows in front, put back behind it.
static tw::UniformOp withRowsInFront(tw::UniformOp uniform, int64_t dim) {
  auto type = cast<RankedTensorType>(uniform.getType());
  SmallVector<int64_t> shape(type.getShape());
  SmallVector<AffineExpr> places;
  OpBuilder b(uniform);
  for (int64_t i = 0; i < type.getRank(); ++i)
    if (i != dim)
      places.push_back(b.getAffineDimExpr(i));
  places.insert(places.begin(), b.getAffineDimExpr(dim));
  shape.erase(shape.begin() + dim);
  shape.insert(shape.begin(), type.getDimSize(dim));
  auto counted =
      tw::UniformOp::create(b, uniform.getLoc(), type.clone(shape), uniform.getKey(), uniform.getStreamAttr(),
                            uniform.getFirst(), uniform.getFurther(), uniform.getTurn());
  auto map = AffineMap::get(type.getRank(), 0, places, b.getContext());
  auto back = tw::WindowOp::create(b, uniform.getLoc(), type, counted, map);
  uniform.replaceAllUsesWith(back.getResult());
  uniform.erase();
  return counted;
}

/// `value`, from outside of the loops around `op`, as it is seen there.
static Value sharedWith(Operation *op, Value value) {
  auto scan = dyn_cast<tw::ScanOp>(op->getParentOp());
  if (!scan)
    return value;
  scan.getSharedMutable().append(sharedWith(scan, value));
  return scan.getBody()->addArgument(value.getType(), value.getLoc());
}

tw::UniformOp talweg::countRandomNumbers(train::ObjectiveOp objective, bool others) {
  int64_t batch = objective->getParentOfType<train::ProgramOp>().getBatch();
  tw::UniformOp uncounted;
  SmallVector<tw::UniformOp> drawn;
  objective.walk([&](tw::UniformOp uniform) { drawn.push_back(uniform); });
  for (tw::UniformOp uniform : drawn) {
    ArrayRef<int64_t> marks = tw::rowMarksOf(uniform);
    if (marks.empty())
      continue;
    if (marks.size() > 1 || (marks[0] != 0 && !others)) {
      uncounted = uniform;
      continue;
    }
    if (marks[0] != 0)
      uniform = withRowsInFront(uniform, marks[0]);
    ImplicitLocOpBuilder b(uniform.getLoc(), objective.getBody().front().findAncestorOpInBlock(*uniform));
    auto type = RankedTensorType::get({}, b.getI64Type());
    int64_t each = cast<RankedTensorType>(uniform.getType()).getNumElements() / batch;
    Value first = train::FirstRowOp::create(b, type);
    Value count = tw::ConstantOp::create(b, type, DenseElementsAttr::get(type, each));
    uniform.getFirstMutable().assign(sharedWith(uniform, tw::MulOp::create(b, type, first, count)));
  }
  return uncounted;
}

RowWriter::RowWriter(const tw::Rows &rows, const Combinations &combinations, train::ObjectiveOp source,
                     train::ObjectiveOp target)
    : rows(rows), combinations(combinations), source(source.getBody().front()),
      batch(source->getParentOfType<train::ProgramOp>().getBatch()),
      b(source.getLoc(), OpBuilder::atBlockEnd(&target.getBody().emplaceBlock())) {
  Block &block = target.getBody().front();
  for (BlockArgument argument : this->source.getArguments()) {
    Value added = block.addArgument(argument.getType(), argument.getLoc());
    plain.map(argument, added);
    split.map(argument, added);
  }
}

void RowWriter::copyBatchwise(ValueRange values) {
  Operations needed = slice(values);
  for (Operation &op : source)
    if (needed.contains(&op))
      copyBatchwise(&op);
}

void RowWriter::copyCarries() {
  for (auto carry : source.getOps<train::CarryOp>()) {
    const tw::RowUse use = rows.of(carry.getValue());
    const bool isOwn = use.kind != tw::RowUse::Mixed && use.passes == 0;
    if (isOwn)
      copyWhole(carry->getOperands());
    else // with the rows of its batch
      copyBatchwise(carry->getOperands());
    b.setLoc(carry.getLoc());
    train::CarryOp::create(b, carry.getVariable(), isOwn ? inRows(carry.getValue()) : plain.lookup(carry.getValue()));
  }
}

void RowWriter::copyWhole(ValueRange values) {
  Operations needed = slice(values, [&](Operation *op) { return rows.reducesRows(op); });
  for (Operation &op : source)
    if (needed.contains(&op))
      copyWhole(&op);
}

Value RowWriter::createNumber(double number) {
  auto type = RankedTensorType::get({}, b.getF64Type());
  return tw::ConstantOp::create(b, type, DenseElementsAttr::get(type, number));
}

Value RowWriter::multiply(Value value, Value number) {
  auto type = cast<RankedTensorType>(value.getType());
  Value spread = b.createOrFold<tw::WindowOp>(type, number, tw::spreadMap(b.getContext(), type.getRank()));
  return b.createOrFold<tw::MulOp>(type, value, spread);
}

Value RowWriter::weighted(Value value) {
  return flatten(b, multiply(widened(plain.lookup(value)), createNumber(double(batch))));
}

void RowWriter::copyBatchwise(Operation *op) {
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

Value RowWriter::inRows(Value value) {
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

Value RowWriter::inWide(Value value) {
  Value &known = wide[value];
  if (known)
    return known;
  auto found = combinations.find(value.getDefiningOp());
  if (!isOverRows(value) || found == combinations.end()) {
    auto rounded = value.getDefiningOp<tw::ConvertOp>(); // of f64: not rounded here
    Value exact = rounded && rounded.getX().getType() == wideType(value.getType()) ? rounded.getX() : value;
    return wide[value] = convert(inRows(exact), wideType(value.getType()));
  }
  Value all = createReshape(b, combined(found->second), cast<RankedTensorType>(value.getType()).getShape());
  RankedTensorType type = wideType(value.getType());
  if (!type.getElementType().isInteger(1))
    return wide[value] = convert(all, type);
  Value none = tw::ConstantOp::create(b, cast<RankedTensorType>(all.getType()),
                                      DenseElementsAttr::get(cast<RankedTensorType>(all.getType()), 0.0));
  return wide[value] = tw::CompareOp::create(b, type, tw::Predicate::gt, all, none);
}

SmallVector<Value> RowWriter::readsOf(ArrayAttr parameters) const {
  return llvm::map_to_vector(parameters, [&](Attribute parameter) { return reads.lookup(parameter); });
}

/// One value for all reads, which is what is differentiated by.
void RowWriter::watchRead(train::GetOp get) {
  Value &read = reads[get.getVariableAttr()];
  if (!read) {
    Value value = b.clone(*get)->getResult(0);
    read = tw::WatchOp::create(b, value.getType(), value);
  }
  split.map(get.getResult(), convert(read, cast<RankedTensorType>(get.getType())));
}

void RowWriter::copyWhole(Operation *op) {
  if (split.contains(op))
    return;
  b.setLoc(op->getLoc());
  if (auto get = dyn_cast<train::GetOp>(op); get && watched && llvm::is_contained(watched, get.getVariableAttr())) {
    if (!split.contains(get.getResult()))
      watchRead(get);
    return;
  }
  if (op->getNumResults() != 1 || op->getNumRegions() > 0 || !isOverRows(op->getResult(0))) {
    IRMapping own;
    for (Value operand : takenBy(op))
      own.map(operand, inRows(operand));
    Operation *copy = b.clone(*op, own);
    split.map(op, copy);
    split.map(op->getResults(), copy->getResults());
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

Value RowWriter::copyReduction(Operation *reduction) {
  copyWhole(reduction->getOperands());
  b.setLoc(reduction->getLoc());
  IRMapping own;
  for (Value operand : reduction->getOperands())
    own.map(operand, inRows(operand));
  return b.clone(*reduction, own)->getResult(0);
}

Value RowWriter::combined(const Combination &combination) {
  auto type = combination.type;
  if (type.getRank() > 1)
    type = RankedTensorType::get({type.getNumElements()}, type.getElementType());
  return train::CombinedOp::create(b, type, combination.at, combination.combine == Combine::Below);
}

Value RowWriter::mean(const Combination &sum) {
  auto number = RankedTensorType::get({}, b.getF64Type());
  Value share = tw::DivOp::create(b, number, createNumber(1), train::RowsOp::create(b, number));
  return createReshape(b, multiply(combined(sum), share), sum.type.getShape());
}
