// Builds the linalg ops that tw is lowered to; the header states what holds for all of them.
#include "GatherBatch.h"
#include "TwToLinalg.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "talweg/Dialect/Tw/Elements.h"

using namespace mlir;

namespace talweg::conversion {

StorageTypes::StorageTypes() {
  addConversion([](Type type) { return type; });
  addConversion(
      [](RankedTensorType type) -> std::optional<Type> { return type.clone(tw::loweredType(type.getElementType())); });
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
  return cast<RankedTensorType>(type.clone(tw::loweredType(type.getElementType())));
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

/// `map` into `shape`, written so that linalg accepts it: a dimension shown bare must cover its operand's dimension, so one
/// that covers only the beginning of it is shown as `d mod size`, which equals d there.
static AffineMap fitMap(AffineMap map, ArrayRef<int64_t> shape, ArrayRef<int64_t> extents) {
  SmallVector<AffineExpr> positions;
  for (auto [position, size] : llvm::zip_equal(map.getResults(), shape)) {
    auto dim = dyn_cast<AffineDimExpr>(position);
    positions.push_back(dim && extents[dim.getPosition()] != size ? position % size : position);
  }
  return AffineMap::get(map.getNumDims(), 0, positions, map.getContext());
}

static SmallVector<AffineMap> fitMaps(ValueRange inputs, ArrayRef<AffineMap> maps, ArrayRef<int64_t> extents) {
  SmallVector<AffineMap> fitted;
  for (auto [input, map] : llvm::zip_equal(inputs, maps))
    fitted.push_back(fitMap(map, cast<RankedTensorType>(input.getType()).getShape(), extents));
  return fitted;
}

/// An iteration space in which no position divides an index: where maps use `d floordiv k` or `d mod k`, the dimension d
/// becomes two, of extents (extent / k, k), which are that quotient and that remainder.
class LinearSpace {
public:
  LinearSpace(ArrayRef<int64_t> originalExtents, ArrayRef<AffineMap> maps) {
    for (AffineMap map : maps)
      for (AffineExpr position : map.getResults())
        position.walk([&](AffineExpr expr) { noteDivision(expr, originalExtents); });
    for (auto [dim, extent] : llvm::enumerate(originalExtents)) {
      MLIRContext *context = maps.empty() ? nullptr : maps.front().getContext();
      runs.emplace_back();
      int64_t by = divisors.lookup(dim);
      if (by == 0 || extent % by != 0) {
        addDim(extent);
        if (context)
          replacements[getAffineDimExpr(dim, context)] = getAffineDimExpr(extents.size() - 1, context);
        continue;
      }
      addDim(extent / by);
      addDim(by);
      AffineExpr quotient = getAffineDimExpr(extents.size() - 2, context);
      AffineExpr remainder = getAffineDimExpr(extents.size() - 1, context);
      AffineExpr whole = getAffineDimExpr(dim, context);
      replacements[whole.floorDiv(by)] = quotient;
      replacements[whole % by] = remainder;
      replacements[whole] = quotient * by + remainder;
    }
  }

  bool isSplit() const { return extents.size() != runs.size(); }

  /// The map in the new dimensions, or null when a position still divides.
  AffineMap rewrite(AffineMap map) const {
    SmallVector<AffineExpr> positions;
    for (AffineExpr position : map.getResults())
      positions.push_back(position.replace(replacements));
    AffineMap rewritten = AffineMap::get(extents.size(), 0, positions, map.getContext());
    bool divides = false;
    for (AffineExpr position : positions)
      position.walk([&](AffineExpr expr) { divides |= isDivision(expr); });
    return divides ? AffineMap() : rewritten;
  }

  SmallVector<int64_t> extents;
  SmallVector<ReassociationIndices> runs; ///< the new dimensions of each original one

private:
  static bool isDivision(AffineExpr expr) {
    return expr.getKind() == AffineExprKind::FloorDiv || expr.getKind() == AffineExprKind::CeilDiv ||
           expr.getKind() == AffineExprKind::Mod;
  }

  void noteDivision(AffineExpr expr, ArrayRef<int64_t> originalExtents) {
    if (!isDivision(expr))
      return;
    auto binary = cast<AffineBinaryOpExpr>(expr);
    auto dim = dyn_cast<AffineDimExpr>(binary.getLHS());
    auto by = dyn_cast<AffineConstantExpr>(binary.getRHS());
    if (dim && by && by.getValue() > 0)
      divisors.try_emplace(dim.getPosition(), by.getValue());
  }

  void addDim(int64_t extent) {
    runs.back().push_back(extents.size());
    extents.push_back(extent);
  }

  DenseMap<unsigned, int64_t> divisors;
  DenseMap<AffineExpr, AffineExpr> replacements;
};

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
  LinearSpace space(type.getShape(), maps);
  if (space.isSplit()) {
    // The body sees no index here: what asks for indices reads through identities.
    SmallVector<AffineMap> linear;
    for (AffineMap map : maps)
      linear.push_back(space.rewrite(map));
    if (llvm::is_contained(linear, AffineMap()))
      return {};
    auto splitType = cast<RankedTensorType>(type.clone(space.extents));
    Value split = createElementwise(b, splitType, inputs, linear, body);
    return tensor::CollapseShapeOp::create(b, type, split, space.runs);
  }
  if (llvm::any_of(maps, [&](AffineMap map) { return !space.rewrite(map); }))
    return {};
  SmallVector<AffineMap> allMaps = fitMaps(inputs, maps, type.getShape());
  allMaps.push_back(b.getMultiDimIdentityMap(type.getRank()));
  SmallVector<utils::IteratorType> iterators(type.getRank(), utils::IteratorType::parallel);
  Value empty = tensor::EmptyOp::create(b, type.getShape(), type.getElementType());
  auto buildBody = [&](OpBuilder &inner, Location loc, ValueRange arguments) {
    ImplicitLocOpBuilder ib(loc, inner);
    linalg::YieldOp::create(ib, ValueRange{body(ib, arguments.drop_back())});
  };
  return linalg::GenericOp::create(b, TypeRange{type}, inputs, ValueRange{empty}, allMaps, iterators, buildBody)
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
  SmallVector<AffineMap> originalMaps(maps);
  originalMaps.push_back(outputMap);
  LinearSpace space(extents, originalMaps);
  SmallVector<AffineMap> linear;
  for (AffineMap map : originalMaps)
    linear.push_back(space.rewrite(map));
  if (llvm::is_contained(linear, AffineMap()))
    return {};
  outputMap = linear.pop_back_val();
  maps = linear;
  extents = space.extents;

  SmallVector<AffineMap> allMaps = fitMaps(inputs, maps, extents);
  outputMap = fitMap(outputMap, type.getShape(), extents);
  allMaps.push_back(outputMap);
  SmallVector<Value> operands(inputs);
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
  auto buildBody = [&](OpBuilder &inner, Location loc, ValueRange arguments) {
    ImplicitLocOpBuilder ib(loc, inner);
    Value value = body(ib, arguments.take_front(inputs.size()), arguments.back());
    linalg::YieldOp::create(ib, ValueRange{value});
  };
  return linalg::GenericOp::create(b, TypeRange{type}, operands, ValueRange{filled}, allMaps, iterators, buildBody)
      .getResult(0);
}

} // namespace talweg::conversion
