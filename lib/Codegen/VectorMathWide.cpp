// exp, logistic, tanh and erf on lanes of f64.
#include "VectorMath.h"

#include <cmath>

namespace talweg {

using vectormath::wide::expOfSum;

namespace {

/// e^x as 2^n (1 + s + tail), s exact.
struct Exponential {
  Lanes s, tail;
  Lanes n; ///< whole, as a float
};

} // namespace

static constexpr double shifter = 0x1.8p52;

/// 2^n for whole -1022 ≤ n ≤ 1023. Adding 1.5·2^52 leaves n in the low bits, which move to the place of the exponent.
static Lanes powerOfTwo(Lanes n) {
  Lanes bits = (n + shifter).bits(n.builder().getI64Type()).shiftLeft(52);
  return bits.addI(bits.integer(0x3ff0000000000000)).bits(n.builder().getF64Type());
}

/// For |x| ≤ 1100 and a `low` within the last place of x (or none):
///
///   x = n ln 2 + s with |s| ≤ ln 2 / 2;  e^(s + d) = 1 + s + tail;  r = s + d;  tail = d + r² p(r).
///
/// n times ln 2 as one f64, and x less that, is exact in a fused multiply-add; d is what is known besides.
static Exponential exponential(Lanes x, std::optional<Lanes> low = {}) {
  constexpr double ln2Low = 0x1.abc9e3b39803fp-56;
  static constexpr double p[] = {0.50000000000000107,   0.16666666666666410,   0.041666666666529186,
                                 0.0083333333334956335, 0.0013888888943923292, 0.00019841269504756052,
                                 2.4801492762093442e-5, 2.7557587344422290e-6, 2.7630378861851430e-7,
                                 2.4999965657229285e-8};
  Lanes n = x.fma(M_LOG2E, x(shifter)) - shifter;
  Lanes s = n.fma(-M_LN2, x);
  Lanes d = low ? n.fma(-ln2Low, *low) : n * -ln2Low;
  Lanes r = s + d;
  return {s, (r * r).fma(r.polynomial(p), d), n};
}

/// Within 1 ULP. 2^n in two factors: the result may be denormal, or only just not infinite.
static Lanes assembled(const Exponential &e) {
  Lanes half = (e.n * 0.5 + shifter) - shifter;
  return (e.s + e.tail + 1) * powerOfTwo(half) * powerOfTwo(e.n - half);
}

Lanes vectormath::wide::expOfSum(Lanes x, Lanes low) { return assembled(exponential(x, low)); }

Lanes vectormath::wide::exp(Lanes x) { return assembled(exponential(x.limited(-1100, 1100))); }

/// 1 / (1 + e^-x). With e^-x = 2^n (1 + q) the divisor is t + (2^n q + c), where t is 2^n + 1 rounded and c what
/// that has lost, so that the divisor is in effect rounded once. What n has above 1000 divides the result.
Lanes vectormath::wide::logistic(Lanes x) {
  auto [s, tail, n] = exponential(-x.limited(-800, 800));
  Lanes least = n.limited(-200, 1000); // below, e^-x is nothing beside 1
  Lanes power = powerOfTwo(least), rest = n - least;
  Lanes sum = power + 1, lost = x(1) - (sum - power);
  Lanes y = x(1) / (sum + power.fma(s + tail, lost));
  Lanes scale = powerOfTwo(-rest);
  return y * x(1).where(rest.is(Lanes::FP::OLE, 0), scale);
}

/// Odd, so of a = |x|, then with the sign of x: N / D with N = e^2a - 1 and D = N + 2, 1 from 20 on. With e^2a = 2^n (1 + q),
/// N is 2^n q + (2^n - 1). What N, D and the quotient have lost to rounding is known, and is given back to the quotient.
Lanes vectormath::wide::tanh(Lanes x) {
  Lanes a = x.abs(), least = a(20).where(a.is(Lanes::FP::OGT, 20), a);
  auto [s, tail, n] = exponential(least + least);
  Lanes power = powerOfTwo(n), whole = power - 1;
  Lanes q = s + tail, lostOfQ = tail - (q - s);
  Lanes numerator = power.fma(q, whole);
  Lanes lost = power.fma(lostOfQ, power.fma(q, whole - numerator));
  Lanes divisor = numerator + 2, lostOfDivisor = (numerator - (divisor - 2)) + lost;
  Lanes inverse = x(1) / divisor;
  Lanes y = numerator * inverse;
  Lanes left = (-y).fma(lostOfDivisor, (-y).fma(divisor, numerator) + lost);
  return left.fma(inverse, y).withSign(x);
}

/// Odd, so of a = |x|, then with the sign of x:
///
///   a < 1:  a + a p(a²)
///   a ≥ 1:  1 - e^q(a), q approximating log(1 - erf a), which is small enough for its error
///           not to matter; 1 from 6 on.
Lanes vectormath::wide::erf(Lanes x) {
  static constexpr double p[] = {0.12837916709551257,    -0.37612638903183520,   0.11283791670944184,
                                 -0.026866170643111335,  0.0052239776061176034,  -0.00085483259292803611,
                                 0.00012055293576054535, -1.4924712288411529e-5, 1.6447131429997874e-6,
                                 -1.6206312843599453e-7, 1.3710977044345459e-8,  -7.7794631812083201e-10};
  static constexpr double q[] = {-4.6991878013310183e-7, -1.1283743966898731,    -0.63664229716465961,
                                 -0.10270699489438587,   0.018996736795330515,   0.00040176604657067634,
                                 -0.0019068602186286114, 0.00076343142145242214, -0.00013056037149446929,
                                 -2.2470991284273396e-5, 2.3675803003626962e-5,  -8.9261178580874804e-6,
                                 2.1965285996052787e-6,  -3.8414276415547176e-7, 4.7836528343913591e-8,
                                 -4.0614394779641054e-9, 2.1154421682044871e-10, -5.1097810340607150e-12};
  Lanes a = x.abs();
  Lanes near = a.fma((a * a).polynomial(p), a);
  Lanes least = a.where(a.is(Lanes::FP::OLT, 6), a(6));
  auto [s, tail, n] = exponential(least.polynomial(q));
  Lanes power = powerOfTwo(n);
  Lanes far = power.fma(-(s + tail), x(1) - power);
  return far.where(a.is(Lanes::FP::OGE, 1), near).withSign(x); // nan is near
}

} // namespace talweg
