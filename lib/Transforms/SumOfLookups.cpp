// The elements of a lookup change places in its own rows as they would in those of the table.
#include "SumOfLookups.h"

#include "talweg/Dialect/Tw/Access.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace talweg {
namespace {

/// The lookups of one table whose rows are put behind each other; with more it is updated as a whole.
constexpr size_t kMostLookups = 16;

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// True for an op that is linear, and of which each row comes from the same row of each operand.
bool changesPlacesInRows(Operation *op) {
  if (!isa<tw::WindowOp, tw::FoldOp, tw::ReshapeOp, tw::ConcatOp>(op))
    return false;
  ArrayRef<int64_t> from = typeOf(op->getOperand(0)).getShape(), to = typeOf(op->getResult(0)).getShape();
  if (auto window = dyn_cast<tw::WindowOp>(op))
    return tw::isWithinRows(window.getMap(), from, to);
  if (auto fold = dyn_cast<tw::FoldOp>(op))
    return tw::isWithinRows(fold.getMap(), to, from);
  auto concat = dyn_cast<tw::ConcatOp>(op);
  return !from.empty() && !to.empty() && from[0] == to[0] && (!concat || concat.getDim() > 0);
}

Value shapedAs(OpBuilder &builder, Value value, ArrayRef<int64_t> shape) {
  return builder.createOrFold<tw::ReshapeOp>(value.getLoc(), typeOf(value).clone(shape), value);
}

/// One tensor of all, along the first dimension.
Value behindEachOther(OpBuilder &builder, ArrayRef<Value> parts) {
  if (parts.size() == 1)
    return parts[0];
  int64_t rows = 0;
  for (Value part : parts)
    rows += typeOf(part).getDimSize(0);
  return tw::ConcatOp::create(builder, parts[0].getLoc(), withRows(typeOf(parts[0]), rows), parts, /*dim=*/0);
}

/// What an op makes of rows in the place of one of its operands, the others being zero.
Value applied(OpBuilder &builder, OpOperand &operand, Value rows) {
  Operation *op = operand.getOwner();
  RankedTensorType type = withRows(typeOf(op->getResult(0)), typeOf(rows).getDimSize(0));
  if (auto concat = dyn_cast<tw::ConcatOp>(op)) {
    SmallVector<int64_t> low(type.getRank()), high(type.getRank());
    for (OpOperand &other : op->getOpOperands())
      if (&other != &operand)
        (other.getOperandNumber() < operand.getOperandNumber() ? low : high)[concat.getDim()] +=
            typeOf(other.get()).getDimSize(concat.getDim());
    return tw::PadOp::create(builder, op->getLoc(), type, rows, low, high, llvm::APFloat(0.0));
  }
  IRMapping own;
  own.map(operand.get(), rows);
  Operation *copy = builder.clone(*op, own);
  copy->getResult(0).setType(type);
  return copy->getResult(0);
}

} // namespace

RankedTensorType withRows(RankedTensorType type, int64_t rows) {
  SmallVector<int64_t> shape(type.getShape());
  shape[0] = rows;
  return type.clone(shape);
}

std::optional<SumOfLookups> SumOfLookups::of(Value sum, bool within) {
  SumOfLookups found(sum);
  SmallVector<OpOperand *> steps;
  return found.collect(sum, within, steps) ? std::optional(found) : std::nullopt;
}

bool SumOfLookups::collect(Value value, bool within, SmallVector<OpOperand *> &steps) {
  Operation *op = value.getDefiningOp();
  if (auto lookup = dyn_cast_or_null<tw::ScatterAddOp>(op)) {
    lookups.push_back({lookup, steps});
    return true;
  }
  bool isAdded = isa_and_present<tw::AddOp>(op);
  if (!op || lookups.size() >= kMostLookups || (!isAdded && (!within || !changesPlacesInRows(op))))
    return false;
  return llvm::all_of(op->getOpOperands(), [&](OpOperand &operand) {
    if (!isAdded)
      steps.push_back(&operand);
    bool isOfLookups = collect(operand.get(), within, steps);
    if (!isAdded)
      steps.pop_back();
    return isOfLookups;
  });
}

Operation *SumOfLookups::ofSeveralTables() const {
  for (Lookup lookup : lookups)
    if (lookup.op.getShared() != 0)
      return lookup.op;
  return nullptr;
}

TableRows SumOfLookups::coalesce() const {
  OpBuilder builder(sum.getDefiningOp());
  SmallVector<Value> named, values;
  for (const Lookup &lookup : lookups) {
    tw::ScatterAddOp op = lookup.op;
    int64_t positions = typeOf(op.getRows()).getNumElements();
    named.push_back(shapedAs(builder, op.getRows(), {positions}));
    Value rows = shapedAs(builder, op.getValues(), withRows(typeOf(op.getResult()), positions).getShape());
    for (OpOperand *step : llvm::reverse(lookup.steps))
      rows = applied(builder, *step, rows);
    values.push_back(rows);
  }
  auto coalesced = tw::CoalesceOp::create(builder, sum.getLoc(), behindEachOther(builder, values),
                                          behindEachOther(builder, named), typeOf(sum).getDimSize(0));
  return {coalesced.getNamed(), coalesced.getSums()};
}

void SumOfLookups::separate(Operation *sum) {
  if (isa<tw::ScatterAddOp>(sum))
    return;
  for (OpOperand &summand : sum->getOpOperands()) {
    Operation *op = summand.get().getDefiningOp();
    if (!op->hasOneUse()) {
      op = OpBuilder(sum).clone(*op);
      summand.set(op->getResult(0));
    }
    separate(op);
  }
}

void SumOfLookups::eraseUnread(Operation *op) {
  if (!op->use_empty())
    return;
  llvm::SetVector<Operation *> operands;
  if (isa<tw::AddOp>(op) || changesPlacesInRows(op))
    for (Value operand : op->getOperands())
      operands.insert(operand.getDefiningOp());
  op->erase();
  for (Operation *operand : operands)
    eraseUnread(operand);
}

} // namespace talweg
