// Elementwise ops in expressions. A new one is a row in `functions` or `pairs`, in `singular` too if it has no value or no derivative
// somewhere; its meaning goes to Numbers.cpp.
#include "Makers.h"

#include <cmath>
#include <utility>

using namespace mlir;

namespace talweg::random {
namespace {

/// A function of one number, and where it is made: on numbers from `least` to `greatest`.
struct Function {
  double least, greatest;
  Value (*make)(Maker &, Value);
};

template <typename Op>
Value one(Maker &m, Value x) {
  return m.unary<Op>(x);
}

const Function functions[] = {
    {-100, 100, one<tw::NegOp>},
    {-100, 100, one<tw::AbsOp>},
    {-100, 100, one<tw::TanhOp>},
    {-100, 100, one<tw::ErfOp>},
    {-50, 100, one<tw::LogisticOp>},
    {-20, 20, one<tw::SinOp>},
    {-20, 20, one<tw::CosOp>},
    {-10, 3, one<tw::ExpOp>},
    {0.1, 100, one<tw::LogOp>},
    {-0.9, 100, one<tw::Log1pOp>},
    {0.1, 100, one<tw::SqrtOp>},
    {0.1, 100, one<tw::RsqrtOp>},
    {-10, 10, one<tw::FloorOp>},
    {-100, 100, one<tw::StopGradientOp>},
    {-100, 100, [](Maker &m, Value x) { return m.scale(x, m.chance.pick({-1.0, 0.5, 2.0, 3.0})); }},
    {-100, 100, [](Maker &m, Value x) { return m.binary<tw::AddOp>(x, m.all(shapeOf(x), 0.5)); }},
    {-8, 8, [](Maker &m, Value x) { return m.binary<tw::PowOp>(x, m.all(shapeOf(x), m.chance.pick({2.0, 3.0}))); }},
    {0.1, 8,
     [](Maker &m, Value x) { return m.binary<tw::PowOp>(x, m.all(shapeOf(x), m.chance.pick({-1.0, 0.5, 1.5}))); }},
    {-100, 100, [](Maker &m, Value x) { return m.binary<tw::MaxOp>(x, m.all(shapeOf(x), 0)); }},
};

/// A function of two numbers; `leastA`, `leastB`: how small each may be, -inf for any.
struct Pair {
  double leastA, leastSizeB;
  Value (*make)(Maker &, Value, Value);
};

template <typename Op>
Value two(Maker &m, Value x, Value y) {
  return m.binary<Op>(x, y);
}

const Pair pairs[] = {
    {-INFINITY, 0, two<tw::AddOp>},
    {-INFINITY, 0, two<tw::SubOp>},
    {-INFINITY, 0, two<tw::MulOp>},
    {-INFINITY, 0, two<tw::MulOp>},
    {-INFINITY, 0.1, two<tw::DivOp>},
    {0.1, 0, two<tw::PowOp>},
    {-INFINITY, 0, two<tw::MaxOp>},
    {-INFINITY, 0, two<tw::MinOp>},
    {-INFINITY, 0,
     [](Maker &m, Value x, Value y) {
       using enum tw::Predicate;
       return m.select(m.compare(m.chance.pick({eq, ne, lt, le, gt, ge}), x, y), x, m.unary<tw::TanhOp>(y));
     }},
    {-INFINITY, 0,
     [](Maker &m, Value x, Value y) {
       using enum tw::Predicate;
       Value zero = m.all(shapeOf(x), 0), above = m.compare(gt, x, zero), other = m.compare(le, y, zero);
       Value both = m.chance.oneIn(2) ? m.binary<tw::AndOp>(above, other) : m.binary<tw::OrOp>(above, other);
       return m.select(m.chance.oneIn(2) ? both : m.unary<tw::NotOp>(both), m.binary<tw::MulOp>(x, y), y);
     }},
};

/// x, made positive where it is not.
Value atLeast(Maker &m, Value x, double least) {
  if (m.rangeOf(x).least >= least)
    return x;
  return m.binary<tw::AddOp>(m.chance.oneIn(2) ? m.unary<tw::AbsOp>(x) : m.binary<tw::MulOp>(x, x),
                             m.all(shapeOf(x), least));
}

Value inside(Maker &m, Value x, double least, double greatest) {
  if (m.rangeOf(x).least < least)
    x = atLeast(m, x, least);
  return m.rangeOf(x).greatest <= greatest ? x : m.unary<tw::LogisticOp>(x);
}

/// Functions that have no value, or no derivative, somewhere at x <= 0.
Value (*const singular[])(Maker &, Value) = {
    one<tw::LogOp>,
    one<tw::SqrtOp>,
    one<tw::RsqrtOp>,
    [](Maker &m, Value x) { return m.unary<tw::Log1pOp>(m.binary<tw::SubOp>(x, m.all(shapeOf(x), 1))); },
    [](Maker &m, Value x) { return m.binary<tw::DivOp>(m.all(shapeOf(x), 0.5), x); },
    [](Maker &m, Value x) { return m.binary<tw::DivOp>(x, x); },
    [](Maker &m, Value x) { return m.binary<tw::PowOp>(x, m.all(shapeOf(x), m.chance.pick({-0.5, 0.25, 1.5}))); },
    [](Maker &m, Value x) { return m.unary<tw::ExpOp>(m.scale(x, -200)); },
    [](Maker &m, Value x) { return m.binary<tw::MulOp>(m.unary<tw::SqrtOp>(x), m.unary<tw::LogOp>(x)); },
};

} // namespace

Value expression(Maker &m, Value x, ArrayRef<Value> others, std::int64_t steps) {
  for (; steps > 0; --steps) {
    if (others.empty() || m.chance.oneIn(2)) {
      const Function &f = functions[m.chance.below(std::size(functions))];
      x = f.make(m, inside(m, x, f.least, f.greatest));
      continue;
    }
    const Pair &f = pairs[m.chance.below(std::size(pairs))];
    Value y = others[m.chance.below(std::int64_t(others.size()))];
    if (m.chance.oneIn(3))
      std::swap(x, y);
    if (f.leastA > 0)
      x = inside(m, x, f.leastA, 8), y = inside(m, y, -100, 2);
    if (m.rangeOf(y).leastSize < f.leastSizeB)
      y = atLeast(m, y, 0.5);
    x = f.make(m, x, y);
  }
  return x;
}

Value elementwise(Maker &m) {
  Value x = m.any();
  std::vector<Value> others;
  for (std::int64_t more = m.chance.below(3); more > 0; --more)
    others.push_back(m.ofShape(shapeOf(x)));
  return expression(m, x, others, 1 + m.chance.below(5));
}

Value branch(Maker &m) {
  Value x = m.any();
  Shape shape = shapeOf(x);
  Value isTaken = m.compare(tw::Predicate::gt, x, m.all(shape, 0.05));
  Value y = singular[m.chance.below(std::size(singular))](m, x);
  if (m.chance.oneIn(2))
    y = m.binary<tw::MulOp>(y, m.ofShape(shape));
  if (m.chance.oneIn(3) && !shape.empty()) {
    std::vector<std::int64_t> dims = someDims(m, shape.size());
    isTaken = m.reduce(tw::Reduction::all, isTaken, dims);
    y = m.reduce(tw::Reduction::sum, y, dims);
  }
  Value other = m.chance.oneIn(2) ? m.all(shapeOf(y), 0) : m.ofShape(shapeOf(y));
  if (m.chance.oneIn(3)) {
    auto type = RankedTensorType::get(shapeOf(y), m.b.getI1Type());
    return m.select(tw::NotOp::create(m.b, m.loc, type, isTaken), other, y);
  }
  return m.select(isTaken, y, other);
}

} // namespace talweg::random
