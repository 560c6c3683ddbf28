// A long loop over time is a loop over blocks of turns. What is taken out of a loop to be computed for many turns at once is taken out of a block,
// so that it takes the memory of a block; and what a block computes can be computed again. The length of blocks is decided by the loop
// alone, not by how much memory there is: the same sums are taken in the same order.
#include "talweg/Dialect/Tw/Tw.h"
#include "talweg/Transforms/Passes.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;

namespace talweg {
#define GEN_PASS_DEF_BLOCKSCANS
#include "talweg/Transforms/Passes.h.inc"

namespace {

/// Turns of a block: enough that products of all of its turns are large.
constexpr int64_t shortest = 32, usual = 64, longest = 128;

/// The length of blocks: a divisor of the loop's, if there is one that is neither too short nor too long.
int64_t blockOf(int64_t length) {
  for (int64_t distance = 0; distance <= longest - usual; ++distance)
    for (int64_t block : {usual + distance, usual - distance})
      if (block >= shortest && length % block == 0)
        return block;
  return usual;
}

class Blocking {
public:
  explicit Blocking(tw::ScanOp scan) : scan(scan), b(scan.getLoc(), scan) {}

  void run() {
    int64_t length = scan.getLength(), block = blockOf(length), whole = length / block * block;
    SmallVector<Value> starts(scan.getStarts());
    SmallVector<Value> first, second; // emitted, of the turns from 0 on, and of those behind the last block
    auto runBlocks = [&] { first = inBlocks(whole / block, block, starts); };
    if (length == whole) {
      runBlocks();
    } else if (scan.getReversed()) {
      second = part(b, whole, length - whole, starts);
      runBlocks();
    } else {
      runBlocks();
      second = part(b, whole, length - whole, starts);
    }
    SmallVector<Value> results(starts);
    for (auto [number, stack] : llvm::enumerate(scan.getEmitted()))
      results.push_back(second.empty()
                            ? first[number]
                            : tw::ConcatOp::create(b, stack.getType(), ValueRange{first[number], second[number]}, 0));
    scan->replaceAllUsesWith(results);
    scan.erase();
  }

private:
  tw::ScanOp scan;
  ImplicitLocOpBuilder b;

  /// `stack`, its turns `from` to `from` + `count` - 1.
  static Value slice(ImplicitLocOpBuilder &b, Value stack, int64_t from, int64_t count) {
    auto type = cast<RankedTensorType>(stack.getType());
    SmallVector<int64_t> shape(type.getShape());
    shape[0] = count;
    SmallVector<AffineExpr> places;
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      places.push_back(b.getAffineDimExpr(dim) + (dim == 0 ? from : 0));
    return tw::WindowOp::create(b, type.clone(shape), stack, AffineMap::get(type.getRank(), 0, places, b.getContext()));
  }

  /// The loop of `count` turns with `scan`'s body, on these operands. `turn`: the number of its first turn; its place among the operands that it
  /// shares is the last one.
  tw::ScanOp loopOf(ImplicitLocOpBuilder &at, int64_t count, ValueRange starts, ValueRange stacks, ValueRange shared,
                    Value turn) {
    SmallVector<Type> types(scan.getEnds().getTypes());
    tw::YieldOp yield = scan.getYield();
    for (Value value : yield.getValues().drop_front(starts.size()))
      types.push_back(tw::stackOf(value.getType(), count));
    SmallVector<Value> all(shared);
    all.push_back(turn);
    auto loop = tw::ScanOp::create(at, types, count, scan.getReversed(), starts, stacks, all);
    IRMapping mapping;
    scan.getTurns().cloneInto(&loop.getTurns(), mapping);
    Block &body = *loop.getBody();
    Value first = body.addArgument(turn.getType(), turn.getLoc());
    ImplicitLocOpBuilder inside(at.getLoc(), OpBuilder::atBlockBegin(&body));
    BlockArgument own = body.getArgument(0);
    Value number = tw::AddOp::create(inside, own.getType(), first, own);
    own.replaceAllUsesExcept(number, number.getDefiningOp());
    return loop;
  }

