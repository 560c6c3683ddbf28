// Canonical forms of the elementwise ops: signs are pulled together, powers with small constant exponents are products
// and roots, and arithmetic on spread scalars is done before they are spread.
#include "talweg/Dialect/Tw/Access.h"
#include "talweg/Dialect/Tw/Tw.h"

#include "mlir/IR/PatternMatch.h"

#include <cmath>

using namespace mlir;

namespace talweg::tw {
namespace {

/// The constant `number` of `type`, which may be unranked (a spread scalar then).
Value constantOf(OpBuilder &builder, Location loc, Type type, double number) {
  Type element = getElementTypeOrSelf(type);
  auto ranked = dyn_cast<RankedTensorType>(type);
  auto literal = ranked ? ranked : RankedTensorType::get({}, element);
  Attribute value = isa<FloatType>(element) ? Attribute(builder.getFloatAttr(element, number))
                                            : Attribute(builder.getIntegerAttr(element, int64_t(number)));
  Value constant = ConstantOp::create(builder, loc, literal, DenseElementsAttr::get(literal, value));
  if (ranked)
    return constant;
  return WindowOp::create(builder, loc, type, constant, spreadMap(builder.getContext(), 0));
}

/// op(spread a, spread b) becomes spread op(a, b): scalars are computed once.
template <typename Op>
struct ComputeBeforeSpreading : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    auto isSpread = [](Value operand) { return bool(spreadScalar(operand)); };
    auto isScalar = [&](Value operand) { return isSpread(operand) || uniformValue(operand); };
    if (llvm::none_of(op->getOperands(), isSpread) || !llvm::all_of(op->getOperands(), isScalar))
      return failure();
    SmallVector<Value> scalars;
    for (Value operand : op->getOperands()) {
      Type type = RankedTensorType::get({}, getElementTypeOrSelf(operand));
      scalars.push_back(isSpread(operand) ? spreadScalar(operand)
                                          : constantOf(rewriter, op.getLoc(), type, *uniformValue(operand)));
    }
    Type type = RankedTensorType::get({}, getElementTypeOrSelf(op.getType()));
    Value scalar = Op::create(rewriter, op.getLoc(), type, scalars);
    unsigned rank = isa<RankedTensorType>(op.getType()) ? cast<RankedTensorType>(op.getType()).getRank() : 0;
    rewriter.replaceOpWithNewOp<WindowOp>(op, op.getType(), scalar, spreadMap(op.getContext(), rank));
    return success();
  }
};

/// a + (-b) is a - b, and (-a) + b is b - a.
struct AddOfNegation : OpRewritePattern<AddOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AddOp op, PatternRewriter &rewriter) const override {
    if (auto negated = op.getB().getDefiningOp<NegOp>()) {
      rewriter.replaceOpWithNewOp<SubOp>(op, op.getType(), op.getA(), negated.getX());
      return success();
    }
    if (auto negated = op.getA().getDefiningOp<NegOp>()) {
      rewriter.replaceOpWithNewOp<SubOp>(op, op.getType(), op.getB(), negated.getX());
      return success();
    }
    return failure();
  }
};

/// a + a is 2 a.
struct AddOfSame : OpRewritePattern<AddOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AddOp op, PatternRewriter &rewriter) const override {
    if (op.getA() != op.getB() || !isa<FloatType>(getElementTypeOrSelf(op.getType())))
      return failure();
    Value two = constantOf(rewriter, op.getLoc(), op.getType(), 2);
    rewriter.replaceOpWithNewOp<MulOp>(op, op.getType(), op.getA(), two);
    return success();
  }
};

/// (a c) d is a (c d) for constants c and d.
struct MulOfConstants : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MulOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getA().getDefiningOp<MulOp>();
    if (!inner || !inner->hasOneUse() || !isa<FloatType>(getElementTypeOrSelf(op.getType())))
      return failure();
    auto outer = uniformValue(op.getB()), constant = uniformValue(inner.getB());
    if (!outer || !constant)
      return failure();
    Value both = constantOf(rewriter, op.getLoc(), op.getType(), *outer * *constant);
    rewriter.replaceOpWithNewOp<MulOp>(op, op.getType(), inner.getA(), both);
    return success();
  }
};

/// a / c is a (1 / c) for a constant c that is a power of 2, where both are exact.
struct DivByPowerOfTwo : OpRewritePattern<DivOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(DivOp op, PatternRewriter &rewriter) const override {
    auto divisor = uniformValue(op.getB());
    int exponent;
    if (!divisor || !isa<FloatType>(getElementTypeOrSelf(op.getType())) ||
        std::fabs(std::frexp(*divisor, &exponent)) != 0.5 || std::abs(exponent) > 100)
      return failure();
    Value reciprocal = constantOf(rewriter, op.getLoc(), op.getType(), 1 / *divisor);
    rewriter.replaceOpWithNewOp<MulOp>(op, op.getType(), op.getA(), reciprocal);
    return success();
  }
};

/// a - (-b) is a + b, and 0 - b is -b.
struct SubOfNegation : OpRewritePattern<SubOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SubOp op, PatternRewriter &rewriter) const override {
    if (auto negated = op.getB().getDefiningOp<NegOp>()) {
      rewriter.replaceOpWithNewOp<AddOp>(op, op.getType(), op.getA(), negated.getX());
      return success();
    }
    if (isa<FloatType>(getElementTypeOrSelf(op.getType())) && uniformValue(op.getA()) == 0.0) {
      rewriter.replaceOpWithNewOp<NegOp>(op, op.getType(), op.getB());
      return success();
    }
    return failure();
  }
};

