// Copies small operands so that lanes find their elements side by side. Beside the box that is computed a copy costs next to nothing.
//
// sum[i]((x[n, i] - c[k, i])^2) takes its lanes along k, where c lies far apart: it is read as a transposed copy. x[n, k, l] - m[n, k], where l is short,
// would leave registers partly empty: m is read as a copy that has l, and k and l are one loop. sum[d](u[d, n] v[n, d]), with the result among others
// whose last index is not n, is computed with n last and copied to its place.
#include "Access.h"
#include "Memory.h"
#include "NestLoops.h"
#include "talweg/Codegen/Passes.h"
#include "talweg/Support/Counted.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"

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
        if (op.hasPureTensorSemantics() && op.getNumDpsInits() == 1 && op.getNumLoops() > 0) {
          if (isParallel(op))
            joinShortLoop(op);
          turnOperands(isParallel(op) ? op : turnResult(op));
        }
  }

  int64_t lanesOf(GenericOp op) const {
    return target.vectorBits / cast<ShapedType>(op.getResult(0).getType()).getElementTypeBitWidth();
  }

  static bool isFarSmaller(OpOperand &operand, int64_t turns) { return elementsOf(operand) * 8 <= turns; }

  static int64_t turnsOf(GenericOp op) {
    int64_t turns = 1;
    for (int64_t extent : op.getStaticLoopRanges())
      turns *= extent;
    return turns;
  }

  /// Of an elementwise op whose last loop is short: small operands that stand still along it but not along the one before are read as copies
  /// that move along both, if all others move along both as along one.
  void joinShortLoop(GenericOp op) {
    SmallVector<int64_t> extents = op.getStaticLoopRanges();
    if (extents.size() < 2)
      return;
    const unsigned last = unsigned(extents.size()) - 1, before = last - 1;
    const int64_t lanes = lanesOf(op), extent = extents[last];
    if (extent == 1 || extent >= lanes || extents[before] * extent < lanes)
      return;
    SmallVector<OpOperand *> still;
    for (OpOperand &operand : op->getOpOperands()) {
      if (!op.payloadUsesValueFromOperand(&operand) && op.isDpsInput(&operand))
        continue;
      const SmallVector<int64_t> strides = stridesOf(op, operand);
      if (strides[before] == strides[last] * extent)
        continue;
      if (!op.isDpsInput(&operand) || strides[last] != 0 || !isFarSmaller(operand, turnsOf(op) / extent))
        return;
      still.push_back(&operand);
    }
    for (OpOperand *operand : still)
      copy(op, *operand, {before, last});
  }

  /// The reduction; written with that loop last along which its largest operand lies side by side, if that is none it sums over.
  GenericOp turnResult(GenericOp op) {
    auto fill = op.getDpsInitOperand(0)->get().getDefiningOp<linalg::FillOp>();
    auto type = dyn_cast<RankedTensorType>(op.getResult(0).getType());
    AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
    const SmallVector<int64_t> moves = stridesOf(op, *op.getDpsInitOperand(0));
    if (!fill || !type || !map.isProjectedPermutation() || type.getNumElements() * 8 > turnsOf(op))
      return op;
    OpOperand *largest = nullptr;
    for (OpOperand *input : op.getDpsInputOperands())
      if (op.payloadUsesValueFromOperand(input) && isa<RankedTensorType>(input->get().getType()) &&
          (!largest || elementsOf(*input) > elementsOf(*largest)))
        largest = input;
    if (!largest || elementsOf(*largest) * 8 <= turnsOf(op))
      return op;
    const SmallVector<int64_t> strides = stridesOf(op, *largest);
    auto *along = llvm::find(strides, 1);
    const size_t loop = size_t(along - strides.begin());
    if (along == strides.end() || moves[loop] <= 1 || op.getStaticLoopRanges()[loop] < lanesOf(op))
      return op;

    OpBuilder builder(op);
    Location loc = op.getLoc();
    SmallVector<AffineExpr> written, back; // places of the result in its new order: by loops, and by its old dimensions
    SmallVector<int64_t> shape;
    auto append = [&](unsigned dim) {
      back.push_back(builder.getAffineDimExpr(dim));
      written.push_back(map.getResult(dim));
      shape.push_back(type.getDimSize(dim));
    };
    const unsigned last = *map.getResultPosition(builder.getAffineDimExpr(unsigned(loop)));
    for (unsigned dim = 0; dim < unsigned(type.getRank()); ++dim)
      if (dim != last)
        append(dim);
    append(last);
    Value room = tensor::EmptyOp::create(builder, loc, shape, type.getElementType());
    Value filled = linalg::FillOp::create(builder, loc, fill.value(), room).getResult(0);
    SmallVector<Value> operands = op.getDpsInputs();
    operands.push_back(filled);
    auto turned = cast<GenericOp>(mlir::clone(builder, op, TypeRange{filled.getType()}, operands));
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    maps.back() = AffineMap::get(map.getNumDims(), 0, written, builder.getContext());
    turned.setIndexingMapsAttr(builder.getAffineMapArrayAttr(maps));
    if (tells)
      op.emitRemark("the result is computed in the order of the largest operand, and copied to its place: ")
          << bytesText(bytesOf(type)) << " more are stored";
    op.getResult(0).replaceAllUsesWith(
        copied(builder, loc, turned.getResult(0), AffineMap::get(shape.size(), 0, back, builder.getContext()), type));
    op.erase();
    ++copies;
    return turned;
  }

  static int64_t elementsOf(OpOperand &operand) { return cast<ShapedType>(operand.get().getType()).getNumElements(); }

  /// y[d] = x[map(d)].
  static Value copied(OpBuilder &builder, Location loc, Value x, AffineMap map, RankedTensorType type) {
    Value room = tensor::EmptyOp::create(builder, loc, type.getShape(), type.getElementType());
    const auto rank = unsigned(type.getRank());
    SmallVector<utils::IteratorType> kinds(rank, utils::IteratorType::parallel);
    auto copy = GenericOp::create(
        builder, loc, type, x, room, ArrayRef<AffineMap>{map, builder.getMultiDimIdentityMap(rank)}, kinds,
        [](OpBuilder &body, Location at, ValueRange values) { linalg::YieldOp::create(body, at, values[0]); });
    return copy.getResult(0);
  }

  void turnOperands(GenericOp op) {
    OpOperand *result = op.getDpsInitOperand(0);
    SmallVector<int64_t> extents = op.getStaticLoopRanges();
    SmallVector<int64_t> moves = stridesOf(op, *result);
    const int64_t lanes = lanesOf(op);
    if (!isParallel(op) && ReductionOrder::of(extents, moves, lanes).lanes >= 0)
      return;
    auto *along = llvm::find(moves, 1);
    if (along == moves.end() || extents[along - moves.begin()] < lanes)
      return;
    for (OpOperand *input : op.getDpsInputOperands()) {
      const int64_t stride = stridesOf(op, *input)[along - moves.begin()];
      if (op.payloadUsesValueFromOperand(input) && stride != 0 && stride != 1 && isFarSmaller(*input, turnsOf(op)))
        copy(op, *input, {unsigned(along - moves.begin())});
    }
  }

  static SmallVector<int64_t> stridesOf(GenericOp op, OpOperand &operand) {
    return linearize(op.getMatchingIndexingMap(&operand), cast<ShapedType>(operand.get().getType()).getShape()).strides;
  }

  /// Reads a copy of the operand whose last dimensions are those which `loops` move along, if there is one such dimension for each or none.
  void copy(GenericOp op, OpOperand &operand, ArrayRef<unsigned> loops) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    auto type = cast<RankedTensorType>(operand.get().getType());
    OpBuilder builder(op);
    Location loc = op.getLoc();
    SmallVector<int64_t> shape;
    SmallVector<AffineExpr> place(type.getRank()), reads; // of the operand in the copy, and of the copy in the box
    auto append = [&](std::optional<unsigned> dim, int64_t extent, AffineExpr read) {
      if (dim)
        place[*dim] = builder.getAffineDimExpr(unsigned(shape.size()));
      shape.push_back(extent);
      reads.push_back(read);
    };
    for (auto [dim, expr] : llvm::enumerate(map.getResults()))
      if (llvm::none_of(loops, [&, read = expr](unsigned loop) { return read.isFunctionOfDim(loop); }))
        append(unsigned(dim), type.getDimSize(dim), expr);
    for (unsigned loop : loops) {
      std::optional<unsigned> moved;
      for (auto [dim, expr] : llvm::enumerate(map.getResults()))
        if (expr.isFunctionOfDim(loop)) {
          if (moved || !isa<AffineDimExpr>(expr))
            return;
          moved = unsigned(dim);
        }
      append(moved, moved ? type.getDimSize(*moved) : op.getStaticLoopRanges()[loop], builder.getAffineDimExpr(loop));
    }
    AffineMap from = AffineMap::get(shape.size(), 0, place, builder.getContext());
    Value turned = copied(builder, loc, operand.get(), from, type.clone(shape));
    SmallVector<AffineMap> all = op.getIndexingMapsArray();
    all[operand.getOperandNumber()] = AffineMap::get(map.getNumDims(), 0, reads, builder.getContext());
    op.setIndexingMapsAttr(builder.getAffineMapArrayAttr(all));
    operand.set(turned);
    ++copies;
    if (tells)
      op.emitRemark("an operand is copied so that lanes read it side by side: ")
          << bytesText(bytesOf(type)) << " more are stored";
  }
};

} // namespace
