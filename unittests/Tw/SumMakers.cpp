// Sums of products in index notation, as the frontend leaves them: factors that are spread over a box of indices, multiplied in any order, where
// conditions hold, and summed over some of the indices.
#include "Makers.h"

#include <algorithm>
#include <numeric>

using namespace mlir;

namespace talweg::random {
namespace {

constexpr std::int64_t kMostPlaces = 2000; // of a box

/// A sum while its box is made.
class Summed {
public:
  explicit Summed(Maker &m) : m(m) { drawBox(); }

  Value run() {
    std::vector<Value> factors;
    for (std::int64_t more = m.chance.pick({2, 2, 3, 3, 3, 4, 5, 6}); more > 0; --more)
      factors.push_back(factor());
    if (Dims dims = unread(); !dims.empty() && !m.chance.oneIn(6))
      factors.push_back(own(dims));
    Value product = multiplied(std::move(factors));
    for (std::int64_t more = m.chance.pick({0, 0, 1, 1, 2}); more > 0; --more)
      product = where(condition(), product);
    std::vector<std::int64_t> summed = someDims(m, box.size());
    while (countOf(box) / placesOf(summed) > Maker::kMostElements)
      summed = someDims(m, box.size());
    Value sum = m.reduce(tw::Reduction::sum, product, summed);
    return m.chance.oneIn(3) ? m.scale(sum, 1.0 / double(placesOf(summed))) : sum;
  }

private:
  using Dims = std::vector<unsigned>;

  Maker &m;
  Shape box;
  std::vector<bool> isRead;

  /// Of three to six indices. Some go over the batch, some are as long as a table that is worth looking up in, some are 1.
  void drawBox() {
    do {
      box.clear();
      for (std::int64_t more = m.chance.pick({3, 3, 4, 4, 5, 6}); more > 0; --more)
        box.push_back(m.chance.oneIn(3)   ? m.batch
                      : m.chance.oneIn(4) ? m.chance.pick<std::int64_t>({16, 17, 20})
                                          : m.chance.pick<std::int64_t>({1, 2, 2, 3, 3, 4, 5, 7}));
    } while (countOf(box) > kMostPlaces);
    isRead.assign(box.size(), false);
  }

  std::int64_t placesOf(ArrayRef<std::int64_t> dims) const {
    std::int64_t count = 1;
    for (std::int64_t d : dims)
      count *= box[std::size_t(d)];
    return count;
  }

  unsigned dim() { return unsigned(m.chance.below(std::int64_t(box.size()))); }

  /// At most three, in any order.
  Dims dims() {
    Dims all(box.size());
    std::iota(all.begin(), all.end(), 0u);
    m.chance.shuffle(all);
    all.resize(std::size_t(1 + m.chance.below(3)));
    return all;
  }

  Dims unread() const {
    Dims dims;
    for (unsigned d = 0; d < box.size(); ++d)
      if (!isRead[d] && box[d] > 1)
        dims.push_back(d);
    return dims;
  }

  Shape shapeAt(ArrayRef<unsigned> dims) const {
    Shape shape;
    for (unsigned d : dims)
      shape.push_back(box[d]);
    return shape;
  }

  /// `x`, spread over the box.
  Value read(Value x, AffineMap map) {
    for (unsigned d = 0; d < box.size(); ++d)
      isRead[d] = isRead[d] || map.isFunctionOfDim(d);
    return m.window(x, box, map);
  }
  Value read(Value x, ArrayRef<unsigned> dims) {
    return read(x, AffineMap::getMultiDimMapWithTargets(unsigned(box.size()), dims, m.b.getContext()));
  }

  //===-- factors --------------------------------------------------------------------------------------------------===//

  /// One that has these indices.
  Value own(const Dims &dims) { return read(m.ofShape(shapeAt(dims)), dims); }

  /// One that is read at i + j or i - j.
  Value shifted() {
    const unsigned i = dim(), j = dim();
    AffineExpr a = m.b.getAffineDimExpr(i), b = m.b.getAffineDimExpr(j);
    if (i == j)
      return own({i});
    const bool isSum = m.chance.oneIn(2);
    Shape shape{box[i] + box[j] - 1};
    SmallVector<AffineExpr> place{isSum ? a + b : a - b + (box[j] - 1)};
    if (const unsigned k = dim(); m.chance.oneIn(2) && k != i && k != j) {
      shape.push_back(box[k]);
      place.push_back(m.b.getAffineDimExpr(k));
    }
    return read(m.ofShape(shape), AffineMap::get(unsigned(box.size()), 0, place, m.b.getContext()));
  }

  Value tensor() {
    switch (m.chance.below(6)) {
    case 0: return shifted();
    case 1:
    case 2: {
      Value x = m.any();
      return read(x, access(m, box, shapeOf(x)));
    }
    }
    return own(dims());
  }

  Value difference() {
    Value d = m.binary<tw::SubOp>(tensor(), tensor());
    return m.chance.oneIn(2) ? m.binary<tw::MulOp>(d, d) : d;
  }

