// A sum is taken apart into its terms. What is spread over the rows is summed over what else it has, and multiplied by how many rows there are.
#include "talweg/Dialect/Train/SpareReadings.h"

#include "talweg/Dialect/Tw/Access.h"
#include "talweg/Dialect/Tw/Tw.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <functional>

using namespace mlir;

namespace talweg::train {
namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// A value of what is summed, read by a map of its indices.
struct Term {
  Value value;
  AffineMap map;
  bool isNegative;
};

class RowSum {
public:
  RowSum(tw::ReduceOp op, const tw::Rows &rows, int64_t batch)
      : op(op), rows(rows), batch(batch), b(op.getLoc(), op), dim(rows.of(op.getX()).dim) {}

  /// Puts another sum in the op's place, if that spares readings.
  std::optional<SparedReadings> takeApart() {
    SmallVector<Term> ofRows, spread;
    for (const Term &term : terms())
      (isSpread(term) ? spread : ofRows).push_back(term);
    const int64_t fewest = passesOf(ofRows);
    auto isLate = [&](const Term &term) { return rows.of(term.value).passes > fewest; };
    llvm::append_range(ofRows, llvm::make_filter_range(spread, std::not_fn(isLate)));
    llvm::erase_if(spread, std::not_fn(isLate));
    if (spread.empty())
      return std::nullopt;
    Value x, sum;
    for (const Term &term : ofRows)
      add(x, each(term), term.isNegative);
    if (x)
      sum = tw::ReduceOp::create(b, op.getType(), op.getKind(), x, op.getDimsAttr());
    for (const Term &term : spread)
      add(sum, timesRows(term), term.isNegative);
    SparedReadings spared{op.getLoc(), rows.of(op).passes, std::max(passesOf(spread), x ? fewest + 1 : 0)};
    op.replaceAllUsesWith(sum);
    return spared;
  }

private:
  /// What is summed is the sum of these. What does not take as many readings as all of it is not taken apart.
  SmallVector<Term> terms() {
    constexpr size_t most = 64;
    const int64_t passes = rows.of(op.getX()).passes;
    SmallVector<Term> found, left;
    left.push_back({op.getX(), AffineMap::getMultiDimIdentityMap(typeOf(op.getX()).getRank(), b.getContext()), false});
    while (!left.empty()) {
      auto [value, map, isNegative] = left.pop_back_val();
      Operation *by = rows.of(value).passes == passes && found.size() < most ? value.getDefiningOp() : nullptr;
      if (auto window = dyn_cast_or_null<tw::WindowOp>(by))
        left.push_back({window.getX(), window.getMap().compose(map), isNegative});
      else if (auto sum = dyn_cast_or_null<tw::AddOp>(by))
        left.append({{sum.getB(), map, isNegative}, {sum.getA(), map, isNegative}});
      else if (auto difference = dyn_cast_or_null<tw::SubOp>(by))
        left.append({{difference.getB(), map, !isNegative}, {difference.getA(), map, isNegative}});
      else if (auto negative = dyn_cast_or_null<tw::NegOp>(by))
        left.push_back({negative->getOperand(0), map, !isNegative});
      else
        found.push_back({value, simplifyAffineMap(map), isNegative});
    }
    return found;
  }

  bool isSpread(const Term &term) const {
    return rows.of(term.value).kind == tw::RowUse::OverRows && !term.map.isFunctionOfDim(dim);
  }

  int64_t passesOf(ArrayRef<Term> terms) const {
    int64_t passes = 0;
    for (const Term &term : terms)
      passes = std::max(passes, rows.of(term.value).passes);
    return passes;
  }

  void add(Value &sum, Value term, bool isNegative) {
    if (!sum)
      sum = isNegative ? tw::NegOp::create(b, term.getType(), term).getResult() : term;
    else if (isNegative)
      sum = tw::SubOp::create(b, term.getType(), sum, term);
    else
      sum = tw::AddOp::create(b, term.getType(), sum, term);
  }

  /// The term, for each row.
  Value each(const Term &term) {
    Value value = b.createOrFold<tw::WindowOp>(op.getX().getType(), term.value, term.map);
    if (value != term.value)
      tw::markRows(value.getDefiningOp(), dim);
    return value;
  }

  /// The sum of what is spread, over all rows.
  Value timesRows(const Term &term) {
    const RankedTensorType all = typeOf(op.getX());
    SmallVector<AffineExpr> places;
    SmallVector<int64_t> shape, summed;
    double times = 1; // for each row
    for (auto [position, extent] : llvm::enumerate(all.getShape())) {
      const bool isSummed = llvm::is_contained(op.getDims(), int64_t(position));
      if (isSummed && !term.map.isFunctionOfDim(position)) {
        times *= double(extent);
        places.push_back(b.getAffineConstantExpr(0)); // of what no result reads
        continue;
      }
      if (isSummed)
        summed.push_back(int64_t(shape.size()));
      places.push_back(b.getAffineDimExpr(shape.size()));
      shape.push_back(extent);
    }
    Value value = b.createOrFold<tw::WindowOp>(all.clone(shape), term.value,
                                               term.map.replaceDimsAndSymbols(places, {}, shape.size(), 0));
    if (!summed.empty())
      value = tw::ReduceOp::create(b, op.getType(), op.getKind(), value, b.getDenseI64ArrayAttr(summed));
    auto number = RankedTensorType::get({}, b.getF64Type());
    Value count =
        tw::MulOp::create(b, number, RowsOp::create(b, number),
                          tw::ConstantOp::create(b, number, DenseElementsAttr::get(number, times / double(batch))));
    Value factor = b.createOrFold<tw::ConvertOp>(number.clone(typeOf(op).getElementType()), count);
    return tw::MulOp::create(
        b, op.getType(), value,
        b.createOrFold<tw::WindowOp>(op.getType(), factor, tw::spreadMap(b.getContext(), typeOf(op).getRank())));
  }

  tw::ReduceOp op;
  const tw::Rows &rows;
  int64_t batch;
  ImplicitLocOpBuilder b;
  int64_t dim; ///< of what is summed, along which the rows lie
};

} // namespace

SmallVector<SparedReadings> spareReadings(ObjectiveOp objective, int64_t batch, tw::Rows::Known isKnown) {
  SmallVector<SparedReadings> spared;
  Block &block = objective.getBody().front();
  auto step = [&] {
    SmallVector<tw::ReduceOp> replaced; // known to `rows` as long as these are
    const tw::Rows rows(block, batch, {}, isKnown);
    for (auto op : block.getOps<tw::ReduceOp>())
      if (op.getKind() == tw::Reduction::sum && rows.reducesRows(op) &&
          isa<FloatType>(getElementTypeOrSelf(op.getType())))
        if (auto sum = RowSum(op, rows, batch).takeApart()) {
          spared.push_back(*sum);
          replaced.push_back(op);
        }
    for (tw::ReduceOp op : replaced)
      op.erase();
    return !replaced.empty();
  };
  while (step()) // what is known earlier may be known before what else is summed
    ;
  return spared;
}

} // namespace talweg::train
