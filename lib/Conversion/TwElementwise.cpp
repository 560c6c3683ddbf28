// Elementwise tw ops: one line of the table each, the computation on single elements.
#include "TwToLinalg.h"

#include "talweg/Codegen/Attributes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "talweg/Dialect/Tw/Elements.h"

#include <algorithm>
#include <string_view>

using namespace mlir;
using namespace talweg;
using namespace talweg::conversion;

namespace {

using Builder = ImplicitLocOpBuilder;

/// The element of the result, given the op (for attributes and original types) and one element of each operand. Null: the
/// op is not defined on these types.
using Rule = Value (*)(Builder &b, Operation *op, ValueRange x);

bool isFloat(ValueRange x) { return isa<FloatType>(x[0].getType()); }

template <typename To>
Value unary(Builder &b, Operation *, ValueRange x) {
  return To::create(b, x[0]);
}

template <typename To>
Value binary(Builder &b, Operation *, ValueRange x) {
  return To::create(b, x[0], x[1]);
}

template <typename FloatOp, typename IntOp>
Value byType(Builder &b, Operation *op, ValueRange x) {
  return isFloat(x) ? binary<FloatOp>(b, op, x) : binary<IntOp>(b, op, x);
}

/// y = 1 / (1 + e^-x), marked: code generation computes it as one formula, and what is not marked as it stands.
Value logistic(Builder &b, Operation *, ValueRange x) {
  Value one = createScalar(b, x[0].getType(), 1.0);
  Value e = math::ExpOp::create(b, arith::NegFOp::create(b, x[0]));
  auto quotient = arith::DivFOp::create(b, one, arith::AddFOp::create(b, one, e));
  quotient->setAttr(attributes::kLogistic, b.getUnitAttr());
  return quotient;
}

/// Divisors that trap on some machines (0, and -1 of the least integer) replaced by 1.
struct SafeDivisor {
  Value divisor;  ///< what to divide by
  Value isMinus1; ///< whether the divisor was -1
};

SafeDivisor createSafeDivisor(Builder &b, Value divisor) {
  Type type = divisor.getType();
  Value one = createScalar(b, type, 1);
  Value isZero = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, divisor, createScalar(b, type, 0));
  Value isMinus1 = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, divisor, createScalar(b, type, -1));
  Value unsafe = arith::OrIOp::create(b, isZero, isMinus1);
  return {arith::SelectOp::create(b, unsafe, one, divisor), isMinus1};
}

/// Whether the remainder of the truncated division must be moved by one divisor to have the divisor's sign.
Value needsFlooring(Builder &b, Value remainder, Value divisor) {
  Value zero = createScalar(b, divisor.getType(), 0);
  Value inexact = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, remainder, zero);
  Value signs = arith::XOrIOp::create(b, remainder, divisor);
  Value differ = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, signs, zero);
  return arith::AndIOp::create(b, inexact, differ);
}

/// Integers: the quotient rounded toward minus infinity; a / 0 is a.
Value divide(Builder &b, Operation *op, ValueRange x) {
  if (isFloat(x))
    return arith::DivFOp::create(b, x[0], x[1]);
  SafeDivisor by = createSafeDivisor(b, x[1]);
  Value quotient = arith::DivSIOp::create(b, x[0], by.divisor);
  Value remainder = arith::RemSIOp::create(b, x[0], by.divisor);
  Value less = arith::SubIOp::create(b, quotient, createScalar(b, quotient.getType(), 1));
  Value floored = arith::SelectOp::create(b, needsFlooring(b, remainder, by.divisor), less, quotient);
  Value negative = arith::SubIOp::create(b, createScalar(b, quotient.getType(), 0), x[0]);
  return arith::SelectOp::create(b, by.isMinus1, negative, floored);
}

/// Integers: what that division leaves, with the sign of the divisor; 0 for a divisor of 0.
Value remainder(Builder &b, Operation *, ValueRange x) {
  Value divisor = createSafeDivisor(b, x[1]).divisor;
  Value remainder = arith::RemSIOp::create(b, x[0], divisor);
  Value moved = arith::AddIOp::create(b, remainder, divisor);
  return arith::SelectOp::create(b, needsFlooring(b, remainder, divisor), moved, remainder);
}

Value power(Builder &b, Operation *, ValueRange x) {
  return isFloat(x) ? Value(math::PowFOp::create(b, x[0], x[1])) : Value();
}

