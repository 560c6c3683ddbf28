// Windows, folds, pads, reshapes, and the accesses they are made of.
#include "Makers.h"

#include <algorithm>

using namespace mlir;

namespace talweg::random {

/// A position below `size` for each index of an iteration space: a loop, shifted, strided, backwards, two loops
/// together, or a constant.
static AffineExpr position(Maker &m, const Shape &extents, std::int64_t size) {
  MLIRContext *context = m.b.getContext();
  auto constant = [&](std::int64_t value) { return getAffineConstantExpr(value, context); };
  std::vector<int> whole, fitting;
  for (std::size_t d = 0; d < extents.size(); ++d) {
    if (extents[d] == size)
      whole.push_back(int(d));
    if (extents[d] <= size)
      fitting.push_back(int(d));
  }
  auto shifted = [&](AffineExpr expr, std::int64_t end) {
    return size > end ? expr + constant(m.chance.below(size - end + 1)) : expr;
  };
  if (!whole.empty() && m.chance.below(4) != 0) {
    int d = whole[m.chance.below(std::int64_t(whole.size()))];
    AffineExpr loop = getAffineDimExpr(d, context);
    return m.chance.oneIn(5) ? constant(size - 1) - loop : loop;
  }
  if (fitting.empty() || m.chance.oneIn(6))
    return constant(m.chance.below(size));
  int d = fitting[m.chance.below(std::int64_t(fitting.size()))];
  AffineExpr loop = getAffineDimExpr(d, context);
  std::int64_t extent = extents[d];
  switch (m.chance.below(4)) {
  case 0: // every second
    if (2 * extent - 1 <= size)
      return shifted(loop * 2, 2 * extent - 1);
    break;
  case 1: // backwards
    return shifted(constant(extent - 1) - loop, extent);
  case 2: // windows that overlap
    if (int other = fitting[m.chance.below(std::int64_t(fitting.size()))];
        other != d && extent + extents[other] - 1 <= size)
      return shifted(loop + getAffineDimExpr(other, context), extent + extents[other] - 1);
    break;
  }
  return shifted(loop, extent);
}

AffineMap access(Maker &m, const Shape &extents, const Shape &target) {
  SmallVector<AffineExpr> positions;
  for (std::int64_t size : target)
    positions.push_back(position(m, extents, size));
  return AffineMap::get(extents.size(), 0, positions, m.b.getContext());
}

Shape spaceFor(Maker &m, ArrayRef<Value> read, std::size_t most) {
  std::vector<std::int64_t> sizes;
  for (Value value : read)
    for (std::int64_t size : shapeOf(value))
      sizes.push_back(size);
  Shape extents;
  for (std::size_t rank = 1 + std::size_t(m.chance.below(std::int64_t(most))); extents.size() < rank;) {
    std::int64_t size =
        sizes.empty() || m.chance.oneIn(5) ? m.extent() : sizes[m.chance.below(std::int64_t(sizes.size()))];
    size = m.chance.oneIn(4) ? (size + 1) / 2 : m.chance.oneIn(6) ? std::min<std::int64_t>(size, 2) : size;
    extents.push_back(countOf(extents) * size > 3 * Maker::kMostElements ? 1 : size);
  }
  return extents;
}

Value windowed(Maker &m) {
  Value x = m.any();
  Shape shape = spaceFor(m, x, 3);
  return m.window(x, shape, access(m, shape, shapeOf(x)));
}

Value folded(Maker &m) {
  Value x = m.any();
  Shape from = shapeOf(x), to = spaceFor(m, x, 3);
  for (std::int64_t &size : to)
    if (countOf(to) * 2 <= Maker::kMostElements && m.chance.oneIn(3))
      size += m.chance.below(3);
  return tw::FoldOp::create(m.b, m.loc, Maker::typeOf(to, x), x, access(m, from, to));
}

Value padded(Maker &m) {
  Value x = m.anyOfRank(1);
  if (!x)
    return {};
  std::vector<std::int64_t> low, high;
  for (std::size_t d = 0; d < shapeOf(x).size(); ++d) {
    low.push_back(m.chance.pick({0, 0, 1, 2}));
    high.push_back(m.chance.pick({0, 0, 1, 3}));
  }
  return m.pad(x, low, high, m.chance.pick({0.0, 0.0, 0.5, -1.0}));
}

Value reshaped(Maker &m) {
  Value x = m.any();
  std::int64_t left = countOf(shapeOf(x));
  Shape to;
  for (std::int64_t factor : {2, 3, 5, 7})
    if (left % factor == 0 && m.chance.oneIn(2)) {
      to.push_back(factor);
      left /= factor;
    }
  to.insert(to.begin() + m.chance.below(std::int64_t(to.size()) + 1), left);
  if (m.chance.oneIn(5))
    to.push_back(1);
  return to == shapeOf(x) ? Value() : m.reshape(x, to);
}

/// Two or three values behind each other.
Value concatenation(Maker &m) {
  Value x = m.anyOfRank(1);
  if (!x)
    return {};
  Shape shape = shapeOf(x);
  std::size_t d = std::size_t(m.chance.below(std::int64_t(shape.size())));
  std::vector<Value> parts{x};
  for (std::int64_t more = 1 + m.chance.below(2); more > 0; --more) {
    Shape other = shape;
    other[d] = m.chance.oneIn(2) ? shape[d] : m.extent();
    parts.insert(parts.begin() + m.chance.below(std::int64_t(parts.size()) + 1), m.ofShape(other));
  }
  return m.concat(parts, d);
}

/// The parts of a value, each changed or not, behind each other again or in another order.
Value cutAndJoined(Maker &m) {
  Value x = m.anyOfRank(1);
  Shape shape = x ? shapeOf(x) : Shape();
  std::size_t d = x ? std::size_t(m.chance.below(std::int64_t(shape.size()))) : 0;
  if (!x || shape[d] < 2)
    return {};
  std::vector<Value> parts;
  for (std::int64_t low = 0; low < shape[d];) {
    Shape part = shape;
    part[d] = 1 + m.chance.below(shape[d] - low);
    SmallVector<AffineExpr> place(m.b.getMultiDimIdentityMap(shape.size()).getResults());
    place[d] = place[d] + low;
    Value slice = m.window(x, part, AffineMap::get(shape.size(), 0, place, m.b.getContext()));
    parts.push_back(m.chance.oneIn(2) ? m.unary<tw::TanhOp>(slice) : slice);
    low += part[d];
  }
  if (m.chance.oneIn(3))
    std::reverse(parts.begin(), parts.end());
  return m.concat(parts, d);
}

} // namespace talweg::random
