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

/// A loop of `blocks` over slices of `stacks`, in which `write` yields the values to be carried, then what is emitted.
static ScanOp overSlices(OpBuilder &builder, Location loc, TypeRange types, ValueRange starts, ValueRange stacks,
                         function_ref<SmallVector<Value>(OpBuilder &, ValueRange, ValueRange)> write) {
  int64_t count = cast<RankedTensorType>(stacks[0].getType()).getDimSize(0);
  auto scan = ScanOp::create(builder, loc, types, count, /*reversed=*/false, starts, stacks, ValueRange());
  scan.setBlocks(true);
  Block &body = scan.getTurns().emplaceBlock();
  body.addArgument(RankedTensorType::get({}, builder.getI32Type()), loc);
  for (Value start : starts)
    body.addArgument(start.getType(), loc);
  for (Value stack : stacks) {
    auto type = cast<RankedTensorType>(stack.getType());
    body.addArgument(type.clone(type.getShape().drop_front()), loc);
  }
  auto inside = OpBuilder::atBlockEnd(&body);
  auto carried = llvm::to_vector_of<Value>(scan.getCarried()), slices = llvm::to_vector_of<Value>(scan.getSlices());
  YieldOp::create(inside, loc, write(inside, carried, slices));
  return scan;
}

Value sumsOfSquares(OpBuilder &builder, Location loc, Value stack, int64_t depth) {
  auto type = cast<RankedTensorType>(stack.getType());
  auto sums = RankedTensorType::get(type.getShape().take_front(depth), builder.getF64Type());
  return overSlices(builder, loc, sums, {}, stack,
                    [&](OpBuilder &inside, ValueRange, ValueRange slices) {
                      return SmallVector<Value>{depth == 1 ? sumOfSquares(inside, loc, slices[0])
                                                           : sumsOfSquares(inside, loc, slices[0], depth - 1)};
                    })
      .getResult(0);
}

/// `sum`, if there is one, and all of `terms`, one after the other. Of stacks of equal length that follow each other one slice of each is added, then the
/// next of each.
static Value addAll(OpBuilder &builder, Location loc, Value sum, ValueRange terms) {
  auto lengthOf = [](Value term) {
    auto type = cast<RankedTensorType>(term.getType());
    return type.getRank() == 0 ? 0 : type.getDimSize(0);
  };
  while (!terms.empty()) {
    const int64_t length = lengthOf(terms.front());
    if (length == 0) {
      sum = sum ? AddOp::create(builder, loc, sum.getType(), sum, terms.front()).getResult() : terms.front();
      terms = terms.drop_front();
      continue;
    }
    SmallVector<Value> stacks; // of the same layers
    while (stacks.size() < terms.size() && lengthOf(terms[stacks.size()]) == length)
      stacks.push_back(terms[stacks.size()]);
    if (!sum) {
      auto scalar = RankedTensorType::get({}, builder.getF64Type());
      sum = ConstantOp::create(builder, loc, scalar, DenseElementsAttr::get(scalar, 0.0));
    }
    sum = overSlices(builder, loc, sum.getType(), sum, stacks,
                     [&](OpBuilder &inside, ValueRange carried, ValueRange slices) {
                       return SmallVector<Value>{addAll(inside, loc, carried[0], slices)};
                     })
              .getResult(0);
    terms = terms.drop_front(stacks.size());
  }
  return sum;
}

Value normOf(OpBuilder &builder, Location loc, ValueRange sumsOfSquares) {
  Value sum = addAll(builder, loc, {}, sumsOfSquares);
  return SqrtOp::create(builder, loc, sum.getType(), sum);
}

} // namespace talweg::tw
