// The table of what random programs are made of, and the makers that put other makers' ops together. A new op: elementwise, a
// row in ElementwiseMakers.cpp; else a maker and its row in the table at the end. Its meaning goes to Numbers.cpp or Evaluate.cpp.
#include "Makers.h"

#include "talweg/Autodiff/Differentiate.h"

#include <algorithm>
#include <numeric>

using namespace mlir;

namespace talweg::random {

std::vector<std::int64_t> someDims(Maker &m, std::size_t rank) {
  std::vector<std::int64_t> dims;
  for (std::size_t d = 0; d < rank; ++d)
    if (m.chance.oneIn(2))
      dims.push_back(std::int64_t(d));
  if (dims.empty() && rank > 0)
    dims.push_back(m.chance.below(std::int64_t(rank)));
  return dims;
}

namespace {

//===-- reductions -------------------------------------------------------------------------------------------------===//

Value mean(Maker &m, Value x, ArrayRef<std::int64_t> dims) {
  Value sum = m.reduce(tw::Reduction::sum, x, dims);
  return m.scale(sum, double(countOf(shapeOf(sum))) / double(countOf(shapeOf(x))));
}

Value reduceSome(Maker &m, Value x) {
  std::vector<std::int64_t> dims = someDims(m, shapeOf(x).size());
  using enum tw::Reduction;
  tw::Reduction kind = m.chance.pick({sum, sum, sum, max, min, prod});
  if (kind == prod) { // some factors are 0; many are near 1
    std::int64_t factors = 1;
    for (std::int64_t d : dims)
      factors *= shapeOf(x)[d];
    if (factors > 6)
      x = m.binary<tw::AddOp>(m.scale(m.unary<tw::TanhOp>(x), 0.125), m.all(shapeOf(x), 1));
  }
  if (kind == sum && m.chance.oneIn(2))
    return mean(m, x, dims);
  return m.reduce(kind, x, dims);
}

Value reduction(Maker &m) {
  Value x = m.anyOfRank(1);
  return x ? reduceSome(m, x) : x;
}

/// As index notation is written: windows over an iteration space, an expression of them, and a reduction.
Value indexNotation(Maker &m) {
  std::vector<Value> read;
  for (std::int64_t more = 1 + m.chance.below(3); more > 0; --more)
    read.push_back(m.any());
  if (m.chance.oneIn(2))
    read.push_back(m.parameter(m.shape(1 + std::size_t(m.chance.below(2)), 60)));
  Shape extents = spaceFor(m, read, 4);
  for (Value &value : read)
    value = m.window(value, extents, access(m, extents, shapeOf(value)));
  Value x = read.front();
  for (Value other : ArrayRef(read).drop_front())
    x = m.chance.oneIn(4) ? expression(m, x, other, 1) : m.binary<tw::MulOp>(x, other);
  x = expression(m, x, read, m.chance.pick({0, 0, 1, 2}));
  return m.chance.oneIn(5) ? x : reduceSome(m, x);
}

/// A reduction of what only it reads.
Value fusedReduction(Maker &m) {
  Value x = m.anyOfRank(1);
  return x ? reduceSome(m, expression(m, x, m.ofShape(shapeOf(x)), 1 + m.chance.below(3))) : x;
}

/// a b + c, read twice.
Value multiplyAdd(Maker &m) {
  Value a = m.any(), b = m.ofShape(shapeOf(a)), c = m.ofShape(shapeOf(a));
  Value product = m.binary<tw::MulOp>(a, b);
  Value sum = m.chance.oneIn(3) ? m.binary<tw::SubOp>(product, c) : m.binary<tw::AddOp>(product, c);
  if (m.chance.oneIn(2) || shapeOf(sum).empty())
    return m.binary<tw::SubOp>(m.unary<tw::TanhOp>(sum), m.scale(sum, 0.5));
  std::vector<std::int64_t> dims = someDims(m, shapeOf(sum).size());
  std::vector<unsigned> kept;
  for (unsigned d = 0; d < shapeOf(sum).size(); ++d)
    if (!llvm::is_contained(dims, std::int64_t(d)))
      kept.push_back(d);
  return m.binary<tw::SubOp>(sum, m.spread(mean(m, sum, dims), shapeOf(sum), kept));
}

//===-- products ---------------------------------------------------------------------------------------------------===//

/// Σ over the last dim of x times a matrix, as index notation or as a contraction.
Value product(Maker &m, Value x, Value matrix) {
  Shape extents = shapeOf(x), to = extents;
  std::int64_t k = extents.back();
  to.back() = extents.back() = shapeOf(matrix)[1];
  extents.push_back(k);
  unsigned rank = unsigned(extents.size());
  SmallVector<unsigned> ofX, ofY;
  for (unsigned d = 0; d + 2 < rank; ++d)
    ofX.push_back(d);
  ofY = ofX;
  ofX.push_back(rank - 1), ofY.push_back(rank - 2);
  SmallVector<unsigned> ofMatrix{rank - 1, rank - 2};
  auto map = [&](ArrayRef<unsigned> dims) {
    return AffineMap::getMultiDimMapWithTargets(rank, dims, m.b.getContext());
  };
  if (m.chance.oneIn(2))
    return tw::ContractOp::create(m.b, m.loc, Maker::typeOf(to, x), x, matrix, extents, map(ofX), map(ofMatrix),
                                  map(ofY));
  Value all = m.binary<tw::MulOp>(m.window(x, extents, map(ofX)), m.window(matrix, extents, map(ofMatrix)));
  return m.reduce(tw::Reduction::sum, all, {std::int64_t(rank) - 1});
}

Value dense(Maker &m) {
  Value x = m.anyOfRank(1);
  if (!x || countOf(shapeOf(x)) > 300)
    return {};
  std::int64_t k = shapeOf(x).back(), n = m.extent();
  Value y = product(m, x, m.parameter({k, n}));
  if (m.chance.oneIn(2))
    y = m.binary<tw::AddOp>(y, m.spread(m.parameter({n}), shapeOf(y), {unsigned(shapeOf(y).size() - 1)}));
  return m.chance.oneIn(2) ? expression(m, y, {}, 1) : y;
}

/// A contraction with accesses of any kind, and a result that is not written everywhere.
Value contraction(Maker &m) {
  Value x = m.any(), y = m.chance.oneIn(2) ? m.any() : m.parameter(m.shape(2, 60));
  Shape extents = spaceFor(m, {x, y}, 4), to;
  SmallVector<AffineExpr> written;
  for (std::size_t d = 0; d < extents.size(); ++d)
    if (m.chance.oneIn(2)) {
      to.push_back(extents[d] + (m.chance.oneIn(4) ? m.chance.below(3) : 0));
      written.push_back(getAffineDimExpr(d, m.b.getContext()));
    }
  return tw::ContractOp::create(m.b, m.loc, Maker::typeOf(to, x), x, y, extents, access(m, extents, shapeOf(x)),
                                access(m, extents, shapeOf(y)),
                                AffineMap::get(extents.size(), 0, written, m.b.getContext()));
}

/// Windows of rows times a kernel, along the next to last dim.
Value convolution(Maker &m) {
  Value x = m.anyOfRank(2);
  if (!x)
    return {};
  Shape from = shapeOf(x);
  std::size_t rank = from.size();
  std::int64_t c = from.back(), stride = m.chance.pick({1, 1, 2}), size = m.chance.pick({1, 2, 3});
  if (m.chance.oneIn(2)) {
    std::vector<std::int64_t> low(rank, 0);
    low[rank - 2] = 1;
    x = m.pad(x, low, low, 0);
    from[rank - 2] += 2;
  }
  if (from[rank - 2] < size)
    return {};
  std::int64_t out = m.chance.pick<std::int64_t>({1, 2, 3, 8}), steps = (from[rank - 2] - size) / stride + 1;
  Shape extents(from.begin(), from.end() - 2);
  extents.insert(extents.end(), {steps, out, size, c});
  if (countOf(extents) > 4000)
    return {};
  MLIRContext *context = m.b.getContext();
  auto dim = [&](std::size_t d) { return getAffineDimExpr(unsigned(d), context); };
  SmallVector<AffineExpr> read;
  for (std::size_t d = 0; d + 2 < rank; ++d)
    read.push_back(dim(d));
  read.append({dim(rank - 2) * stride + dim(rank), dim(rank + 1)});
  Value kernel = m.parameter({size, c, out});
  Value all = m.binary<tw::MulOp>(m.window(x, extents, AffineMap::get(extents.size(), 0, read, context)),
                                  m.spread(kernel, extents, {unsigned(rank), unsigned(rank + 1), unsigned(rank - 1)}));
  return m.reduce(tw::Reduction::sum, all, {std::int64_t(rank), std::int64_t(rank) + 1});
}

Value otherPrecision(Maker &m) {
  Value x = m.any();
  Type other = m.element.isF32() ? m.b.getF64Type() : m.b.getF32Type();
  return m.convert(m.unary<tw::SinOp>(m.convert(x, other)), m.element);
}

//===-- choices ----------------------------------------------------------------------------------------------------===//

/// Indices along a dim, as conditions.
Value masked(Maker &m) {
  Value x = m.anyOfRank(1);
  if (!x)
    return {};
  Shape shape = shapeOf(x);
  std::int64_t d = m.chance.below(std::int64_t(shape.size()));
  auto indices = RankedTensorType::get(shape, m.b.getI32Type());
  Value iota = tw::IotaOp::create(m.b, m.loc, indices, d);
  Value bound = tw::ConstantOp::create(
      m.b, m.loc, indices, DenseElementsAttr::get(indices, m.b.getI32IntegerAttr(m.chance.below(shape[d]))));
  using enum tw::Predicate;
  return m.select(m.compare(m.chance.pick({lt, eq, ge}), iota, bound), x, m.ofShape(shape));
}

/// The element of each row that its label names: sum[k](if k == label[n] then x[n, k] else 0).
Value atLabel(Maker &m) {
  Value x = m.anyOfRank(1);
  if (!x || shapeOf(x).front() != m.batch || countOf(shapeOf(x)) > 100)
    return {};
  Shape flat{m.batch, countOf(shapeOf(x)) / m.batch};
  Value scores = product(m, m.reshape(x, flat), m.parameter({flat[1], m.classes}));
  Shape shape = shapeOf(scores);
  Value iota = tw::IotaOp::create(m.b, m.loc, RankedTensorType::get(shape, m.b.getI32Type()), 1);
  Value isLabel = m.compare(tw::Predicate::eq, iota, m.spread(m.labels(), shape, {0u}));
  return m.reduce(tw::Reduction::sum, m.select(isLabel, scores, m.all(shape, 0)), {1});
}

/// The place of the greatest or least as a number.
Value placeOfExtreme(Maker &m) {
  Value x = m.anyOfRank(1);
  if (!x)
    return {};
  Shape to = shapeOf(x);
  std::int64_t d = m.chance.below(std::int64_t(to.size()));
  to.erase(to.begin() + d);
  Value place = tw::ArgOp::create(m.b, m.loc, RankedTensorType::get(to, m.b.getI32Type()),
                                  m.chance.pick({tw::Reduction::max, tw::Reduction::min}), x, d);
  return m.scale(m.convert(place, m.element), 0.25);
}

Value dropout(Maker &m) {
  Value x = m.any();
  Shape shape = shapeOf(x);
  Value key = m.key(), turn;
  if (!m.turns.empty() && m.chance.oneIn(2))
    turn = m.convert(m.turns.back(), m.b.getI64Type());
  Value drawn = tw::UniformOp::create(m.b, m.loc, m.type(shape), key, m.b.getI64IntegerAttr(m.chance.below(5)), turn);
  return m.select(m.compare(tw::Predicate::lt, drawn, m.all(shape, 0.25)), m.all(shape, 0), m.scale(x, 4.0 / 3));
}

//===-- what models are made of ------------------------------------------------------------------------------------===//

std::pair<std::vector<std::int64_t>, std::vector<unsigned>> lastAndOthers(Value x) {
  std::vector<unsigned> others(shapeOf(x).size() - 1);
  std::iota(others.begin(), others.end(), 0u);
  return {{std::int64_t(others.size())}, others};
}

Value softmax(Maker &m) {
  Value x = m.anyOfRank(1);
  if (!x)
    return {};
  auto [last, others] = lastAndOthers(x);
  Value most = m.spread(m.reduce(tw::Reduction::max, x, last), shapeOf(x), others);
  Value shifted = m.binary<tw::SubOp>(x, most), e = m.unary<tw::ExpOp>(shifted);
  Value sum = m.reduce(tw::Reduction::sum, e, last);
  if (m.chance.oneIn(2))
    return m.binary<tw::SubOp>(shifted, m.spread(m.unary<tw::LogOp>(sum), shapeOf(x), others));
  return m.binary<tw::DivOp>(e, m.spread(sum, shapeOf(x), others));
}

/// (x - mean) / deviation over the last dim, or over all but it.
Value normalization(Maker &m) {
  Value x = m.anyOfRank(1);
  if (!x)
    return {};
  Shape shape = shapeOf(x);
  auto [dims, kept] = lastAndOthers(x);
  if (shape.size() > 1 && m.chance.oneIn(2)) {
    dims.assign(kept.begin(), kept.end());
    kept = {unsigned(shape.size() - 1)};
  }
  Value d = m.binary<tw::SubOp>(x, m.spread(mean(m, x, dims), shape, kept));
  Value variance = mean(m, m.binary<tw::MulOp>(d, d), dims);
  Value r = m.unary<tw::RsqrtOp>(m.binary<tw::AddOp>(variance, m.all(shapeOf(variance), 0.125)));
  return m.binary<tw::MulOp>(d, m.spread(r, shape, kept));
}

/// h = tanh(x[:, t] u + h v) for each t, written out.
Value recurrence(Maker &m) {
  Value x = m.anyOfRank(3);
  if (!x)
    return {};
  Shape shape = shapeOf(x);
  std::int64_t steps = std::min<std::int64_t>(shape[1], 4), n = m.chance.pick({1, 3, 5, 8});
  Value u = m.parameter({shape.back(), n}), v = m.parameter({n, n}), h;
  Shape slice = shape;
  slice.erase(slice.begin() + 1);
  for (std::int64_t t = 0; t < steps; ++t) {
    SmallVector<AffineExpr> read{m.b.getAffineDimExpr(0), m.b.getAffineConstantExpr(t)};
    for (unsigned d = 1; d < slice.size(); ++d)
      read.push_back(m.b.getAffineDimExpr(d));
    Value xt = m.window(x, slice, AffineMap::get(slice.size(), 0, read, m.b.getContext()));
    Value next = product(m, xt, u);
    h = m.unary<tw::TanhOp>(h ? m.binary<tw::AddOp>(next, product(m, h, v)) : next);
  }
  return h;
}

//===-- derivatives ------------------------------------------------------------------------------------------------===//

/// The derivative of what other makers make of a value, now and then of such a derivative: the ops that it stands for.
Value derivative(Maker &m) {
  if (!m.turns.empty())
    return {};
  Value x = m.unary<tw::WatchOp>(m.any()), y = x;
  for (std::int64_t more = 1 + m.chance.below(2); more > 0 && y; --more)
    y = m.madeOf(y, m.chance.oneIn(4) ? derivative : opMakers()[m.chance.below(std::int64_t(opMakers().size()))].make);
  if (!y || !m.isTelling(y))
    return {};
  Value dy = shapeOf(y).empty() ? m.all({}, 1) : m.chance.oneIn(2) ? m.literal(shapeOf(y)) : m.ofShape(shapeOf(y));
  auto dx = differentiate(m.b, Seed{y, dy}, x, "x");
  m.forgetAll(); // loops that emit more are in the place of others
  if (failed(dx) || !dx->front())
    return {};
  Value watched = m.unary<tw::WatchOp>(dx->front());
  m.derivatives.push_back({y, dy, x, watched});
  return watched;
}

//===-- the table --------------------------------------------------------------------------------------------------===//

const OpMaker makers[] = {
    {"elementwise", 6, elementwise},
    {"window", 4, windowed},
    {"fold", 3, folded},
    {"reduction", 3, reduction},
    {"fused reduction", 2, fusedReduction},
    {"multiply-add", 2, multiplyAdd},
    {"index notation", 8, indexNotation},
    {"sum of products", 2, sumOfProducts},
    {"dense", 4, dense},
    {"contraction", 3, contraction},
    {"convolution", 2, convolution},
    {"pad", 2, padded},
    {"reshape", 2, reshaped},
    {"concatenation", 2, concatenation},
    {"cut and joined", 1, cutAndJoined},
    {"other precision", 1, otherPrecision},
    {"mask", 1, masked},
    {"branch", 3, branch},
    {"at label", 1, atLabel},
    {"gather", 3, gathered},
    {"scatter", 3, scattered},
    {"coalesced rows", 2, coalesced},
    {"place of extreme", 1, placeOfExtreme},
    {"dropout", 1, dropout},
    {"softmax", 2, softmax},
    {"normalization", 2, normalization},
    {"recurrence", 1, recurrence},
    {"loop", 3, looped},
    {"derivative", 0, derivative}, // where asked for
};

} // namespace

ArrayRef<OpMaker> opMakers() { return makers; }

} // namespace talweg::random
