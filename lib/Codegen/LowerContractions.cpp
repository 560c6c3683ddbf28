// Turns sums of products into register-tiled vector loops: recognizes them, reads their strides, and has them planned and
// written (ContractionPlan.h, ContractionLoops.h).
#include "Contraction.h"
#include "ContractionLoops.h"
#include "talweg/Codegen/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace talweg {
#define GEN_PASS_DEF_LOWERCONTRACTIONS
#include "talweg/Codegen/Passes.h.inc"
} // namespace talweg

using namespace mlir;
using namespace talweg;
using linalg::GenericOp;

namespace {

struct LowerContractions : talweg::impl::LowerContractionsBase<LowerContractions> {
  using LowerContractionsBase::LowerContractionsBase;

  void runOnOperation() override {
    SmallVector<GenericOp> contractions;
    getOperation().walk([&](GenericOp op) {
      if (op.hasPureBufferSemantics() && isContraction(op))
        contractions.push_back(op);
    });
    for (GenericOp op : contractions)
      lower(op);
  }

  void lower(GenericOp op) {
    auto [left, right] = contractionFactors(op);
    OpOperand *result = op.getDpsInitOperand(0);
    auto accessOf = [&](OpOperand *operand) {
      return linearize(op.getMatchingIndexingMap(operand), cast<MemRefType>(operand->get().getType()).getShape());
    };
    Access a = accessOf(left), b = accessOf(right), c = accessOf(result);
    SmallVector<Loop> loops;
    for (auto [d, extent] : llvm::enumerate(op.getStaticLoopRanges()))
      loops.push_back({extent, a.strides[d], b.strides[d], c.strides[d]});

    Type element = cast<MemRefType>(result->get().getType()).getElementType();
    ContractionPlan plan = planContraction(loops, vectorBits / element.getIntOrFloatBitWidth(), registers);

    OpBuilder builder(op);
    // A plan that writes every element of c once starts from zero in registers.
    int64_t written = 1;
    for (const Loop &loop : loops)
      written *= loop.c != 0 ? loop.extent : 1;
    bool covers = written == cast<MemRefType>(result->get().getType()).getNumElements();
    if (auto fill = dyn_cast_or_null<linalg::FillOp>(op->getPrevNode());
        fill && fill.getOutputs()[0] == result->get() && covers && !plan.accumulates())
      fill.erase();
    FlatOperand fa{flatten(builder, op.getLoc(), left->get()), a.offset},
        fb{flatten(builder, op.getLoc(), right->get()), b.offset},
        fc{flatten(builder, op.getLoc(), result->get()), c.offset};
    if (plan.swapped)
      std::swap(fa, fb);
    emitContraction(builder, op.getLoc(), std::move(plan), fa, fb, fc);
    op.erase();
  }
};

} // namespace