/// Ordered, so that a comparison with nan is false; only `ne` is true there.
Value compare(Builder &b, Operation *op, ValueRange x) {
  using F = arith::CmpFPredicate;
  using I = arith::CmpIPredicate;
  static constexpr F floats[] = {F::OEQ, F::UNE, F::OLT, F::OLE, F::OGT, F::OGE};
  static constexpr I integers[] = {I::eq, I::ne, I::slt, I::sle, I::sgt, I::sge};
  auto predicate = static_cast<unsigned>(cast<tw::CompareOp>(op).getPredicate());
  if (isFloat(x))
    return arith::CmpFOp::create(b, floats[predicate], x[0], x[1]);
  return arith::CmpIOp::create(b, integers[predicate], x[0], x[1]);
}

Value logicalNot(Builder &b, Operation *, ValueRange x) {
  Value yes = arith::ConstantOp::create(b, b.getBoolAttr(true));
  return arith::XOrIOp::create(b, x[0], yes);
}

Value select(Builder &b, Operation *, ValueRange x) { return arith::SelectOp::create(b, x[0], x[1], x[2]); }

/// A number of another width in the same kind.
template <typename Extend, typename Truncate>
Value resize(Builder &b, Type to, Value x) {
  unsigned from = x.getType().getIntOrFloatBitWidth(), wanted = to.getIntOrFloatBitWidth();
  if (from == wanted)
    return x;
  return from < wanted ? Value(Extend::create(b, to, x)) : Value(Truncate::create(b, to, x));
}

/// The number whose upper half is `high`, an i16, and whose lower half is 0.
Value createUpperBits(Builder &b, Value high) {
  Value half = arith::ConstantOp::create(b, b.getI32IntegerAttr(16));
  return arith::ShLIOp::create(b, arith::ExtUIOp::create(b, b.getI32Type(), high), half);
}

/// An f32 number rounded to the nearest one of bf16, of two that are as near to the even one. By its bits, for the instruction that some
/// machines have for it takes small numbers for zero.
Value roundToBFloat16(Builder &b, Value x) {
  auto bitsOf = [&](int32_t value) -> Value { return arith::ConstantOp::create(b, b.getI32IntegerAttr(value)); };
  Value bits = arith::BitcastOp::create(b, b.getI32Type(), x), half = bitsOf(16);
  Value upper = arith::ShRUIOp::create(b, bits, half);
  Value isOdd = arith::AndIOp::create(b, upper, bitsOf(1));
  Value up = arith::AddIOp::create(b, bits, arith::AddIOp::create(b, isOdd, bitsOf(0x7fff)));
  Value nearest = arith::ShRUIOp::create(b, up, half);
  Value isNan = arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, x, x);
  Value nan = arith::OrIOp::create(b, upper, bitsOf(0x40));
  return arith::TruncIOp::create(b, b.getI16Type(), arith::SelectOp::create(b, isNan, nan, nearest));
}

/// Between floats; from and to those of 16 bits by way of f32.
Value toFloat(Builder &b, Type to, Value x) {
  if (x.getType().getIntOrFloatBitWidth() == 16 || to.getIntOrFloatBitWidth() == 16)
    x = resize<arith::ExtFOp, arith::TruncFOp>(b, b.getF32Type(), x);
  return to.isBF16() ? roundToBFloat16(b, x) : resize<arith::ExtFOp, arith::TruncFOp>(b, to, x);
}

/// A float cut off, toward zero, as a `stored` integer; beyond its range the nearest end of that, and 0 for nan.
Value toInteger(Builder &b, Type stored, Value x) {
  const ElementInfo &info = tw::infoOf(stored);
  auto to = b.getIntegerType(stored.getIntOrFloatBitWidth());
  auto integer = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(b, b.getIntegerAttr(to, APInt(64, value, true).trunc(to.getWidth())));
  };
  auto compare = [&](arith::CmpFPredicate predicate, int64_t end) -> Value {
    return arith::CmpFOp::create(b, predicate, x, createScalar(b, x.getType(), double(end)));
  };
  Value isInside = arith::AndIOp::create(b, compare(arith::CmpFPredicate::OGT, info.least),
                                         compare(arith::CmpFPredicate::OLT, info.most));
  Value safe = arith::SelectOp::create(b, isInside, x, createScalar(b, x.getType(), 0));
  Value y =
      info.isUnsigned() ? Value(arith::FPToUIOp::create(b, to, safe)) : Value(arith::FPToSIOp::create(b, to, safe));
  y = arith::SelectOp::create(b, compare(arith::CmpFPredicate::OGE, info.most), integer(info.most), y);
  return arith::SelectOp::create(b, compare(arith::CmpFPredicate::OLE, info.least), integer(info.least), y);
}

