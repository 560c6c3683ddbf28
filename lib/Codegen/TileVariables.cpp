// What computes a variable's new value computes it in tiles, and where a gradient is read by that alone, the gradient too: in the same block, or in a
// loop that leaves it in memory, turn by turn.
#include "TileVariables.h"

#include "Access.h"
#include "Retile.h"
#include "talweg/Dialect/Kernel/Kernel.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace talweg;
using bufferization::MaterializeInDestinationOp;
using bufferization::ToTensorOp;
using kernel::ProductOp;
using linalg::GenericOp;

namespace {

OpOperand *initOf(OpResult result) {
  return cast<DestinationStyleOpInterface>(result.getOwner()).getTiedOpOperand(result);
}

ShapedType inTiles(Type type, Tiles tiles) { return tiledType(cast<ShapedType>(type), tiles.block, tiles.outer); }

/// The tiles of a member of what lies in `tiles`.
Tiles ofMember(Tiles tiles) { return {tiles.block, tiles.outer - 1}; }

/// True if the op that computes `value` may write it in tiles: all other uses of it can be rewritten as well.
bool mayTile(Value value) {
  auto op = value.getDefiningOp<IndexingMapOpInterface>();
  if (!op || !lastLoopOf(op, *initOf(cast<OpResult>(value))))
    return false;
  return llvm::all_of(value.getUses(), [&](OpOperand &use) {
    auto reader = dyn_cast<IndexingMapOpInterface>(use.getOwner());
    return use.getOwner()->getBlock() == op->getBlock() &&
           (isa<MaterializeInDestinationOp>(use.getOwner()) || (reader && lastLoopOf(reader, use)));
  });
}

/// Memory that a loop fills turn by turn, with a product's results or what an inner loop has filled so, and one op reads behind it.
struct Filled {
  memref::ViewOp whole, slice;
  MaterializeInDestinationOp write;

  /// What is behind `tensor`; null members: it is something else.
  static Filled behind(Value tensor) {
    Filled found;
    auto read = tensor.getDefiningOp<ToTensorOp>();
    found.whole = read && tensor.hasOneUse() ? read.getBuffer().getDefiningOp<memref::ViewOp>() : memref::ViewOp();
    auto memory = found.whole && found.whole->hasOneUse() ? found.whole.getSource().getDefiningOp<memref::AllocOp>()
                                                          : memref::AllocOp();
    if (!memory)
      return {};
    for (Operation *user : memory->getUsers()) {
      auto view = dyn_cast<memref::ViewOp>(user);
      if (view == found.whole)
        continue;
      if (!view || found.slice || !view->hasOneUse() || view.getType().getRank() + 1 != found.whole.getType().getRank())
        return {};
      found.slice = view;
    }
    found.write = found.slice ? dyn_cast<MaterializeInDestinationOp>(*found.slice->getUsers().begin())
                              : MaterializeInDestinationOp();
    Value turns = found.write ? found.write.getSource() : Value();
    bool isProduct = turns && turns.getDefiningOp<ProductOp>() && mayTile(turns);
    return isProduct || (turns && behind(turns).write) ? found : Filled();
  }
};

class Tiling {
public:
  Tiling(func::FuncOp function, const VariableTiles &variables)
      : function(function), variables(variables), builder(function.getContext()) {}

  void run() {
    SmallVector<memref::GetGlobalOp> views;
    SmallVector<IndexingMapOpInterface> ops;
    for (Block *block : blocksOf(function)) {
      llvm::append_range(views, block->getOps<memref::GetGlobalOp>());
      llvm::append_range(ops, block->getOps<IndexingMapOpInterface>());
    }
    for (memref::GetGlobalOp view : views)
      if (auto found = variables.find(view.getNameAttr().getAttr()); found != variables.end())
        takeView(view, found->second);
    // What computes new values, first: its gradients become tiles too.
    for (IndexingMapOpInterface op : llvm::reverse(ops))
      if (auto generic = dyn_cast<GenericOp>(op.getOperation()))
        takeResults(generic);
    for (IndexingMapOpInterface op : ops)
      if (isa<kernel::PlacedOp>(op.getOperation()))
        rewrite(op);
    for (auto [write, tiles] : writes)
      finishWrite(write, tiles);
    for (auto [rows, tiled] : tiledOf)
      if (!rows.use_empty())
        readInRows(rows, tiled);
    for (Operation *op : llvm::reverse(replaced))
      op->erase();
  }

private:
  func::FuncOp function;
  const VariableTiles &variables;
  OpBuilder builder;
  struct Tiled {
    Value value;
    Tiles tiles;
  };
  llvm::MapVector<Value, Tiled> tiledOf; ///< a tensor in rows → the same in tiles
  llvm::MapVector<Value, Tiles> wanted;  ///< results that are to be computed in tiles
  SmallVector<std::pair<MaterializeInDestinationOp, Tiles>> writes;
  llvm::SetVector<Operation *> replaced;

