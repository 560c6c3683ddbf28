// sin and cos on lanes of f32.
#include "VectorMath.h"

#include <cmath>

namespace talweg {

namespace {

/// x = n π/2 + r with |r| ≤ π/4, in f64.
struct Quarters {
  Lanes n; ///< in the low bits, plus 1.5·2^52
  Lanes r;
};

} // namespace

static constexpr double shifter = 0x1.8p52;

/// For |x| < 2^48: π/2 in two parts, each step rounded once, so that r is right to f32's last bit.
static Quarters reduce(Lanes x) {
  constexpr double high = 0x1.921fb54442d18p0, low = 0x1.1a62633145c07p-54;
  Lanes shifted = x.fma(M_2_PI, x(shifter));
  Lanes n = shifted - shifter;
  return {shifted, n.fma(-low, n.fma(-high, x))};
}

/// For |x| ≥ 2^48, a multiple of 2^25: x · 2/π modulo 4. Bits of 2/π above 2^-23 contribute multiples of 4 and are
/// left out. The next 116 are in four parts, short enough for each product with x to be exact, and so its remainder; the fifth
/// has the rest.
static Quarters reduceHuge(Lanes x) {
  static constexpr double parts[] = {0x1.6e4e441000000p-24, 0x1.4a7f09c000000p-54, 0x1.5f47d4d000000p-82,
                                     0x1.bb81b6c000000p-113, 0x1.4acc9e21c8210p-143};
  llvm::SmallVector<Lanes> turns;
  for (double part : llvm::ArrayRef(parts).drop_back()) {
    Lanes product = x * part;
    turns.push_back(x.make<mlir::math::RoundEvenOp>(product * 0.25).fma(-4, product));
  }
  Lanes shifted = turns[0] + turns[1] + (turns[2] + turns[3]) + shifter;
  Lanes r = turns[0] - (shifted - shifter); // then from the greatest on: what cancels does so exactly
  r = x.fma(parts[4], r + turns[1] + turns[2] + turns[3]);
  return {shifted, r * M_PI_2};
}

/// sin(x + quarters · π/2), from sin r = r + r³ p(r²) and cos r = 1 - r²/2 + r⁴ q(r²): an odd n exchanges them, and bit 1 of n
/// changes the sign.
static Lanes sinOfQuarters(Lanes x, int quarters) {
  static constexpr double p[] = {-0.166666552, 0.00833218824, -0.000195180954};
  static constexpr double q[] = {0.0416666456, -0.00138873095, 2.44323273e-5};
  mlir::Type f32 = x.builder().getF32Type(), i32 = x.builder().getI32Type(), i64 = x.builder().getI64Type();
  Lanes wide = x.extended(x.builder().getF64Type());
  Lanes isHuge = x.abs().is(Lanes::FP::OGE, 0x1p48);
  Quarters near = reduce(wide), far = reduceHuge(wide);
  Lanes r = far.r.where(isHuge, near.r).truncated(f32);
  Lanes turn = far.n.where(isHuge, near.n).bits(i64).truncatedI(i32);
  if (quarters)
    turn = turn.addI(turn(quarters));
  Lanes square = r * r;
  Lanes sine = (square * square.polynomial(p)).fma(r, r).withSign(r);
  Lanes cosine = (square * square).fma(square.polynomial(q), square.fma(-0.5, r(1)));
  Lanes y = cosine.where(turn.andI(turn(1)).isI(Lanes::IP::ne, 0), sine);
  return turn.andI(turn(2)).shiftLeft(30).xorI(y.bits(i32)).bits(f32);
}

Lanes vectormath::sin(Lanes x) { return sinOfQuarters(x, 0); }
Lanes vectormath::cos(Lanes x) { return sinOfQuarters(x, 1); }

} // namespace talweg