/// The types in the op say whether its integers are unsigned, as i1 is, or bf16.
Value convert(Builder &b, Operation *op, ValueRange x) {
  Type from = getElementTypeOrSelf(op->getOperand(0)), to = getElementTypeOrSelf(op->getResult(0));
  bool fromUnsigned = tw::infoOf(from).isUnsigned();
  Value number = x[0];
  if (from.isBF16())
    number = arith::BitcastOp::create(b, b.getF32Type(), createUpperBits(b, number));
  if (isa<FloatType>(from))
    return isa<FloatType>(to) ? toFloat(b, to, number) : tw::isTruth(to) ? Value() : toInteger(b, to, number);
  if (tw::isTruth(to))
    return tw::isTruth(from) ? number : Value();
  if (!isa<FloatType>(to)) {
    Type lowered = tw::loweredType(to);
    return fromUnsigned ? resize<arith::ExtUIOp, arith::TruncIOp>(b, lowered, number)
                        : resize<arith::ExtSIOp, arith::TruncIOp>(b, lowered, number);
  }
  Type wide = to.getIntOrFloatBitWidth() == 16 ? Type(b.getF32Type()) : to;
  number =
      fromUnsigned ? Value(arith::UIToFPOp::create(b, wide, number)) : Value(arith::SIToFPOp::create(b, wide, number));
  return toFloat(b, to, number);
}

Value highHalf(Builder &b, Operation *, ValueRange x) {
  Value bits = arith::BitcastOp::create(b, b.getI32Type(), x[0]);
  Value half = arith::ConstantOp::create(b, b.getI32IntegerAttr(16));
  return arith::TruncIOp::create(b, b.getI16Type(), arith::ShRUIOp::create(b, bits, half));
}

Value lowHalf(Builder &b, Operation *, ValueRange x) {
  return arith::TruncIOp::create(b, b.getI16Type(), arith::BitcastOp::create(b, b.getI32Type(), x[0]));
}

Value joinHalves(Builder &b, Operation *, ValueRange x) {
  Value low = arith::ExtUIOp::create(b, b.getI32Type(), x[1]);
  return arith::BitcastOp::create(b, b.getF32Type(), arith::OrIOp::create(b, createUpperBits(b, x[0]), low));
}

struct Entry {
  std::string_view op;
  Rule rule;
};

template <typename TwOp>
constexpr Entry entry(Rule rule) {
  return {TwOp::getOperationName(), rule};
}

constexpr Entry table[] = {
    entry<tw::NegOp>(unary<arith::NegFOp>),
    entry<tw::ExpOp>(unary<math::ExpOp>),
    entry<tw::LogOp>(unary<math::LogOp>),
    entry<tw::Log1pOp>(unary<math::Log1pOp>),
    entry<tw::SqrtOp>(unary<math::SqrtOp>),
    entry<tw::RsqrtOp>(unary<math::RsqrtOp>),
    entry<tw::TanhOp>(unary<math::TanhOp>),
    entry<tw::ErfOp>(unary<math::ErfOp>),
    entry<tw::LogisticOp>(logistic),
    entry<tw::SinOp>(unary<math::SinOp>),
    entry<tw::CosOp>(unary<math::CosOp>),
    entry<tw::AbsOp>(unary<math::AbsFOp>),
    entry<tw::FloorOp>(unary<math::FloorOp>),
    entry<tw::AddOp>(byType<arith::AddFOp, arith::AddIOp>),
    entry<tw::SubOp>(byType<arith::SubFOp, arith::SubIOp>),
    entry<tw::MulOp>(byType<arith::MulFOp, arith::MulIOp>),
    entry<tw::DivOp>(divide),
    entry<tw::RemOp>(remainder),
    entry<tw::PowOp>(power),
    entry<tw::MaxOp>(byType<arith::MaximumFOp, arith::MaxSIOp>),
    entry<tw::MinOp>(byType<arith::MinimumFOp, arith::MinSIOp>),
    entry<tw::CompareOp>(compare),
    entry<tw::AndOp>(binary<arith::AndIOp>),
    entry<tw::OrOp>(binary<arith::OrIOp>),
    entry<tw::NotOp>(logicalNot),
    entry<tw::SelectOp>(select),
    entry<tw::ConvertOp>(convert),
    entry<tw::HighHalfOp>(highHalf),
    entry<tw::LowHalfOp>(lowHalf),
    entry<tw::JoinHalvesOp>(joinHalves),
};