/// a * -1 is -a, and (-a) * (-b) is a * b.
struct MulOfNegation : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MulOp op, PatternRewriter &rewriter) const override {
    if (!isa<FloatType>(getElementTypeOrSelf(op.getType())))
      return failure();
    for (auto [one, other] : {std::pair(op.getA(), op.getB()), std::pair(op.getB(), op.getA())})
      if (uniformValue(one) == -1.0) {
        rewriter.replaceOpWithNewOp<NegOp>(op, op.getType(), other);
        return success();
      }
    auto a = op.getA().getDefiningOp<NegOp>(), b = op.getB().getDefiningOp<NegOp>();
    if (!a || !b)
      return failure();
    rewriter.replaceOpWithNewOp<MulOp>(op, op.getType(), a.getX(), b.getX());
    return success();
  }
};

/// a^0 = 1, a^2 = a a, a^3 = (a a) a, …, a^8 = ((a a)²)², a^-n = (1 / a)^n; a^(1/2) = sqrt a, a^(3/2) = a sqrt a, a^(-1/2) = rsqrt a and
/// a^(-3/2) = (1 / a) rsqrt a. Each product rounds once: a^n is off by (n - 1) / 2 units in the last place at most, where it is a normal number. A reciprocal
/// comes first, so that nothing in between is beyond the range where the power is not.
struct PowOfConstant : OpRewritePattern<PowOp> {
  using OpRewritePattern::OpRewritePattern;
  static constexpr int greatest = 8;

  LogicalResult matchAndRewrite(PowOp op, PatternRewriter &rewriter) const override {
    auto exponent = uniformValue(op.getB());
    if (!exponent || (std::fabs(*exponent) > greatest && *exponent != 0))
      return failure();
    Value a = op.getA();
    Type type = op.getType();
    Location loc = op.getLoc();
    const double whole = std::floor(std::fabs(*exponent));
    const bool isRoot = std::fabs(*exponent) - whole == 0.5 && whole <= 1;
    if (whole != std::fabs(*exponent) && !isRoot)
      return failure();
    if (*exponent == 0) {
      rewriter.replaceOp(op, constantOf(rewriter, loc, type, 1));
      return success();
    }
    Value root;
    if (isRoot)
      root = *exponent > 0 ? SqrtOp::create(rewriter, loc, type, a).getResult()
                           : RsqrtOp::create(rewriter, loc, type, a).getResult();
    if (*exponent < 0 && whole > 0)
      a = DivOp::create(rewriter, loc, type, constantOf(rewriter, loc, type, 1), a);
    Value power = powerOf(a, unsigned(whole), rewriter, loc);
    if (root)
      power = power ? MulOp::create(rewriter, loc, type, power, root).getResult() : root;
    rewriter.replaceOp(op, power);
    return success();
  }

private:
  /// By squares; null: a^0.
  static Value powerOf(Value a, unsigned exponent, OpBuilder &builder, Location loc) {
    if (exponent <= 1)
      return exponent == 1 ? a : Value();
    Value half = powerOf(a, exponent / 2, builder, loc);
    Value square = MulOp::create(builder, loc, a.getType(), half, half);
    return exponent % 2 == 0 ? square : MulOp::create(builder, loc, a.getType(), square, a).getResult();
  }
};

/// |-a| = |a|, and |a| = a where a is a square, a root, a power of e or an absolute value.
struct AbsOfSigned : OpRewritePattern<AbsOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AbsOp op, PatternRewriter &rewriter) const override {
    Operation *of = op.getX().getDefiningOp();
    if (auto negated = dyn_cast_or_null<NegOp>(of)) {
      rewriter.replaceOpWithNewOp<AbsOp>(op, op.getType(), negated.getX());
      return success();
    }
    auto product = dyn_cast_or_null<MulOp>(of);
    if (!isa_and_present<AbsOp, ExpOp, SqrtOp, LogisticOp>(of) && !(product && product.getA() == product.getB()))
      return failure();
    rewriter.replaceOp(op, op.getX());
    return success();
  }
};

/// What always holds needs no look.
struct RequireOfTruth : OpRewritePattern<RequireOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(RequireOp op, PatternRewriter &rewriter) const override {
    if (uniformValue(op.getCondition()) != 1.0)
      return failure();
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

void AddOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<AddOfNegation, AddOfSame, ComputeBeforeSpreading<AddOp>>(context);
}
void SubOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<SubOfNegation, ComputeBeforeSpreading<SubOp>>(context);
}
void MulOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<MulOfNegation, MulOfConstants, ComputeBeforeSpreading<MulOp>>(context);
}
void DivOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<DivByPowerOfTwo, ComputeBeforeSpreading<DivOp>>(context);
}
void PowOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<PowOfConstant, ComputeBeforeSpreading<PowOp>>(context);
}
void AbsOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<AbsOfSigned>(context);
}
void NegOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<ComputeBeforeSpreading<NegOp>>(context);
}
void SqrtOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<ComputeBeforeSpreading<SqrtOp>>(context);
}
void RequireOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<RequireOfTruth>(context);
}

} // namespace talweg::tw
