// Gathers, scatter-adds and coalesced rows, by rows of all kinds: labels, places of extremes, literals that may be out of range.
#include "Makers.h"

using namespace mlir;

namespace talweg::random {

/// Numbers of rows, about as many as there are to `extent`, of a shape that begins with `shared`.
static Value rowNumbers(Maker &m, const Shape &shared, std::int64_t extent) {
  auto type = [&](const Shape &shape) { return RankedTensorType::get(shape, m.b.getI32Type()); };
  if (shared.empty() && m.chance.oneIn(3))
    return m.labels();
  if (Value x = m.anyOfRank(shared.size() + 1); x && m.chance.oneIn(3)) {
    Shape shape = shapeOf(x);
    std::int64_t d = std::int64_t(shape.size()) - 1;
    shape.pop_back();
    if (std::equal(shared.begin(), shared.end(), shape.begin()) && countOf(shape) <= 60)
      return tw::ArgOp::create(m.b, m.loc, type(shape), tw::Reduction::max, x, d);
  }
  Shape shape = shared;
  for (std::size_t more = std::size_t(m.chance.below(3)); more > 0; --more)
    shape.push_back(m.extent());
  if (countOf(shape) > 120)
    shape.resize(shared.size());
  std::vector<std::int32_t> numbers;
  for (std::int64_t left = countOf(shape); left > 0; --left)
    numbers.push_back(std::int32_t(m.chance.oneIn(8) ? m.chance.below(extent + 4) - 2 : m.chance.below(extent)));
  return tw::ConstantOp::create(m.b, m.loc, type(shape), DenseElementsAttr::get(type(shape), ArrayRef(numbers)));
}

/// The first dimensions that a table or values may have in common with rows.
static Shape sharedOf(Maker &m, const Shape &shape) {
  return m.chance.oneIn(3) && shape.size() > 1 ? Shape(shape.begin(), shape.begin() + 1) : Shape();
}

Value gathered(Maker &m) {
  Value table = m.chance.oneIn(2) ? m.parameter(m.shape(1 + std::size_t(m.chance.below(2)), 120)) : m.anyOfRank(1);
  if (!table)
    return {};
  Shape from = shapeOf(table), shared = sharedOf(m, from);
  Value rows = rowNumbers(m, shared, from[shared.size()]);
  Shape to = shapeOf(rows);
  to.insert(to.end(), from.begin() + shared.size() + 1, from.end());
  if (countOf(to) > Maker::kMostElements)
    return {};
  return tw::GatherOp::create(m.b, m.loc, Maker::typeOf(to, table), table, rows, shared.size());
}

Value scattered(Maker &m) {
  Value values = m.any();
  std::int64_t extent = m.extent();
  Shape from = shapeOf(values), shared = sharedOf(m, from);
  Value rows = rowNumbers(m, shared, extent);
  Shape named = shapeOf(rows);
  if (named.size() > from.size() || !std::equal(named.begin(), named.end(), from.begin())) {
    from = named;
    from.push_back(m.chance.pick<std::int64_t>({1, 2, 3, 8, 17}));
    if (countOf(from) > Maker::kMostElements)
      return {};
    values = m.ofShape(from);
  }
  Shape to(from.begin(), from.begin() + shared.size());
  to.push_back(extent);
  to.insert(to.end(), from.begin() + named.size(), from.end());
  if (countOf(to) > Maker::kMostElements)
    return {};
  return tw::ScatterAddOp::create(m.b, m.loc, Maker::typeOf(to, values), rows, values, shared.size());
}

Value coalesced(Maker &m) {
  Value table = m.chance.oneIn(2) ? m.parameter(m.shape(1 + std::size_t(m.chance.below(2)), 120)) : m.anyOfRank(1);
  if (!table)
    return {};
  Shape ofTable = shapeOf(table);
  Value rows = rowNumbers(m, {}, ofTable[0]);
  Shape ofValues = shapeOf(rows);
  ofValues.insert(ofValues.end(), ofTable.begin() + 1, ofTable.end());
  if (countOf(ofValues) > Maker::kMostElements)
    return {};
  auto found = tw::CoalesceOp::create(m.b, m.loc, m.ofShape(ofValues), rows, ofTable[0]);
  Value named = found.getNamed(), sums = found.getSums();
  if (m.chance.oneIn(2))
    return tw::PutRowsOp::create(m.b, m.loc, table.getType(), sums, named, table);
  Value numbers = m.scale(m.convert(named, getElementTypeOrSelf(sums)), 0.125);
  return m.binary<tw::AddOp>(sums, m.spread(numbers, shapeOf(sums), 0u));
}

Value withSomeRows(Maker &m, Value values, Value table) {
  std::int64_t count = shapeOf(table)[0];
  std::vector<std::int32_t> numbers;
  for (std::int64_t row = 0; row < count; ++row) // turned round, and some that are none
    numbers.push_back(m.chance.oneIn(3) ? std::int32_t(m.chance.pick<std::int64_t>({-1, count, count + 3}))
                                        : std::int32_t(count - 1 - row));
  auto type = RankedTensorType::get({count}, m.b.getI32Type());
  Value rows = tw::ConstantOp::create(m.b, m.loc, type, DenseElementsAttr::get(type, ArrayRef(numbers)));
  return tw::PutRowsOp::create(m.b, m.loc, table.getType(), values, rows, table);
}

} // namespace talweg::random
