// Elementary functions of f32 and f64 vectors in arithmetic: without calls, tables, or branches between lanes.
//
// Each function is one formula over `Lanes`; the mathematics stands above it. The
// coefficients come from utils/minimax.py.
#ifndef TALWEG_CODEGEN_VECTORMATH_H
#define TALWEG_CODEGEN_VECTORMATH_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <limits>

namespace talweg {

/// A vector value with arithmetic. Numbers become vectors of the type they meet.
class Lanes {
public:
  using Builder = mlir::ImplicitLocOpBuilder;
  static constexpr float infinity = std::numeric_limits<float>::infinity();

  Lanes(Builder &b, mlir::Value value) : b(&b), value(value) {}
  operator mlir::Value() const { return value; }

  /// A constant of this type.
  Lanes operator()(double number) const {
    auto type = llvm::cast<mlir::VectorType>(value.getType());
    mlir::Type element = type.getElementType();
    mlir::Attribute one = llvm::isa<mlir::FloatType>(element)
                              ? mlir::Attribute(b->getFloatAttr(element, number))
                              : mlir::Attribute(b->getIntegerAttr(element, std::int64_t(number)));
    return make<mlir::arith::ConstantOp>(llvm::cast<mlir::TypedAttr>(mlir::DenseElementsAttr::get(type, one)));
  }
  /// An integer constant of this type, for integers that a double does not hold.
  Lanes integer(std::int64_t number) const {
    auto type = llvm::cast<mlir::VectorType>(value.getType());
    return make<mlir::arith::ConstantOp>(
        mlir::DenseElementsAttr::get(type, llvm::APInt(type.getElementTypeBitWidth(), number, true)));
  }
  /// The same op on these lanes and others.
  template <typename Op, typename... Args>
  Lanes make(Args... args) const {
    return {*b, Op::create(*b, args...).getResult()};
  }

  Lanes operator+(Lanes y) const { return make<mlir::arith::AddFOp>(value, y.value); }
  Lanes operator-(Lanes y) const { return make<mlir::arith::SubFOp>(value, y.value); }
  Lanes operator*(Lanes y) const { return make<mlir::arith::MulFOp>(value, y.value); }
  Lanes operator/(Lanes y) const { return make<mlir::arith::DivFOp>(value, y.value); }
  Lanes operator+(double y) const { return *this + (*this)(y); }
  Lanes operator-(double y) const { return *this - (*this)(y); }
  Lanes operator*(double y) const { return *this * (*this)(y); }
  Lanes operator-() const { return make<mlir::arith::NegFOp>(value); }
  Lanes abs() const { return make<mlir::math::AbsFOp>(value); }
  Lanes withSign(Lanes y) const { return make<mlir::math::CopySignOp>(value, y.value); }
  /// this · y + z, rounded once
  Lanes fma(Lanes y, Lanes z) const { return make<mlir::math::FmaOp>(value, y.value, z.value); }
  Lanes fma(double y, Lanes z) const { return fma((*this)(y), z); }

  // Integers.
  Lanes addI(Lanes y) const { return make<mlir::arith::AddIOp>(value, y.value); }
  Lanes subI(Lanes y) const { return make<mlir::arith::SubIOp>(value, y.value); }
  Lanes andI(Lanes y) const { return make<mlir::arith::AndIOp>(value, y.value); }
  Lanes orI(Lanes y) const { return make<mlir::arith::OrIOp>(value, y.value); }
  Lanes xorI(Lanes y) const { return make<mlir::arith::XOrIOp>(value, y.value); }
  Lanes shiftLeft(int n) const { return make<mlir::arith::ShLIOp>(value, (*this)(n).value); }
  Lanes shiftRight(int n) const { return make<mlir::arith::ShRSIOp>(value, (*this)(n).value); }
  Lanes shiftRightUnsigned(int n) const { return make<mlir::arith::ShRUIOp>(value, (*this)(n).value); }

  // Conditions: lanes of i1.
  using FP = mlir::arith::CmpFPredicate;
  using IP = mlir::arith::CmpIPredicate;
  Lanes is(FP predicate, Lanes y) const { return make<mlir::arith::CmpFOp>(predicate, value, y.value); }
  Lanes is(FP predicate, double y) const { return is(predicate, (*this)(y)); }
  Lanes isI(IP predicate, double y) const { return make<mlir::arith::CmpIOp>(predicate, value, (*this)(y).value); }
  /// These lanes where `condition` holds, `other` elsewhere.
  Lanes where(Lanes condition, Lanes other) const {
    return make<mlir::arith::SelectOp>(condition.value, value, other.value);
  }

