// Chooses in which order the dimensions of what is computed lie in memory.
//
// A program's indices are in the order in which they are written; c[n, k, i] of n samples, k components and i places is then read with k in the middle by a product
// for each k. Tensors that elementwise ops read and write place by place are a group, which gets one order: the one that costs least those that
// read and write it (LayoutCost.h). Every tensor that something else than loops sees stays as it is.
#include "Access.h"
#include "InlineProducer.h"
#include "LayoutCost.h"
#include "Memory.h"
#include "Recomputation.h"
#include "talweg/Codegen/Passes.h"
#include "talweg/Dialect/Kernel/Kernel.h"
#include "talweg/Support/Counted.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

namespace talweg {
#define GEN_PASS_DEF_ORDERDIMENSIONS
#include "talweg/Codegen/Passes.h.inc"
} // namespace talweg

using namespace mlir;
using namespace talweg;
using kernel::ProductOp;
using linalg::GenericOp;

namespace {

bool isLoops(Operation *op) {
  if (auto product = dyn_cast_or_null<ProductOp>(op))
    return product.isOnTensors() && !product.hasEpilogue() && product->getNumResults() == 1;
  auto generic = dyn_cast_or_null<GenericOp>(op);
  return generic && generic.hasPureTensorSemantics();
}

/// Whether `block` is the body of a loop of constant length. With less memory what it computes may be computed again among other ops, which must
/// not get another order.
bool isTurn(Block *block) {
  for (Operation *op = block->getParentOp(); op; op = op->getParentOp())
    if (auto loop = dyn_cast<scf::ForOp>(op); loop && getConstantIntValue(loop.getUpperBound()))
      return true;
  return false;
}

/// Whether all that reads `result` is loops of its block, and so is the op, whose places in it can be turned.
bool canTurn(OpResult result) {
  auto type = dyn_cast<RankedTensorType>(result.getType());
  Operation *op = result.getOwner();
  if (!type || type.getRank() < 2 || !isLoops(op))
    return false;
  OpOperand &init = *cast<DestinationStyleOpInterface>(op).getTiedOpOperand(result);
  if (!isa_and_nonnull<tensor::EmptyOp, linalg::FillOp>(init.get().getDefiningOp()))
    return false;
  if (auto generic = dyn_cast<GenericOp>(op))
    if (isParallel(generic)
            ? !isElementwise(generic)
            : op->getNumResults() != 1 || !generic.getMatchingIndexingMap(&init).isProjectedPermutation())
      return false;
  return llvm::all_of(result.getUses(), [&](OpOperand &use) {
    Operation *reader = use.getOwner();
    return isLoops(reader) && reader->getBlock() == op->getBlock() &&
           cast<DestinationStyleOpInterface>(reader).isDpsInput(&use);
  });
}

/// Whether `value` is computed and read by loops alone, and so is all that its op computes.
bool isFree(Value value) {
  Operation *op = value.getDefiningOp();
  return op && llvm::all_of(op->getResults(), canTurn);
}

/// The tensors that have one order, and of each its dimensions by those of the group.
struct Group {
  llvm::MapVector<Value, DimensionOrder> members; ///< dimension of the tensor → dimension of the group
  llvm::SetVector<LoopCost *> readers;            ///< and writers
  std::int64_t bytes = 0;
  DimensionOrder order;         ///< of the group's dimensions; empty: each tensor as it is
  double before = 0, after = 0; ///< cycles of the readers

  unsigned rank() const { return unsigned(members.front().second.size()); }

  /// That of a member's dimensions.
  DimensionOrder orderOf(Value member, ArrayRef<unsigned> order) const {
    DimensionOrder own;
    const DimensionOrder &dims = members.find(member)->second;
    for (unsigned dim : order)
      own.push_back(unsigned(llvm::find(dims, dim) - dims.begin()));
    return own;
  }
};

class Orders {
public:
  Orders(Operation *function, const Target &target) : target(target) {
    for (Block *block : blocksOf(function))
      if (!isTurn(block))
        for (Operation &op : *block)
          if (isLoops(&op))
            costs.push_back(std::make_unique<LoopCost>(&op));
    for (auto &cost : costs)
      for (LoopCost::Tensor &tensor : cost->tensors)
        touching[tensor.value].push_back(cost.get());
    for (auto &cost : costs)
      for (Value result : cost->op->getResults())
        if (!groupOf.contains(result) && isFree(result))
          groups.push_back(grow(result));
  }

