// A scan is a loop whose body is a block like a step's: what differs from turn to turn comes from memory at its head and goes to memory at
// its end. So every phase behind sees straight lines. What all turns share is read as it is.
#include "GatherBatch.h"
#include "TwToLinalg.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "talweg/Dialect/Kernel/Kernel.h"
#include "talweg/Runtime/Abi.h"

using namespace mlir;
using namespace talweg;
using namespace talweg::conversion;

namespace {

using Builder = ImplicitLocOpBuilder;

/// As it is computed with, behind this phase.
RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(loweredType(value.getType())); }

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
  if (tensor.getType() != typeOf(tensor)) // it is not lowered yet
    tensor = UnrealizedConversionCastOp::create(b, typeOf(tensor), tensor).getResult(0);
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

/// The memory whose place this is, if it is bytes that a loop has.
std::optional<Memory> memoryAt(Value place) {
  auto view = place.getDefiningOp<memref::ViewOp>();
  if (!view || !view.getSource().getDefiningOp<memref::AllocOp>())
    return std::nullopt;
  return Memory{view.getSource(), view.getByteShift()};
}

/// What puts all of `tensor` into the slice of a turn of the loop around `op`, which is there in front of `op`: so it can be there from the beginning. What
/// the loop around carries is no such slice: the turn may still read what was there.
bufferization::MaterializeInDestinationOp findSliceFor(Value tensor, Operation *op) {
  while (auto other = tensor.getDefiningOp<tw::ReshapeOp>())
    tensor = other.getX();
  for (Operation *user : tensor.getUsers())
    if (auto put = dyn_cast<bufferization::MaterializeInDestinationOp>(user);
        put && put->getBlock() == op->getBlock() && op->isBeforeInBlock(put))
      if (auto memory = memoryAt(put.getDest()); memory && memory->bytes.getParentBlock() != op->getBlock()) {
        Operation *place = put.getDest().getDefiningOp();
        if (place->hasOneUse() && place->getBlock() == op->getBlock() && place->isBeforeInBlock(op))
          return put;
      }
  return {};
}

/// What holds `tensor` from here on. What a loop has left there, or was put there for the slices of another loop, stays. Its bytes are those of what it
/// is another shape of.
Memory memoryOf(Builder &b, Value tensor) {
  while (isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(tensor.getDefiningOp()))
    tensor = tensor.getDefiningOp()->getOperand(0);
  if (auto left = tensor.getDefiningOp<bufferization::ToTensorOp>())
    if (auto memory = memoryAt(left.getBuffer()))
      return *memory;
  for (Operation *user : tensor.getUsers())
    if (auto put = dyn_cast<bufferization::MaterializeInDestinationOp>(user); put && put->getBlock() == b.getBlock())
      if (auto memory = memoryAt(put.getDest()); memory && !isCarried(put, memory->bytes))
        return *memory;
  Memory memory = allocate(b, typeOf(tensor));
  write(b, tensor, viewAt(b, memory, typeOf(tensor), createIndex(b, 0)));
  return memory;
}

/// Is it a variable as it is stored? Its slices are read where they are.
bool isVariable(Value tensor) {
  while (auto member = tensor.getDefiningOp<tensor::ExtractSliceOp>())
    tensor = member.getSource();
  auto stored = tensor.getDefiningOp<bufferization::ToTensorOp>();
  return stored && stored.getBuffer().getDefiningOp<memref::GetGlobalOp>();
}

/// Where a turn's slice, of `type`, is in a stack.
struct PlaceOfSlice {
  SmallVector<OpFoldResult> offsets, sizes, strides;

  PlaceOfSlice(Builder &b, RankedTensorType type, Value turn)
      : offsets(type.getRank() + 1, b.getIndexAttr(0)), sizes{b.getIndexAttr(1)},
        strides(type.getRank() + 1, b.getIndexAttr(1)) {
    offsets[0] = turn;
    for (int64_t size : type.getShape())
      sizes.push_back(b.getIndexAttr(size));
  }
};

Value sliceOf(Builder &b, Value tensor, RankedTensorType type, Value turn) {
  const PlaceOfSlice place(b, type, turn);
  return tensor::ExtractSliceOp::create(b, type, tensor, place.offsets, place.sizes, place.strides);
}