  /// These lanes, or the bound that they are beyond; nan stays.
  Lanes limited(double low, double high) const {
    Lanes x = (*this)(high).where(is(FP::OGT, high), *this);
    return x(low).where(x.is(FP::OLT, low), x);
  }

  /// The bits as lanes of another element type of the same width, or the number in another precision.
  Lanes bits(mlir::Type element) const { return make<mlir::arith::BitcastOp>(like(element), value); }
  Lanes extended(mlir::Type element) const { return make<mlir::arith::ExtFOp>(like(element), value); }
  Lanes truncated(mlir::Type element) const { return make<mlir::arith::TruncFOp>(like(element), value); }
  Lanes toFloat(mlir::Type element) const { return make<mlir::arith::SIToFPOp>(like(element), value); }
  Lanes truncatedI(mlir::Type element) const { return make<mlir::arith::TruncIOp>(like(element), value); }
  mlir::Type like(mlir::Type element) const { return llvm::cast<mlir::VectorType>(value.getType()).clone(element); }
  Builder &builder() const { return *b; }

  /// c[0] + c[1] x + c[2] x² + …, in pairs so that half of the multiplications do not wait for each other.
  Lanes polynomial(llvm::ArrayRef<double> c) const {
    llvm::SmallVector<Lanes> terms;
    for (double each : c)
      terms.push_back((*this)(each));
    for (Lanes x = *this; terms.size() > 1; x = x * x) {
      llvm::SmallVector<Lanes> halved;
      for (size_t i = 0; i < terms.size(); i += 2)
        halved.push_back(i + 1 < terms.size() ? terms[i + 1].fma(x, terms[i]) : terms[i]);
      terms = std::move(halved);
      if (terms.size() == 1)
        break;
    }
    return terms[0];
  }

private:
  Builder *b;
  mlir::Value value;
};

/// The functions of one operand: FUNCTION(op of math, name of its two formulas).
#define TALWEG_VECTOR_FUNCTIONS(FUNCTION)                                                                              \
  FUNCTION(ExpOp, exp)                                                                                                 \
  FUNCTION(LogOp, log)                                                                                                 \
  FUNCTION(Log1pOp, log1p)                                                                                             \
  FUNCTION(TanhOp, tanh)                                                                                               \
  FUNCTION(ErfOp, erf)                                                                                                 \
  FUNCTION(SinOp, sin)                                                                                                 \
  FUNCTION(CosOp, cos)
#define TALWEG_DECLARE_FORMULA(OP, NAME) Lanes NAME(Lanes x);

/// Of f32. At most 2 ULP; where the result is less than the least normal number, 0 may stand for it in exp and logistic.
namespace vectormath {
TALWEG_VECTOR_FUNCTIONS(TALWEG_DECLARE_FORMULA)
Lanes logistic(Lanes x);
Lanes pow(Lanes x, Lanes y);

/// Of f64. At most 2 ULP, denormal results included.
namespace wide {
TALWEG_VECTOR_FUNCTIONS(TALWEG_DECLARE_FORMULA)
Lanes logistic(Lanes x);
Lanes pow(Lanes x, Lanes y);

/// e^(x + low) for |x| ≤ 1100 and a `low` within the last place of x.
Lanes expOfSum(Lanes x, Lanes low);

/// a = 2^k (1 + f) with √½ ≤ 1 + f < √2, for a finite normal a > 0.
struct Split {
  Lanes k, f;
  Lanes biased; ///< k + 1023 as an integer
};
Split split(Lanes a);
} // namespace wide

/// `y` where it stands for the logarithm of a positive finite u, of either width; ∞ of ∞, -∞ of 0, nan of less or nan.
Lanes withEnds(Lanes y, Lanes u);

/// Where |x|^y is z, the value of C's pow(x, y) of either width:
///
///   |x| = 1 or y = 0 gives 1; a negative x takes the sign of an odd y, and is nan to a power that is not whole; nan gives
///   nan except in 1^nan and nan^0.
Lanes powOfSigned(Lanes x, Lanes y, Lanes z);
} // namespace vectormath

} // namespace talweg

#endif
