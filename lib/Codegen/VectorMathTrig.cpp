// sin and cos on lanes of f32.
#include "VectorMath.h"

#include <cmath>

namespace talweg {

/// sin(x + quarters · π/2).
///
///   x = n π/2 + r with |r| ≤ π/4, in f64 and with π/2 in two parts: each step is rounded
///   once, and r is right to f32's last bit for |x| < 2^48.
///   sin r = r + r³ p(r²);  cos r = 1 - r²/2 + r⁴ q(r²);  an odd n exchanges them, and bit 1 of n changes the sign.
static Lanes sinOfQuarters(Lanes x, int quarters) {
  constexpr double shifter = 0x1.8p52, high = 0x1.921fb54442d18p0, low = 0x1.1a62633145c07p-54;
  static constexpr double p[] = {-0.166666552, 0.00833218824, -0.000195180954};
  static constexpr double q[] = {0.0416666456, -0.00138873095, 2.44323273e-5};
  mlir::Type f32 = x.builder().getF32Type(), i32 = x.builder().getI32Type(), i64 = x.builder().getI64Type();
  Lanes wide = x.extended(x.builder().getF64Type());
  Lanes shifted = wide.fma(M_2_PI, wide(shifter));
  Lanes n = shifted - shifter;
  Lanes r = n.fma(-low, n.fma(-high, wide)).truncated(f32);
  Lanes turn = shifted.bits(i64).truncatedI(i32);
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
