// Builds the linalg ops that tw is lowered to; the header states what holds for all of them.
#include "TwToLinalg.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace talweg::conversion {

StorageTypes::StorageTypes() {
  addConversion([](Type type) { return type; });
  addConversion([](RankedTensorType type) -> std::optional<Type> {
    if (!type.getElementType().isUnsignedInteger(8))
      return std::nullopt;
    return type.clone(IntegerType::get(type.getContext(), 8));
  });
  auto cast = [](OpBuilder &b, Type type, ValueRange values, Location loc) -> Value {
    return UnrealizedConversionCastOp::create(b, loc, type, values).getResult(0);
  };
  addSourceMaterialization(cast);
  addTargetMaterialization(cast);
}

RankedTensorType loweredType(Type tensor) {
  auto type = dyn_cast<RankedTensorType>(tensor);
  if (!type || !type.hasStaticShape())
    return nullptr;
  if (type.getElementType().isUnsignedInteger(8))
    return cast<RankedTensorType>(type.clone(IntegerType::get(type.getContext(), 8)));
  return type;
}

Value createScalar(ImplicitLocOpBuilder &b, Type type, double value) {
  if (isa<FloatType>(type))
    return arith::ConstantOp::create(b, b.getFloatAttr(type, value));
  return arith::ConstantOp::create(b, b.getIntegerAttr(type, static_cast<int64_t>(value)));
}

Value createExtract(ImplicitLocOpBuilder &b, Value tensor, ArrayRef<int64_t> position) {
  SmallVector<Value> indices;
  for (int64_t at : position)
    indices.push_back(arith::ConstantIndexOp::create(b, at));
  return b.createOrFold<tensor::ExtractOp>(tensor, indices);
}

Value createFill(ImplicitLocOpBuilder &b, RankedTensorType type, TypedAttr value) {
  Value scalar = arith::ConstantOp::create(b, value);
  Value empty = tensor::EmptyOp::create(b, type.getShape(), type.getElementType());
  return linalg::FillOp::create(b, ValueRange{scalar}, ValueRange{empty}).getResult(0);
}

/// The part of `shape` that `map` reaches in a dimension it shows bare; `shape` itself elsewhere.
static SmallVector<int64_t> reachedShape(ArrayRef<int64_t> shape, AffineMap map, ArrayRef<int64_t> extents) {
  SmallVector<int64_t> reached(shape);
  for (auto [size, position] : llvm::zip_equal(reached, map.getResults()))
    if (auto dim = dyn_cast<AffineDimExpr>(position))
      size = extents[dim.getPosition()];
  return reached;
}

static SmallVector<OpFoldResult> indexAttrs(OpBuilder &b, ArrayRef<int64_t> values) {
  SmallVector<OpFoldResult> attrs;
  for (int64_t value : values)
    attrs.push_back(b.getIndexAttr(value));
  return attrs;
}

/// `tensor` cut to `shape` at the origin, or itself where that is its shape.
static Value createLeading(ImplicitLocOpBuilder &b, Value tensor, ArrayRef<int64_t> shape) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (type.getShape() == shape)
    return tensor;
  SmallVector<int64_t> zeros(shape.size(), 0), ones(shape.size(), 1);
  return tensor::ExtractSliceOp::create(b, cast<RankedTensorType>(type.clone(shape)), tensor, indexAttrs(b, zeros),
                                        indexAttrs(b, shape), indexAttrs(b, ones));
}

static SmallVector<Value> fitInputs(ImplicitLocOpBuilder &b, ValueRange inputs, ArrayRef<AffineMap> maps,
                                    ArrayRef<int64_t> extents) {
  SmallVector<Value> fitted;
  for (auto [input, map] : llvm::zip_equal(inputs, maps)) {
    auto type = cast<RankedTensorType>(input.getType());
    fitted.push_back(createLeading(b, input, reachedShape(type.getShape(), map, extents)));
  }
  return fitted;
}

/// Rank 0: the body on extracted scalars.
static Value createScalarComputation(ImplicitLocOpBuilder &b, RankedTensorType type, ValueRange inputs,
                                     ArrayRef<AffineMap> maps, ElementBody body) {
  SmallVector<Value> elements;
  for (auto [input, map] : llvm::zip_equal(inputs, maps))
    elements.push_back(createExtract(b, input, map.compose(ArrayRef<int64_t>())));
  return tensor::FromElementsOp::create(b, type, ValueRange{body(b, elements)});
}

