// Where elements come from: literals, indices, windows, padding, reshapes.
#include "TwToLinalg.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace talweg;
using namespace talweg::conversion;

namespace {

using Builder = ImplicitLocOpBuilder;

/// ui8 literals are read as i8 of the same bits.
Value lowerConstant(Builder &b, tw::ConstantOp op, tw::ConstantOp::Adaptor, RankedTensorType type) {
  auto value = dyn_cast<DenseElementsAttr>(op.getValue());
  if (!value)
    return arith::ConstantOp::create(b, cast<TypedAttr>(op.getValue()));
  if (value.getType() != type)
    value = value.bitcast(type.getElementType());
  return arith::ConstantOp::create(b, type, value);
}

Value lowerIota(Builder &b, tw::IotaOp op, tw::IotaOp::Adaptor, RankedTensorType type) {
  return createElementwise(b, type, {}, {}, [&](Builder &inner, ValueRange) -> Value {
    Value index = linalg::IndexOp::create(inner, op.getDim());
    return arith::IndexCastOp::create(inner, type.getElementType(), index);
  });
}

/// y[d] = x[map(d)]. A scalar spread over a shape is captured: the generic has no input.
Value lowerWindow(Builder &b, tw::WindowOp op, tw::WindowOp::Adaptor operands, RankedTensorType type) {
  Value x = operands.getX();
  if (cast<RankedTensorType>(x.getType()).getRank() == 0) {
    Value scalar = createExtract(b, x);
    return createElementwise(b, type, {}, {}, [&](Builder &, ValueRange) { return scalar; });
  }
  return createElementwise(b, type, {x}, {op.getMap()}, [](Builder &, ValueRange element) { return element[0]; });
}

/// `value` everywhere, then x written into the inner box: the destination of the generic is that slice.
Value lowerPad(Builder &b, tw::PadOp op, tw::PadOp::Adaptor operands, RankedTensorType type) {
  Value x = operands.getX();
  auto inner = cast<RankedTensorType>(x.getType());
  if (inner.getRank() == 0)
    return x;
  double value = op.getValue().convertToDouble();
  TypedAttr element = b.getZeroAttr(type.getElementType());
  if (isa<FloatType>(type.getElementType()))
    element = b.getFloatAttr(type.getElementType(), value);
  else
    element = b.getIntegerAttr(type.getElementType(), static_cast<int64_t>(value));
  Value filled = createFill(b, type, element);

  SmallVector<OpFoldResult> offsets, sizes, strides(inner.getRank(), b.getIndexAttr(1));
  for (auto [low, size] : llvm::zip_equal(op.getLow(), inner.getShape())) {
    offsets.push_back(b.getIndexAttr(low));
    sizes.push_back(b.getIndexAttr(size));
  }
  Value box = tensor::ExtractSliceOp::create(b, inner, filled, offsets, sizes, strides);
  SmallVector<AffineMap> maps(2, b.getMultiDimIdentityMap(inner.getRank()));
  SmallVector<utils::IteratorType> iterators(inner.getRank(), utils::IteratorType::parallel);
  auto copy = [](OpBuilder &body, Location loc, ValueRange arguments) {
    linalg::YieldOp::create(body, loc, arguments.take_front());
  };
  Value written =
      linalg::GenericOp::create(b, TypeRange{inner}, ValueRange{x}, ValueRange{box}, maps, iterators, copy).getResult(0);
  return tensor::InsertSliceOp::create(b, written, filled, offsets, sizes, strides);
}

/// The finest cut of both shapes into consecutive runs of equal products. Trailing ones belong to the last run.
void matchRuns(ArrayRef<int64_t> from, ArrayRef<int64_t> to, SmallVector<ReassociationIndices> &fromRuns,
               SmallVector<ReassociationIndices> &toRuns, SmallVector<int64_t> &products) {
  size_t i = 0, j = 0;
  while (i < from.size() && j < to.size()) {
    ReassociationIndices fromRun{static_cast<int64_t>(i)}, toRun{static_cast<int64_t>(j)};
    int64_t left = from[i++], right = to[j++];
    while (left != right) {
      if (left < right) {
        fromRun.push_back(i);
        left *= from[i++];
      } else {
        toRun.push_back(j);
        right *= to[j++];
      }
    }
    fromRuns.push_back(fromRun);
    toRuns.push_back(toRun);
    products.push_back(left);
  }
  for (; i < from.size(); ++i)
    fromRuns.back().push_back(i);
  for (; j < to.size(); ++j)
    toRuns.back().push_back(j);
}

/// A collapse to the shape both sides share, then an expansion of it; either is left out where it does nothing.
Value lowerReshape(Builder &b, tw::ReshapeOp, tw::ReshapeOp::Adaptor operands, RankedTensorType type) {
  Value x = operands.getX();
  auto from = cast<RankedTensorType>(x.getType());
  if (from == type)
    return x;
  if (from.getRank() == 0 || type.getRank() == 0) {
    SmallVector<int64_t> origin(from.getRank(), 0);
    return tensor::FromElementsOp::create(b, type, ValueRange{createExtract(b, x, origin)});
  }
  SmallVector<ReassociationIndices> fromRuns, toRuns;
  SmallVector<int64_t> products;
  matchRuns(from.getShape(), type.getShape(), fromRuns, toRuns, products);
  auto common = cast<RankedTensorType>(type.clone(products));
  if (common.getRank() != from.getRank())
    x = tensor::CollapseShapeOp::create(b, common, x, fromRuns);
  if (common.getRank() != type.getRank())
    x = tensor::ExpandShapeOp::create(b, type, x, toRuns);
  return x;
}

} // namespace

void conversion::addStructurePatterns(StorageTypes &types, RewritePatternSet &patterns) {
  MLIRContext *context = patterns.getContext();
  patterns.add<LowerOp<tw::ConstantOp>>(types, context, lowerConstant);
  patterns.add<LowerOp<tw::IotaOp>>(types, context, lowerIota);
  patterns.add<LowerOp<tw::WindowOp>>(types, context, lowerWindow);
  patterns.add<LowerOp<tw::PadOp>>(types, context, lowerPad);
  patterns.add<LowerOp<tw::ReshapeOp>>(types, context, lowerReshape);
}