  void choose() {
    SmallVector<Group *> bySize;
    for (auto &group : groups)
      bySize.push_back(group.get());
    llvm::stable_sort(bySize, [](Group *x, Group *y) { return x->bytes > y->bytes; });
    constexpr int rounds = 2;
    for (int round = 0; round < rounds; ++round)
      for (Group *group : bySize)
        chooseFor(*group);
  }

  ArrayRef<std::unique_ptr<Group>> all() const { return groups; }

private:
  const Target &target;
  SmallVector<std::unique_ptr<LoopCost>> costs;
  llvm::DenseMap<Value, SmallVector<LoopCost *>> touching;
  llvm::DenseMap<Value, Group *> groupOf;
  SmallVector<std::unique_ptr<Group>> groups;

  /// All tensors that elementwise ops tie to `seed`, place by place.
  std::unique_ptr<Group> grow(Value seed) {
    auto group = std::make_unique<Group>();
    SmallVector<Value> open;
    auto add = [&](Value value, DimensionOrder dims) {
      if (groupOf.contains(value) || !isFree(value))
        return;
      groupOf[value] = group.get();
      group->members.insert({value, std::move(dims)});
      group->bytes += bytesOf(value.getType());
      open.push_back(value);
    };
    add(seed, llvm::to_vector(llvm::seq<unsigned>(0, unsigned(cast<RankedTensorType>(seed.getType()).getRank()))));
    while (!open.empty()) {
      Value value = open.pop_back_val();
      const DimensionOrder dims = group->members[value];
      for (LoopCost *cost : touching[value]) {
        group->readers.insert(cost);
        auto op = dyn_cast<GenericOp>(cost->op);
        if (!op || !isElementwise(op) || op.getNumLoops() != dims.size())
          continue;
        for (OpOperand &operand : op->getOpOperands()) {
          Value tensor = op.isDpsInput(&operand) ? operand.get() : op.getTiedOpResult(&operand);
          AffineMap map = op.getMatchingIndexingMap(&operand);
          if (tensor != value || !map.isPermutation())
            continue;
          DimensionOrder loops(dims.size());
          for (unsigned dim = 0; dim < dims.size(); ++dim)
            loops[map.getDimPosition(dim)] = dims[dim];
          tie(op, loops, add);
          break;
        }
      }
    }
    return group;
  }

  static void tie(GenericOp op, ArrayRef<unsigned> loops, llvm::function_ref<void(Value, DimensionOrder)> add) {
    if (!isFree(op.getResult(0)))
      return;
    for (OpOperand &operand : op->getOpOperands()) {
      AffineMap map = op.getMatchingIndexingMap(&operand);
      if (!map.isPermutation())
        continue;
      DimensionOrder dims;
      for (unsigned dim = 0; dim < loops.size(); ++dim)
        dims.push_back(loops[map.getDimPosition(dim)]);
      add(op.isDpsInput(&operand) ? operand.get() : op.getTiedOpResult(&operand), dims);
    }
  }

  double cyclesOf(const LoopCost &cost, const Group *changed, ArrayRef<unsigned> order) const {
    SmallVector<LoopCost::Place> places;
    for (const LoopCost::Tensor &tensor : cost.tensors) {
      const Group *group = groupOf.lookup(tensor.value);
      ArrayRef<unsigned> own = group == changed ? order
                               : group          ? ArrayRef<unsigned>(group->order)
                                                : ArrayRef<unsigned>();
      places.push_back(
          {group && !own.empty() ? group->orderOf(tensor.value, own) : DimensionOrder(), group && group != changed});
    }
    return cost.cycles(places, target);
  }

  double cyclesOf(const Group &group, ArrayRef<unsigned> order) const {
    double cycles = 0;
    for (const LoopCost *cost : group.readers)
      cycles += cyclesOf(*cost, &group, order);
    return cycles;
  }

  /// Whether a member is in memory, and not only computed where it is read.
  static bool isStored(const Group &group) {
    return llvm::any_of(group.members, [](const auto &member) {
      auto generic = member.first.template getDefiningOp<GenericOp>();
      return !generic || !isParallel(generic) || !whyNotRepeated(generic).empty() ||
             llvm::any_of(member.first.getUsers(), llvm::IsaPred<ProductOp>);
    });
  }

