// A tensor value with arithmetic, so that a derivative reads like its formula. Every operator creates one op at the
// builder's insertion point, or folds. Operands of C++ operators may be created in either order: tests check dataflow.
#ifndef TALWEG_DIALECT_TW_EXPR_H
#define TALWEG_DIALECT_TW_EXPR_H

#include "talweg/Dialect/Tw/Access.h"
#include "talweg/Dialect/Tw/Tw.h"

namespace talweg::tw {

class Expr {
public:
  Expr(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value) : builder(&builder), loc(loc), value(value) {}

  operator mlir::Value() const { return value; }
  mlir::RankedTensorType type() const { return mlir::cast<mlir::RankedTensorType>(value.getType()); }

  /// Another value of the same formula.
  Expr with(mlir::Value other) const { return Expr(*builder, loc, other); }
  /// The constant of this value's type with every element `number`.
  Expr all(double number) const {
    auto element = builder->getFloatAttr(type().getElementType(), number);
    return make<ConstantOp>(type(), mlir::DenseElementsAttr::get(type(), mlir::Attribute(element)));
  }
  /// The new op, folded when it can be.
  template <typename Op, typename... Args>
  Expr make(Args &&...args) const {
    return with(builder->createOrFold<Op>(loc, std::forward<Args>(args)...));
  }
  template <typename Op>
  Expr unary() const {
    return make<Op>(type(), value);
  }
  template <typename Op>
  Expr binary(Expr other) const {
    return make<Op>(type(), value, other.value);
  }

  /// The condition `this predicate other`, elementwise.
  Expr compare(Predicate predicate, Expr other) const {
    return make<CompareOp>(type().clone(builder->getI1Type()), predicate, value, other.value);
  }
  Expr is(Predicate predicate, double number) const { return compare(predicate, all(number)); }
  /// Where this condition holds `yes`, elsewhere `no`.
  Expr choose(Expr yes, Expr no) const { return make<SelectOp>(yes.type(), value, yes.value, no.value); }

  Expr window(mlir::RankedTensorType result, mlir::AffineMap map) const { return make<WindowOp>(result, value, map); }
  Expr fold(mlir::RankedTensorType result, mlir::AffineMap map) const { return make<FoldOp>(result, value, map); }
  Expr reduce(Reduction kind, mlir::RankedTensorType result, llvm::ArrayRef<std::int64_t> dims) const {
    return make<ReduceOp>(result, kind, value, dims);
  }
  Expr convert(mlir::Type element) const { return make<ConvertOp>(type().clone(element), value); }

private:
  mlir::OpBuilder *builder;
  mlir::Location loc;
  mlir::Value value;
};

inline Expr operator+(Expr a, Expr b) { return a.binary<AddOp>(b); }
inline Expr operator-(Expr a, Expr b) { return a.binary<SubOp>(b); }
inline Expr operator*(Expr a, Expr b) { return a.binary<MulOp>(b); }
inline Expr operator/(Expr a, Expr b) { return a.binary<DivOp>(b); }
inline Expr operator+(double a, Expr b) { return b.all(a) + b; }
inline Expr operator-(double a, Expr b) { return b.all(a) - b; }
inline Expr operator*(double a, Expr b) { return b.all(a) * b; }
inline Expr operator/(double a, Expr b) { return b.all(a) / b; }
inline Expr operator-(Expr a, double b) { return a - a.all(b); }
inline Expr operator-(Expr a) { return a.unary<NegOp>(); }
inline Expr exp(Expr x) { return x.unary<ExpOp>(); }
inline Expr log(Expr x) { return x.unary<LogOp>(); }
inline Expr sin(Expr x) { return x.unary<SinOp>(); }
inline Expr cos(Expr x) { return x.unary<CosOp>(); }
inline Expr pow(Expr a, Expr b) { return a.binary<PowOp>(b); }

} // namespace talweg::tw

#endif
