// Chooses how parameters and optimizer state lie in memory, once for a whole program.
//
// After talweg-fuse-elementwise. The memref.global of a variable in panels has their type, and every op that reads or writes it does so in tiles.
// What the host sees in canonical order it must convert (Engine/Variables). Where blocks stand on the storage, another module of the same
// program has chosen, and this one obeys.
#include "Access.h"
#include "PlanProduct.h"
#include "Retile.h"
#include "talweg/Codegen/Attributes.h"
#include "talweg/Runtime/Abi.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

#define GEN_PASS_DEF_CHOOSELAYOUTS
#include "talweg/Codegen/Passes.h"

using namespace mlir;
using namespace talweg;
using bufferization::MaterializeInDestinationOp;
using bufferization::ToTensorOp;
using kernel::ProductOp;
using linalg::GenericOp;

namespace {

/// One variable in one function.
struct Variable {
  SmallVector<memref::GetGlobalOp> views;
  SmallVector<ToTensorOp> reads;
  SmallVector<MaterializeInDestinationOp> writes;
  bool plain = true; ///< nothing else uses its memory
};

/// The variables of `function`, by their names.
llvm::MapVector<StringAttr, Variable> variablesOf(func::FuncOp function) {
  llvm::MapVector<StringAttr, Variable> variables;
  function.walk([&](memref::GetGlobalOp view) {
    Variable &variable = variables[view.getNameAttr().getAttr()];
    variable.views.push_back(view);
    for (Operation *user : view->getUsers()) {
      if (auto read = dyn_cast<ToTensorOp>(user))
        variable.reads.push_back(read);
      else if (auto write = dyn_cast<MaterializeInDestinationOp>(user))
        variable.writes.push_back(write);
      else
        variable.plain = false;
    }
  });
  return variables;
}

bool isElementwise(GenericOp op) { return op.hasPureTensorSemantics() && isParallel(op); }

/// The columns of a panel that the product which reads `operand` copies it into; 0: it reads it as it is.
int64_t panelOf(OpOperand &operand, const Target &target) {
  auto op = dyn_cast<ProductOp>(operand.getOwner());
  if (!op)
    return 0;
  kernel::ProductPlan plan = planOf(op, {}, target);
  OpOperand &packed = plan.swapped ? op.getLeftMutable() : op.getRightMutable();
  return plan.packB && &packed == &operand && plan.n.b == 1 ? plan.panel() : 0;
}

/// The product that reads the variable as a converted copy; null: there is none.
ProductOp readerOfCopy(const Variable &variable) {
  for (ToTensorOp read : variable.reads)
    for (Operation *user : read->getUsers())
      if (auto copy = dyn_cast<GenericOp>(user);
          copy && isElementwise(copy) &&
          getElementTypeOrSelf(copy->getResult(0)) != getElementTypeOrSelf(read.getResult()))
        for (Operation *reader : copy->getUsers())
          if (auto product = dyn_cast<ProductOp>(reader))
            return product;
  return {};
}

struct ChooseLayouts : talweg::impl::ChooseLayoutsBase<ChooseLayouts> {
  using ChooseLayoutsBase::ChooseLayoutsBase;

  /// Name → block.
  using Layouts = llvm::MapVector<StringAttr, int64_t>;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto step = module.lookupSymbol<func::FuncOp>(abi::kStepEntry);
    if (!step)
      return;
    std::optional<Layouts> given = givenIn(module);
    const Layouts layouts = given ? *given : choose(step);
    for (auto function : module.getOps<func::FuncOp>())
      if (!function.isExternal())
        for (Block *block : blocksOf(function))
          BlockRewriter(*block, layouts).run();
    for (auto storage : module.getOps<memref::GlobalOp>())
      if (auto found = layouts.find(storage.getSymNameAttr()); found != layouts.end())
        storage.setType(cast<MemRefType>(tiledType(storage.getType(), found->second)));
    tiled += layouts.size();
  }

  /// What another module has chosen; nothing: none has.
  static std::optional<Layouts> givenIn(ModuleOp module) {
    std::optional<Layouts> layouts;
    for (auto storage : module.getOps<memref::GlobalOp>())
      if (auto block = storage->getAttrOfType<IntegerAttr>(attributes::kBlock)) {
        if (!layouts)
          layouts.emplace();
        if (block.getInt() != 0)
          layouts->insert({storage.getSymNameAttr(), block.getInt()});
      }
    return layouts;
  }

