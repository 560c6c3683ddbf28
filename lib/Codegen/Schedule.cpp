// Puts ops in the order in which they need the least memory, and can be computed in each other's registers: gradients die at once. Variables are
// read by bufferization.to_tensor at the head of a block and written by bufferization.materialize_in_destination at its end.
#include "Access.h"
#include "BufferProgram.h"
#include "Memory.h"
#include "talweg/Codegen/Attributes.h"
#include "talweg/Dialect/Kernel/Kernel.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/RegionUtils.h"

#define GEN_PASS_DEF_SCHEDULE
#include "talweg/Codegen/Passes.h"

using namespace mlir;
using namespace talweg;
using linalg::GenericOp;

namespace {

bool isTensorFree(Operation &op) {
  auto isTensor = [](Type type) { return isa<TensorType>(type); };
  return llvm::none_of(op.getOperandTypes(), isTensor) && llvm::none_of(op.getResultTypes(), isTensor);
}

/// The order of a block's ops while some of them are moved. (MLIR numbers all anew after every move.)
class LiveOrder {
public:
  explicit LiveOrder(Block &block) : block(block) { renumber(); }

  bool isBefore(Operation *a, Operation *b) const { return places.lookup(a) < places.lookup(b); }

  void moveAfter(Operation *op, Operation *last) {
    op->moveAfter(last);
    Operation *next = op->getNextNode();
    uint64_t low = places.lookup(last), high = next ? places.lookup(next) : low + 2 * spacing;
    places[op] = low + (high - low) / 2;
    if (high - low < 2)
      renumber();
  }

private:
  static constexpr uint64_t spacing = uint64_t(1) << 32;
  Block &block;
  DenseMap<Operation *, uint64_t> places;

  void renumber() {
    uint64_t place = 0;
    for (Operation &op : block)
      places[&op] = place += spacing;
  }
};

class BlockOrder {
public:
  explicit BlockOrder(Block &block) : block(block) {}

  int64_t moved = 0;

  void run() {
    hoistScalars();
    order.emplace(block);
    for (auto read : block.getOps<bufferization::ToTensorOp>())
      reads[variables.numberOf(read.getBuffer())].push_back(read.getResult());
    SmallVector<GenericOp> ops;
    for (auto op : block.getOps<GenericOp>())
      if (op.hasPureTensorSemantics() && isParallel(op))
        ops.push_back(op);
    for (auto found : block.getOps<kernel::LeaveOp>())
      leave = found;
    for (GenericOp op : ops)
      moveUpdate(op);
    for (GenericOp op : ops)
      moveToProduct(op);
    for (auto op : llvm::to_vector(block.getOps<GenericOp>()))
      if (isTotal(op) || isColumnSum(op))
        moveSum(op);
    sinkLeave();
  }

private:
  Block &block;
  std::optional<LiveOrder> order;
  buffers::Variables variables;
  DenseMap<int, SmallVector<Value>> reads; ///< variable → the tensors that show it

  Operation *leave = nullptr; ///< in front of it no variable is written

  /// And not memory of the arena.
  static bool writesVariable(Operation &op) {
    return llvm::any_of(op.getResults(), [](OpResult result) {
      Value memory = isa<TensorType>(result.getType()) ? buffers::destinationOf(result) : Value();
      return memory && !rootOf(memory).getDefiningOp<memref::AllocOp>();
    });
  }

  /// Behind elementwise ops and reductions that write none: what shares rows with one in front stands beside it.
  void sinkLeave() {
    if (!leave)
      return;
    Operation *last = leave;
    for (Operation *next = leave->getNextNode(); next; last = next, next = next->getNextNode()) {
      if (!(isa<linalg::LinalgOp>(next) || isPure(next)) || isa<kernel::ProductOp>(next) || writesVariable(*next) ||
          next->hasTrait<OpTrait::IsTerminator>())
        break;
    }
    if (last != leave)
      leave->moveAfter(last);
  }

  /// Arithmetic on scalars (learning rates, corrections of moments) goes before the first tensor that is computed.
  void hoistScalars() {
    Operation *first = nullptr;
    llvm::DenseSet<Operation *> behind; // and `first` itself
    for (Operation &op : llvm::make_early_inc_range(block)) {
      if (!first && isa<linalg::LinalgOp>(op))
        first = &op;
      if (!first)
        continue;
      bool isScalar =
          op.getNumRegions() == 0 && isPure(&op) && isTensorFree(op) && !op.hasTrait<OpTrait::IsTerminator>();
      bool isReady =
          llvm::none_of(op.getOperands(), [&](Value operand) { return behind.contains(operand.getDefiningOp()); });
      if (isScalar && isReady)
        op.moveBefore(first);
      else
        behind.insert(&op);
    }
  }

