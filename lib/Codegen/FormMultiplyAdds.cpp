// Writes multiply-adds, which round once, where they are wanted.
//
// Code generation of the machine joins no multiplication to an addition by itself, and no other pass makes a multiply-add or takes one
// apart: how a value is rounded depends on this pass alone, not on what is fused, copied or computed again later.
#include "Access.h"
#include "InlineProducer.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"

#define GEN_PASS_DEF_FORMMULTIPLYADDS
#include "talweg/Codegen/Passes.h"

using namespace mlir;
using namespace talweg;
using linalg::GenericOp;

namespace {

/// The product in `value`, an operand of `sum`, that nothing else reads; or null.
arith::MulFOp productIn(Value value, Operation *sum) {
  auto product = value.getDefiningOp<arith::MulFOp>();
  return product && product->hasOneUse() && product->getBlock() == sum->getBlock() ? product : arith::MulFOp();
}

/// Makes `sum`, an addition or a subtraction of a product, a multiply-add; false: it is none. Of two products the first is multiplied and
/// added in one.
bool formIn(Operation *sum) {
  OpBuilder builder(sum);
  Location loc = sum->getLoc();
  Value left = sum->getOperand(0), right = sum->getOperand(1);
  bool subtracts = isa<arith::SubFOp>(sum);
  auto negated = [&](Value x) -> Value { return arith::NegFOp::create(builder, loc, x); };
  arith::MulFOp product = productIn(left, sum);
  Value result;
  if (product) {
    result = math::FmaOp::create(builder, loc, product.getLhs(), product.getRhs(), subtracts ? negated(right) : right);
  } else if ((product = productIn(right, sum))) {
    Value factor = subtracts ? negated(product.getLhs()) : product.getLhs();
    result = math::FmaOp::create(builder, loc, factor, product.getRhs(), left);
  } else {
    return false;
  }
  sum->getResult(0).replaceAllUsesWith(result);
  sum->erase();
  product->erase();
  return true;
}

bool isSum(Operation &op) { return isa<arith::AddFOp, arith::SubFOp>(op); }

/// True if the body is this one operation.
template <typename Op>
bool computesOnly(GenericOp op) {
  Block *body = op.getBody();
  return body->getOperations().size() == 2 && isa<Op>(body->front()) &&
         body->getTerminator()->getOperand(0) == body->front().getResult(0);
}

struct FormMultiplyAdds : talweg::impl::FormMultiplyAddsBase<FormMultiplyAdds> {
  void runOnOperation() override {
    for (Block *block : blocksOf(getOperation()))
      for (GenericOp op : llvm::make_early_inc_range(block->getOps<GenericOp>())) {
        if (!op.hasPureTensorSemantics())
          continue;
        bool elementwise = isElementwise(op);
        if (elementwise && (computesOnly<arith::AddFOp>(op) || computesOnly<arith::SubFOp>(op)))
          op = withProduct(op);
        if (elementwise)
          for (Operation &inner : llvm::make_early_inc_range(op.getBody()->without_terminator()))
            formed += isSum(inner) && formIn(&inner);
      }
  }

  /// The sum with one of its operands computed inside, if that is a product with no other reader.
  static GenericOp withProduct(GenericOp sum) {
    for (OpOperand *input : sum.getDpsInputOperands()) {
      auto product = input->get().getDefiningOp<GenericOp>();
      if (!product || product->getBlock() != sum->getBlock() || !product->hasOneUse() || !isElementwise(product) ||
          !computesOnly<arith::MulFOp>(product) || !sum.getMatchingIndexingMap(input).isPermutation())
        continue;
      OpBuilder builder(sum);
      GenericOp fused = inlineProducer(product, *input, builder);
      product.erase();
      return fused;
    }
    return sum;
  }
};

} // namespace