  Layouts choose(func::FuncOp step) {
    llvm::MapVector<StringAttr, Variable> variables = variablesOf(step);
    Layouts layouts;
    for (auto &[name, variable] : variables) {
      int64_t panel = 0;
      Location loc = step.getLoc();
      for (ToTensorOp read : variable.reads)
        for (OpOperand &use : read.getResult().getUses())
          if (panel == 0 && (panel = panelOf(use, target)) != 0)
            loc = use.getOwner()->getLoc();
      if (panel == 0) {
        if (ProductOp product = readerOfCopy(variable))
          emitRemark(product.getLoc()) << "the product reads a copy of `" << name.getValue()
                                       << "` that is computed in every step";
        continue;
      }
      auto type = cast<MemRefType>(variable.views.front().getType());
      int64_t columns = type.getShape().back(), lanes = target.vectorBits / type.getElementTypeBitWidth();
      auto refuse = [&](const Twine &why) {
        emitRemark(loc) << "the product copies its matrix into panels in every step; the matrix does not lie in them: "
                        << why;
      };
      int64_t block = blockOf(columns, panel, lanes);
      if (block == 0 || block == columns) {
        refuse(Twine(columns) + " columns are not a multiple of a register's " + Twine(lanes) + " lanes");
        continue;
      }
      SmallVector<StringAttr> group = groupOf(name, variables);
      bool fits = llvm::all_of(group, [&](StringAttr each) { return fitsTiles(variables[each]); });
      if (!fits) {
        refuse("another op reads it, or its optimizer's state, in an order that cannot be tiled");
        continue;
      }
      for (StringAttr each : group)
        layouts[each] = block;
    }
    return layouts;
  }

  /// The variable and those of the same shape that one elementwise op reads or writes with it: its moments.
  static SmallVector<StringAttr> groupOf(StringAttr name, llvm::MapVector<StringAttr, Variable> &variables) {
    llvm::SetVector<StringAttr> group;
    group.insert(name);
    auto add = [&](Value memory) {
      auto view = memory.getDefiningOp<memref::GetGlobalOp>();
      if (view && view.getType() == variables[name].views.front().getType())
        group.insert(view.getNameAttr().getAttr());
    };
    for (MaterializeInDestinationOp write : variables[name].writes)
      if (auto update = write.getSource().getDefiningOp<GenericOp>(); update && isElementwise(update)) {
        for (Value read : update.getOperands())
          if (auto variable = read.getDefiningOp<ToTensorOp>())
            add(variable.getBuffer());
        for (Operation *user : update->getUsers())
          if (auto other = dyn_cast<MaterializeInDestinationOp>(user))
            add(other.getDest());
      }
    return group.takeVector();
  }

  /// True if every op that reads the variable, or computes its new value, can do so in tiles.
  static bool fitsTiles(const Variable &variable) {
    if (!variable.plain)
      return false;
    for (ToTensorOp read : variable.reads)
      for (OpOperand &use : read.getResult().getUses()) {
        auto op = dyn_cast<IndexingMapOpInterface>(use.getOwner());
        if (!isa<MaterializeInDestinationOp>(use.getOwner()) && (!op || !lastLoopOf(op, use)))
          return false;
      }
    return true;
  }

  /// Rewrites what one block does with tiled variables.
  class BlockRewriter {
  public:
    BlockRewriter(Block &block, const Layouts &layouts)
        : block(block), layouts(layouts), builder(block.getParentOp()->getContext()) {}

    void run() {
      for (auto view : llvm::to_vector(block.getOps<memref::GetGlobalOp>()))
        if (auto found = layouts.find(view.getNameAttr().getAttr()); found != layouts.end())
          takeView(view, found->second);
      // What computes new values, first: its gradients become tiles too.
      SmallVector<IndexingMapOpInterface> ops(block.getOps<IndexingMapOpInterface>());
      for (IndexingMapOpInterface op : llvm::reverse(ops))
        if (auto generic = dyn_cast<GenericOp>(op.getOperation()))
          takeResults(generic);
      for (IndexingMapOpInterface op : ops)
        if (isa<kernel::PlacedOp>(op.getOperation()))
          rewrite(op);
      for (auto [write, size] : writes)
        finishWrite(write, size);
      for (auto [rows, tiles] : tilesOf)
        if (!rows.use_empty())
          readInRows(rows, tiles);
      for (Operation *op : llvm::reverse(replaced))
        op->erase();
    }

  private:
    Block &block;
    const Layouts &layouts;
    OpBuilder builder;
    llvm::MapVector<Value, Value> tilesOf;  ///< a tensor in rows → the same in tiles
    llvm::MapVector<Value, int64_t> wanted; ///< results that are to be computed in tiles, by block
    SmallVector<std::pair<MaterializeInDestinationOp, int64_t>> writes;
    llvm::SetVector<Operation *> replaced;