  /// An order that changes how products and reductions run has to pay: an estimate is not a time.
  void chooseFor(Group &group) {
    constexpr unsigned mostDimensions = 5;
    constexpr double margin = 7.0 / 8;
    if (group.rank() > mostDimensions || !isStored(group))
      return;
    double least = 0;
    bool isElementwise = true;
    for (const LoopCost *cost : group.readers) {
      least += cost->least(target);
      auto generic = dyn_cast<GenericOp>(cost->op);
      isElementwise &= generic && isParallel(generic);
    }
    group.after = cyclesOf(group, group.order);
    if (group.order.empty())
      group.before = group.after;
    double best = group.after * (isElementwise ? 1 : margin);
    if (least >= best)
      return;
    DimensionOrder order = llvm::to_vector(llvm::seq<unsigned>(0, group.rank()));
    do {
      const double cycles = cyclesOf(group, order);
      if (cycles >= best)
        continue;
      best = group.after = cycles;
      group.order = order;
    } while (std::next_permutation(order.begin(), order.end()));
  }
};

struct OrderDimensions : talweg::impl::OrderDimensionsBase<OrderDimensions> {
  using OrderDimensionsBase::OrderDimensionsBase;

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    Orders orders(getOperation(), target);
    orders.choose();
    for (auto &group : orders.all()) {
      if (group->order.empty())
        continue;
      if (tells)
        tell(*group);
      for (auto &[member, dims] : group->members)
        if (DimensionOrder order = group->orderOf(member, group->order); !llvm::is_sorted(order))
          turn(member, order, rewriter);
    }
  }

  static void tell(const Group &group) {
    Value largest = group.members.front().first;
    for (auto &[member, dims] : group.members)
      if (bytesOf(member.getType()) > bytesOf(largest.getType()))
        largest = member;
    std::string shape;
    for (unsigned dim : group.orderOf(largest, group.order))
      shape += (shape.empty() ? "" : "x") + std::to_string(cast<RankedTensorType>(largest.getType()).getDimSize(dim));
    emitRemark(largest.getLoc()) << "its dimensions have the order " << shape << ", and those of what is computed with "
                                 << "it place by place: from " << humanCount(group.before) << " to "
                                 << humanCount(group.after) << " cycles, by estimate";
  }

  static AffineMap turned(AffineMap map, ArrayRef<unsigned> order) {
    SmallVector<AffineExpr> places;
    for (unsigned dim : order)
      places.push_back(map.getResult(dim));
    return AffineMap::get(map.getNumDims(), 0, places, map.getContext());
  }

  static void setMap(OpOperand &operand, AffineMap map) {
    Operation *op = operand.getOwner();
    auto generic = dyn_cast<GenericOp>(op);
    auto product = dyn_cast<ProductOp>(op);
    SmallVector<AffineMap> maps = generic ? generic.getIndexingMapsArray() : product.getIndexingMapsArray();
    const unsigned number = operand.getOperandNumber();
    maps[number] = map;
    ArrayAttr all = Builder(op->getContext()).getAffineMapArrayAttr(maps);
    generic ? generic.setIndexingMapsAttr(all) : product.setMapsAttr(all);
  }

  /// Gives `value` the dimensions of `order`, and tells those that read it.
  void turn(Value value, ArrayRef<unsigned> order, IRRewriter &rewriter) {
    auto result = cast<OpResult>(value);
    auto type = cast<RankedTensorType>(value.getType());
    for (OpOperand &use : value.getUses())
      setMap(use, turned(cast<IndexingMapOpInterface>(use.getOwner()).getMatchingIndexingMap(&use), order));
    SmallVector<int64_t> shape;
    for (unsigned dim : order)
      shape.push_back(type.getDimSize(dim));
    Operation *op = result.getOwner();
    OpOperand &init = *cast<DestinationStyleOpInterface>(op).getTiedOpOperand(result);
    rewriter.setInsertionPoint(op);
    Value place = tensor::EmptyOp::create(rewriter, value.getLoc(), shape, type.getElementType());
    if (auto fill = init.get().getDefiningOp<linalg::FillOp>())
      place = linalg::FillOp::create(rewriter, value.getLoc(), fill.value(), place).getResult(0);
    init.set(place);
    value.setType(place.getType());
    ++turns;
    auto generic = dyn_cast<GenericOp>(op);
    if (!generic || !isParallel(generic)) {
      setMap(init, turned(cast<IndexingMapOpInterface>(op).getMatchingIndexingMap(&init), order));
    } else if (result.getResultNumber() == 0) { // all its results have this order
      if (failed(linalg::interchangeGenericOp(rewriter, generic, order)))
        llvm_unreachable("an order is a permutation of all loops");
      for (OpOperand &each : generic.getDpsInitsMutable())
        setMap(each, rewriter.getMultiDimIdentityMap(generic.getNumLoops()));
    }
  }
};

} // namespace
