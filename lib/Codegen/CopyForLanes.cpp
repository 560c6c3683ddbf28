// Copies operands of reductions so that lanes find their elements side by side.
//
// sum[i]((x[n, i] - c[k, i])^2) takes its lanes along k, where c lies far apart. It is far smaller than the box that is summed, and so a copy of it,
// transposed, costs next to nothing.
#include "Access.h"
#include "Memory.h"
#include "NestLoops.h"
#include "talweg/Codegen/Passes.h"
#include "talweg/Support/Counted.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace talweg {
#define GEN_PASS_DEF_COPYFORLANES
#include "talweg/Codegen/Passes.h.inc"
} // namespace talweg

using namespace mlir;
using namespace talweg;
using linalg::GenericOp;

namespace {

struct CopyForLanes : talweg::impl::CopyForLanesBase<CopyForLanes> {
  using CopyForLanesBase::CopyForLanesBase;

  void runOnOperation() override {
    for (Block *block : blocksOf(getOperation()))
      for (GenericOp op : llvm::make_early_inc_range(block->getOps<GenericOp>()))
        if (op.hasPureTensorSemantics() && !isParallel(op) && op.getNumDpsInits() == 1)
          copyOperands(op);
  }

  void copyOperands(GenericOp op) {
    OpOperand *result = op.getDpsInitOperand(0);
    SmallVector<int64_t> extents = op.getStaticLoopRanges();
    SmallVector<int64_t> moves = stridesOf(op, *result);
    const int64_t lanes = target.vectorBits / cast<ShapedType>(result->get().getType()).getElementTypeBitWidth();
    if (ReductionOrder::of(extents, moves, lanes).lanes >= 0)
      return;
    auto *along = llvm::find(moves, 1);
    if (along == moves.end() || extents[along - moves.begin()] < lanes)
      return;
    int64_t turns = 1;
    for (int64_t extent : extents)
      turns *= extent;
    for (OpOperand *input : op.getDpsInputOperands()) {
      constexpr int64_t farSmaller = 8;
      const int64_t stride = stridesOf(op, *input)[along - moves.begin()];
      if (op.payloadUsesValueFromOperand(input) && stride != 0 && stride != 1 &&
          cast<ShapedType>(input->get().getType()).getNumElements() * farSmaller <= turns)
        copy(op, *input, unsigned(along - moves.begin()));
    }
  }

  static SmallVector<int64_t> stridesOf(GenericOp op, OpOperand &operand) {
    return linearize(op.getMatchingIndexingMap(&operand), cast<ShapedType>(operand.get().getType()).getShape()).strides;
  }

  /// Reads a copy of the operand whose last dimension is that which `loop` moves along, if there is such a dimension.
  void copy(GenericOp op, OpOperand &operand, unsigned loop) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    auto type = cast<RankedTensorType>(operand.get().getType());
    SmallVector<unsigned> order; // of the copy: the dimensions of the operand
    std::optional<unsigned> last;
    for (auto [dim, expr] : llvm::enumerate(map.getResults())) {
      if (!expr.isFunctionOfDim(loop)) {
        order.push_back(dim);
        continue;
      }
      if (last || !isa<AffineDimExpr>(expr))
        return;
      last = dim;
    }
    order.push_back(*last);

    OpBuilder builder(op);
    Location loc = op.getLoc();
    SmallVector<int64_t> shape;
    SmallVector<AffineExpr> place(order.size()), reads;
    for (auto [number, dim] : llvm::enumerate(order)) {
      shape.push_back(type.getDimSize(dim));
      place[dim] = builder.getAffineDimExpr(number);
      reads.push_back(map.getResult(dim));
    }
    Value room = tensor::EmptyOp::create(builder, loc, shape, type.getElementType());
    AffineMap maps[] = {AffineMap::get(order.size(), 0, place, builder.getContext()),
                        builder.getMultiDimIdentityMap(order.size())};
    SmallVector<utils::IteratorType> loops(order.size(), utils::IteratorType::parallel);
    auto copied = GenericOp::create(
        builder, loc, room.getType(), operand.get(), room, maps, loops,
        [](OpBuilder &body, Location at, ValueRange values) { linalg::YieldOp::create(body, at, values[0]); });
    SmallVector<AffineMap> all = op.getIndexingMapsArray();
    all[operand.getOperandNumber()] = AffineMap::get(map.getNumDims(), 0, reads, builder.getContext());
    op.setIndexingMapsAttr(builder.getAffineMapArrayAttr(all));
    operand.set(copied.getResult(0));
    ++copies;
    if (tells)
      op.emitRemark("an operand of this sum is copied, transposed, so that lanes read it side by side: ")
          << bytesText(bytesOf(type)) << " more are stored";
  }
};

} // namespace