/// What writes all of `stack` to a variable that only `loop`, or what is in front of it, reads: turns can write there at once. Null: nothing does.
bufferization::MaterializeInDestinationOp findVariableOf(Value stack, Operation *loop) {
  auto put = stack.hasOneUse() ? dyn_cast<bufferization::MaterializeInDestinationOp>(*stack.getUsers().begin())
                               : bufferization::MaterializeInDestinationOp();
  auto variable = put ? put.getDest().getDefiningOp<memref::GetGlobalOp>() : memref::GetGlobalOp();
  if (!variable || put->getBlock() != loop->getBlock())
    return {};
  bool isReadLater = false;
  loop->getParentOfType<func::FuncOp>()->walk([&](memref::GetGlobalOp other) {
    if (other.getName() != variable.getName())
      return;
    for (Operation *reader : other->getUsers())
      if (isa<bufferization::ToTensorOp>(reader))
        for (Operation *user : reader->getUsers()) {
          Operation *place = loop->getBlock()->findAncestorOpInBlock(*user);
          isReadLater |= !place || (place != loop && !place->isBeforeInBlock(loop));
        }
  });
  bool isLeft = false; // behind the loop: until then variables stay as they are
  loop->getParentOfType<func::FuncOp>()->walk([&](kernel::LeaveOp leave) {
    Operation *place = loop->getBlock()->findAncestorOpInBlock(*leave);
    isLeft |= place && loop->isBeforeInBlock(place);
  });
  return isReadLater || isLeft ? bufferization::MaterializeInDestinationOp() : put;
}

/// The memory of a turn's slice of a variable.
Value viewOfSlice(Builder &b, Value variable, RankedTensorType type, Value turn) {
  const PlaceOfSlice place(b, type, turn);
  auto slice = memref::SubViewOp::inferRankReducedResultType(type.getShape(), cast<MemRefType>(variable.getType()),
                                                             place.offsets, place.sizes, place.strides);
  return memref::SubViewOp::create(b, cast<MemRefType>(slice), variable, place.offsets, place.sizes, place.strides);
}

/// Where a value is that turns hand on. If all that go into turns are kept, each turn leaves its own in the next place of a stack.
struct Carried {
  Memory start, in, out, end;
  Memory all; ///< those that go into turns, if they are kept
};

/// The first emitted value that is what is carried into the turn, by its number; -1: none is.
int findKept(tw::ScanOp op, unsigned carried) {
  ValueRange emitted = op.getYield().getValues().drop_front(op.getStarts().size());
  auto found = llvm::find(emitted, Value(op.getCarried()[carried]));
  return found == emitted.end() ? -1 : int(found - emitted.begin());
}

/// From a place in bytes on, as memory of its own: what is read and written there in a turn is known to be apart from what is read elsewhere.
Memory partOf(Builder &b, Memory memory, int64_t first, int64_t bytes) {
  auto type = MemRefType::get({bytes}, b.getI8Type());
  return {memref::ViewOp::create(b, type, memory.bytes, createIndex(b, first), ValueRange()), createIndex(b, 0)};
}

Carried allocateCarried(Builder &b, tw::ScanOp op, RankedTensorType type, bool isKept) {
  if (!isKept) {
    Memory own = allocate(b, type);
    return {own, own, own, own, {}};
  }
  const int64_t turns = op.getLength(), bytes = bytesIn(type);
  Memory all = allocate(b, tw::stackOf(type, turns + 1));
  auto from = [&](int64_t place) { return Memory{all.bytes, createIndex(b, place * bytes)}; };
  Memory low = partOf(b, all, 0, turns * bytes), high = partOf(b, all, bytes, turns * bytes);
  if (op.getReversed())
    return {from(turns), high, low, from(0), from(1)};
  return {from(0), low, high, from(turns), from(0)};
}

