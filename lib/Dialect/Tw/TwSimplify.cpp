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

/// a^0 = 1, a^2 = a a, a^3 = a a a, a^(1/2) = sqrt a, a^-1 = 1 / a, a^(-1/2) = rsqrt a.
struct PowOfConstant : OpRewritePattern<PowOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(PowOp op, PatternRewriter &rewriter) const override {
    auto exponent = uniformValue(op.getB());
    if (!exponent)
      return failure();
    Value a = op.getA();
    Type type = op.getType();
    Location loc = op.getLoc();
    if (*exponent == 0)
      rewriter.replaceOp(op, constantOf(rewriter, loc, type, 1));
    else if (*exponent == 2)
      rewriter.replaceOpWithNewOp<MulOp>(op, type, a, a);
    else if (*exponent == 3)
      rewriter.replaceOpWithNewOp<MulOp>(op, type, MulOp::create(rewriter, loc, type, a, a), a);
    else if (*exponent == 0.5)
      rewriter.replaceOpWithNewOp<SqrtOp>(op, type, a);
    else if (*exponent == -1)
      rewriter.replaceOpWithNewOp<DivOp>(op, type, constantOf(rewriter, loc, type, 1), a);
    else if (*exponent == -0.5)
      rewriter.replaceOpWithNewOp<RsqrtOp>(op, type, a);
    else
      return failure();
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
