// sin and cos on lanes of f32 and f64.
//
// Both are ± the sine of what x leaves by a multiple of π (cos: an odd multiple of π/2). Up to some magnitude that remainder
// takes a few fused multiply-adds; beyond, more. The short way is always taken; if any lane of the vector is beyond, the long
// way is taken too and its results stand in those lanes, so that no lane's result depends on its neighbours.
#include "VectorMath.h"

#include "talweg/Codegen/Attributes.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <cmath>

namespace talweg {

namespace {

/// What the short way needs to know of a float type.
struct Format {
  double shifter;              ///< 1.5 · 2^(bits - 1): added, it leaves a number's nearest integer in its low bits
  double high, middle, low;    ///< π, in parts of this type
  llvm::ArrayRef<double> sine; ///< p, sin r = r + r³ p(r²) for |r| ≤ π/2
  double bound;                ///< where the long way begins
  int signShift;               ///< from the least bit to the sign
};

/// x = n π/2 + r with |r| ≤ π/4, in f64.
struct Quarters {
  Lanes n; ///< in the low bits, plus 1.5·2^52
  Lanes r;
};

} // namespace

static const Format &formatOf(mlir::Type type) {
  static constexpr double single[] = {-0.166666597, 0.00833306834, -0.000198096604, 2.60575598e-6};
  static constexpr double wide[] = {-0.16666666666666666,    0.0083333333333331933,  -0.00019841269841208849,
                                    2.7557319211072149e-6,   -2.5052106866687296e-8, 1.6058939391231206e-10,
                                    -7.6429831192383683e-13, 2.7210850026858070e-15};
  static constexpr Format ofSingle{0x1.8p23, 0x1.921fb6p1, -0x1.777a5cp-24, -0x1.ee59dap-49, single, 0x1p17, 31};
  static constexpr Format ofWide{
      0x1.8p52, 0x1.921fb54442d18p1, 0x1.1a62633145c07p-53, -0x1.f1976b7ed8fbcp-109, wide, 0x1p40, 63};
  return type.isF32() ? ofSingle : ofWide;
}

/// sin x, or with `ofCos` sin(x + π/2), for |x| below the bound. N is x/π rounded to an integer (for cos, to half of an odd one):
///
///   s = x - N high     exact, both being multiples of the last place of `high` and s being less than 2
///   c = s - N middle   right to a rounding
///   r = c - N low      of which sin r = c + (c t - N low), t = c² p(c²), is accurate without adding the two
///
/// Up to π/2, t is near -0.4: its first term is added last, so that only t itself is rounded at that size. Zeros stay as they are.
static Lanes sinInRange(Lanes x, bool ofCos) {
  mlir::Type element = llvm::cast<mlir::VectorType>(mlir::Value(x).getType()).getElementType();
  const Format &format = formatOf(element);
  mlir::Type integer = x.builder().getIntegerType(format.signShift + 1);
  Lanes shifted = ofCos ? x.fma(M_1_PI, x(0.5)) + format.shifter : x.fma(M_1_PI, x(format.shifter));
  Lanes n = shifted - format.shifter;
  if (ofCos)
    n = n - 0.5;
  Lanes c = n.fma(-format.middle, n.fma(-format.high, x));
  Lanes square = c * c;
  Lanes rest = (square * square) * square.polynomial(format.sine.drop_front());
  Lanes y = c.fma(square.fma(format.sine[0], rest), n * -format.low) + c;
  Lanes turned = shifted.bits(integer).shiftLeft(format.signShift);
  y = y.bits(integer).xorI(turned).bits(element);
  return ofCos ? y : x.where(x.is(Lanes::FP::OEQ, 0), y);
}

/// For |x| < 2^48: π/2 in two parts, each step rounded once, so that r is right to f32's last bit.
static Quarters reduce(Lanes x) {
  constexpr double shifter = 0x1.8p52, high = 0x1.921fb54442d18p0, low = 0x1.1a62633145c07p-54;
  Lanes shifted = x.fma(M_2_PI, x(shifter));
  Lanes n = shifted - shifter;
  return {shifted, n.fma(-low, n.fma(-high, x))};
}

/// For |x| ≥ 2^48, a multiple of 2^25: x · 2/π modulo 4. Bits of 2/π above 2^-23 contribute multiples of 4 and are
/// left out. The next 116 are in four parts, short enough for each product with x to be exact, and so its remainder; the fifth
/// has the rest.
static Quarters reduceHuge(Lanes x) {
  constexpr double shifter = 0x1.8p52;
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

/// sin(x + quarters · π/2) for any x in f32, from sin r = r + r³ p(r²) and cos r = 1 - r²/2 + r⁴ q(r²): an odd n exchanges them,
/// and bit 1 of n changes the sign.
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

/// The short way, corrected by `beyond(x)` in the lanes, if any, that are out of its range.
static Lanes sinOrCos(Lanes x, bool ofCos, llvm::function_ref<Lanes(Lanes)> beyond) {
  Lanes::Builder &b = x.builder();
  double bound = formatOf(llvm::cast<mlir::VectorType>(mlir::Value(x).getType()).getElementType()).bound;
  Lanes near = sinInRange(x, ofCos);
  Lanes isBeyond = x.abs().is(Lanes::FP::OGE, bound);
  mlir::Value any = mlir::vector::ReductionOp::create(b, mlir::vector::CombiningKind::OR, isBeyond);
  auto corrected = [&](mlir::OpBuilder &inner, mlir::Location loc) {
    Lanes::Builder there(loc, inner);
    Lanes far = beyond(Lanes(there, x));
    mlir::scf::YieldOp::create(there, mlir::Value(far.where(isBeyond, near)));
  };
  auto kept = [&](mlir::OpBuilder &inner, mlir::Location loc) {
    mlir::scf::YieldOp::create(inner, loc, mlir::Value(near));
  };
  return {b, mlir::scf::IfOp::create(b, any, corrected, kept).getResult(0)};
}

Lanes vectormath::sin(Lanes x) {
  return sinOrCos(x, false, [](Lanes far) { return sinOfQuarters(far, 0); });
}
Lanes vectormath::cos(Lanes x) {
  return sinOrCos(x, true, [](Lanes far) { return sinOfQuarters(far, 1); });
}

/// Of f64 beyond the bound: the C library's, one lane after the other.
template <typename Op>
static Lanes called(Lanes x) {
  auto op = Op::create(x.builder(), mlir::Value(x));
  op->setAttr(attributes::kCalled, x.builder().getUnitAttr());
  return {x.builder(), op.getResult()};
}

Lanes vectormath::wide::sin(Lanes x) { return sinOrCos(x, false, called<mlir::math::SinOp>); }
Lanes vectormath::wide::cos(Lanes x) { return sinOrCos(x, true, called<mlir::math::CosOp>); }

} // namespace talweg