struct LowerScan : OpConversionPattern<tw::ScanOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tw::ScanOp op, OpAdaptor operands, ConversionPatternRewriter &rewriter) const override {
    Builder b(op.getLoc(), rewriter);
    SmallVector<Memory> stacks;
    SmallVector<Carried> carried;
    llvm::SmallDenseMap<int, Memory> kept; // by the number of the emitted value
    for (auto [stack, original] : llvm::zip_equal(operands.getStacks(), op.getStacks())) {
      if (auto put = findSliceFor(original, op)) {
        rewriter.moveOpBefore(put, op);
        stacks.push_back(*memoryAt(put.getDest()));
        continue;
      }
      stacks.push_back(isVariable(stack) ? Memory() : memoryOf(b, stack));
    }
    for (auto [number, start] : llvm::enumerate(operands.getStarts())) {
      const int as = findKept(op, number);
      carried.push_back(allocateCarried(b, op, typeOf(start), as >= 0));
      write(b, start, viewAt(b, carried.back().start, typeOf(start), createIndex(b, 0)));
      if (as >= 0)
        kept[as] = carried.back().all;
    }
    SmallVector<Memory> emitted; // none, where it goes to a variable
    SmallVector<Value> variables;
    for (auto [number, stack] : llvm::enumerate(op.getEmitted())) {
      if (auto found = kept.find(int(number)); found != kept.end()) {
        emitted.push_back(found->second);
        variables.push_back(Value());
        continue;
      }
      if (auto put = findSliceFor(stack, op)) {
        emitted.push_back(*memoryAt(put.getDest()));
        variables.push_back(Value());
        rewriter.eraseOp(put);
        continue;
      }
      auto put = findVariableOf(stack, op);
      variables.push_back(
          put ? memref::GetGlobalOp::create(b, cast<MemRefType>(put.getDest().getType()),
                                            put.getDest().getDefiningOp<memref::GetGlobalOp>().getName())
              : Value());
      emitted.push_back(put ? Memory() : allocate(b, typeOf(stack)));
      if (put)
        rewriter.eraseOp(put);
    }

    auto loop = scf::ForOp::create(b, createIndex(b, 0), createIndex(b, op.getLength()), createIndex(b, 1));
    if (op.isIndependent())
      loop->setAttr(kernel::kIndependent, b.getUnitAttr());
    b.setInsertionPointToStart(loop.getBody());
    Value turn = loop.getInductionVar();
    if (op.getReversed())
      turn = arith::SubIOp::create(b, createIndex(b, op.getLength() - 1), turn);
    Value number = arith::IndexCastOp::create(b, b.getI32Type(), turn);
    SmallVector<Value> inside{
        tensor::FromElementsOp::create(b, cast<RankedTensorType>(op.getTurn().getType()), number)};
    SmallVector<Value> places; // null: it is there
    for (auto [memory, argument] : llvm::zip_equal(carried, op.getCarried())) {
      const RankedTensorType type = typeOf(argument);
      Value place = memory.all.bytes ? turn : createIndex(b, 0), in = viewAt(b, memory.in, type, place);
      places.push_back(memory.all.bytes ? viewAt(b, memory.out, type, place) : in);
      inside.push_back(read(b, in, type));
    }
    for (auto [memory, stack, argument] : llvm::zip_equal(stacks, operands.getStacks(), op.getSlices()))
      if (const RankedTensorType type = typeOf(argument); memory.bytes)
        inside.push_back(read(b, viewAt(b, memory, type, turn), type));
      else
        inside.push_back(sliceOf(b, stack, type, turn));
    llvm::append_range(inside, operands.getShared());
    tw::YieldOp yield = op.getYield();
    for (auto [number, value] : llvm::enumerate(yield.getValues().drop_front(carried.size()))) {
      const RankedTensorType type = typeOf(value);
      places.push_back(kept.contains(int(number)) ? Value()
                       : variables[number]        ? viewOfSlice(b, variables[number], type, turn)
                                                  : viewAt(b, emitted[number], type, turn));
    }
    b.setInsertionPoint(yield);
    // What is emitted first: it may be what was carried into the turn.
    for (auto [value, place] : llvm::reverse(llvm::zip_equal(yield.getValues(), places)))
      if (place)
        write(b, value, place);
    rewriter.eraseOp(yield);
    rewriter.inlineBlockBefore(op.getBody(), loop.getBody()->getTerminator(), inside);

    b.setInsertionPointAfter(loop);
    SmallVector<Value> results;
    for (auto [memory, end] : llvm::zip_equal(carried, op.getEnds()))
      results.push_back(read(b, viewAt(b, memory.end, typeOf(end), createIndex(b, 0)), typeOf(end)));
    for (auto [memory, variable, end] : llvm::zip_equal(emitted, variables, op.getEmitted()))
      results.push_back(read(b, variable ? variable : viewAt(b, memory, typeOf(end), createIndex(b, 0)), typeOf(end)));
    rewriter.replaceOp(op, results);
    return success();
  }
};

} // namespace

void conversion::addScanPattern(StorageTypes &types, RewritePatternSet &patterns) {
  patterns.add<LowerScan>(types, patterns.getContext());
}
