// See SummedRows.h.
#include "SummedRows.h"

#include "talweg/Dialect/Tw/Access.h"
#include "talweg/Dialect/Tw/Tw.h"

#include "mlir/IR/SymbolTable.h"

using namespace mlir;

namespace talweg {
namespace {

using Builder = ImplicitLocOpBuilder;

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

RankedTensorType wholes(Builder &b, ArrayRef<int64_t> shape) { return RankedTensorType::get(shape, b.getI32Type()); }

Value fill(Builder &b, RankedTensorType type, int64_t number) {
  Type element = type.getElementType();
  Attribute each = isa<FloatType>(element) ? Attribute(b.getFloatAttr(element, double(number)))
                                           : Attribute(b.getIntegerAttr(element, number));
  return tw::ConstantOp::create(b, type, DenseElementsAttr::get(type, each));
}

/// `value` [P] or a number, the same in all other dimensions of `shape`.
Value spread(Builder &b, Value value, ArrayRef<int64_t> shape) {
  unsigned rank = typeOf(value).getRank();
  RankedTensorType type = typeOf(value).clone(shape);
  if (type == value.getType())
    return value;
  AffineMap all = b.getMultiDimIdentityMap(shape.size());
  return tw::WindowOp::create(b, type, value,
                              AffineMap::get(shape.size(), 0, all.getResults().take_front(rank), b.getContext()));
}

Value compare(Builder &b, tw::Predicate predicate, Value x, Value y) {
  return tw::CompareOp::create(b, typeOf(x).clone(b.getI1Type()), predicate, x, y);
}

Value select(Builder &b, Value condition, Value ifTrue, Value ifFalse) {
  return tw::SelectOp::create(b, ifTrue.getType(), condition, ifTrue, ifFalse);
}

Value gather(Builder &b, Value table, Value rows) {
  SmallVector<int64_t> shape(typeOf(table).getShape());
  shape[0] = typeOf(rows).getNumElements();
  return tw::GatherOp::create(b, typeOf(table).clone(shape), table, rows);
}

Value putRows(Builder &b, Value values, Value rows, Value table) {
  return tw::PutRowsOp::create(b, table.getType(), values, rows, table);
}

} // namespace

SummedRows::SummedRows(train::VariableOp variable)
    : table(variable.getSymName()), sum(table + train::kGradientSum), listed(table + train::kSummedRows),
      number(table + train::kSummedCount), isListed(table + train::kIsSummed),
      count(cast<ShapedType>(variable.getType()).getDimSize(0)) {}

std::optional<SummedRows> SummedRows::of(train::ProgramOp program, train::VariableOp table) {
  bool isListed = SymbolTable::lookupSymbolIn(program, (table.getSymName() + train::kSummedRows).str());
  return isListed ? std::optional(SummedRows(table)) : std::nullopt;
}

void SummedRows::add(Builder b, TableRows rows, Value before) const {
  Value added = tw::AddOp::create(b, gather(b, before, rows.named), rows.values);
  train::SetOp::create(b, sum, putRows(b, added, rows.named, before));

  RankedTensorType ofAll = wholes(b, {count}), ofRows = wholes(b, typeOf(rows.named).getShape()), one = wholes(b, {});
  Value named = b.createOrFold<tw::ConvertOp>(ofRows, rows.named), none = fill(b, ofRows, count);
  Value marks = train::GetOp::create(b, ofAll, isListed);
  Value isNew = compare(b, tw::Predicate::eq, gather(b, marks, named), fill(b, ofRows, 0));
  Value fresh = select(b, isNew, named, none); // what is no row stays none
  train::SetOp::create(b, isListed, putRows(b, fill(b, ofRows, 1), fresh, marks));

  // Behind each other, in front of what is none, and behind those that are listed.
  Value zeros = fill(b, cast<RankedTensorType>(ofRows.clone(b.getF32Type())), 0);
  fresh = tw::CoalesceOp::create(b, zeros, fresh, count + 1).getNamed();
  Value list = train::GetOp::create(b, ofAll, listed), first = train::GetOp::create(b, one, number);
  Value places = tw::AddOp::create(b, tw::IotaOp::create(b, ofRows, 0), spread(b, first, ofRows.getShape()));
  train::SetOp::create(b, listed, putRows(b, fresh, places, list));
  Value isRow = tw::ConvertOp::create(b, ofRows, compare(b, tw::Predicate::lt, fresh, none));
  Value more = tw::ReduceOp::create(b, one, tw::Reduction::sum, isRow, ArrayRef<int64_t>{0});
  train::SetOp::create(b, number, tw::AddOp::create(b, first, more));
}

TableRows SummedRows::take(Builder b, Value all, std::int64_t most) const {
  most = std::min(most, count);
  RankedTensorType ofAll = wholes(b, {count}), ofRows = wholes(b, {most}), one = wholes(b, {});
  Value found = train::GetOp::create(b, one, number);
  std::string message = "the parts of this step name {} rows of `" + table + "`, and one of its size has room for " +
                        std::to_string(most);
  tw::RequireOp::create(b, compare(b, tw::Predicate::le, found, fill(b, one, most)), found, b.getStringAttr(message),
                        b.getStringAttr("add more rows at a time"), IntegerAttr(), IntegerAttr());
  train::SetOp::create(b, number, fill(b, one, 0));

  Value places = tw::IotaOp::create(b, ofRows, 0);
  Value isThere = compare(b, tw::Predicate::lt, places, spread(b, found, ofRows.getShape()));
  Value list = train::GetOp::create(b, ofAll, listed);
  Value rows = select(b, isThere, gather(b, list, places), fill(b, ofRows, count));
  Value marks = train::GetOp::create(b, ofAll, isListed);
  train::SetOp::create(b, isListed, putRows(b, fill(b, ofRows, 0), rows, marks));

  Value taken = gather(b, all, rows), zeros = fill(b, typeOf(taken), 0);
  train::SetOp::create(b, sum, putRows(b, zeros, rows, all));
  return {rows, select(b, spread(b, isThere, typeOf(taken).getShape()), taken, zeros)};
}

void SummedRows::giveUp(Builder b) const { train::SetOp::create(b, number, fill(b, wholes(b, {}), count + 1)); }

} // namespace talweg
