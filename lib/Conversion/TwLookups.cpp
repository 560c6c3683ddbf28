// Lookups by whole rows: one list of positions. What the rows share is made a part of their numbers.
#include "TwToLinalg.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "talweg/Dialect/Kernel/Kernel.h"

using namespace mlir;
using namespace talweg;
using namespace talweg::conversion;

namespace {

using Builder = ImplicitLocOpBuilder;

int64_t product(ArrayRef<int64_t> extents) { return ShapedType::getNumElements(extents); }

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// The rows of a table [S.., R, W..] as numbers of rows of [S.. R, W..], for the positions of `rows` [S.., P..].
Value numbersOf(Builder &b, Value rows, int64_t shared, int64_t extent) {
  RankedTensorType type = typeOf(rows);
  if (shared == 0)
    return rows;
  if (product(type.getShape().take_front(shared)) * extent > INT32_MAX)
    type = cast<RankedTensorType>(type.clone(b.getI64Type()));
  AffineMap identity = b.getMultiDimIdentityMap(type.getRank());
  return createElementwise(b, type, {rows}, {identity}, [&](Builder &inner, ValueRange row) -> Value {
    auto number = [&](int64_t value) -> Value {
      return arith::ConstantOp::create(inner, inner.getIntegerAttr(type.getElementType(), value));
    };
    Value own = row[0].getType() == type.getElementType()
                    ? row[0]
                    : Value(arith::ExtSIOp::create(inner, type.getElementType(), row[0]));
    own = arith::MinSIOp::create(inner, arith::MaxSIOp::create(inner, own, number(0)), number(extent - 1));
    Value first;
    for (int64_t dim = 0; dim < shared; ++dim) {
      Value index = arith::IndexCastOp::create(inner, type.getElementType(), linalg::IndexOp::create(inner, dim));
      Value before = first ? Value(arith::MulIOp::create(inner, first, number(type.getDimSize(dim)))) : Value();
      first = before ? Value(arith::AddIOp::create(inner, before, index)) : index;
    }
    return arith::AddIOp::create(inner, arith::MulIOp::create(inner, first, number(extent)), own);
  });
}

/// A lookup in a table [S.., R, W..] as one in [rows, width].
struct Flat {
  Flat(ArrayRef<int64_t> table, ArrayRef<int64_t> named, int64_t shared)
      : rows(product(table.take_front(shared + 1))), width(product(table.drop_front(shared + 1))),
        positions(product(named)) {}
  int64_t rows, width, positions;
};

/// The shape of `rows` rows as the table [S.., R, W..] has them.
SmallVector<int64_t> shapeOfRows(int64_t rows, ArrayRef<int64_t> table, int64_t shared) {
  SmallVector<int64_t> shape(table.drop_front(shared + 1));
  shape.insert(shape.begin(), rows);
  return shape;
}

Value flattened(Builder &b, Value value, ArrayRef<int64_t> shape) {
  return createReshape(b, value, cast<RankedTensorType>(typeOf(value).clone(shape)));
}

Value createEmpty(Builder &b, ArrayRef<int64_t> shape, Type element) {
  return tensor::EmptyOp::create(b, shape, element);
}

Value lowerGather(Builder &b, tw::GatherOp op, tw::GatherOp::Adaptor operands, RankedTensorType type) {
  ArrayRef<int64_t> table = typeOf(operands.getTable()).getShape();
  int64_t shared = op.getShared();
  Flat flat(table, typeOf(operands.getRows()).getShape(), shared);
  Value rows = numbersOf(b, operands.getRows(), shared, table[shared]);
  Value looked =
      kernel::GatherOp::create(b, flattened(b, operands.getTable(), shapeOfRows(flat.rows, table, shared)),
                               flattened(b, rows, {flat.positions}),
                               createEmpty(b, shapeOfRows(flat.positions, table, shared), type.getElementType()))
          .getResult();
  return createReshape(b, looked, type);
}

Value lowerScatterAdd(Builder &b, tw::ScatterAddOp op, tw::ScatterAddOp::Adaptor operands, RankedTensorType type) {
  int64_t shared = op.getShared();
  Flat flat(type.getShape(), typeOf(operands.getRows()).getShape(), shared);
  Value rows = numbersOf(b, operands.getRows(), shared, type.getDimSize(shared));
  Value sums = kernel::ScatterAddOp::create(b, flattened(b, rows, {flat.positions}),
                                            flattened(b, operands.getValues(), {flat.positions, flat.width}),
                                            createEmpty(b, {flat.rows, flat.width}, type.getElementType()))
                   .getResult();
  return createReshape(b, sums, type);
}

Value lowerPutRows(Builder &b, tw::PutRowsOp, tw::PutRowsOp::Adaptor operands, RankedTensorType type) {
  int64_t positions = typeOf(operands.getRows()).getNumElements();
  return kernel::PutRowsOp::create(b, flattened(b, operands.getValues(), shapeOfRows(positions, type.getShape(), 0)),
                                   flattened(b, operands.getRows(), {positions}), operands.getTable())
      .getResult();
}

struct LowerCoalesce : OpConversionPattern<tw::CoalesceOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tw::CoalesceOp op, OpAdaptor operands,
                                ConversionPatternRewriter &rewriter) const override {
    Builder b(op.getLoc(), rewriter);
    RankedTensorType named = loweredType(op.getNamed().getType()), sums = loweredType(op.getSums().getType());
    int64_t positions = named.getNumElements(), width = sums.getNumElements() / positions;
    Value rows = flattened(b, operands.getRows(), {positions}),
          values = flattened(b, operands.getValues(), {positions, width});
    Value outs[] = {createEmpty(b, {positions}, named.getElementType()),
                    createEmpty(b, {positions, width}, sums.getElementType())};
    auto coalesced =
        kernel::CoalesceOp::create(b, TypeRange(ValueRange(outs)), values, rows, op.getCount(), outs[0], outs[1]);
    rewriter.replaceOp(op, {coalesced->getResult(0), createReshape(b, coalesced->getResult(1), sums)});
    return success();
  }
};

} // namespace

void conversion::addLookupPatterns(StorageTypes &types, RewritePatternSet &patterns) {
  patterns.add<LowerOp<tw::GatherOp>>(types, patterns.getContext(), lowerGather);
  patterns.add<LowerOp<tw::ScatterAddOp>>(types, patterns.getContext(), lowerScatterAdd);
  patterns.add<LowerOp<tw::PutRowsOp>>(types, patterns.getContext(), lowerPutRows);
  patterns.add<LowerCoalesce>(types, patterns.getContext());
}
