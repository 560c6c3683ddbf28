// log, log1p and pow on lanes of f32.
#include "VectorMath.h"

#include <cmath>

namespace talweg {

static constexpr double threeQuarters = 0x3f400000; ///< the bits of 0.75

/// log(1 + f) + k ln 2 for -1/4 ≤ f < 1/2, as f + f² p(f) + k ln 2 with ln 2 in two parts.
static Lanes logOfReduced(Lanes f, Lanes k) {
  constexpr double ln2High = float(M_LN2), ln2Low = M_LN2 - ln2High;
  static constexpr double p[] = {-0.500000000, 0.333334625,  -0.250001937, 0.199913457,  -0.166450888,
                                 0.144618362,  -0.131583899, 0.105575494,  -0.0462189279};
  Lanes tail = k.fma(ln2Low, f * f * f.polynomial(p));
  return k.fma(ln2High, f + tail);
}

/// `y` where it stands for the logarithm of a positive finite u; ∞ of ∞, -∞ of 0, nan of less or nan.
static Lanes withEnds(Lanes y, Lanes u) {
  Lanes end = u(-Lanes::infinity).where(u.is(Lanes::FP::OEQ, 0), u(std::numeric_limits<float>::quiet_NaN()));
  y = y.where(u.is(Lanes::FP::OGT, 0), end);
  return u.where(u.is(Lanes::FP::OEQ, Lanes::infinity), y);
}

/// x = 2^k m with 3/4 ≤ m < 3/2. A denormal x is first multiplied by 2^23.
Lanes vectormath::log(Lanes x) {
  mlir::Type i32 = x.builder().getI32Type(), f32 = x.builder().getF32Type();
  Lanes denormal = x.is(Lanes::FP::OLT, std::numeric_limits<float>::min());
  Lanes bits = (x * 0x1p23).where(denormal, x).bits(i32);
  Lanes k = bits.subI(bits(threeQuarters)).shiftRight(23);
  Lanes m = bits.subI(k.shiftLeft(23)).bits(f32);
  Lanes power = k.toFloat(f32);
  return withEnds(logOfReduced(m - 1, (power - 23).where(denormal, power)), x);
}

/// u = 1 + x = 2^k m as above, but m - 1 = 2^-k x + (2^-k - 1), so that what the sum 1 + x has lost of x is there.
/// 2^-k may be denormal: 4 · 2^-k is not, and x / 4 is exact. Where x² is nothing beside x, the result is x.
Lanes vectormath::log1p(Lanes x) {
  mlir::Type i32 = x.builder().getI32Type(), f32 = x.builder().getF32Type();
  Lanes u = x + 1, bits = u.bits(i32);
  Lanes k = bits.subI(bits(threeQuarters)).shiftRight(23);
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
  constexpr std::int64_t one = 0x3ff0000000000000, rootHalf = 0x3fe6a09e667f3bcd, mantissa = 0x000fffffffffffff;
  mlir::Type i64 = a.builder().getI64Type(), f64 = a.builder().getF64Type();
  Lanes integer = a.bits(i64);
  auto constant = [&](std::int64_t bits) {
    auto type = llvm::cast<mlir::ShapedType>(integer.like(i64));
    return integer.make<mlir::arith::ConstantOp>(mlir::DenseElementsAttr::get(type, llvm::APInt(64, bits)));
  };
  Lanes moved = integer.addI(constant(one - rootHalf));
  Lanes biased = moved.make<mlir::arith::ShRUIOp>(moved, constant(52)); // k + 1023, not negative
  Lanes k = biased.orI(constant(0x4330000000000000)).bits(f64) - (0x1p52 + 1023);
  Lanes f = moved.andI(constant(mantissa)).addI(constant(rootHalf)).bits(f64) - 1;
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
  t = t(200).where(t.is(Lanes::FP::OGT, 200), t);
  t = t(-200).where(t.is(Lanes::FP::OLT, -200), t);
  Lanes shifted = t + shifter;
  Lanes r = t - (shifted - shifter);
  return r.polynomial(p).bits(i64).addI(shifted.bits(i64).shiftLeft(52)).bits(f64);
}

/// |x|^y = 2^(y log2 |x|), in f64 where the product may be large, rounded once; special values as in C:
///
///   |x| = 1 or y = 0 gives 1; a negative x takes the sign of an odd y, and is nan to a power that is not whole; nan gives
///   nan except in 1^nan and nan^0.
Lanes vectormath::pow(Lanes x, Lanes y) {
  using FP = Lanes::FP;
  mlir::Type i32 = x.builder().getI32Type(), f32 = x.builder().getF32Type(), f64 = x.builder().getF64Type();
  auto floor = [](Lanes v) { return v.make<mlir::math::FloorOp>(v); };
  Lanes a = x.abs(), zeroth = y.is(FP::OEQ, 0);
  Lanes z = exp2OfWide(y.extended(f64) * log2OfWide(a.extended(f64))).truncated(f32);
  z = x(1).where(a.is(FP::OEQ, 1), z);
  Lanes half = y * 0.5;
  Lanes odd = y.is(FP::OEQ, floor(y)).andI(half.is(FP::ONE, floor(half)));
  Lanes bits = x.bits(i32), sign = bits.andI(bits(std::numeric_limits<std::int32_t>::min()));
  z = z.bits(i32).orI(sign.where(odd, bits(0))).bits(f32);
  Lanes undefined = x.is(FP::OLT, 0).andI(x.is(FP::ONE, -Lanes::infinity)).andI(y.is(FP::ONE, floor(y)));
  z = x(std::numeric_limits<float>::quiet_NaN()).where(undefined, z);
  z = (x + y).where(x.is(FP::UNO, y), z);
  return x(1).where(zeroth.orI(x.is(FP::OEQ, 1)), z);
}

} // namespace talweg
