// Places every buffer in the arena.
//
// In: memref.allocs of static shape, never freed. Out: memref.views of the arena argument at constant offsets. A buffer lives
// from its first use to its last in the block that allocates it; buffers of a loop's body lie above those of the code around it.
// Places are found largest buffer first, each at the lowest offset free for its whole life (greedy by size, as in Pisarchyk and Lee,
// "Efficient Memory Management for Deep Neural Net Inference", 2020).
#include "talweg/Codegen/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

namespace talweg {
#define GEN_PASS_DEF_PLANMEMORY
#include "talweg/Codegen/Passes.h.inc"
} // namespace talweg

using namespace mlir;

namespace {

constexpr int64_t alignment = 64; // one cache line
constexpr unsigned arenaArgument = 1;

struct Buffer {
  memref::AllocOp op;
  int64_t bytes = 0, first = 0, last = 0, offset = -1;

  bool meets(const Buffer &other) const { return first <= other.last && other.first <= last; }
};

struct PlanMemory : talweg::impl::PlanMemoryBase<PlanMemory> {
  int64_t liveBytes = 0;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal() || function.getNumArguments() <= arenaArgument)
      return;
    liveBytes = 0;
    int64_t bytes = plan(function.getBody().front(), 0);

    Value arena = function.getArgument(arenaArgument);
    auto type = MemRefType::get({bytes}, Builder(&getContext()).getI8Type());
    arena.setType(type);
    SmallVector<Type> arguments(function.getArgumentTypes());
    arguments[arenaArgument] = type;
    function.setType(FunctionType::get(&getContext(), arguments, function.getResultTypes()));
    Builder builder(&getContext());
    function->setAttr("talweg.arena_bytes", builder.getI64IntegerAttr(bytes));
    function->setAttr("talweg.live_bytes", builder.getI64IntegerAttr(liveBytes));
  }

  /// Places the buffers of `block` at `base` and above, then those of its nested blocks. Returns the end of what is used.
  int64_t plan(Block &block, int64_t base) {
    DenseMap<Operation *, int64_t> positions;
    SmallVector<Buffer> buffers;
    for (Operation &op : llvm::make_early_inc_range(block)) {
      positions[&op] = positions.size();
      if (auto alloc = dyn_cast<memref::AllocOp>(op)) {
        if (alloc->use_empty())
          alloc.erase();
        else
          buffers.push_back({alloc, bytesOf(alloc)});
      }
    }
    for (Buffer &buffer : buffers) {
      buffer.first = INT64_MAX;
      extend(buffer, buffer.op.getResult(), block, positions);
    }
    place(buffers);
    int64_t end = base;
    for (Buffer &buffer : buffers)
      end = std::max(end, base + buffer.offset + buffer.bytes);
    measure(buffers, base);
    int64_t top = end;
    for (Operation &op : block)
      for (Region &region : op.getRegions())
        for (Block &inner : region)
          top = std::max(top, plan(inner, end));
    for (Buffer &buffer : buffers)
      replace(buffer, base);
    return top;
  }

  static int64_t bytesOf(memref::AllocOp op) {
    MemRefType type = op.getType();
    int64_t bytes = type.getNumElements() * ((type.getElementTypeBitWidth() + 7) / 8);
    return std::max<int64_t>(alignment, (bytes + alignment - 1) / alignment * alignment);
  }

  /// Widens the buffer's life to all uses, through views.
  static void extend(Buffer &buffer, Value value, Block &block, DenseMap<Operation *, int64_t> &positions) {
    for (Operation *user : value.getUsers()) {
      int64_t at = positions.lookup(block.findAncestorOpInBlock(*user));
      if (isa<ViewLikeOpInterface>(user)) {
        extend(buffer, user->getResult(0), block, positions);
        continue;
      }
      buffer.first = std::min(buffer.first, at);
      buffer.last = std::max(buffer.last, at);
    }
  }

  static void place(SmallVector<Buffer> &buffers) {
    SmallVector<Buffer *> bySize(llvm::make_pointer_range(buffers));
    llvm::stable_sort(bySize, [](Buffer *a, Buffer *b) { return a->bytes > b->bytes; });
    SmallVector<Buffer *> placed; // by offset
    for (Buffer *buffer : bySize) {
      int64_t offset = 0;
      for (Buffer *other : placed) {
        if (!buffer->meets(*other))
          continue;
        if (offset + buffer->bytes <= other->offset)
          break;
        offset = std::max(offset, other->offset + other->bytes);
      }
      buffer->offset = offset;
      placed.insert(llvm::upper_bound(placed, offset, [](int64_t at, Buffer *b) { return at < b->offset; }), buffer);
    }
  }

  void measure(const SmallVector<Buffer> &buffers, int64_t base) {
    for (const Buffer &at : buffers) {
      int64_t live = base;
      for (const Buffer &other : buffers)
        if (other.first <= at.first && at.first <= other.last)
          live += other.bytes;
      liveBytes = std::max(liveBytes, live);
    }
  }

  void replace(Buffer &buffer, int64_t base) {
    OpBuilder builder(buffer.op);
    Value shift = arith::ConstantIndexOp::create(builder, buffer.op.getLoc(), base + buffer.offset);
    Value view = memref::ViewOp::create(builder, buffer.op.getLoc(), buffer.op.getType(),
                                        getOperation().getArgument(arenaArgument), shift, ValueRange());
    buffer.op.replaceAllUsesWith(view);
    buffer.op.erase();
  }
};

} // namespace