Value createElementwise(ImplicitLocOpBuilder &b, RankedTensorType type, ValueRange inputs, ArrayRef<AffineMap> maps,
                        ElementBody body) {
  if (type.getRank() == 0)
    return createScalarComputation(b, type, inputs, maps, body);
  SmallVector<AffineMap> allMaps(maps);
  allMaps.push_back(b.getMultiDimIdentityMap(type.getRank()));
  SmallVector<utils::IteratorType> iterators(type.getRank(), utils::IteratorType::parallel);
  SmallVector<Value> fitted = fitInputs(b, inputs, maps, type.getShape());
  Value empty = tensor::EmptyOp::create(b, type.getShape(), type.getElementType());
  auto buildBody = [&](OpBuilder &inner, Location loc, ValueRange arguments) {
    ImplicitLocOpBuilder ib(loc, inner);
    linalg::YieldOp::create(ib, ValueRange{body(ib, arguments.drop_back())});
  };
  return linalg::GenericOp::create(b, TypeRange{type}, fitted, ValueRange{empty}, allMaps, iterators, buildBody)
      .getResult(0);
}

/// The dimensions that no map shows bare.
static SmallVector<unsigned> hiddenDims(unsigned count, ArrayRef<AffineMap> maps) {
  llvm::SmallBitVector shown(count);
  for (AffineMap map : maps)
    for (AffineExpr position : map.getResults())
      if (auto dim = dyn_cast<AffineDimExpr>(position))
        shown.set(dim.getPosition());
  SmallVector<unsigned> hidden;
  for (unsigned dim = 0; dim < count; ++dim)
    if (!shown.test(dim))
      hidden.push_back(dim);
  return hidden;
}

Value createAccumulation(ImplicitLocOpBuilder &b, RankedTensorType type, TypedAttr initial, ArrayRef<int64_t> extents,
                         ValueRange inputs, ArrayRef<AffineMap> maps, AffineMap outputMap, AccumulateBody body) {
  if (extents.empty() && type.getRank() == 0) {
    auto onInitial = [&](ImplicitLocOpBuilder &inner, ValueRange x) {
      return body(inner, x, arith::ConstantOp::create(inner, initial));
    };
    return createScalarComputation(b, type, inputs, maps, onInitial);
  }
  SmallVector<AffineMap> allMaps(maps);
  allMaps.push_back(outputMap);
  SmallVector<Value> operands = fitInputs(b, inputs, maps, extents);
  SmallVector<unsigned> hidden = hiddenDims(extents.size(), allMaps);
  if (!hidden.empty()) {
    SmallVector<int64_t> shape;
    for (unsigned dim : hidden)
      shape.push_back(extents[dim]);
    operands.push_back(tensor::EmptyOp::create(b, shape, type.getElementType()));
    allMaps.insert(allMaps.end() - 1, AffineMap::getMultiDimMapWithTargets(extents.size(), hidden, b.getContext()));
  }

  SmallVector<utils::IteratorType> iterators(extents.size(), utils::IteratorType::reduction);
  for (AffineExpr position : outputMap.getResults())
    if (auto dim = dyn_cast<AffineDimExpr>(position))
      iterators[dim.getPosition()] = utils::IteratorType::parallel;

  Value filled = createFill(b, type, initial);
  SmallVector<int64_t> reached = reachedShape(type.getShape(), outputMap, extents);
  Value destination = createLeading(b, filled, reached);
  auto buildBody = [&](OpBuilder &inner, Location loc, ValueRange arguments) {
    ImplicitLocOpBuilder ib(loc, inner);
    Value value = body(ib, arguments.take_front(inputs.size()), arguments.back());
    linalg::YieldOp::create(ib, ValueRange{value});
  };
  Value result = linalg::GenericOp::create(b, TypeRange{destination.getType()}, operands, ValueRange{destination}, allMaps,
                                           iterators, buildBody)
                     .getResult(0);
  if (destination == filled)
    return result;
  SmallVector<int64_t> zeros(reached.size(), 0), ones(reached.size(), 1);
  return tensor::InsertSliceOp::create(b, result, filled, indexAttrs(b, zeros), indexAttrs(b, reached),
                                       indexAttrs(b, ones));
}

} // namespace talweg::conversion
