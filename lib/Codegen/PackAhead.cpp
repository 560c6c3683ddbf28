// A product in a loop over time, or over batches, reads the same matrix in each turn. It is copied into the panels of the product once, in front of the
// loop.
#include "Access.h"
#include "PlanProduct.h"
#include "Retile.h"
#include "talweg/Codegen/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace talweg {
#define GEN_PASS_DEF_PACKAHEAD
#include "talweg/Codegen/Passes.h.inc"
} // namespace talweg

using namespace mlir;
using namespace talweg;
using kernel::ProductOp;
using linalg::GenericOp;

namespace {

/// How a matrix lies in panels, and the loops of the product that reads it there: `cut` is cut into blocks, whose numbers it keeps; what is within
/// a block is a further loop, the last one.
struct Panels {
  OpOperand *operand;
  unsigned cut = 0;
  int64_t block = 0;
  SmallVector<unsigned> loops; ///< the matrix's dimensions but the last one, which is within a block
};

/// The loop in whose turns `op` is computed, each time or under a condition; null: there is none.
scf::ForOp loopAround(ProductOp op) {
  Operation *parent = op->getParentOp();
  if (isa<scf::IfOp>(parent))
    parent = parent->getParentOp();
  return dyn_cast<scf::ForOp>(parent);
}

/// How the matrix that `op` would copy in each turn, or read faster so, lies in panels; nothing: there is none, or not one that all turns share.
std::optional<Panels> panelsOf(ProductOp op, const Target &target) {
  kernel::ProductPlan plan = planOf(op, {}, target);
  Panels panels{plan.swapped ? &op.getLeftMutable() : &op.getRightMutable(), 0, 0, {}};
  OpOperand &other = plan.swapped ? op.getRightMutable() : op.getLeftMutable();
  AffineMap map = op.getMatchingIndexingMap(panels.operand);
  const bool isShared = !loopAround(op)->isAncestor(panels.operand->get().getParentBlock()->getParentOp());
  const bool wantsPanels =
      plan.n.b == 1 ? prefersPanels(plan) : plan.packB; // on any machine: loops of products follow it
  if (!wantsPanels || !isShared || !map.isProjectedPermutation())
    return std::nullopt;
  auto placesOf = [&](OpOperand &operand) {
    return linearize(op.getMatchingIndexingMap(&operand), cast<ShapedType>(operand.get().getType()).getShape()).strides;
  };
  SmallVector<int64_t> sums = placesOf(*op.getSums()), others = placesOf(other);
  for (AffineExpr result : map.getResults())
    panels.loops.push_back(cast<AffineDimExpr>(result).getPosition());
  auto *cut = llvm::find_if(panels.loops,
                            [&](unsigned loop) { return sums[loop] == 1 && op.getLoops()[loop] == plan.n.extent; });
  panels.block = blockOf(plan.n.extent, plan.panel(), plan.lanes);
  if (cut == panels.loops.end() || panels.block == 0)
    return std::nullopt;
  panels.cut = *cut;
  // Panels in the order of the sums that they give, rows of one in the order in which the other matrix is read.
  llvm::sort(panels.loops, [&](unsigned x, unsigned y) {
    return std::tuple(-sums[x], -others[x], x) < std::tuple(-sums[y], -others[y], y);
  });
  return panels;
}

/// The product's loops, by those of the product that reads panels.
SmallVector<AffineExpr> cutLoops(ProductOp op, const Panels &panels) {
  SmallVector<AffineExpr> loops;
  for (unsigned loop = 0; loop < op.getLoops().size(); ++loop)
    loops.push_back(getAffineDimExpr(loop, op.getContext()));
  loops[panels.cut] = loops[panels.cut] * panels.block + getAffineDimExpr(loops.size(), op.getContext());
  return loops;
}

/// The matrix in panels, made where it is known.
Value copyToPanels(OpBuilder &builder, ProductOp op, const Panels &panels) {
  MLIRContext *context = builder.getContext();
  Location loc = op.getLoc();
  // The copy's loops are the dimensions of the panels.
  unsigned rank = panels.loops.size() + 1;
  SmallVector<AffineExpr> place(op.getLoops().size());
  SmallVector<int64_t> shape;
  for (auto [number, loop] : llvm::enumerate(panels.loops)) {
    place[loop] = getAffineDimExpr(number, context);
    shape.push_back(op.getLoops()[loop] / (loop == panels.cut ? panels.block : 1));
  }
  place[panels.cut] = place[panels.cut] * panels.block + getAffineDimExpr(rank - 1, context);
  shape.push_back(panels.block);
  SmallVector<AffineExpr> from;
  for (AffineExpr result : op.getMatchingIndexingMap(panels.operand).getResults())
    from.push_back(place[cast<AffineDimExpr>(result).getPosition()]);
  auto type = cast<RankedTensorType>(panels.operand->get().getType()).clone(shape);
  Value empty = tensor::EmptyOp::create(builder, loc, type.getShape(), type.getElementType());
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  return GenericOp::create(builder, loc, type, panels.operand->get(), empty,
                           {AffineMap::get(rank, 0, from, context), AffineMap::getMultiDimIdentityMap(rank, context)},
                           loops,
                           [](OpBuilder &inner, Location innerLoc, ValueRange elements) {
                             linalg::YieldOp::create(inner, innerLoc, elements[0]);
                           })
      .getResult(0);
}

/// The product, reading `copy`.
ProductOp readingPanels(OpBuilder &builder, ProductOp op, const Panels &panels, Value copy) {
  MLIRContext *context = builder.getContext();
  unsigned loops = op.getLoops().size() + 1;
  SmallVector<AffineExpr> cut = cutLoops(op, panels), places;
  SmallVector<AffineMap> maps;
  for (AffineMap map : op.getMaps().getAsValueRange<AffineMapAttr>())
    maps.push_back(map.replaceDimsAndSymbols(cut, {}, loops, 0));
  for (unsigned loop : panels.loops)
    places.push_back(getAffineDimExpr(loop, context));
  places.push_back(getAffineDimExpr(loops - 1, context));
  bool isLeft = panels.operand == &op.getLeftMutable();
  maps[isLeft ? 0 : 1] = AffineMap::get(loops, 0, places, context);
  SmallVector<int64_t> extents(op.getLoops());
  extents[panels.cut] /= panels.block;
  extents.push_back(panels.block);
  return ProductOp::create(builder, op.getLoc(), op->getResultTypes(), extents, builder.getAffineMapArrayAttr(maps),
                           isLeft ? copy : op.getLeft(), isLeft ? op.getRight() : copy, ValueRange(), op.getOuts(),
                           /*partial=*/false, /*scratch_sums=*/false, kernel::ProductPlanAttr());
}

struct PackAhead : talweg::impl::PackAheadBase<PackAhead> {
  using PackAheadBase::PackAheadBase;

  void runOnOperation() override {
    SmallVector<ProductOp> products;
    getOperation()->walk([&](ProductOp op) {
      if (loopAround(op))
        products.push_back(op);
    });
    for (ProductOp op : products) {
      std::optional<Panels> panels = panelsOf(op, target);
      if (!panels)
        continue;
      OpBuilder front(op);
      Block *known = panels->operand->get().getParentBlock();
      front.setInsertionPoint(known->findAncestorOpInBlock(*op));
      Value copy = copyToPanels(front, op, *panels);
      OpBuilder builder(op);
      ProductOp reading = readingPanels(builder, op, *panels, copy);
      op->replaceAllUsesWith(reading->getResults());
      op->erase();
      ++packed;
    }
  }
};

} // namespace
