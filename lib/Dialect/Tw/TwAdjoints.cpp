// The vector-Jacobian products of the ops that move or combine elements. A linear op's cotangent is its adjoint:
// window and fold are each other's, so are gather and scatter_add, and a contraction's are contractions with the maps exchanged.
#include "Expr.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace talweg::tw {
namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// The cotangent of a product y over `dims` of x, exact where factors are 0. With n the number of zeros, s their sum (which is 0, but
/// has a derivative) and p the product of the other factors:
///   dx = dy y / x         where x ≠ 0
///   dx = dy p             where x = 0 and n = 1   (the only zero: the product of all others)
///   dx = dy p (s - x)     where x = 0 and n = 2   (the other zero)
///   dx = 0                elsewhere
/// So are its derivatives, where no more than two factors are 0.
Expr productCotangent(Expr x, Expr y, Expr dy, ArrayRef<int64_t> dims, AffineMap spread) {
  Expr isZero = x.is(Predicate::eq, 0), one = x.all(1), zero = x.all(0);
  auto spreadSum = [&](Expr of) { return of.reduce(Reduction::sum, dy.type(), dims).window(x.type(), spread); };
  Expr n = spreadSum(isZero.choose(one, zero)), s = spreadSum(isZero.choose(x, zero));
  Expr q = (dy * isZero.choose(one, x).reduce(Reduction::prod, dy.type(), dims)).window(x.type(), spread);
  Expr ofTwo = n.is(Predicate::eq, 2).choose(q * (s - x), zero);
  return isZero.choose(n.is(Predicate::eq, 1).choose(q, ofTwo), (dy * y).window(x.type(), spread) / x);
}

/// The cotangent of an extremum y over `dims` of x: split equally among the elements that attain it.
Expr extremumCotangent(Expr x, Expr y, Expr dy, ArrayRef<int64_t> dims, AffineMap spread) {
  Expr attains = x.compare(Predicate::eq, y.window(x.type(), spread));
  Expr count = attains.choose(x.all(1), x.all(0)).reduce(Reduction::sum, dy.type(), dims);
  return attains.choose((dy / count).window(x.type(), spread), x.all(0));
}

} // namespace

// y = value:  dx by its own rule
SmallVector<Value> WithDerivativeOp::vjp(OpBuilder &builder, ValueRange cotangents) {
  Block &body = getBody().front();
  IRMapping mapping;
  mapping.map(body.getArgument(0), cotangents[0]);
  for (Operation &op : body.without_terminator())
    builder.clone(op, mapping);
  SmallVector<Value> results{Value()};
  for (Value value : body.getTerminator()->getOperands())
    results.push_back(mapping.lookupOrDefault(value));
  return results;
}

// y = x:  dx = dy
SmallVector<Value> WatchOp::vjp(OpBuilder &builder, ValueRange cotangents) { return {cotangents[0]}; }

// y[d] = x[m(d)]:  dx[m(d)] += dy[d]
SmallVector<Value> WindowOp::vjp(OpBuilder &builder, ValueRange cotangents) {
  return {Expr(builder, getLoc(), cotangents[0]).fold(typeOf(getX()), getMap())};
}

// y[m(d)] += x[d]:  dx[d] = dy[m(d)]
SmallVector<Value> FoldOp::vjp(OpBuilder &builder, ValueRange cotangents) {
  return {Expr(builder, getLoc(), cotangents[0]).window(typeOf(getX()), getMap())};
}

// y[p] = table[rows[p]]:  dtable[rows[p]] += dy[p]
SmallVector<Value> GatherOp::vjp(OpBuilder &builder, ValueRange cotangents) {
  Expr dy(builder, getLoc(), cotangents[0]);
  return {dy.make<ScatterAddOp>(typeOf(getTable()), getRows(), dy, getShared()), Value()};
}

// y[rows[p]] += values[p]:  dvalues[p] = dy[rows[p]]
SmallVector<Value> ScatterAddOp::vjp(OpBuilder &builder, ValueRange cotangents) {
  Expr dy(builder, getLoc(), cotangents[0]);
  return {Value(), dy.make<GatherOp>(typeOf(getValues()), dy, getRows(), getShared())};
}

// y[d + low] = x[d], a constant elsewhere:  dx[d] = dy[d + low]
SmallVector<Value> PadOp::vjp(OpBuilder &builder, ValueRange cotangents) {
  SmallVector<AffineExpr> shifted;
  for (auto [dim, low] : llvm::enumerate(getLow()))
    shifted.push_back(builder.getAffineDimExpr(dim) + low);
  AffineMap inside = AffineMap::get(shifted.size(), 0, shifted, builder.getContext());
  return {Expr(builder, getLoc(), cotangents[0]).window(typeOf(getX()), inside)};
}

// y[d + low] = part[d]:  dpart[d] = dy[d + low], for each part
SmallVector<Value> ConcatOp::vjp(OpBuilder &builder, ValueRange cotangents) {
  SmallVector<Value> results;
  int64_t low = 0;
  for (Value part : getParts()) {
    RankedTensorType type = typeOf(part);
    AffineMap inside = shiftMap(builder.getContext(), type.getRank(), getDim(), low);
    results.push_back(Expr(builder, getLoc(), cotangents[0]).window(type, inside));
    low += type.getDimSize(getDim());
  }
  return results;
}

// y = x in another shape:  dx = dy in x's
SmallVector<Value> ReshapeOp::vjp(OpBuilder &builder, ValueRange cotangents) {
  return {Expr(builder, getLoc(), cotangents[0]).make<ReshapeOp>(typeOf(getX()), cotangents[0])};
}

// y = Σ x:  dx = dy, spread; products and extrema above
SmallVector<Value> ReduceOp::vjp(OpBuilder &builder, ValueRange cotangents) {
  Expr dy(builder, getLoc(), cotangents[0]), x = dy.with(getX()), y = dy.with(getY());
  AffineMap spread = dropDims(builder.getContext(), x.type().getRank(), getDims());
  switch (getKind()) {
  case Reduction::sum: return {dy.window(x.type(), spread)};
  case Reduction::prod: return {productCotangent(x, y, dy, getDims(), spread)};
  case Reduction::max:
  case Reduction::min: return {extremumCotangent(x, y, dy, getDims(), spread)};
  case Reduction::any:
  case Reduction::all: return {Value()};
  }
  return {Value()};
}

// y[Y(d)] += a[A(d)] b[B(d)]:  da[A(d)] += dy[Y(d)] b[B(d)],  db[B(d)] += a[A(d)] dy[Y(d)]
SmallVector<Value> ContractOp::vjp(OpBuilder &builder, ValueRange cotangents) {
  Expr dy(builder, getLoc(), cotangents[0]);
  Expr da = dy.make<ContractOp>(typeOf(getA()), dy, getB(), getExtents(), getYMap(), getBMap(), getAMap());
  Expr db = dy.make<ContractOp>(typeOf(getB()), getA(), dy, getExtents(), getAMap(), getYMap(), getBMap());
  return {da, db};
}

} // namespace talweg::tw
