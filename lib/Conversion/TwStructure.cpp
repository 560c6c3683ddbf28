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

/// Unsigned literals are read as signless ones of the same bits.
Value lowerConstant(Builder &b, tw::ConstantOp op, tw::ConstantOp::Adaptor, RankedTensorType type) {
  auto value = dyn_cast<DenseElementsAttr>(op.getValue());
  if (!value)
    return arith::ConstantOp::create(b, cast<TypedAttr>(op.getValue()));
  if (value.getType() != type)
    value = value.bitcast(type.getElementType());
  return arith::ConstantOp::create(b, type, value);
}

/// Differentiation is over: x itself.
Value lowerStopGradient(Builder &, tw::StopGradientOp, tw::StopGradientOp::Adaptor operands, RankedTensorType) {
  return operands.getX();
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

/// y = neutral everywhere, then y[d + low] = combine(y[d + low], x[d]): addition onto zero, or the maximum with -inf. Another
/// value takes the place of the zeros afterwards.
Value lowerPad(Builder &b, tw::PadOp op, tw::PadOp::Adaptor operands, RankedTensorType type) {
  Value x = operands.getX();
  auto from = cast<RankedTensorType>(x.getType());
  if (from == type)
    return x;
  Type element = type.getElementType();
  bool isFloat = isa<FloatType>(element);
  const APFloat &value = op.getValue();
  bool isLowest = isFloat && value.isInfinity() && value.isNegative();
  AffineMap identity = b.getMultiDimIdentityMap(from.getRank());
  SmallVector<AffineExpr> shifted;
  for (auto [dim, low] : llvm::enumerate(op.getLow()))
    shifted.push_back(b.getAffineDimExpr(dim) + low);
  TypedAttr initial =
      isLowest ? TypedAttr(b.getFloatAttr(element, -std::numeric_limits<double>::infinity())) : b.getZeroAttr(element);
  auto combine = [&](Builder &inner, ValueRange in, Value accumulator) -> Value {
    if (isLowest)
      return arith::MaximumFOp::create(inner, accumulator, in[0]);
    if (isFloat)
      return arith::AddFOp::create(inner, accumulator, in[0]);
    return arith::OrIOp::create(inner, accumulator, in[0]);
  };
  Value padded = createAccumulation(b, type, initial, from.getShape(), {x}, {identity},
                                    AffineMap::get(from.getRank(), 0, shifted, b.getContext()), combine);
  if (isLowest || value.isZero())
    return padded;
  return createElementwise(b, type, {padded}, {identity}, [&](Builder &inner, ValueRange in) -> Value {
    Value result = in[0], outside = createScalar(inner, element, value.convertToDouble());
    for (auto [dim, low, size] : llvm::enumerate(op.getLow(), from.getShape())) {
      Value index = linalg::IndexOp::create(inner, dim);
      Value first = arith::ConstantIndexOp::create(inner, low), end = arith::ConstantIndexOp::create(inner, low + size);
      Value after = arith::CmpIOp::create(inner, arith::CmpIPredicate::sge, index, first);
      Value before = arith::CmpIOp::create(inner, arith::CmpIPredicate::slt, index, end);
      result = arith::SelectOp::create(inner, arith::AndIOp::create(inner, after, before), result, outside);
    }
    return result;
  });
}

/// Bufferization copies each part to its place.
Value lowerConcat(Builder &b, tw::ConcatOp op, tw::ConcatOp::Adaptor operands, RankedTensorType type) {
  return tensor::ConcatOp::create(b, type, op.getDim(), operands.getParts());
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

Value lowerReshape(Builder &b, tw::ReshapeOp, tw::ReshapeOp::Adaptor operands, RankedTensorType type) {
  return createReshape(b, operands.getX(), type);
}

} // namespace

/// A collapse to the shape both sides share, then an expansion of it; either is left out where it does nothing.
Value conversion::createReshape(ImplicitLocOpBuilder &b, Value x, RankedTensorType type) {
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

void conversion::addStructurePatterns(StorageTypes &types, RewritePatternSet &patterns) {
  MLIRContext *context = patterns.getContext();
  patterns.add<LowerOp<tw::StopGradientOp>>(types, context, lowerStopGradient);
  patterns.add<LowerOp<tw::ConstantOp>>(types, context, lowerConstant);
  patterns.add<LowerOp<tw::IotaOp>>(types, context, lowerIota);
  patterns.add<LowerOp<tw::WindowOp>>(types, context, lowerWindow);
  patterns.add<LowerOp<tw::PadOp>>(types, context, lowerPad);
  patterns.add<LowerOp<tw::ConcatOp>>(types, context, lowerConcat);
  patterns.add<LowerOp<tw::ReshapeOp>>(types, context, lowerReshape);
}
