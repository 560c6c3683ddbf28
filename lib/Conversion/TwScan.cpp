// A scan is a loop whose body is a block like a step's: what differs from turn to turn comes from memory at its head and goes to memory at
// its end. So every phase behind sees straight lines. What all turns share is read as it is.
#include "GatherBatch.h"
#include "TwToLinalg.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "talweg/Runtime/Abi.h"

using namespace mlir;
using namespace talweg;
using namespace talweg::conversion;

namespace {

using Builder = ImplicitLocOpBuilder;

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// What memory has for a tensor of `type`: a condition is a byte.
RankedTensorType inMemory(RankedTensorType type) {
  return type.getElementType().isInteger(1) ? type.clone(IntegerType::get(type.getContext(), 8)) : type;
}

/// `tensor` with elements of the type of `type`, conditions as bytes or bytes as conditions.
Value converted(Builder &b, Value tensor, RankedTensorType type) {
  if (tensor.getType() == type)
    return tensor;
  AffineMap everywhere = b.getMultiDimIdentityMap(type.getRank());
  return createElementwise(b, type, tensor, everywhere, [&](Builder &inner, ValueRange x) -> Value {
    if (type.getElementType().isInteger(1))
      return arith::TruncIOp::create(inner, inner.getI1Type(), x[0]);
    return arith::ExtUIOp::create(inner, type.getElementType(), x[0]);
  });
}

int64_t bytesIn(RankedTensorType type) {
  type = inMemory(type);
  return type.getNumElements() * (type.getElementTypeBitWidth() / 8);
}

Value createIndex(Builder &b, int64_t value) { return arith::ConstantIndexOp::create(b, value); }

/// Memory from a place in bytes on.
struct Memory {
  Value bytes, shift;
};

/// Bytes, in which tensors lie one behind the other. They are at the head of the block, so that any op there can write to them.
Memory allocate(Builder &b, RankedTensorType type) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(b.getBlock());
  auto bytes = MemRefType::get({bytesIn(type)}, b.getI8Type());
  return {memref::AllocOp::create(b, bytes, b.getI64IntegerAttr(abi::kAlignment)), createIndex(b, 0)};
}

/// The memory of a tensor of `type`, number `place` of those of its size.
Value viewAt(Builder &b, Memory memory, RankedTensorType type, Value place) {
  Value within = b.createOrFold<arith::MulIOp>(place, createIndex(b, bytesIn(type)));
  Value shift = b.createOrFold<arith::AddIOp>(memory.shift, within);
  return memref::ViewOp::create(b, bufferType(inMemory(type)), memory.bytes, shift, ValueRange());
}

Value read(Builder &b, Value memory, RankedTensorType type) {
  return converted(b, bufferization::ToTensorOp::create(b, inMemory(type), memory, /*restrict=*/true), type);
}

void write(Builder &b, Value tensor, Value memory) {
  tensor = converted(b, tensor, inMemory(typeOf(tensor)));
  bufferization::MaterializeInDestinationOp::create(b, Type(), tensor, memory, /*restrict=*/true, /*writable=*/true);
}

/// Is what `put` wrote there overwritten by turns of a loop, which carries it?
bool isCarried(bufferization::MaterializeInDestinationOp put, Value bytes) {
  return llvm::any_of(bytes.getUsers(), [&](Operation *view) {
    return view->getBlock() != put->getBlock() &&
           llvm::any_of(view->getUsers(), llvm::IsaPred<bufferization::MaterializeInDestinationOp>);
  });
}

