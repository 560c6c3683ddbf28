// Says which sums are multiply-adds, which round once: those of a product that nothing else reads. The machine's code generator joins no product to a
// sum by itself, so how a value is rounded depends on this alone. It is said before a program is differentiated: what a backward pass, a reverse
// loop or a lack of memory computes again, among other readers than in the forward pass, is rounded as it was there. Sums that derivatives add are
// not joined.
#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Tw.h"
#include "talweg/Transforms/Passes.h"

#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace talweg {
#define GEN_PASS_DEF_FORMMULTIPLYADDS
#include "talweg/Transforms/Passes.h.inc"

namespace {

/// The number of the operand of a sum that is such a product, of two the first; nothing: neither is.
std::optional<unsigned> productOf(Operation *sum) {
  for (unsigned operand = 0; operand < 2; ++operand) {
    auto product = sum->getOperand(operand).getDefiningOp<tw::MulOp>();
    if (product && product->hasOneUse() && product->getBlock() == sum->getBlock())
      return operand;
  }
  return std::nullopt;
}

struct FormMultiplyAdds : impl::FormMultiplyAddsBase<FormMultiplyAdds> {
  void runOnOperation() override {
    Builder builder(&getContext());
    getOperation()->walk([&](Operation *op) {
      if (!isa<tw::AddOp, tw::SubOp>(op) || !isa<FloatType>(getElementTypeOrSelf(op->getResult(0))))
        return;
      if (std::optional<unsigned> product = productOf(op)) {
        op->setAttr(tw::kJoined, builder.getI64IntegerAttr(*product));
        ++formed;
      }
    });
  }
};

} // namespace
} // namespace talweg
