// log, log1p and pow on lanes of f32.
#include "VectorMath.h"

#include <cmath>

namespace talweg {

static constexpr double rootHalf = 0x3f3504f3; ///< the bits of √½

/// log(1 + f) + k ln 2 for √½ ≤ 1 + f < √2, as f + f² p(f) + k ln 2 with ln 2 in two parts.
static Lanes logOfReduced(Lanes f, Lanes k) {
  constexpr double ln2High = float(M_LN2), ln2Low = M_LN2 - ln2High;
  static constexpr double p[] = {-0.499999911, 0.333339542, -0.250018269, 0.199619651,
                                 -0.165684476, 0.149168238, -0.143234789, 0.0875955671};
  Lanes tail = k.fma(ln2Low, f * f * f.polynomial(p));
  return k.fma(ln2High, f + tail);
}

Lanes vectormath::withEnds(Lanes y, Lanes u) {
  Lanes end = u(-Lanes::infinity).where(u.is(Lanes::FP::OEQ, 0), u(std::numeric_limits<float>::quiet_NaN()));
  y = y.where(u.is(Lanes::FP::OGT, 0), end);
  return u.where(u.is(Lanes::FP::OEQ, Lanes::infinity), y);
}

/// x = 2^k m with √½ ≤ m < √2. A denormal x is first multiplied by 2^23.
Lanes vectormath::log(Lanes x) {
  mlir::Type i32 = x.builder().getI32Type(), f32 = x.builder().getF32Type();
  Lanes denormal = x.is(Lanes::FP::OLT, std::numeric_limits<float>::min());
  Lanes bits = (x * 0x1p23).where(denormal, x).bits(i32);
  Lanes k = bits.subI(bits(rootHalf)).shiftRight(23);
  Lanes m = bits.subI(k.shiftLeft(23)).bits(f32);
  Lanes power = k.toFloat(f32);
  return withEnds(logOfReduced(m - 1, (power - 23).where(denormal, power)), x);
}

/// u = 1 + x = 2^k m as above, but m - 1 = 2^-k x + (2^-k - 1), so that what the sum 1 + x has lost of x is there.
/// 2^-k may be denormal: 4 · 2^-k is not, and x / 4 is exact. Where x² is nothing beside x, the result is x.
Lanes vectormath::log1p(Lanes x) {
  mlir::Type i32 = x.builder().getI32Type(), f32 = x.builder().getF32Type();
  Lanes u = x + 1, bits = u.bits(i32);
  Lanes k = bits.subI(bits(rootHalf)).shiftRight(23);
  Lanes scale = bits(0x40800000).subI(k.shiftLeft(23)).bits(f32);
  Lanes f = (x * 0.25).fma(scale, scale.fma(0.25, x(-1)));
  Lanes y = withEnds(logOfReduced(f, k.toFloat(f32)), u);
  return x.where(x.abs().is(Lanes::FP::OLT, 0x1p-26), y);
}

/// log2 a for a ≥ 0 in f64: a = 2^k m with √½ ≤ m < √2, k + (m - 1) p(m - 1). Right to 2^-38; ∓∞ of 0 and ∞.
static Lanes log2OfWide(Lanes a) {
  static constexpr double p[] = {1.4426950408864944,  -0.72134752032213286, 0.48089834885185585, -0.36067379442928627,
                                 0.28853879177194753, -0.24044634669538741, 0.20610718397625977, -0.18043913364970010,
                                 0.16021826083250838, -0.14247068610641983, 0.13022979653394665, -0.13473361771381048,
                                 0.13279833745549921, -0.069896546258438388};
  auto [k, f, biased] = vectormath::wide::split(a);
  Lanes y = f.fma(f.polynomial(p), k);
  y = y.where(a.is(Lanes::FP::ONE, 0), a(-Lanes::infinity));
  return a.where(a.is(Lanes::FP::OEQ, Lanes::infinity), y);
}

/// 2^t in f64 for what f32 can hold: t = n + r with |r| ≤ ½, 2^n p(r). Beyond ±200 it is as at ±200.
static Lanes exp2OfWide(Lanes t) {
  static constexpr double p[] = {1.0000000005629597,    0.69314720603702092,   0.24022646845145272,
                                 0.055503281237656091,  0.0096184918123140863, 0.0013400195472012054,
                                 0.00015345587903245378};
  constexpr double shifter = 0x1.8p52;
  mlir::Type i64 = t.builder().getI64Type(), f64 = t.builder().getF64Type();
  t = t.limited(-200, 200);
  Lanes shifted = t + shifter;
  Lanes r = t - (shifted - shifter);
  return r.polynomial(p).bits(i64).addI(shifted.bits(i64).shiftLeft(52)).bits(f64);
}

/// |x|^y = 2^(y log2 |x|), in f64 where the product may be large, rounded once.
Lanes vectormath::pow(Lanes x, Lanes y) {
  mlir::Type f32 = x.builder().getF32Type(), f64 = x.builder().getF64Type();
  Lanes z = exp2OfWide(y.extended(f64) * log2OfWide(x.abs().extended(f64))).truncated(f32);
  return powOfSigned(x, y, z);
}

Lanes vectormath::powOfSigned(Lanes x, Lanes y, Lanes z) {
  using FP = Lanes::FP;
  auto floor = [](Lanes v) { return v.make<mlir::math::FloorOp>(v); };
  Lanes a = x.abs(), zeroth = y.is(FP::OEQ, 0);
  z = x(1).where(a.is(FP::OEQ, 1), z);
  Lanes half = y * 0.5;
  Lanes odd = y.is(FP::OEQ, floor(y)).andI(half.is(FP::ONE, floor(half)));
  z = z.withSign(x.where(odd, x(1)));
  Lanes undefined = x.is(FP::OLT, 0).andI(x.is(FP::ONE, -Lanes::infinity)).andI(y.is(FP::ONE, floor(y)));
  z = x(std::numeric_limits<float>::quiet_NaN()).where(undefined, z);
  z = (x + y).where(x.is(FP::UNO, y), z);
  return x(1).where(zeroth.orI(x.is(FP::OEQ, 1)), z);
}

} // namespace talweg
