// The ops of a norm.
#include "talweg/Dialect/Tw/Norm.h"
#include "talweg/Dialect/Tw/Tw.h"

#include "llvm/ADT/Sequence.h"

using namespace mlir;

namespace talweg::tw {

Value sumOfSquares(OpBuilder &builder, Location loc, Value x) {
  auto type = cast<RankedTensorType>(x.getType());
  Value squares = MulOp::create(builder, loc, type, x, x);
  SmallVector<int64_t> all = llvm::to_vector(llvm::seq<int64_t>(0, type.getRank()));
  auto scalar = RankedTensorType::get({}, type.getElementType());
  Value sum = builder.createOrFold<ReduceOp>(loc, scalar, Reduction::sum, squares, all);
  return builder.createOrFold<ConvertOp>(loc, scalar.clone(builder.getF64Type()), sum);
}

Value normOf(OpBuilder &builder, Location loc, ValueRange sumsOfSquares) {
  Value sum = sumsOfSquares.front();
  for (Value more : sumsOfSquares.drop_front())
    sum = AddOp::create(builder, loc, sum.getType(), sum, more);
  return SqrtOp::create(builder, loc, sum.getType(), sum);
}

} // namespace talweg::tw
