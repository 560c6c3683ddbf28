// Recognizes sums of products, so that nothing is asked again whether it is one.
#include "Access.h"
#include "talweg/Dialect/Kernel/Kernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"

#define GEN_PASS_DEF_FORMPRODUCTS
#include "talweg/Codegen/Passes.h"

using namespace mlir;
using namespace talweg;
using linalg::GenericOp;

namespace {

/// The factors of acc + a * b, in the order of the multiplication; nulls: the body is something else.
std::pair<OpOperand *, OpOperand *> factorsOf(GenericOp op) {
  Value acc = op.getRegionOutputArgs()[0], sum = op.getBody()->getTerminator()->getOperand(0);
  Value left, right;
  if (auto fma = sum.getDefiningOp<math::FmaOp>(); fma && fma.getC() == acc) {
    left = fma.getA();
    right = fma.getB();
  } else if (auto add = sum.getDefiningOp<arith::AddFOp>()) {
    Value term = add.getLhs() == acc ? add.getRhs() : add.getRhs() == acc ? add.getLhs() : Value();
    auto product = term ? term.getDefiningOp<arith::MulFOp>() : arith::MulFOp();
    if (!product || !product->hasOneUse())
      return {};
    left = product.getLhs();
    right = product.getRhs();
  }
  auto operandOf = [&](Value value) -> OpOperand * {
    auto argument = dyn_cast_or_null<BlockArgument>(value);
    bool isInput = argument && argument.getOwner() == op.getBody() && argument.getArgNumber() < op.getNumDpsInputs();
    return isInput ? op.getDpsInputOperand(argument.getArgNumber()) : nullptr;
  };
  OpOperand *a = operandOf(left), *b = operandOf(right);
  return a && b ? std::pair(a, b) : std::pair<OpOperand *, OpOperand *>();
}

struct FormProducts : talweg::impl::FormProductsBase<FormProducts> {
  void runOnOperation() override {
    for (Block *block : blocksOf(getOperation()))
      for (GenericOp op : llvm::make_early_inc_range(block->getOps<GenericOp>()))
        if (op.hasPureTensorSemantics() && !isParallel(op) && op.getNumDpsInits() == 1)
          form(op);
  }

  void form(GenericOp op) {
    auto [left, right] = factorsOf(op);
    auto fill = op.getDpsInits()[0].getDefiningOp<linalg::FillOp>();
    if (!left || !fill || !matchPattern(fill.getInputs()[0], m_AnyZeroFloat()))
      return;
    OpBuilder builder(op);
    SmallVector<AffineMap> maps;
    for (OpOperand *operand : {left, right, op.getDpsInitOperand(0)})
      maps.push_back(op.getMatchingIndexingMap(operand));
    auto product = kernel::ProductOp::create(builder, op.getLoc(), op.getResultTypes(), op.getStaticLoopRanges(),
                                             builder.getAffineMapArrayAttr(maps), left->get(), right->get(),
                                             ValueRange(), fill.getOutputs(), /*partial=*/false, /*scratch_sums=*/false,
                                             kernel::ProductPlanAttr());
    op.replaceAllUsesWith(product.getResults());
    op.erase();
    ++formed;
  }
};

} // namespace