template <typename TwOp>
constexpr bool isComplete() {
  constexpr bool found =
      std::ranges::find(table, std::string_view(TwOp::getOperationName()), &Entry::op) != std::end(table);
  static_assert(found || !TwOp::template hasTrait<tw::Elementwise>(), "an elementwise op has no rule in the table");
  return true;
}
template <typename... Ops>
constexpr bool areComplete = (isComplete<Ops>() && ...);
static_assert(areComplete<
#define GET_OP_LIST
#include "talweg/Dialect/Tw/Tw.cpp.inc"
              >);

/// Any op of the table: its rule over every element.
struct LowerElementwise : ConversionPattern {
  LowerElementwise(StorageTypes &types, MLIRContext *context, const Entry &entry)
      : ConversionPattern(types, entry.op, 1, context), rule(entry.rule) {}

  LogicalResult matchAndRewrite(Operation *op, ArrayRef<Value> operands,
                                ConversionPatternRewriter &rewriter) const override {
    RankedTensorType type = loweredType(op->getResult(0).getType());
    if (!type)
      return rewriter.notifyMatchFailure(op, "its shape is not static");
    ImplicitLocOpBuilder b(op->getLoc(), rewriter);
    SmallVector<AffineMap> maps(operands.size(), b.getMultiDimIdentityMap(type.getRank()));
    bool defined = true;
    Value value = createElementwise(b, type, operands, maps, [&](Builder &inner, ValueRange x) -> Value {
      if (Value element = rule(inner, op, x))
        return element;
      defined = false;
      return createScalar(inner, type.getElementType(), 0);
    });
    if (!defined)
      return rewriter.notifyMatchFailure(op, "not defined on these types");
    rewriter.replaceOp(op, value);
    return success();
  }

  Rule rule;
};

/// A sum that is joined to a product: one operation on the product's factors.
struct LowerMultiplyAdd : ConversionPattern {
  LowerMultiplyAdd(StorageTypes &types, MLIRContext *context, StringRef sum)
      : ConversionPattern(types, sum, 2, context) {}

  LogicalResult matchAndRewrite(Operation *op, ArrayRef<Value> operands,
                                ConversionPatternRewriter &rewriter) const override {
    auto joined = op->getAttrOfType<IntegerAttr>(tw::kJoined);
    const unsigned number = joined ? joined.getInt() : 0;
    auto product = joined ? op->getOperand(number).getDefiningOp<tw::MulOp>() : tw::MulOp();
    if (!product)
      return failure();
    const bool subtracts = isa<tw::SubOp>(op);
    const RankedTensorType type = loweredType(op->getResult(0).getType());
    ImplicitLocOpBuilder b(op->getLoc(), rewriter);
    SmallVector<Value> terms{rewriter.getRemappedValue(product.getA()), rewriter.getRemappedValue(product.getB()),
                             operands[1 - number]};
    SmallVector<AffineMap> maps(terms.size(), b.getMultiDimIdentityMap(type.getRank()));
    rewriter.replaceOp(op, createElementwise(b, type, terms, maps, [&](Builder &inner, ValueRange x) -> Value {
                         auto negatedIf = [&](bool condition, Value value) -> Value {
                           return condition ? arith::NegFOp::create(inner, value).getResult() : value;
                         };
                         return math::FmaOp::create(inner, negatedIf(subtracts && number == 1, x[0]), x[1],
                                                    negatedIf(subtracts && number == 0, x[2]));
                       }));
    return success();
  }
};

} // namespace

void conversion::addElementwisePatterns(StorageTypes &types, RewritePatternSet &patterns) {
  patterns.add<LowerMultiplyAdd>(types, patterns.getContext(), tw::AddOp::getOperationName());
  patterns.add<LowerMultiplyAdd>(types, patterns.getContext(), tw::SubOp::getOperationName());
  for (const Entry &entry : table)
    patterns.add<LowerElementwise>(types, patterns.getContext(), entry);
}