/// What holds `tensor` from here on. What a loop has left there, or was put there for the slices of another loop, stays.
Memory memoryOf(Builder &b, Value tensor) {
  auto known = [](Value place) -> std::optional<Memory> {
    auto view = place.getDefiningOp<memref::ViewOp>();
    if (!view || !view.getSource().getDefiningOp<memref::AllocOp>())
      return std::nullopt;
    return Memory{view.getSource(), view.getByteShift()};
  };
  if (auto left = tensor.getDefiningOp<bufferization::ToTensorOp>())
    if (auto memory = known(left.getBuffer()))
      return *memory;
  for (Operation *user : tensor.getUsers())
    if (auto put = dyn_cast<bufferization::MaterializeInDestinationOp>(user); put && put->getBlock() == b.getBlock())
      if (auto memory = known(put.getDest()); memory && !isCarried(put, memory->bytes))
        return *memory;
  Memory memory = allocate(b, typeOf(tensor));
  write(b, tensor, viewAt(b, memory, typeOf(tensor), createIndex(b, 0)));
  return memory;
}

struct LowerScan : OpConversionPattern<tw::ScanOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tw::ScanOp op, OpAdaptor operands, ConversionPatternRewriter &rewriter) const override {
    Builder b(op.getLoc(), rewriter);
    SmallVector<Memory> carried, stacks;
    for (Value stack : operands.getStacks())
      stacks.push_back(memoryOf(b, stack));
    for (Value start : operands.getStarts()) {
      carried.push_back(allocate(b, typeOf(start)));
      write(b, start, viewAt(b, carried.back(), typeOf(start), createIndex(b, 0)));
    }
    SmallVector<Memory> emitted =
        llvm::map_to_vector(op.getEmitted(), [&](Value stack) { return allocate(b, loweredType(stack.getType())); });

    auto loop = scf::ForOp::create(b, createIndex(b, 0), createIndex(b, op.getLength()), createIndex(b, 1));
    b.setInsertionPointToStart(loop.getBody());
    Value turn = loop.getInductionVar();
    if (op.getReversed())
      turn = arith::SubIOp::create(b, createIndex(b, op.getLength() - 1), turn);
    Value number = arith::IndexCastOp::create(b, b.getI32Type(), turn);
    SmallVector<Value> inside{
        tensor::FromElementsOp::create(b, cast<RankedTensorType>(op.getTurn().getType()), number)};
    auto add = [&](Value memory, Type type) { inside.push_back(read(b, memory, cast<RankedTensorType>(type))); };
    SmallVector<Value> places;
    for (auto [memory, argument] : llvm::zip_equal(carried, op.getCarried())) {
      places.push_back(viewAt(b, memory, cast<RankedTensorType>(argument.getType()), createIndex(b, 0)));
      add(places.back(), argument.getType());
    }
    for (auto [memory, argument] : llvm::zip_equal(stacks, op.getSlices()))
      add(viewAt(b, memory, cast<RankedTensorType>(argument.getType()), turn), argument.getType());
    llvm::append_range(inside, operands.getShared());
    tw::YieldOp yield = op.getYield();
    for (auto [memory, value] : llvm::zip_equal(emitted, yield.getValues().drop_front(carried.size())))
      places.push_back(viewAt(b, memory, cast<RankedTensorType>(value.getType()), turn));
    b.setInsertionPoint(yield);
    // What is emitted first: it may be what was carried into the turn.
    for (auto [value, place] : llvm::reverse(llvm::zip_equal(yield.getValues(), places)))
      write(b, value, place);
    rewriter.eraseOp(yield);
    rewriter.inlineBlockBefore(op.getBody(), loop.getBody()->getTerminator(), inside);

    b.setInsertionPointAfter(loop);
    SmallVector<Value> results;
    for (auto [memory, end] : llvm::zip_equal(llvm::concat<Memory>(carried, emitted), op.getResults()))
      results.push_back(read(b, viewAt(b, memory, typeOf(end), createIndex(b, 0)), typeOf(end)));
    rewriter.replaceOp(op, results);
    return success();
  }
};

} // namespace

void conversion::addScanPattern(StorageTypes &types, RewritePatternSet &patterns) {
  patterns.add<LowerScan>(types, patterns.getContext());
}
