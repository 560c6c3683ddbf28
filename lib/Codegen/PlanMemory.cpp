// Places every buffer in the arena, as a memref.view at a constant offset. A buffer lives from its first use to its last in the block that
// allocates it.
#include "ArenaLayout.h"
#include "Memory.h"
#include "talweg/Codegen/Attributes.h"
#include "talweg/Dialect/Kernel/Kernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

#include <vector>

#define GEN_PASS_DEF_PLANMEMORY
#include "talweg/Codegen/Passes.h"

using namespace mlir;
using talweg::ArenaBuffer;

namespace {

constexpr unsigned arenaArgument = 1;

/// What one block, with all that is in it, needs of the arena. Offsets are relative to the block's own place.
struct BlockPlan {
  SmallVector<memref::AllocOp> allocs;
  SmallVector<ArenaBuffer> buffers; ///< of the allocs, then of the inner blocks
  std::vector<BlockPlan> inner;
  int64_t bytes = 0, liveBytes = 0;
  Value thread; ///< of those that run the block beside each other, each with bytes of its own; null: one runs it
};

struct PlanMemory : talweg::impl::PlanMemoryBase<PlanMemory> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal() || function.getNumArguments() <= arenaArgument)
      return;
    BlockPlan plan = planBlock(function.getBody().front());
    replace(plan, 0, {});

    Value arena = function.getArgument(arenaArgument);
    auto type = MemRefType::get({plan.bytes}, Builder(&getContext()).getI8Type());
    arena.setType(type);
    SmallVector<Type> arguments(function.getArgumentTypes());
    arguments[arenaArgument] = type;
    function.setType(FunctionType::get(&getContext(), arguments, function.getResultTypes()));
    Builder builder(&getContext());
    function->setAttr(talweg::attributes::kLiveBytes, builder.getI64IntegerAttr(plan.liveBytes));
  }

  BlockPlan planBlock(Block &block) {
    BlockPlan plan;
    DenseMap<Operation *, int64_t> positions;
    for (Operation &op : llvm::make_early_inc_range(block)) {
      positions[&op] = positions.size();
      if (auto alloc = dyn_cast<memref::AllocOp>(op)) {
        if (alloc->use_empty())
          alloc.erase();
        else
          plan.allocs.push_back(alloc);
      }
    }
    for (memref::AllocOp alloc : plan.allocs) {
      ArenaBuffer buffer{talweg::arenaBytes(talweg::bytesOf(alloc.getType())), INT64_MAX, -1};
      extend(buffer, alloc.getResult(), block, positions);
      plan.buffers.push_back(buffer);
    }
    SmallVector<ArenaBuffer> live(plan.buffers);
    for (Operation &op : block)
      for (Region &region : op.getRegions())
        for (Block &nested : region) {
          BlockPlan inner = planBlock(nested);
          if (inner.bytes == 0)
            continue;
          int64_t at = positions.lookup(&op), threads = talweg::kernel::threadsOf(&op);
          if (threads > 1)
            inner.thread = nested.getArgument(0);
          plan.buffers.push_back({inner.bytes * threads, at, at});
          live.push_back({inner.liveBytes * threads, at, at});
          plan.inner.push_back(std::move(inner));
        }
    plan.bytes = talweg::layOutArena(plan.buffers);
    plan.liveBytes = talweg::mostLiveBytes(live);
    return plan;
  }

  /// Widens the buffer's life to all uses, through views.
  static void extend(ArenaBuffer &buffer, Value value, Block &block, DenseMap<Operation *, int64_t> &positions) {
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

  /// Turns the allocs of `plan`, whose place is at `base`, and of a thread as far behind as `ofThread` tells, into views of the arena.
  void replace(BlockPlan &plan, int64_t base, Value ofThread) {
    ArrayRef<ArenaBuffer> buffers = plan.buffers;
    if (plan.thread) {
      OpBuilder builder = OpBuilder::atBlockBegin(plan.thread.getParentBlock());
      Location loc = plan.thread.getLoc();
      Value bytes = arith::ConstantIndexOp::create(builder, loc, plan.bytes);
      ofThread = arith::MulIOp::create(builder, loc, plan.thread, bytes);
    }
    for (auto [alloc, buffer] : llvm::zip(plan.allocs, buffers)) {
      OpBuilder builder(alloc);
      Value shift = arith::ConstantIndexOp::create(builder, alloc.getLoc(), base + buffer.offset);
      if (ofThread)
        shift = arith::AddIOp::create(builder, alloc.getLoc(), ofThread, shift);
      Value view = memref::ViewOp::create(builder, alloc.getLoc(), alloc.getType(),
                                          getOperation().getArgument(arenaArgument), shift, ValueRange());
      alloc.replaceAllUsesWith(view);
      alloc.erase();
    }
    for (auto [inner, buffer] : llvm::zip_equal(plan.inner, buffers.drop_front(plan.allocs.size())))
      replace(inner, base + buffer.offset, ofThread);
  }
};

} // namespace
