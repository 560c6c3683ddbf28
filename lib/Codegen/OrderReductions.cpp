// Puts the loops of reductions in the order of memory.
//
// Index notation puts the loops that move the result first: sum[i](x[i, j]) has the loops (j, i) and reads x in columns. In which order a
// reduction combines elements is decided from its loops alone (ReductionOrder.h), so they are put in the order of memory here,
// once, with the operands that it would have if everything were fused into it. Where all of these are far smaller than the box of the loops, no
// order of memory is best for them: loops are in the order of the result then, whose last one goes along lanes.
#include "Access.h"
#include "InlineProducer.h"
#include "talweg/Support/Gain.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/IR/Matchers.h"
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
    if (matchPattern(tensor, m_Constant<SplatElementsAttr>(nullptr)))
      return; // is in the body
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
  using OrderReductionsBase::OrderReductionsBase;

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    for (Block *block : blocksOf(getOperation()))
      for (GenericOp op : llvm::make_early_inc_range(block->getOps<GenericOp>()))
        if (op.hasPureTensorSemantics() && !isParallel(op))
          order(op, rewriter);
  }

  static Access accessOfResult(GenericOp op) {
    OpOperand *result = op.getDpsInitOperand(0);
    return linearize(op.getMatchingIndexingMap(result), cast<ShapedType>(result->get().getType()).getShape());
  }

  /// Whether the box of the loops is far larger than what is read, and results fill registers.
  static bool goesAlongResult(ArrayRef<int64_t> extents, const Access &result, int64_t read) {
    constexpr int64_t farLarger = 8, fewest = 16;
    int64_t turns = 1;
    bool areMany = false;
    for (auto [extent, stride] : llvm::zip_equal(extents, result.strides)) {
      turns *= extent;
      areMany |= stride == 1 && extent >= fewest;
    }
    return areMany && read * farLarger <= turns;
  }

  static void tellAlongResult(GenericOp op, ArrayRef<int64_t> extents) {
    double elements = 1;
    for (int64_t extent : extents)
      elements *= double(extent);
    const double bytes = elements * getElementTypeOrSelf(op.getResult(0).getType()).getIntOrFloatBitWidth() / 8;
    if (bytes >= kLargeBox)
      op.emitRemark("a sum over ") << humanCount(elements) << " elements that are computed as they are read takes its "
                                   << "lanes along the last index of its results";
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
    Access access = linearize(leaf.map, leaf.type.getShape()), result = accessOfResult(op);
    SmallVector<int64_t> extents = op.getStaticLoopRanges();
    const bool isSpread = goesAlongResult(extents, result, leaf.type.getNumElements());
    if (isSpread && tells)
      tellAlongResult(op, extents);
    // Loops that do not move it, or have one turn, stay outside. Along a result, those that reduce are just outside of its last one.
    auto step = [&](unsigned loop) -> int64_t {
      int64_t stride = std::abs((isSpread ? result : access).strides[loop]);
      if (extents[loop] > 1 && stride != 0)
        return isSpread ? 2 * stride : stride;
      return isSpread && extents[loop] > 1 ? 3 : INT64_MAX;
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
