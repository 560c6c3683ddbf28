// What combines elements: reductions, positions of extremes, folds and contractions.
#include "TwToLinalg.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using namespace talweg;
using namespace talweg::conversion;

namespace {

using Builder = ImplicitLocOpBuilder;

template <typename FloatOp, typename IntOp>
Value byType(Builder &b, Value accumulator, Value x) {
  if (isa<FloatType>(x.getType()))
    return FloatOp::create(b, accumulator, x);
  return IntOp::create(b, accumulator, x);
}

/// A maximum or minimum of floats with a nan is nan.
Value combine(Builder &b, tw::Reduction kind, Value accumulator, Value x) {
  switch (kind) {
  case tw::Reduction::sum: return byType<arith::AddFOp, arith::AddIOp>(b, accumulator, x);
  case tw::Reduction::prod: return byType<arith::MulFOp, arith::MulIOp>(b, accumulator, x);
  case tw::Reduction::max: return byType<arith::MaximumFOp, arith::MaxSIOp>(b, accumulator, x);
  case tw::Reduction::min: return byType<arith::MinimumFOp, arith::MinSIOp>(b, accumulator, x);
  case tw::Reduction::any: return arith::OrIOp::create(b, accumulator, x);
  case tw::Reduction::all: return arith::AndIOp::create(b, accumulator, x);
  }
  llvm_unreachable("unknown reduction");
}

/// The value that combine leaves alone.
TypedAttr neutral(Builder &b, tw::Reduction kind, Type type) {
  if (auto floats = dyn_cast<FloatType>(type)) {
    const llvm::fltSemantics &semantics = floats.getFloatSemantics();
    switch (kind) {
    case tw::Reduction::prod: return b.getFloatAttr(type, 1.0);
    case tw::Reduction::max: return b.getFloatAttr(type, APFloat::getInf(semantics, /*Negative=*/true));
    case tw::Reduction::min: return b.getFloatAttr(type, APFloat::getInf(semantics));
    default: return b.getFloatAttr(type, 0.0);
    }
  }
  unsigned width = type.getIntOrFloatBitWidth();
  switch (kind) {
  case tw::Reduction::prod:
  case tw::Reduction::all: return b.getIntegerAttr(type, APInt(width, 1));
  case tw::Reduction::max: return b.getIntegerAttr(type, APInt::getSignedMinValue(width));
  case tw::Reduction::min: return b.getIntegerAttr(type, APInt::getSignedMaxValue(width));
  default: return b.getIntegerAttr(type, APInt(width, 0));
  }
}

/// (d0 … dn) without the listed dims.
AffineMap dropDims(Builder &b, unsigned rank, ArrayRef<int64_t> dropped) {
  SmallVector<unsigned> kept;
  for (unsigned dim = 0; dim < rank; ++dim)
    if (!llvm::is_contained(dropped, dim))
      kept.push_back(dim);
  return AffineMap::getMultiDimMapWithTargets(rank, kept, b.getContext());
}

Value createReduction(Builder &b, tw::Reduction kind, Value x, ArrayRef<int64_t> dims, RankedTensorType type) {
  auto from = cast<RankedTensorType>(x.getType());
  AffineMap identity = b.getMultiDimIdentityMap(from.getRank());
  return createAccumulation(b, type, neutral(b, kind, type.getElementType()), from.getShape(), {x}, {identity},
                            dropDims(b, from.getRank(), dims),
                            [&](Builder &inner, ValueRange element, Value accumulator) {
                              return combine(inner, kind, accumulator, element[0]);
                            });
}

Value lowerReduce(Builder &b, tw::ReduceOp op, tw::ReduceOp::Adaptor operands, RankedTensorType type) {
  if (op.getDims().empty())
    return operands.getX();
  return createReduction(b, op.getKind(), operands.getX(), op.getDims(), type);
}

/// The extreme first, then the least position that holds it. The extreme is nan where any element is, and then the
/// positions of the nans are looked for.
Value lowerArg(Builder &b, tw::ArgOp op, tw::ArgOp::Adaptor operands, RankedTensorType type) {
  Value x = operands.getX();
  auto from = cast<RankedTensorType>(x.getType());
  int64_t dim = op.getDim();
  auto extremeType = cast<RankedTensorType>(type.clone(from.getElementType()));
  Value extreme = createReduction(b, op.getKind(), x, {dim}, extremeType);

  Type i32 = type.getElementType();
  auto last = b.getIntegerAttr(i32, APInt::getSignedMaxValue(32));
  auto least = [&](Builder &inner, ValueRange element, Value accumulator) -> Value {
    Value holds;
    if (isa<FloatType>(element[0].getType())) {
      Value equal = arith::CmpFOp::create(inner, arith::CmpFPredicate::OEQ, element[0], element[1]);
      Value isNan = arith::CmpFOp::create(inner, arith::CmpFPredicate::UNO, element[0], element[0]);
      holds = arith::OrIOp::create(inner, equal, isNan);
    } else {
      holds = arith::CmpIOp::create(inner, arith::CmpIPredicate::eq, element[0], element[1]);
    }
    Value position = arith::IndexCastOp::create(inner, i32, linalg::IndexOp::create(inner, dim));
    Value none = arith::ConstantOp::create(inner, last);
    return arith::MinSIOp::create(inner, accumulator, arith::SelectOp::create(inner, holds, position, none));
  };
  AffineMap identity = b.getMultiDimIdentityMap(from.getRank()), outer = dropDims(b, from.getRank(), {dim});
  return createAccumulation(b, type, last, from.getShape(), {x, extreme}, {identity, outer}, outer, least);
}

/// y[i] = sum of 1 over the j where x[j] < x[i]
Value lowerCountBelow(Builder &b, tw::CountBelowOp op, tw::CountBelowOp::Adaptor operands, RankedTensorType type) {
  int64_t count = type.getDimSize(0);
  AffineMap here = AffineMap::get(2, 0, b.getAffineDimExpr(0)), other = AffineMap::get(2, 0, b.getAffineDimExpr(1));
  Type element = type.getElementType();
  return createAccumulation(b, type, b.getZeroAttr(element), {count, count}, {operands.getX(), operands.getX()},
                            {here, other}, here, [&](Builder &inner, ValueRange x, Value accumulator) -> Value {
                              Value less = arith::CmpFOp::create(inner, arith::CmpFPredicate::OLT, x[1], x[0]);
                              Value one = createScalar(inner, element, 1), none = createScalar(inner, element, 0);
                              Value more = arith::SelectOp::create(inner, less, one, none);
                              return arith::AddFOp::create(inner, accumulator, more);
                            });
}

/// Zero everywhere but at one constant position.
Value createOneElement(Builder &b, Value scalar, ArrayRef<int64_t> position, RankedTensorType type) {
  return createElementwise(b, type, {}, {}, [&](Builder &inner, ValueRange) -> Value {
    Value value = scalar, zero = createScalar(inner, type.getElementType(), 0);
    for (auto [dim, at] : llvm::enumerate(position)) {
      Value index = linalg::IndexOp::create(inner, dim), wanted = arith::ConstantIndexOp::create(inner, at);
      Value here = arith::CmpIOp::create(inner, arith::CmpIPredicate::eq, index, wanted);
      value = arith::SelectOp::create(inner, here, value, zero);
    }
    return value;
  });
}

/// y[map(d)] += x[d]
Value lowerFold(Builder &b, tw::FoldOp op, tw::FoldOp::Adaptor operands, RankedTensorType type) {
  Value x = operands.getX();
  auto from = cast<RankedTensorType>(x.getType());
  if (from.getRank() == 0 && type.getRank() != 0)
    return createOneElement(b, createExtract(b, x), op.getMap().compose(ArrayRef<int64_t>()), type);
  AffineMap identity = b.getMultiDimIdentityMap(from.getRank());
  return createAccumulation(b, type, b.getZeroAttr(type.getElementType()), from.getShape(), {x}, {identity},
                            op.getMap(), [](Builder &inner, ValueRange element, Value accumulator) -> Value {
                              return arith::AddFOp::create(inner, accumulator, element[0]);
                            });
}

/// y[yMap(d)] = y[yMap(d)] + a[aMap(d)] * b[bMap(d)]
Value lowerContract(Builder &b, tw::ContractOp op, tw::ContractOp::Adaptor operands, RankedTensorType type) {
  return createAccumulation(b, type, b.getZeroAttr(type.getElementType()), op.getExtents(),
                            {operands.getA(), operands.getB()}, {op.getAMap(), op.getBMap()}, op.getYMap(),
                            [](Builder &inner, ValueRange element, Value accumulator) -> Value {
                              Value product = arith::MulFOp::create(inner, element[0], element[1]);
                              return arith::AddFOp::create(inner, accumulator, product);
                            });
}

} // namespace

void conversion::addReductionPatterns(StorageTypes &types, RewritePatternSet &patterns) {
  MLIRContext *context = patterns.getContext();
  patterns.add<LowerOp<tw::ReduceOp>>(types, context, lowerReduce);
  patterns.add<LowerOp<tw::ArgOp>>(types, context, lowerArg);
  patterns.add<LowerOp<tw::CountBelowOp>>(types, context, lowerCountBelow);
  patterns.add<LowerOp<tw::FoldOp>>(types, context, lowerFold);
  patterns.add<LowerOp<tw::ContractOp>>(types, context, lowerContract);
}
