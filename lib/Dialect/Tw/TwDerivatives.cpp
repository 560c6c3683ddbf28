// The vector-Jacobian products of the elementwise ops: for y = f(x…) with cotangent dy, the cotangent of every
// operand. Each rule is the formula under its equation. It names the op's result y where that spares work, so that
// what is kept for the backward pass can be read here.
#include "Expr.h"

#include <numbers>

using namespace mlir;

namespace talweg::tw {

using Cotangents = SmallVector<Value>;

/// A rule over the op's operand x, its result y and the cotangent dy.
#define TALWEG_VJP(OP, ...)                                                                                            \
  Cotangents OP::vjp(OpBuilder &builder, ValueRange cotangents) {                                                      \
    [[maybe_unused]] Expr dy(builder, getLoc(), cotangents[0]), x = dy.with(getX()), y = dy.with(getY());              \
    return {Value(__VA_ARGS__)};                                                                                       \
  }
/// The same over two operands a and b; gives da, then db.
#define TALWEG_VJP2(OP, DA, DB)                                                                                        \
  Cotangents OP::vjp(OpBuilder &builder, ValueRange cotangents) {                                                      \
    [[maybe_unused]] Expr dy(builder, getLoc(), cotangents[0]), a = dy.with(getA()), b = dy.with(getB()),              \
                                                                y = dy.with(getY());                                   \
    return {DA, DB};                                                                                                   \
  }

// clang-format off
//===-- of one operand --------------------------------------------------------------------------------------------===//

// y = -x:  dx = -dy
TALWEG_VJP(NegOp, -dy)
// y = eˣ:  dx = y dy
TALWEG_VJP(ExpOp, y * dy)
// y = log x:  dx = dy / x
TALWEG_VJP(LogOp, dy / x)
// y = log(1 + x):  dx = dy / (1 + x)
TALWEG_VJP(Log1pOp, dy / (1.0 + x))
// y = √x:  dx = dy / (2 y)
TALWEG_VJP(SqrtOp, 0.5 * dy / y)
// y = x^(-1/2):  dx = -½ y³ dy
TALWEG_VJP(RsqrtOp, -0.5 * (y * y * y) * dy)
// y = tanh x:  dx = (1 - y²) dy
TALWEG_VJP(TanhOp, (1.0 - y * y) * dy)
// y = erf x:  dx = 2/√π e^(-x²) dy
TALWEG_VJP(ErfOp, 2.0 * std::numbers::inv_sqrtpi * exp(-(x * x)) * dy)
// y = 1/(1 + e⁻ˣ):  dx = y (1 - y) dy
TALWEG_VJP(LogisticOp, y * (1.0 - y) * dy)
// y = sin x:  dx = cos x dy
TALWEG_VJP(SinOp, cos(x) * dy)
// y = cos x:  dx = -sin x dy
TALWEG_VJP(CosOp, -sin(x) * dy)
// y = |x|:  dx = sign(x) dy, 0 at 0
TALWEG_VJP(AbsOp, x.is(Predicate::gt, 0).choose(dy, x.is(Predicate::lt, 0).choose(-dy, dy.all(0))))

//===-- of two operands -------------------------------------------------------------------------------------------===//

// y = a + b:  da = dy, db = dy
TALWEG_VJP2(AddOp, dy, dy)
// y = a - b:  da = dy, db = -dy
TALWEG_VJP2(SubOp, dy, -dy)
// y = a b:  da = b dy, db = a dy
TALWEG_VJP2(MulOp, b * dy, a * dy)
// y = a / b:  da = dy / b, db = -y da
TALWEG_VJP2(DivOp, dy / b, -(y * (dy / b)))
// clang-format on

// y = aᵇ:  da = b a^(b-1) dy, 0 where b = 0 and that is nan;  db = y log a dy, 0 where a = 0
Cotangents PowOp::vjp(OpBuilder &builder, ValueRange cotangents) {
  Expr dy(builder, getLoc(), cotangents[0]), a = dy.with(getA()), b = dy.with(getB()), y = dy.with(getY());
  Expr zero = dy.all(0);
  Expr da = b * pow(a, b - 1.0) * dy; // where b is 0, it still has a derivative by b
  da = b.is(Predicate::eq, 0).binary<AndOp>(da.compare(Predicate::ne, da)).choose(zero, da);
  Expr db = a.is(Predicate::eq, 0).choose(zero, y * log(a) * dy);
  return {da, db};
}

/// The cotangent goes to the operand that `wins` the comparison with the other, half to each at a tie.
static Cotangents splitAtTies(Expr dy, Expr a, Expr b, Predicate wins, Predicate loses) {
  Expr tie = a.compare(Predicate::eq, b).choose(0.5 * dy, dy.all(0));
  return {a.compare(wins, b).choose(dy, tie), a.compare(loses, b).choose(dy, tie)};
}

// y = max(a, b):  da = dy where a > b, dy/2 where a = b; db likewise
Cotangents MaxOp::vjp(OpBuilder &builder, ValueRange cotangents) {
  Expr dy(builder, getLoc(), cotangents[0]);
  return splitAtTies(dy, dy.with(getA()), dy.with(getB()), Predicate::gt, Predicate::lt);
}

// y = min(a, b):  da = dy where a < b, dy/2 where a = b; db likewise
Cotangents MinOp::vjp(OpBuilder &builder, ValueRange cotangents) {
  Expr dy(builder, getLoc(), cotangents[0]);
  return splitAtTies(dy, dy.with(getA()), dy.with(getB()), Predicate::lt, Predicate::gt);
}

//===-- of other kinds --------------------------------------------------------------------------------------------===//

// y = x in another element type:  dx = dy in x's, between floats
Cotangents ConvertOp::vjp(OpBuilder &builder, ValueRange cotangents) {
  Type element = getElementTypeOrSelf(getX());
  if (!isa<FloatType>(element))
    return {Value()};
  return {Expr(builder, getLoc(), cotangents[0]).convert(element)};
}

// y = a where c, else b:  da = dy where c, else 0; db = 0 where c, else dy
Cotangents SelectOp::vjp(OpBuilder &builder, ValueRange cotangents) {
  Expr dy(builder, getLoc(), cotangents[0]), c = dy.with(getCondition()), zero = dy.all(0);
  return {Value(), c.choose(dy, zero), c.choose(zero, dy)};
}

} // namespace talweg::tw