    void takeView(memref::GetGlobalOp view, int64_t size) {
      for (Operation *user : llvm::to_vector(view->getUsers())) {
        if (auto read = dyn_cast<ToTensorOp>(user)) {
          builder.setInsertionPoint(read);
          auto type = tiledType(cast<ShapedType>(read.getType()), size);
          Value tiles = ToTensorOp::create(builder, read.getLoc(), type, view, /*restrict=*/true);
          tilesOf[read.getResult()] = tiles;
          replaced.insert(read);
        } else if (auto write = dyn_cast<MaterializeInDestinationOp>(user)) {
          writes.push_back({write, size});
          if (mayTile(write.getSource()))
            wanted[write.getSource()] = size;
        }
      }
      view.getResult().setType(cast<MemRefType>(tiledType(view.getType(), size)));
    }

    static OpOperand *initOf(OpResult result) {
      return cast<DestinationStyleOpInterface>(result.getOwner()).getTiedOpOperand(result);
    }

    /// True if the op that computes `value` may write it in tiles: all other uses of it can be rewritten as well.
    bool mayTile(Value value) {
      auto op = value.getDefiningOp<IndexingMapOpInterface>();
      if (!op || op->getBlock() != &block || !lastLoopOf(op, *initOf(cast<OpResult>(value))))
        return false;
      return llvm::all_of(value.getUses(), [&](OpOperand &use) {
        auto reader = dyn_cast<IndexingMapOpInterface>(use.getOwner());
        return isa<MaterializeInDestinationOp>(use.getOwner()) ||
               (reader && reader->getBlock() == &block && lastLoopOf(reader, use));
      });
    }

    /// If `op` is an update, the gradient is wanted in tiles where it and sums of all its elements alone read it.
    void takeResults(GenericOp op) {
      if (!isElementwise(op))
        return;
      for (OpResult result : op->getResults()) {
        auto found = wanted.find(result);
        if (found == wanted.end())
          continue;
        int64_t size = found->second;
        unsigned loop = *lastLoopOf(op, *op.getTiedOpOperand(result));
        for (OpOperand *input : op.getDpsInputOperands()) {
          auto product = input->get().getDefiningOp<ProductOp>();
          if (input->get().getType() == result.getType() && product &&
              llvm::all_of(product->getUses(),
                           [&](OpOperand &use) { return &use == input || isTotal(use.getOwner()); }) &&
              lastLoopOf(op, *input) == loop && mayTile(input->get()))
            wanted[input->get()] = size;
        }
      }
    }

    void rewrite(IndexingMapOpInterface op) {
      auto written = cast<DestinationStyleOpInterface>(op.getOperation());
      std::optional<unsigned> loop;
      int64_t size = 0;
      SmallVector<OpOperand *> tiled;
      SmallVector<Value> values;
      auto add = [&](OpOperand &operand, Value value, int64_t block) {
        std::optional<unsigned> own = lastLoopOf(op, operand);
        if (!own || (loop && (*loop != *own || size != block)))
          return;
        loop = own;
        size = block;
        tiled.push_back(&operand);
        values.push_back(value);
      };
      for (OpOperand *input : written.getDpsInputOperands())
        if (Value tiles = tilesOf.lookup(input->get()))
          add(*input, tiles, cast<ShapedType>(tiles.getType()).getShape().back());
      for (OpResult result : op->getResults())
        if (auto found = wanted.find(result); found != wanted.end())
          add(*initOf(result), Value(), found->second);
      if (tiled.empty())
        return;
      builder.setInsertionPoint(op);
      Operation *tiledOp = retile(builder, op, *loop, size, tiled, values);
      for (auto [before, after] : llvm::zip_equal(op->getResults(), tiledOp->getResults())) {
        if (before.getType() == after.getType())
          before.replaceAllUsesWith(after);
        else
          tilesOf[before] = after;
      }
      replaced.insert(op);
    }

    void finishWrite(MaterializeInDestinationOp write, int64_t size) {
      builder.setInsertionPoint(write);
      Value tiles = tilesOf.lookup(write.getSource());
      if (!tiles)
        tiles = copyToTiles(builder, write.getLoc(), write.getSource(), size);
      write.getSourceMutable().assign(tiles);
    }

    /// What could not be rewritten reads a copy in rows.
    void readInRows(Value rows, Value tiles) {
      bool needed = llvm::any_of(rows.getUsers(), [&](Operation *user) { return !replaced.contains(user); });
      if (!needed)
        return;
      builder.setInsertionPointAfterValue(tiles);
      Value copy = copyFromTiles(builder, tiles.getLoc(), tiles);
      rows.replaceUsesWithIf(copy, [&](OpOperand &use) { return !replaced.contains(use.getOwner()); });
    }
  };
};

} // namespace
