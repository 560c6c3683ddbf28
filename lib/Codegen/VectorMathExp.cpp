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

/// Odd, so of a = |x|, then with the sign of x; 1 from 10 on. With a = n ln 2 / 2 + h, t = tanh h and P = 2^n,
///
///   tanh a = (t (P + 1) + P - 1) / (t (P - 1) + P + 1);  t = h + h³ p(h²),
///
/// which is t itself for n = 0. From n = 2 on, where tanh a > ½, the quotient's distance from 1 is what is divided, so that
/// errors are of its size. For that boundary n is a · 2.73 rounded: |h| ≤ 1/4 up to n = 3, and beyond that the errors of t do not
/// matter. ln 2 as one f32 is right to 2^-29.
Lanes vectormath::tanh(Lanes x) {
  constexpr double shifter = 0x1.8p23, halfLn2 = 0x1.62e43p-2;
  static constexpr double p[] = {-0.333332509, 0.133249417, -0.0515287220};
  mlir::Type i32 = x.builder().getI32Type(), f32 = x.builder().getF32Type();
  Lanes a = x.abs(), least = a(10).where(a.is(Lanes::FP::OGT, 10), a);
  Lanes shifted = least.fma(2.73, x(shifter)), n = shifted - shifter;
  Lanes h = n.fma(-halfLn2, least), square = h * h;
  Lanes t = (h * square).fma(square.polynomial(p), h);
  Lanes bits = shifted.bits(i32).shiftLeft(23);
  Lanes power = bits.addI(bits(0x3f800000)).bits(f32), more = power + 1, less = power - 1;
  Lanes isFar = n.is(Lanes::FP::OGE, 2);
  Lanes quotient = t.fma(2, x(-2)).where(isFar, t.fma(more, less)) / t.fma(less, more);
  return (quotient + 1).where(isFar, quotient).withSign(x);
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
