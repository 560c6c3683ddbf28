// Rewrites ops for operands that lie in tiles.
#include "Retile.h"

#include "talweg/Dialect/Kernel/Kernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using linalg::GenericOp;

namespace talweg {

ShapedType tiledType(ShapedType type, int64_t block, unsigned outer) {
  SmallVector<int64_t> shape(type.getShape());
  shape.back() = block;
  shape.insert(shape.begin() + outer, type.getShape().back() / block);
  if (isa<MemRefType>(type)) // whose layout is of the old rank
    return MemRefType::get(shape, type.getElementType());
  return type.clone(shape);
}

int64_t blockOf(int64_t extent, int64_t panel, int64_t lanes) {
  for (int64_t block = panel; block >= lanes; block -= lanes)
    if (extent % block == 0)
      return block;
  return 0;
}

std::optional<unsigned> lastLoopOf(IndexingMapOpInterface op, OpOperand &operand) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  if (map.getNumResults() == 0)
    return std::nullopt;
  auto last = dyn_cast<AffineDimExpr>(map.getResults().back());
  if (!last)
    return std::nullopt;
  for (AffineExpr other : map.getResults().drop_back())
    if (other.isFunctionOfDim(last.getPosition()))
      return std::nullopt;
  auto shape = cast<ShapedType>(operand.get().getType()).getShape();
  return op.getStaticLoopRanges()[last.getPosition()] == shape.back() ? std::optional(last.getPosition())
                                                                      : std::nullopt;
}

/// An init of another shape: empty, or filled with the same value.
static Value initOf(OpBuilder &builder, Location loc, Value init, ShapedType type) {
  Value empty = tensor::EmptyOp::create(builder, loc, type.getShape(), type.getElementType());
  auto fill = init.getDefiningOp<linalg::FillOp>();
  return fill ? linalg::FillOp::create(builder, loc, fill.getInputs()[0], empty).getResult(0) : empty;
}

/// The body of `op` in loops of which `loop` was cut in two.
static void writeBody(OpBuilder &builder, Location loc, GenericOp op, ValueRange arguments, unsigned loop,
                      int64_t block) {
  IRMapping mapping;
  mapping.map(op.getBody()->getArguments(), arguments);
  for (Operation &own : op.getBody()->getOperations()) {
    auto index = dyn_cast<linalg::IndexOp>(own);
    if (!index) {
      builder.clone(own, mapping);
      continue;
    }
    Value at = linalg::IndexOp::create(builder, loc, index.getDim() + 1);
    if (index.getDim() == loop) {
      Value size = arith::ConstantIndexOp::create(builder, loc, block);
      Value first = arith::MulIOp::create(builder, loc, linalg::IndexOp::create(builder, loc, 0), size);
      at = arith::AddIOp::create(builder, loc, first, at);
    }
    mapping.map(index.getResult(), at);
  }
}

Operation *retile(OpBuilder &builder, IndexingMapOpInterface op, unsigned loop, int64_t block, unsigned outer,
                  ArrayRef<OpOperand *> tiled, ArrayRef<Value> values) {
  MLIRContext *context = builder.getContext();
  Location loc = op.getLoc();
  auto written = cast<DestinationStyleOpInterface>(op.getOperation());
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  unsigned loops = extents.size();
  // Loop d becomes d + 1; the cut loop is loop 0 (blocks) and loop + 1 (within one).
  SmallVector<AffineExpr> dims;
  for (unsigned d = 0; d < loops; ++d)
    dims.push_back(getAffineDimExpr(d + 1, context));
  AffineExpr blockNumber = getAffineDimExpr(0, context), within = dims[loop];
  dims[loop] = blockNumber * block + within;

  SmallVector<Value> inputs, inits;
  SmallVector<AffineMap> maps;
  SmallVector<Type> types;
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = op.getMatchingIndexingMap(&operand).replaceDimsAndSymbols(dims, {}, loops + 1, 0);
    Value value = operand.get();
    auto *found = llvm::find(tiled, &operand);
    if (found != tiled.end()) {
      SmallVector<AffineExpr> results(map.getResults());
      results.back() = within;
      results.insert(results.begin() + outer, blockNumber);
      map = AffineMap::get(loops + 1, 0, results, context);
      value = values[found - tiled.begin()];
      if (!value)
        value = initOf(builder, loc, operand.get(), tiledType(cast<ShapedType>(operand.get().getType()), block, outer));
    }
    maps.push_back(map);
    (written.isDpsInit(&operand) ? inits : inputs).push_back(value);
    if (written.isDpsInit(&operand))
      types.push_back(value.getType());
  }
  if (isa<kernel::ProductOp>(op.getOperation())) {
    extents.insert(extents.begin(), extents[loop] / block);
    extents[loop + 1] = block;
    return kernel::ProductOp::create(builder, loc, types, extents, builder.getAffineMapArrayAttr(maps), inputs[0],
                                     inputs[1], ValueRange(), inits, /*partial=*/false, /*scratch_sums=*/false,
                                     kernel::ProductPlanAttr());
  }
  auto generic = cast<GenericOp>(op.getOperation());
  SmallVector<utils::IteratorType> iterators = generic.getIteratorTypesArray();
  iterators.insert(iterators.begin(), iterators[loop]);
  return GenericOp::create(builder, loc, types, inputs, inits, maps, iterators,
                           [&](OpBuilder &inner, Location innerLoc, ValueRange arguments) {
                             writeBody(inner, innerLoc, generic, arguments, loop, block);
                           });
}

/// A copy whose loops run over tiles; which side has them is told by the types.
static Value copyTiles(OpBuilder &builder, Location loc, Value from, RankedTensorType type, int64_t block,
                       unsigned outer, bool toTiles) {
  MLIRContext *context = builder.getContext();
  unsigned loops = std::max<int64_t>(type.getRank(), cast<RankedTensorType>(from.getType()).getRank());
  AffineMap tiles = AffineMap::getMultiDimIdentityMap(loops, context);
  SmallVector<AffineExpr> rows(tiles.getResults());
  rows.back() = rows[outer] * block + rows.back();
  rows.erase(rows.begin() + outer);
  AffineMap inRows = AffineMap::get(loops, 0, rows, context);
  Value empty = tensor::EmptyOp::create(builder, loc, type.getShape(), type.getElementType());
  SmallVector<utils::IteratorType> iterators(loops, utils::IteratorType::parallel);
  auto body = [](OpBuilder &inner, Location innerLoc, ValueRange arguments) {
    linalg::YieldOp::create(inner, innerLoc, arguments[0]);
  };
  return GenericOp::create(builder, loc, type, from, empty,
                           toTiles ? ArrayRef<AffineMap>{inRows, tiles} : ArrayRef<AffineMap>{tiles, inRows}, iterators,
                           body)
      .getResult(0);
}

Value copyToTiles(OpBuilder &builder, Location loc, Value tensor, int64_t block, unsigned outer) {
  auto type = cast<RankedTensorType>(tiledType(cast<ShapedType>(tensor.getType()), block, outer));
  return copyTiles(builder, loc, tensor, type, block, outer, /*toTiles=*/true);
}

Value copyFromTiles(OpBuilder &builder, Location loc, Value tiles, unsigned outer) {
  auto tiled = cast<RankedTensorType>(tiles.getType());
  SmallVector<int64_t> shape(tiled.getShape());
  shape.back() *= shape[outer];
  shape.erase(shape.begin() + outer);
  return copyTiles(builder, loc, tiles, tiled.clone(shape), tiled.getShape().back(), outer, /*toTiles=*/false);
}

} // namespace talweg
