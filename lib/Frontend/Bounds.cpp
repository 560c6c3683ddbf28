// See Bounds.h.
#include "Bounds.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace talweg;
using namespace talweg::frontend;
using ast::BinaryOp;

Bounds frontend::unite(Bounds a, Bounds b) { return {std::min(a.least, b.least), std::max(a.most, b.most)}; }

Bounds frontend::boundsOfGreater(Bounds a, Bounds b) { return {std::max(a.least, b.least), std::max(a.most, b.most)}; }

Bounds frontend::boundsOfLess(Bounds a, Bounds b) { return {std::min(a.least, b.least), std::min(a.most, b.most)}; }

/// Of a function that is monotone in each operand: its values at the corners.
template <typename Function> static Bounds ofCorners(Bounds a, Bounds b, Function function) {
  const auto [least, most] = std::minmax(
      {function(a.least, b.least), function(a.least, b.most), function(a.most, b.least), function(a.most, b.most)});
  return {least, most};
}

/// Without regard to 32 bits, which all ends are of.
static Bounds unwrapped(BinaryOp op, Bounds a, Bounds b) {
  // A divisor of 0 counts as 1.
  const Bounds divisor{std::max<std::int64_t>(b.least, 1), std::max<std::int64_t>(b.most, 1)};
  switch (op) {
  case BinaryOp::Add: return {a.least + b.least, a.most + b.most};
  case BinaryOp::Sub: return {a.least - b.most, a.most - b.least};
  case BinaryOp::Mul: return ofCorners(a, b, [](std::int64_t x, std::int64_t y) { return x * y; });
  case BinaryOp::Div:
    return b.least < 0
               ? Bounds()
               : ofCorners(a, divisor, [](std::int64_t x, std::int64_t y) { return llvm::divideFloorSigned(x, y); });
  case BinaryOp::Mod:
    if (b.least < 0)
      return Bounds();
    return {0, a.least >= 0 ? std::min(a.most, divisor.most - 1) : divisor.most - 1};
  default: return Bounds();
  }
}

Bounds frontend::boundsOf(BinaryOp op, Bounds a, Bounds b) {
  const auto fits = [](Bounds bounds) { return bounds.least >= INT32_MIN && bounds.most <= INT32_MAX; };
  if (!fits(a) || !fits(b))
    return Bounds();
  const Bounds result = unwrapped(op, a, b);
  return fits(result) ? result : Bounds();
}