  Value constant(ImplicitLocOpBuilder &at, int64_t number) {
    auto type = cast<RankedTensorType>(scan.getTurn().getType());
    return tw::ConstantOp::create(at, DenseElementsAttr::get(type, at.getI32IntegerAttr(number).getValue()));
  }

  /// What is emitted by the turns from `from` on; `carried` goes in and out.
  SmallVector<Value> part(ImplicitLocOpBuilder &at, int64_t from, int64_t count, SmallVector<Value> &carried) {
    SmallVector<Value> stacks;
    for (Value stack : scan.getStacks())
      stacks.push_back(slice(at, stack, from, count));
    tw::ScanOp loop = loopOf(at, count, carried, stacks, scan.getShared(), constant(at, from));
    llvm::copy(loop.getEnds(), carried.begin());
    return llvm::to_vector_of<Value>(loop.getEmitted());
  }

  SmallVector<Value> inBlocks(int64_t blocks, int64_t block, SmallVector<Value> &carried) {
    auto reshaped = [](ImplicitLocOpBuilder &at, Value value, ArrayRef<int64_t> front, unsigned dropped) -> Value {
      auto type = cast<RankedTensorType>(value.getType());
      SmallVector<int64_t> shape(front);
      llvm::append_range(shape, type.getShape().drop_front(dropped));
      return tw::ReshapeOp::create(at, type.clone(shape), value);
    };
    SmallVector<Value> stacks;
    SmallVector<Type> types(scan.getEnds().getTypes());
    for (Value stack : scan.getStacks()) {
      bool isWhole = blocks * block == int64_t(scan.getLength());
      stacks.push_back(reshaped(b, isWhole ? stack : slice(b, stack, 0, blocks * block), {blocks, block}, 1));
    }
    for (Value value : scan.getYield().getValues().drop_front(carried.size()))
      types.push_back(tw::stackOf(tw::stackOf(value.getType(), block), blocks));
    auto loop = tw::ScanOp::create(b, types, blocks, scan.getReversed(), carried, stacks, scan.getShared());
    loop.setBlocks(true);
    Block &body = loop.getTurns().emplaceBlock();
    ImplicitLocOpBuilder inside(b.getLoc(), OpBuilder::atBlockBegin(&body));
    body.addArgument(scan.getTurn().getType(), b.getLoc());
    for (Value start : carried)
      body.addArgument(start.getType(), b.getLoc());
    for (Value stack : stacks)
      body.addArgument(cast<RankedTensorType>(stack.getType())
                           .clone(cast<RankedTensorType>(stack.getType()).getShape().drop_front()),
                       b.getLoc());
    for (Value shared : scan.getShared())
      body.addArgument(shared.getType(), b.getLoc());
    Value turn = tw::MulOp::create(inside, loop.getTurn().getType(), loop.getTurn(), constant(inside, block));
    tw::ScanOp turns =
        loopOf(inside, block, llvm::to_vector_of<Value>(loop.getCarried()), llvm::to_vector_of<Value>(loop.getSlices()),
               llvm::to_vector_of<Value>(loop.getSharedInside()), turn);
    tw::YieldOp::create(inside, turns.getResults());
    llvm::copy(loop.getEnds(), carried.begin());
    SmallVector<Value> emitted;
    for (Value stack : loop.getEmitted())
      emitted.push_back(reshaped(b, stack, {blocks * block}, 2));
    return emitted;
  }
};

struct BlockScans : impl::BlockScansBase<BlockScans> {
  void runOnOperation() override {
    SmallVector<tw::ScanOp> scans; // inner ones first
    getOperation()->walk([&](tw::ScanOp scan) {
      if (!scan.getBlocks() && int64_t(scan.getLength()) > longest)
        scans.push_back(scan);
    });
    for (tw::ScanOp scan : scans)
      Blocking(scan).run();
    blocked += scans.size();
  }
};

} // namespace
} // namespace talweg