  void takeView(memref::GetGlobalOp view, Tiles tiles) {
    for (Operation *user : llvm::to_vector(view->getUsers()))
      if (auto read = dyn_cast<ToTensorOp>(user))
        takeRead(read, view, tiles);
      else if (auto write = dyn_cast<MaterializeInDestinationOp>(user))
        takeWrite(write, tiles);
    view.getResult().setType(cast<MemRefType>(inTiles(view.getType(), tiles)));
    for (Operation *user : llvm::to_vector(view->getUsers()))
      if (auto member = dyn_cast<memref::SubViewOp>(user))
        takeMember(member, ofMember(tiles));
  }

  void takeRead(ToTensorOp read, Value memory, Tiles tiles) {
    builder.setInsertionPoint(read);
    Value whole = ToTensorOp::create(builder, read.getLoc(), inTiles(read.getType(), tiles), memory, /*restrict=*/true);
    takeTensor(read.getResult(), whole, tiles);
  }

  void takeTensor(Value rows, Value whole, Tiles tiles) {
    tiledOf[rows] = {whole, tiles};
    replaced.insert(rows.getDefiningOp());
    for (Operation *user : llvm::to_vector(rows.getUsers()))
      if (auto member = dyn_cast<tensor::ExtractSliceOp>(user)) {
        builder.setInsertionPoint(member);
        auto type = cast<RankedTensorType>(inTiles(member.getType(), ofMember(tiles)));
        auto [offsets, sizes, strides] = placeOfMember(member.getMixedOffsets()[0], type.getShape());
        takeTensor(member,
                   tensor::ExtractSliceOp::create(builder, member.getLoc(), type, whole, offsets, sizes, strides),
                   ofMember(tiles));
      }
  }

  using Places = SmallVector<OpFoldResult>;
  std::tuple<Places, Places, Places> placeOfMember(OpFoldResult number, ArrayRef<int64_t> shape) {
    Places offsets(shape.size() + 1, builder.getIndexAttr(0)), sizes{builder.getIndexAttr(1)},
        strides(shape.size() + 1, builder.getIndexAttr(1));
    offsets[0] = number;
    for (int64_t size : shape)
      sizes.push_back(builder.getIndexAttr(size));
    return {offsets, sizes, strides};
  }

  /// A view of a member, of a variable that lies in tiles already.
  void takeMember(memref::SubViewOp member, Tiles tiles) {
    builder.setInsertionPoint(member);
    SmallVector<int64_t> shape(inTiles(member.getType(), tiles).getShape());
    auto [offsets, sizes, strides] = placeOfMember(member.getMixedOffsets()[0], shape);
    auto type = memref::SubViewOp::inferRankReducedResultType(shape, cast<MemRefType>(member.getSource().getType()),
                                                              offsets, sizes, strides);
    Value view = memref::SubViewOp::create(builder, member.getLoc(), cast<MemRefType>(type), member.getSource(),
                                           offsets, sizes, strides);
    for (Operation *user : llvm::to_vector(member->getUsers()))
      takeWrite(cast<MaterializeInDestinationOp>(user), tiles);
    member.replaceAllUsesWith(view);
    member.erase();
  }

  void takeWrite(MaterializeInDestinationOp write, Tiles tiles) {
    writes.push_back({write, tiles});
    if (mayTile(write.getSource()))
      wanted[write.getSource()] = tiles;
  }

