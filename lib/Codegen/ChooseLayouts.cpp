// Chooses how parameters and optimizer state lie in memory, once for a whole program.
//
// After talweg-fuse-elementwise. The memref.global of a variable in panels has their type, and every op that reads or writes it does so in tiles.
// What the host sees in canonical order it must convert (Engine/Variables). Where blocks stand on the storage, another module of the same
// program has chosen, and this one obeys.
#include "Access.h"
#include "PlanProduct.h"
#include "Retile.h"
#include "TileVariables.h"
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
  SmallVector<Value> reads; ///< it, or members of it, as tensors
  SmallVector<MaterializeInDestinationOp> writes;
  bool plain = true; ///< nothing else uses its memory

  void addRead(Value tensor) {
    reads.push_back(tensor);
    for (Operation *user : tensor.getUsers())
      if (isa<tensor::ExtractSliceOp>(user))
        addRead(user->getResult(0));
  }
};

/// The variables of `function`, by their names.
llvm::MapVector<StringAttr, Variable> variablesOf(func::FuncOp function) {
  llvm::MapVector<StringAttr, Variable> variables;
  function.walk([&](memref::GetGlobalOp view) {
    Variable &variable = variables[view.getNameAttr().getAttr()];
    variable.views.push_back(view);
    auto add = [&](Operation *user) {
      if (auto read = dyn_cast<ToTensorOp>(user))
        variable.addRead(read.getResult());
      else if (auto write = dyn_cast<MaterializeInDestinationOp>(user))
        variable.writes.push_back(write);
      else
        variable.plain = false;
    };
    for (Operation *user : view->getUsers())
      if (isa<memref::SubViewOp>(user)) // a member
        llvm::for_each(user->getUsers(), add);
      else
        add(user);
  });
  return variables;
}

/// The variable that `memory` shows, or a member of which it shows; null: none.
memref::GetGlobalOp variableOf(Value memory) {
  if (auto member = memory.getDefiningOp<memref::SubViewOp>())
    memory = member.getSource();
  return memory.getDefiningOp<memref::GetGlobalOp>();
}

/// Likewise, of a tensor.
memref::GetGlobalOp variableReadBy(Value tensor) {
  while (auto member = tensor.getDefiningOp<tensor::ExtractSliceOp>())
    tensor = member.getSource();
  auto read = tensor.getDefiningOp<ToTensorOp>();
  return read ? variableOf(read.getBuffer()) : memref::GetGlobalOp();
}

bool isElementwise(GenericOp op) { return op.hasPureTensorSemantics() && isParallel(op); }

/// The columns of the panels that the product would read `operand` in; 0: it reads it as it is.
int64_t panelOf(OpOperand &operand, const Target &target) {
  auto op = dyn_cast<ProductOp>(operand.getOwner());
  if (!op)
    return 0;
  kernel::ProductPlan plan = planOf(op, {}, target);
  OpOperand &right = plan.swapped ? op.getLeftMutable() : op.getRightMutable();
  return &right == &operand && prefersPanels(plan) ? plan.panel() : 0;
}

/// The product that reads the variable as a converted copy; null: there is none.
ProductOp readerOfCopy(const Variable &variable) {
  for (Value read : variable.reads)
    for (Operation *user : read.getUsers())
      if (auto copy = dyn_cast<GenericOp>(user);
          copy && isElementwise(copy) && getElementTypeOrSelf(copy->getResult(0)) != getElementTypeOrSelf(read))
        for (Operation *reader : copy->getUsers())
          if (auto product = dyn_cast<ProductOp>(reader))
            return product;
  return {};
}

struct ChooseLayouts : talweg::impl::ChooseLayoutsBase<ChooseLayouts> {
  using ChooseLayoutsBase::ChooseLayoutsBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto step = module.lookupSymbol<func::FuncOp>(abi::kStepEntry);
    if (!step)
      return;
    std::optional<VariableTiles> given = givenIn(module);
    const VariableTiles layouts = given ? *given : choose(step);
    for (auto function : module.getOps<func::FuncOp>())
      if (!function.isExternal())
        tileVariables(function, layouts);
    for (auto storage : module.getOps<memref::GlobalOp>())
      if (auto found = layouts.find(storage.getSymNameAttr()); found != layouts.end())
        storage.setType(cast<MemRefType>(tiledType(storage.getType(), found->second.block, found->second.outer)));
    tiled += layouts.size();
  }

  /// What another module has chosen; nothing: none has.
  static std::optional<VariableTiles> givenIn(ModuleOp module) {
    std::optional<VariableTiles> layouts;
    for (auto storage : module.getOps<memref::GlobalOp>())
      if (auto block = storage->getAttrOfType<IntegerAttr>(attributes::kBlock)) {
        if (!layouts)
          layouts.emplace();
        if (block.getInt() != 0)
          layouts->insert({storage.getSymNameAttr(), {block.getInt(), outerOf(storage)}});
      }
    return layouts;
  }

  /// The dimensions of a stack that are in front of its members'.
  static unsigned outerOf(memref::GlobalOp storage) {
    auto outer = storage->getAttrOfType<IntegerAttr>(attributes::kOuter);
    return outer ? outer.getInt() : 0;
  }

  VariableTiles choose(func::FuncOp step) {
    llvm::MapVector<StringAttr, Variable> variables = variablesOf(step);
    VariableTiles layouts;
    for (auto &[name, variable] : variables) {
      int64_t panel = 0;
      Location loc = step.getLoc();
      for (Value read : variable.reads)
        for (OpOperand &use : read.getUses())
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
        emitRemark(loc) << "the product's matrix does not lie in panels as its tiles read it: " << why;
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
      const unsigned outer =
          outerOf(SymbolTable::lookupNearestSymbolFrom<memref::GlobalOp>(step, FlatSymbolRefAttr::get(name)));
      for (StringAttr each : group)
        layouts[each] = {block, outer};
    }
    return layouts;
  }

  /// The variable and those of the same shape that one elementwise op reads or writes with it: its moments.
  static SmallVector<StringAttr> groupOf(StringAttr name, llvm::MapVector<StringAttr, Variable> &variables) {
    llvm::SetVector<StringAttr> group;
    group.insert(name);
    auto add = [&](memref::GetGlobalOp view) {
      if (view && view.getType() == variables[name].views.front().getType())
        group.insert(view.getNameAttr().getAttr());
    };
    for (MaterializeInDestinationOp write : variables[name].writes)
      if (auto update = write.getSource().getDefiningOp<GenericOp>(); update && isElementwise(update)) {
        for (Value read : update.getOperands())
          add(variableReadBy(read));
        for (Operation *user : update->getUsers())
          if (auto other = dyn_cast<MaterializeInDestinationOp>(user))
            add(variableOf(other.getDest()));
      }
    return group.takeVector();
  }

  /// True if every op that reads the variable, or computes its new value, can do so in tiles.
  static bool fitsTiles(const Variable &variable) {
    if (!variable.plain)
      return false;
    for (Value read : variable.reads)
      for (OpOperand &use : read.getUses()) {
        if (isa<tensor::ExtractSliceOp>(use.getOwner()))
          continue;
        auto op = dyn_cast<IndexingMapOpInterface>(use.getOwner());
        if (!isa<MaterializeInDestinationOp>(use.getOwner()) && (!op || !lastLoopOf(op, use)))
          return false;
      }
    return true;
  }
};

} // namespace
