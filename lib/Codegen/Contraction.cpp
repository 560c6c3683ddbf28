// Recognizes contractions and turns affine accesses into strides over flat memory.
#include "Contraction.h"

#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using linalg::GenericOp;

namespace talweg {

/// The multiply-add of a body that is exactly yield(a * b + acc) on inputs a and b, or null.
static math::FmaOp productOf(GenericOp op) {
  if (op.getNumDpsInits() != 1)
    return {};
  auto fma = op.getBody()->getTerminator()->getOperand(0).getDefiningOp<math::FmaOp>();
  auto isInput = [&](Value value) {
    auto argument = dyn_cast<BlockArgument>(value);
    return argument && argument.getOwner() == op.getBody() && argument.getArgNumber() < op.getNumDpsInputs();
  };
  bool is = fma && fma.getC() == op.getRegionOutputArgs()[0] && isInput(fma.getA()) && isInput(fma.getB());
  return is ? fma : math::FmaOp();
}

bool isContraction(GenericOp op) { return op.getNumParallelLoops() != op.getNumLoops() && productOf(op); }

std::pair<OpOperand *, OpOperand *> contractionFactors(GenericOp op) {
  math::FmaOp fma = productOf(op);
  auto operandOf = [&](Value value) { return op.getDpsInputOperand(cast<BlockArgument>(value).getArgNumber()); };
  return {operandOf(fma.getA()), operandOf(fma.getB())};
}

bool isTotal(Operation *op) {
  auto generic = dyn_cast<GenericOp>(op);
  if (!generic || generic.getNumReductionLoops() != generic.getNumLoops() || generic.getNumDpsInits() != 1 ||
      cast<ShapedType>(generic.getDpsInits()[0].getType()).getRank() != 0)
    return false;
  auto sum = generic.getBody()->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  return sum && generic.getRegionOutputArgs()[0].hasOneUse() &&
         llvm::is_contained(sum->getOperands(), generic.getRegionOutputArgs()[0]);
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

Value expandAffine(OpBuilder &builder, Location loc, AffineExpr expr, ArrayRef<Value> dims) {
  return affine::expandAffineExpr(builder, loc, expr, dims, {});
}

SmallVector<Block *> blocksOf(Operation *root) {
  SmallVector<Block *> blocks;
  root->walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (isa<linalg::LinalgOp>(op))
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