  /// If `op` is an update, the gradient is wanted in tiles where it and sums of all its elements alone read it.
  void takeResults(GenericOp op) {
    if (!op.hasPureTensorSemantics() || !isParallel(op))
      return;
    for (OpResult result : op->getResults()) {
      auto found = wanted.find(result);
      if (found == wanted.end())
        continue;
      const Tiles tiles = found->second;
      unsigned loop = *lastLoopOf(op, *op.getTiedOpOperand(result));
      for (OpOperand *input : op.getDpsInputOperands()) {
        if (input->get().getType() != result.getType() || lastLoopOf(op, *input) != loop)
          continue;
        auto product = input->get().getDefiningOp<ProductOp>();
        if (product &&
            llvm::all_of(product->getUses(),
                         [&](OpOperand &use) { return &use == input || isTotal(use.getOwner()); }) &&
            mayTile(input->get()))
          wanted[input->get()] = tiles;
        else if (tiles.outer > 0)
          takeMemory(input->get(), tiles);
      }
    }
  }

  /// What a loop leaves, turn by turn.
  void takeMemory(Value tensor, Tiles tiles) {
    Filled memory = Filled::behind(tensor);
    if (!memory.write || tiles.outer == 0)
      return;
    memory.whole.getResult().setType(cast<MemRefType>(inTiles(memory.whole.getType(), tiles)));
    takeRead(tensor.getDefiningOp<ToTensorOp>(), memory.whole, tiles);
    memory.slice.getResult().setType(cast<MemRefType>(inTiles(memory.slice.getType(), ofMember(tiles))));
    takeWrite(memory.write, ofMember(tiles));
    takeMemory(memory.write.getSource(), ofMember(tiles));
  }

  void rewrite(IndexingMapOpInterface op) {
    auto written = cast<DestinationStyleOpInterface>(op.getOperation());
    std::optional<unsigned> loop;
    Tiles tiles{0};
    SmallVector<OpOperand *> tiled;
    SmallVector<Value> values;
    auto add = [&](OpOperand &operand, Value value, Tiles of) {
      std::optional<unsigned> own = lastLoopOf(op, operand);
      if (!own || (loop && (*loop != *own || tiles.block != of.block || tiles.outer != of.outer)))
        return;
      loop = own;
      tiles = of;
      tiled.push_back(&operand);
      values.push_back(value);
    };
    for (OpOperand *input : written.getDpsInputOperands())
      if (auto found = tiledOf.find(input->get()); found != tiledOf.end())
        add(*input, found->second.value, found->second.tiles);
    for (OpResult result : op->getResults())
      if (auto found = wanted.find(result); found != wanted.end())
        add(*initOf(result), Value(), found->second);
    if (tiled.empty())
      return;
    builder.setInsertionPoint(op);
    Operation *tiledOp = retile(builder, op, *loop, tiles.block, tiles.outer, tiled, values);
    for (auto [before, after] : llvm::zip_equal(op->getResults(), tiledOp->getResults())) {
      if (before.getType() == after.getType())
        before.replaceAllUsesWith(after);
      else
        tiledOf[before] = {after, tiles};
    }
    replaced.insert(op);
  }

  void finishWrite(MaterializeInDestinationOp write, Tiles tiles) {
    builder.setInsertionPoint(write);
    auto found = tiledOf.find(write.getSource());
    write.getSourceMutable().assign(
        found != tiledOf.end() ? found->second.value
                               : copyToTiles(builder, write.getLoc(), write.getSource(), tiles.block, tiles.outer));
  }

  /// What could not be rewritten reads a copy in rows.
  void readInRows(Value rows, Tiled tiled) {
    bool needed = llvm::any_of(rows.getUsers(), [&](Operation *user) { return !replaced.contains(user); });
    if (!needed)
      return;
    builder.setInsertionPointAfterValue(tiled.value);
    Value copy = copyFromTiles(builder, tiled.value.getLoc(), tiled.value, tiled.tiles.outer);
    rows.replaceUsesWithIf(copy, [&](OpOperand &use) { return !replaced.contains(use.getOwner()); });
  }
};

} // namespace

void talweg::tileVariables(func::FuncOp function, const VariableTiles &variables) { Tiling(function, variables).run(); }