  /// The op of this block that defines or holds what defines `value`; null if it comes from outside.
  Operation *definitionOf(Value value) {
    Operation *op = value.getDefiningOp();
    return op ? block.findAncestorOpInBlock(*op) : nullptr;
  }

  void setLater(Operation *&last, Operation *op) {
    if (op && (!last || order->isBefore(last, op)))
      last = op;
  }

  void setAfterOperands(Operation *&last, Operation *op, ArrayRef<Operation *> except = {}) {
    llvm::SetVector<Value> values(op->operand_begin(), op->operand_end());
    getUsedValuesDefinedAbove(op->getRegions(), values);
    for (Value value : values)
      if (Operation *definition = definitionOf(value); !llvm::is_contained(except, definition))
        setLater(last, definition);
  }

  /// The last op that reads `tensor`, through reshapes, other than `update`.
  void setAfterReaders(Operation *&last, Value tensor, Operation *update) {
    for (Operation *user : tensor.getUsers()) {
      Operation *reader = block.findAncestorOpInBlock(*user);
      if (reader == update || isa<bufferization::MaterializeInDestinationOp>(user))
        continue;
      setLater(last, reader);
      if (buffers::isReshape(user))
        setAfterReaders(last, user->getResult(0), update);
    }
  }

  /// True if something reads or stores a result of `update` no later than `place`: behind that, the update would come too late.
  bool isReadBefore(GenericOp update, Operation *place) {
    return llvm::any_of(update->getUsers(), [&](Operation *user) {
      Operation *reader = block.findAncestorOpInBlock(*user);
      return reader && (reader == place || order->isBefore(reader, place));
    });
  }

  void moveToProduct(GenericOp op) {
    Operation *last = nullptr;
    setAfterOperands(last, op);
    const bool isLeftBetween = last && leave && order->isBefore(last, leave) && order->isBefore(leave, op);
    auto product = dyn_cast_or_null<kernel::ProductOp>(last);
    if (product && product.sumsInOnePlace() && !(isLeftBetween && writesVariable(*op)))
      order->moveAfter(op, last);
  }

  /// Moves a sum, with what it starts from, to the product whose result it alone reads, unless it needs what comes behind the product.
  void moveSum(GenericOp sum) {
    auto product = sum->getOperand(0).getDefiningOp<kernel::ProductOp>();
    if (sum.getNumDpsInputs() != 1 || !product || product->getBlock() != &block ||
        llvm::any_of(product->getUsers(), [&](Operation *user) {
          Operation *reader = block.findAncestorOpInBlock(*user);
          return reader != sum && order->isBefore(reader, sum);
        }))
      return;
    auto fill = sum.getDpsInits()[0].getDefiningOp<linalg::FillOp>();
    auto empty = fill ? fill.getOutputs()[0].getDefiningOp<tensor::EmptyOp>() : tensor::EmptyOp();
    SmallVector<Operation *> parts;
    for (Operation *op : {empty.getOperation(), fill.getOperation(), sum.getOperation()})
      if (op && op->getBlock() == &block && order->isBefore(product, op))
        parts.push_back(op);
    Operation *last = product;
    for (Operation *op : parts)
      setAfterOperands(last, op, parts);
    if (last != product)
      return;
    for (Operation *op : parts) {
      order->moveAfter(op, last);
      last = op;
    }
    sum->setAttr(attributes::kInTiles, UnitAttr::get(sum.getContext()));
  }

  void moveUpdate(GenericOp update) {
    SmallVector<bufferization::MaterializeInDestinationOp> stores;
    for (Operation *user : update->getUsers())
      if (auto store = dyn_cast<bufferization::MaterializeInDestinationOp>(user); store && store->getBlock() == &block)
        stores.push_back(store);
    if (stores.empty())
      return;
    SmallVector<Operation *> gradients;
    for (OpOperand *input : update.getDpsInputOperands())
      if (auto product = input->get().getDefiningOp<kernel::ProductOp>();
          product && product->getBlock() == &block && product->hasOneUse())
        gradients.push_back(product);

    Operation *last = writesVariable(*update) ? leave : nullptr;
    for (auto store : stores)
      for (Value read : reads[variables.numberOf(store.getDest())])
        if (order->isBefore(read.getDefiningOp(), store))
          setAfterReaders(last, read, update);
    setAfterOperands(last, update, gradients);
    for (Operation *gradient : gradients)
      setAfterOperands(last, gradient);
    if (!last || isReadBefore(update, last))
      return;
    for (Operation *gradient : gradients) {
      order->moveAfter(gradient, last);
      last = gradient;
    }
    if (update->getPrevNode() != last)
      ++moved;
    order->moveAfter(update, last);
  }
};

struct Schedule : talweg::impl::ScheduleBase<Schedule> {
  void runOnOperation() override {
    for (Block *block : blocksOf(getOperation())) {
      BlockOrder order(*block);
      order.run();
      moved += order.moved;
    }
  }
};

} // namespace
