// exp, logistic, tanh and erf on lanes of f32.
#include "VectorMath.h"

#include <cmath>

namespace talweg {

namespace {

/// e^x as 2^n (1 + q).
struct Exponential {
  Lanes q;
  Lanes n; ///< as a 32-bit integer moved to the place of the exponent: modulo 2^9
};

} // namespace

/// For |x| ≤ 88:
///
///   x = n ln 2 + r with |r| ≤ ln 2 / 2;  e^r = 1 + q;  q = r + r² p(r).
///
/// The first part of ln 2 is short enough for n times it, and x less that, to be exact; so r = s - d with both known,
/// and only r² p(r) sees the rounded r. n is found by adding 1.5·2^23, which leaves it in the low bits.
static Exponential exponential(Lanes x) {
  constexpr double shifter = 0x1.8p23, ln2High = 0x1.62e4p-1, ln2Low = M_LN2 - ln2High;
  static constexpr double p[] = {0.499999940, 0.166665167, 0.0416681059, 0.00836914126, 0.00138367433};
  Lanes shifted = x.fma(M_LOG2E, x(shifter));
  Lanes n = shifted - shifter;
  Lanes s = n.fma(-ln2High, x);
  Lanes r = n.fma(-ln2Low, s);
  Lanes tail = n.fma(-ln2Low, r * r * r.polynomial(p));
  return {s + tail, shifted.bits(x.builder().getI32Type()).shiftLeft(23)};
}

/// e^x for |x| ≤ 88, within 1 ULP: n is added to the exponent.
static Lanes expInRange(Lanes x) {
  auto [q, n] = exponential(x);
  return (q + 1).bits(x.builder().getI32Type()).addI(n).bits(x.builder().getF32Type());
}

static constexpr double lowest =
    -0x1.5d589ep6; ///< about log(2^-126): below it e^x is less than the least normal number

/// Infinity above log(2^128), and 0 below `lowest`.
Lanes vectormath::exp(Lanes x) {
  constexpr double highest = 0x1.62e42ep6;
  Lanes y = expInRange(x);
  y = y.where(x.is(Lanes::FP::OLE, highest), x * Lanes::infinity); // nan · ∞ is nan
  return x(0).where(x.is(Lanes::FP::OLT, lowest), y);
}

/// 1 / (1 + e^-x). With e^-x = 2^n (1 + q) the divisor is t + (2^n q + c), where t is 2^n + 1 rounded and c what
/// that has lost, so that the divisor is in effect rounded once. 0 below `lowest`, 1 from 80 on.
Lanes vectormath::logistic(Lanes x) {
  Lanes least = x(80).where(x.is(Lanes::FP::OGT, 80), x);
  auto [q, n] = exponential(-least);
  Lanes power = n.addI(n(0x3f800000)).bits(x.builder().getF32Type());
  Lanes sum = power + 1, lost = x(1) - (sum - power);
  Lanes divisor = sum + power.fma(q, lost);
  Lanes y = x(1) / divisor;
  return x(0).where(x.is(Lanes::FP::OLT, lowest), y);
}

/// Odd, so of a = |x|, then with the sign of x:
///
///   a < 0.65:  a + a³ p(a²)
///   a ≥ 0.65:  1 - 2 / (e^2a + 1), where the fraction is small enough for its error not to matter; 1 from 10 on.
Lanes vectormath::tanh(Lanes x) {
  static constexpr double p[] = {-0.333332479, 0.133305177, -0.0536632501, 0.0203934237, -0.00543567631};
  Lanes a = x.abs(), square = a * a;
  Lanes near = (square * square.polynomial(p)).fma(a, a);
  Lanes least = a.where(a.is(Lanes::FP::OLT, 10), a(10));
  Lanes far = a(1) - a(2) / (expInRange(least + least) + 1);
  return far.where(a.is(Lanes::FP::OGE, 0.65), near).withSign(x); // nan is near
}

/// Odd, so of a = |x|, then with the sign of x:
///
///   a < 1:  a + a p(a²)
///   a ≥ 1:  1 - e^q(a), q approximating log(1 - erf a), which is small enough for its error
///           not to matter; 1 from 4 on.
Lanes vectormath::erf(Lanes x) {
  static constexpr double p[] = {0.128379166,   -0.376126260,    0.112835787,  -0.0268533472,
                                 0.00518716220, -0.000799785310, 7.80690316e-5};
  static constexpr double q[] = {-0.000320604886, -1.12717152,    -0.638012469,  -0.103217945,
                                 0.0218894947,    -0.00296007004, 0.000187599420};
  Lanes a = x.abs();
  Lanes near = a.fma((a * a).polynomial(p), a);
  Lanes least = a.where(a.is(Lanes::FP::OLT, 4), a(4));
  Lanes far = a(1) - expInRange(least.polynomial(q));
  return far.where(a.is(Lanes::FP::OGE, 1), near).withSign(x); // nan is near
}

} // namespace talweg
