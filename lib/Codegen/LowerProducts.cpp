// Turns products on memrefs into register-tiled vector loops, as their plans say (ProductPlan.h, ProductLoops.h).
#include "Access.h"
#include "Epilogue.h"
#include "ProductLoops.h"
#include "talweg/Codegen/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <optional>

namespace talweg {
#define GEN_PASS_DEF_LOWERPRODUCTS
#include "talweg/Codegen/Passes.h.inc"
} // namespace talweg

using namespace mlir;
using namespace talweg;
using kernel::ProductOp;

namespace {

struct LowerProducts : talweg::impl::LowerProductsBase<LowerProducts> {
  using LowerProductsBase::LowerProductsBase;

  void runOnOperation() override {
    WalkResult result = getOperation()->walk([&](ProductOp op) {
      if (op.isOnTensors())
        return WalkResult::advance();
      if (!op.getPlan()) {
        op.emitError("has no plan");
        return WalkResult::interrupt();
      }
      lower(op);
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }

  static void lower(ProductOp op) {
    const kernel::ProductPlan plan = op.getPlan()->getPlan();
    OpBuilder builder(op);
    OpOperand *sums = op.getSums();
    if (sums && needsZeros(op, plan)) {
      Value zero = arith::ConstantOp::create(builder, op.getLoc(), builder.getZeroAttr(op.getElementType()));
      linalg::FillOp::create(builder, op.getLoc(), zero, sums->get());
    }
    auto flatOperand = [&](OpOperand &operand) {
      auto shape = cast<MemRefType>(operand.get().getType()).getShape();
      int64_t offset = linearize(op.getMatchingIndexingMap(&operand), shape).offset;
      return FlatOperand{flatten(builder, op.getLoc(), operand.get()), offset};
    };
    FlatOperand a = flatOperand(op.getLeftMutable()), b = flatOperand(op.getRightMutable()),
                c = sums ? flatOperand(*sums) : FlatOperand();
    if (plan.swapped)
      std::swap(a, b);
    std::optional<Epilogue> epilogue;
    if (op.hasEpilogue()) {
      epilogue.emplace(op);
      epilogue->prepare(builder);
    }
    bool stored = sums && !op.getScratchSums();
    emitInGroups(builder, op.getLoc(), plan, a, b, c, epilogue ? &*epilogue : nullptr, stored);
    op.erase();
  }

  /// A plan that writes every element of c once starts from zero in registers.
  static bool needsZeros(ProductOp op, const kernel::ProductPlan &plan) {
    int64_t written = 1;
    for (auto [loop, extent] : llvm::enumerate(op.getLoops()))
      written *= op.isSummed(loop) ? 1 : extent;
    return plan.accumulates() || written != cast<MemRefType>(op.getSums()->get().getType()).getNumElements();
  }
};

} // namespace