  Value factor() {
    switch (m.chance.below(12)) {
    case 0: return difference();
    case 1: return where(condition(), tensor());
    case 2: return where(condition(), m.all(box, 1));
    case 3: return m.unary<tw::TanhOp>(tensor());
    case 4: return m.unary<tw::NegOp>(tensor());
    }
    return tensor();
  }

  /// Greater than 0; computed before it is spread, or after.
  Value positive() {
    const Dims at = dims();
    Value x = m.ofShape(shapeAt(at));
    auto above = [&](Value of) {
      return m.binary<tw::AddOp>(m.binary<tw::MulOp>(of, of), m.all(shapeOf(of), m.chance.pick({0.5, 1.0})));
    };
    return m.chance.oneIn(2) ? read(above(x), at) : above(read(x, at));
  }

  Value multiplied(std::vector<Value> factors) {
    while (factors.size() > 1) {
      m.chance.shuffle(factors);
      Value a = factors.back();
      factors.pop_back();
      factors.back() = m.binary<tw::MulOp>(factors.back(), a);
      if (m.chance.oneIn(5))
        factors.back() = m.binary<tw::DivOp>(factors.back(), positive());
      if (m.chance.oneIn(12))
        factors.back() = where(condition(), factors.back());
    }
    return m.chance.oneIn(5) ? m.scale(factors.front(), -0.5) : factors.front();
  }

  //===-- conditions -----------------------------------------------------------------------------------------------===//

  Value where(Value condition, Value x) {
    Value zero = m.all(box, 0);
    return m.chance.oneIn(4) ? m.select(condition, zero, x) : m.select(condition, x, zero);
  }

  RankedTensorType i32(const Shape &shape) { return RankedTensorType::get(shape, m.b.getI32Type()); }

  /// The places along one index, over these.
  Value counted(unsigned index, ArrayRef<unsigned> over) {
    Value iota = tw::IotaOp::create(m.b, m.loc, i32({box[index]}), 0);
    return m.spread(iota, shapeAt(over), {unsigned(llvm::find(over, index) - over.begin())});
  }
  Value number(const Shape &shape, std::int64_t value) {
    return tw::ConstantOp::create(m.b, m.loc, i32(shape),
                                  DenseElementsAttr::get(i32(shape), m.b.getI32IntegerAttr(std::int32_t(value))));
  }

  /// Computed over some of the indices, and spread.
  Value spreadTruth(Value truth, ArrayRef<unsigned> dims) { return m.spread(truth, box, dims); }

  /// A triangle or a band.
  Value order(unsigned i, unsigned j) {
    using enum tw::Predicate;
    const Dims both{i, j};
    Value a = counted(i, both), b = counted(j, both);
    if (m.chance.oneIn(2))
      a = m.binary<tw::AddOp>(a, number(shapeAt(both), m.chance.below(4) - 1));
    Value truth = m.compare(m.chance.pick({lt, le, gt, ge, ne, eq}), a, b);
    if (m.chance.oneIn(3)) {
      Value apart = m.compare(lt, m.binary<tw::SubOp>(a, b), number(shapeAt(both), m.chance.below(4)));
      truth = m.binary<tw::AndOp>(truth, apart);
    }
    return spreadTruth(truth, both);
  }

  /// k = p, where p is the label of the batch, or a literal's elements, of which some are no place along k.
  Value equality(unsigned k) {
    Dims others = dims();
    llvm::erase(others, k);
    for (unsigned n = 0; n < box.size(); ++n)
      if (n != k && box[n] == m.batch && m.chance.oneIn(2))
        others = {n};
    Shape shape = shapeAt(others);
    Value position;
    if (others.size() == 1 && shape[0] == m.batch && !m.chance.oneIn(3)) {
      position = m.labels();
    } else {
      std::vector<std::int32_t> numbers;
      for (std::int64_t left = countOf(shape); left > 0; --left)
        numbers.push_back(std::int32_t(m.chance.below(box[k] + 3) - 1));
      position = tw::ConstantOp::create(m.b, m.loc, i32(shape), DenseElementsAttr::get(i32(shape), ArrayRef(numbers)));
    }
    Dims over = others;
    over.insert(over.begin() + m.chance.below(std::int64_t(over.size()) + 1), k);
    SmallVector<unsigned> at;
    for (unsigned d : others)
      at.push_back(unsigned(llvm::find(over, d) - over.begin()));
    Value p = m.spread(position, shapeAt(over), at), index = counted(k, over);
    if (m.chance.oneIn(2))
      std::swap(p, index);
    return spreadTruth(m.compare(tw::Predicate::eq, p, index), over);
  }

  Value condition() {
    const unsigned i = dim(), j = dim();
    switch (m.chance.below(8)) {
    case 0: return m.compare(m.chance.pick({tw::Predicate::lt, tw::Predicate::ge}), tensor(), tensor());
    case 1: return m.unary<tw::NotOp>(condition());
    case 2: return m.binary<tw::AndOp>(condition(), condition());
    case 3: return m.binary<tw::OrOp>(condition(), condition());
    }
    return i == j || m.chance.oneIn(2) ? equality(i) : order(i, j);
  }
};

} // namespace

Value sumOfProducts(Maker &m) { return Summed(m).run(); }

} // namespace talweg::random
