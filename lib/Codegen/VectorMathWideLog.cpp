// log, log1p and pow on lanes of f64.
#include "VectorMath.h"

#include <cmath>

namespace talweg {

using vectormath::wide::split;

/// The exponent of a·√2 leaves a in [√½, √2) behind; as the low bits of a number of the size of 2^52 it becomes a float.
vectormath::wide::Split vectormath::wide::split(Lanes a) {
  constexpr std::int64_t one = 0x3ff0000000000000, rootHalf = 0x3fe6a09e667f3bcd, mantissa = 0x000fffffffffffff;
  mlir::Type i64 = a.builder().getI64Type(), f64 = a.builder().getF64Type();
  Lanes bits = a.bits(i64);
  Lanes moved = bits.addI(bits.integer(one - rootHalf));
  Lanes biased = moved.shiftRightUnsigned(52); // k + 1023, not negative
  Lanes k = biased.orI(bits.integer(0x4330000000000000)).bits(f64) - (0x1p52 + 1023);
  Lanes f = moved.andI(bits.integer(mantissa)).addI(bits.integer(rootHalf)).bits(f64) - 1;
  return {k, f, biased};
}

/// log(1 + f) + k ln 2. With s = f / (2 + f), log(1 + f) is 2 s + s z p(z) for z = s², and as 2 s = f - s f:
/// f - (f²/2 - s (f²/2 + z p)), in which what follows f is small.
static Lanes logOfReduced(Lanes f, Lanes k) {
  constexpr double ln2Low = 0x1.abc9e3b39803fp-56;
  static constexpr double p[] = {0.66666666666667371, 0.39999999999394614, 0.28571428747271386, 0.22222198032014878,
                                 0.18183594397289599, 0.15313234208406699, 0.14804564198199462};
  Lanes s = f / (f + 2), z = s * s, half = f * f * 0.5;
  Lanes tail = k.fma(ln2Low, s * z.fma(z.polynomial(p), half));
  return k.fma(M_LN2, f - (half - tail));
}

/// A denormal a is multiplied by 2^54 first.
static vectormath::wide::Split splitOfAny(Lanes a) {
  Lanes denormal = a.is(Lanes::FP::OLT, std::numeric_limits<double>::min());
  vectormath::wide::Split result = split((a * 0x1p54).where(denormal, a));
  result.k = (result.k - 54).where(denormal, result.k);
  return result;
}

Lanes vectormath::wide::log(Lanes x) {
  auto [k, f, biased] = splitOfAny(x);
  return withEnds(logOfReduced(f, k), x);
}

/// u = 1 + x = 2^k m, but m - 1 = 2^-k x + (2^-k - 1), so that what the sum 1 + x has lost of x is there. 2^-k may be
/// denormal: 4 · 2^-k is not. The result has the sign of x, zeros included.
Lanes vectormath::wide::log1p(Lanes x) {
  mlir::Type f64 = x.builder().getF64Type();
  Lanes u = x + 1;
  auto [k, unused, biased] = split(u);
  Lanes scale = biased.integer(2048).subI(biased).shiftLeft(52).bits(f64) * 0.25;
  Lanes f = x.fma(scale, scale - 1);
  return withEnds(logOfReduced(f, k), u).withSign(x);
}

namespace {

/// A sum of two numbers, the second within the last place of the first.
struct Pair {
  Lanes high, low;
};

} // namespace

/// x + y exactly, for |x| ≥ |y| or x = 0.
static Pair sumOf(Lanes x, Lanes y) {
  Lanes high = x + y;
  return {high, y - (high - x)};
}

/// x · y exactly.
static Pair productOf(Lanes x, Lanes y) {
  Lanes high = x * y;
  return {high, x.fma(y, -high)};
}

/// log a for a finite a > 0, right to 2^-64 of itself, which y log a needs to be right to some 2^-54 at 700. As in logOfReduced
/// 2 s (1 + z / 3 + z² p(z)), where z² p(z) is below 2^-12 and everything else a pair. The first part of ln 2 is short enough for
/// its product with k to be exact.
static Pair logAsPair(Lanes a) {
  constexpr double third = 1.0 / 3, thirdLow = 0x1.5555555555555p-56;
  constexpr double ln2High = 0x1.62e42fefa3800p-1, ln2Low = 0x1.ef35793c76730p-45;
  static constexpr double p[] = {0.20000000000000000,  0.14285714285714704,  0.11111111110815862,
                                 0.090909091703599054, 0.076922972029925366, 0.066674171972088656,
                                 0.058527269560337147, 0.058656217224260314};
  auto [k, f, biased] = splitOfAny(a);
  Pair divisor = sumOf(a(2), f);
  Lanes inverse = a(1) / divisor.high;
  Lanes s = f * inverse;
  Lanes left = (-s).fma(divisor.low, (-s).fma(divisor.high, f));
  Pair twice = sumOf(s + s, (left + left) * inverse);
  s = twice.high * 0.5;
  Pair z = productOf(s, s);
  z.low = twice.high.fma(twice.low * 0.5, z.low);
  Pair linear = productOf(z.high, z.high(third));
  linear.low = z.high.fma(thirdLow, z.low.fma(third, linear.low));
  Pair g = sumOf(linear.high, z.high * z.high * z.high.polynomial(p));
  g.low = g.low + linear.low;
  Pair product = productOf(twice.high, g.high);
  product.low = twice.high.fma(g.low, twice.low.fma(g.high, product.low));
  Pair log = sumOf(twice.high, product.high);
  log.low = log.low + (product.low + twice.low);
  Pair sum = sumOf(k * ln2High, log.high);
  return sumOf(sum.high, sum.low + k.fma(ln2Low, log.low));
}

/// |x|^y = e^(y log |x|) with the logarithm and its product as pairs.
Lanes vectormath::wide::pow(Lanes x, Lanes y) {
  using FP = Lanes::FP;
  Lanes a = x.abs();
  Pair log = logAsPair(a);
  Lanes isEnd = a.is(FP::OEQ, 0).orI(a.is(FP::OEQ, Lanes::infinity));
  log.high = a(Lanes::infinity).where(a.is(FP::OEQ, Lanes::infinity), log.high);
  log.high = a(-Lanes::infinity).where(a.is(FP::OEQ, 0), log.high);
  Pair t = productOf(y, log.high);
  t.low = y.fma(log.low, t.low);
  Lanes beyond = t.high.abs().is(FP::OGT, 1100);
  t.high = a(1100).withSign(t.high).where(beyond, t.high);
  t.low = a(0).where(beyond.orI(isEnd), t.low);
  return powOfSigned(x, y, expOfSum(t.high, t.low));
}

} // namespace talweg
