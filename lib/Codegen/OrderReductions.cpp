// Puts the loops of reductions in the order of memory.
//
// Index notation puts the loops that move the result first: sum[i](x[i, j]) has the loops (j, i) and reads x in columns. In which order a
// reduction combines elements is decided from its loops alone (ReductionOrder.h), so they are put in the order of memory here,
// once, with the operands that it would have if everything were fused into it.
#include "Access.h"
#include "InlineProducer.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/IR/PatternMatch.h"

#define GEN_PASS_DEF_ORDERREDUCTIONS
#include "talweg/Codegen/Passes.h"

using namespace mlir;
using namespace talweg;
using linalg::GenericOp;

namespace {

/// Finds the largest tensor in memory that an op reads.
struct LargestLeaf {
  RankedTensorType type;
  AffineMap map; ///< from the op's loops into it

  void consider(Value tensor, AffineMap here) {
    auto producer = tensor.getDefiningOp<GenericOp>();
    if (producer && isElementwise(producer) && producer.getNumDpsInputs() > 0 && budget > 0) {
      for (OpOperand *input : producer.getDpsInputOperands()) {
        --budget;
        consider(input->get(), producer.getMatchingIndexingMap(input).compose(here));
      }
      return;
    }
    auto own = dyn_cast<RankedTensorType>(tensor.getType());
    if (own && own.hasStaticShape() && (!type || own.getNumElements() > type.getNumElements())) {
      type = own;
      map = here;
    }
  }

private:
  int budget = 64; ///< chains may share values: each path is walked by itself
};

struct OrderReductions : talweg::impl::OrderReductionsBase<OrderReductions> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    for (Block *block : blocksOf(getOperation()))
      for (GenericOp op : llvm::make_early_inc_range(block->getOps<GenericOp>()))
        if (op.hasPureTensorSemantics() && !isParallel(op))
          order(op, rewriter);
  }

  void order(GenericOp op, IRRewriter &rewriter) {
    if (!op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isProjectedPermutation())
      return;
    LargestLeaf leaf;
    for (OpOperand *input : op.getDpsInputOperands())
      if (op.payloadUsesValueFromOperand(input))
        leaf.consider(input->get(), op.getMatchingIndexingMap(input));
    if (!leaf.type)
      return;
    Access access = linearize(leaf.map, leaf.type.getShape());
    SmallVector<int64_t> extents = op.getStaticLoopRanges();
    // Loops that do not move it, or have one turn, stay outside.
    auto step = [&](unsigned loop) {
      int64_t stride = std::abs(access.strides[loop]);
      return stride == 0 || extents[loop] == 1 ? INT64_MAX : stride;
    };
    auto loops = llvm::to_vector(llvm::seq<unsigned>(0, op.getNumLoops()));
    llvm::stable_sort(loops, [&](unsigned x, unsigned y) { return step(x) > step(y); });
    if (llvm::is_sorted(loops))
      return;
    rewriter.setInsertionPoint(op);
    if (succeeded(linalg::interchangeGenericOp(rewriter, op, loops)))
      ++reordered;
  }
};

} // namespace
