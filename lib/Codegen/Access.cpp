// Turns affine accesses into strides over flat memory.
#include "Access.h"

#include "talweg/Dialect/Kernel/Kernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using linalg::GenericOp;

namespace talweg {

bool isParallel(GenericOp op) { return op.getNumParallelLoops() == op.getNumLoops(); }

/// Whether `op` adds up what it reads, over all loops but so many, the last ones.
static bool addsUp(Operation *op, unsigned kept) {
  auto generic = dyn_cast<GenericOp>(op);
  if (!generic || generic.getNumDpsInits() != 1 || (kept > 0 && generic.getNumLoops() <= kept))
    return false;
  const auto results = generic.getMatchingIndexingMap(generic.getDpsInitOperand(0)).getResults();
  if (generic.getNumReductionLoops() + kept != generic.getNumLoops() || results.size() != kept ||
      (kept == 1 && results[0] != getAffineDimExpr(generic.getNumLoops() - 1, op->getContext())))
    return false;
  auto sum = generic.getBody()->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  return sum && generic.getRegionOutputArgs()[0].hasOneUse() &&
         llvm::is_contained(sum->getOperands(), generic.getRegionOutputArgs()[0]);
}

bool isTotal(Operation *op) { return addsUp(op, 0); }

bool isColumnSum(Operation *op) {
  return addsUp(op, 1) && cast<GenericOp>(op).getNumDpsInputs() == 1 &&
         cast<GenericOp>(op).getIndexingMapsArray()[0].isIdentity();
}

bool isExpensive(Operation &op) {
  return (isa<math::MathDialect>(op.getDialect()) && !isa<math::FmaOp>(op)) ||
         isa<arith::DivFOp, arith::DivSIOp, arith::RemSIOp, arith::MulUIExtendedOp>(op);
}

Access linearize(AffineMap map, ArrayRef<int64_t> shape) {
  // The map is affine: its value at 0 and at each unit vector gives the constant and the coefficients.
  auto place = [&](ArrayRef<int64_t> point) {
    int64_t flat = 0;
    for (auto [at, extent] : llvm::zip_equal(map.compose(point), shape))
      flat = flat * extent + at;
    return flat;
  };
  SmallVector<int64_t> point(map.getNumDims(), 0);
  Access access;
  access.offset = place(point);
  for (unsigned d = 0; d < map.getNumDims(); ++d) {
    point[d] = 1;
    access.strides.push_back(place(point) - access.offset);
    point[d] = 0;
  }
  return access;
}

std::optional<SmallVector<Inside>> boxOf(AffineMap map, ArrayRef<int64_t> extents) {
  SmallVector<Inside> box;
  llvm::SmallBitVector seen(extents.size());
  for (AffineExpr expr : map.getResults()) {
    unsigned loop = 0;
    while (loop < extents.size() && !expr.isFunctionOfDim(loop))
      ++loop;
    if (loop == extents.size() || seen.test(loop))
      return std::nullopt;
    auto from = dyn_cast<AffineConstantExpr>(expr - getAffineDimExpr(loop, map.getContext()));
    if (!from)
      return std::nullopt;
    seen.set(loop);
    box.push_back({from.getValue(), extents[loop]});
  }
  return box;
}

SmallVector<Block *> blocksOf(Operation *root) {
  SmallVector<Block *> blocks;
  root->walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (isa<linalg::LinalgOp, kernel::PlacedOp>(op))
      return WalkResult::skip();
    for (Region &region : op->getRegions())
      for (Block &block : region)
        blocks.push_back(&block);
    return WalkResult::advance();
  });
  return blocks;
}

Value flatten(OpBuilder &builder, Location loc, Value memref) {
  auto type = cast<MemRefType>(memref.getType());
  if (type.getRank() == 1)
    return memref;
  auto flat = MemRefType::get({type.getNumElements()}, type.getElementType());
  return memref::ReinterpretCastOp::create(builder, loc, flat, memref, /*offset=*/0,
                                           /*sizes=*/ArrayRef<int64_t>{type.getNumElements()},
                                           /*strides=*/ArrayRef<int64_t>{1});
}

} // namespace talweg
