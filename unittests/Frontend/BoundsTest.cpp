// What whole numbers lie between: whatever the operands are, results are inside, and at the ends where that is told.
#include "Bounds.h"
#include "gtest/gtest.h"

#include <algorithm>

using namespace talweg;
using namespace talweg::frontend;
using ast::BinaryOp;

namespace {

/// As the language computes: rounded down, and a divisor of 0 counts as 1.
std::int64_t computed(BinaryOp op, std::int64_t a, std::int64_t b) {
  const std::int64_t divisor = b == 0 ? 1 : b;
  const std::int64_t quotient = a / divisor - (a % divisor != 0 && (a < 0) != (divisor < 0));
  switch (op) {
  case BinaryOp::Add: return a + b;
  case BinaryOp::Sub: return a - b;
  case BinaryOp::Mul: return a * b;
  case BinaryOp::Div: return quotient;
  default: return a - quotient * divisor;
  }
}

void expectInside(BinaryOp op, Bounds a, Bounds b) {
  const Bounds told = boundsOf(op, a, b);
  Bounds found = Bounds::of(computed(op, a.least, b.least));
  for (std::int64_t x = a.least; x <= a.most; ++x)
    for (std::int64_t y = b.least; y <= b.most; ++y)
      found = unite(found, Bounds::of(computed(op, x, y)));
  EXPECT_LE(told.least, found.least) << a.least << ".." << a.most << ", " << b.least << ".." << b.most;
  EXPECT_GE(told.most, found.most) << a.least << ".." << a.most << ", " << b.least << ".." << b.most;
  if (op != BinaryOp::Mod && !(op == BinaryOp::Div && b.least < 0)) {
    EXPECT_EQ(told.least, found.least);
    EXPECT_EQ(told.most, found.most);
  }
}

TEST(Bounds, hold_what_is_computed) {
  for (const BinaryOp op : {BinaryOp::Add, BinaryOp::Sub, BinaryOp::Mul, BinaryOp::Div, BinaryOp::Mod})
    for (std::int64_t first = -5; first <= 5; ++first)
      for (std::int64_t last = first; last <= 5; ++last)
        for (std::int64_t begin = -5; begin <= 5; ++begin)
          for (std::int64_t end = begin; end <= 5; ++end)
            expectInside(op, {first, last}, {begin, end});
}

TEST(Bounds, are_none_where_32_bits_may_be_left) {
  const Bounds all, most = Bounds::of(INT32_MAX), one = Bounds::of(1);
  for (const Bounds none : {boundsOf(BinaryOp::Add, most, one), boundsOf(BinaryOp::Mul, most, most),
                            boundsOf(BinaryOp::Sub, all, one), boundsOf(BinaryOp::Add, {0, INT64_MAX}, one)}) {
    EXPECT_EQ(none.least, INT32_MIN);
    EXPECT_EQ(none.most, INT32_MAX);
  }
  EXPECT_EQ(boundsOf(BinaryOp::Sub, most, one).most, INT32_MAX - 1);
}

TEST(Bounds, are_narrowed_by_the_greater_and_the_less) {
  const Bounds clamped = boundsOfLess(boundsOfGreater(Bounds(), Bounds::of(0)), Bounds::of(9));
  EXPECT_EQ(clamped.least, 0);
  EXPECT_EQ(clamped.most, 9);
}

} // namespace
