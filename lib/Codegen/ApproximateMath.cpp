// Replaces mathematics on vectors of f32 and f64 by arithmetic. Scalars stay calls of the C library; so does what has no formula.
// Calls for each element are told.
#include "Steps.h"
#include "VectorMath.h"
#include "talweg/Codegen/Attributes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

#define GEN_PASS_DEF_APPROXIMATEMATH
#include "talweg/Codegen/Passes.h"

using namespace mlir;
using talweg::Lanes;

namespace {

/// An op on vectors becomes the formula of its element type.
template <typename Op, auto single, auto wide>
struct Approximate : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    auto type = dyn_cast<VectorType>(op.getType());
    if (!type || !(type.getElementType().isF32() || type.getElementType().isF64()) ||
        op->hasAttr(talweg::attributes::kCalled))
      return failure();
    auto formula = type.getElementType().isF32() ? single : wide;
    ImplicitLocOpBuilder builder(op.getLoc(), rewriter);
    Lanes x(builder, op->getOperand(0));
    if constexpr (std::is_invocable_v<decltype(formula), Lanes, Lanes>)
      rewriter.replaceOp(op, Value(formula(x, Lanes(builder, op->getOperand(1)))));
    else
      rewriter.replaceOp(op, Value(formula(x)));
    return success();
  }
};

/// The number 1 on all lanes.
bool isOne(Value value) {
  if (auto broadcast = value.getDefiningOp<vector::BroadcastOp>())
    value = broadcast.getSource();
  return matchPattern(value, m_OneFloat());
}

/// 1 / (1 + exp(-x)) as one formula: the sum in the divisor would cost as much accuracy as the exponential. Only where it was
/// marked as one function: quotients that look like it after fusion would be other numbers than before.
void approximateLogistic(arith::DivFOp op) {
  auto type = dyn_cast<VectorType>(op.getType());
  auto sum = op.getRhs().getDefiningOp<arith::AddFOp>();
  bool single = type && type.getElementType().isF32();
  if (!type || !(single || type.getElementType().isF64()) || !sum || !isOne(op.getLhs()))
    return;
  for (bool swap : {false, true}) {
    auto exp = sum->getOperand(swap ? 0 : 1).getDefiningOp<math::ExpOp>();
    if (!exp || !isOne(sum->getOperand(swap ? 1 : 0)))
      continue;
    ImplicitLocOpBuilder builder(op.getLoc(), op);
    auto minus = exp.getOperand().getDefiningOp<arith::NegFOp>(); // of a negated x, the two signs have gone
    Value x = minus ? minus.getOperand() : Value(arith::NegFOp::create(builder, exp.getOperand()));
    auto formula = single ? talweg::vectormath::logistic : talweg::vectormath::wide::logistic;
    op.replaceAllUsesWith(Value(formula(Lanes(builder, x))));
    op.erase();
    for (Operation *part : {sum.getOperation(), exp.getOperation(), minus.getOperation()})
      if (part && part->use_empty())
        part->erase();
    return;
  }
}

struct ApproximateMath : talweg::impl::ApproximateMathBase<ApproximateMath> {
  using ApproximateMathBase::ApproximateMathBase;

  void runOnOperation() override {
    getOperation().walk([](arith::DivFOp op) {
      if (op->hasAttr(talweg::attributes::kLogistic))
        approximateLogistic(op);
    });
    if (logisticOnly)
      return;
    namespace vm = talweg::vectormath;
    RewritePatternSet patterns(&getContext());
#define TALWEG_ADD_FORMULA(OP, NAME) patterns.add<Approximate<math::OP, vm::NAME, vm::wide::NAME>>(&getContext());
    TALWEG_VECTOR_FUNCTIONS(TALWEG_ADD_FORMULA)
    patterns.add<Approximate<math::PowFOp, vm::pow, vm::wide::pow>>(&getContext());
    GreedyRewriteConfig config; // blocks stay as they are
    config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      return signalPassFailure();
    getOperation().walk(tellCalls);
  }

  /// A function that has no formula here and no instruction: a call for each lane or, in a loop within a step, for each element.
  static void tellCalls(Operation *op) {
    if (!isa<math::MathDialect>(op->getDialect()) || op->hasAttr(talweg::attributes::kCalled) ||
        isa<math::FmaOp, math::SqrtOp, math::RsqrtOp, math::AbsFOp, math::FloorOp, math::CeilOp, math::TruncOp,
            math::RoundEvenOp, math::CopySignOp>(op))
      return;
    auto loop = op->getParentOfType<LoopLikeOpInterface>();
    if (auto type = dyn_cast<VectorType>(op->getResult(0).getType()))
      op->emitRemark("computed by a call of the C library for each of its ") << type.getNumElements() << " lanes";
    else if (loop && !talweg::loopOverBatches(loop))
      op->emitRemark("computed by a call of the C library for each element");
  }
};

} // namespace
