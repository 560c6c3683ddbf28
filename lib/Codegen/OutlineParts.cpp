// Cuts long straight lines of code into functions of bounded length: what follows, LLVM above all, takes more than twice the
// time and memory for a function of twice the length.
//
// In: functions over buffers in the arena. Out: where a block holds more than `max-ops` ops, inner ones counted, its first ops are
// calls of private functions with about as many each, in the same order. Constants and views are copied into the functions that
// use them; the arguments are what else they use, and the results what is used behind them. The function's own arguments keep what
// is known of them: llvm.noalias, llvm.align.
#include "Steps.h"

#include "talweg/Dialect/Kernel/Kernel.h"
#include "talweg/Runtime/Abi.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "mlir/Transforms/RegionUtils.h"

#define GEN_PASS_DEF_OUTLINEPARTS
#include "talweg/Codegen/Passes.h"

using namespace mlir;

namespace {

/// A constant or a view: costs nothing, wherever it stands.
bool isFree(Operation &op) {
  return op.getNumResults() == 1 && op.getNumRegions() == 0 && isPure(&op) &&
         (op.getNumOperands() == 0 || isa<ViewLikeOpInterface>(op));
}

/// Ops of one block that become a function.
class Part {
public:
  Part(ArrayRef<Operation *> ops, func::FuncOp from) : ops(ops), from(from), inside(ops.begin(), ops.end()) {
    for (Operation *op : ops) {
      llvm::SetVector<Value> used(op->operand_begin(), op->operand_end());
      getUsedValuesDefinedAbove(op->getRegions(), used);
      for (Value value : used)
        need(value);
      for (OpResult result : op->getResults())
        if (llvm::any_of(result.getUsers(), [&](Operation *user) {
              return !inside.contains(op->getBlock()->findAncestorOpInBlock(*user));
            }))
          results.push_back(result);
    }
  }

  bool isOutlinable() const {
    auto passable = [](Value value) { return talweg::isPassable(value.getType()); };
    auto returnable = [](Value value) { return !isa<MemRefType>(value.getType()); };
    return llvm::all_of(arguments, passable) && llvm::all_of(results, returnable);
  }

  /// Puts a call in the place of the ops.
  void outline(SymbolTable &symbols) {
    func::FuncOp function = define();
    symbols.insert(function);
    OpBuilder builder(ops.front());
    auto call = func::CallOp::create(builder, ops.front()->getLoc(), function, arguments.getArrayRef());
    for (auto [result, value] : llvm::zip_equal(results, call.getResults()))
      result.replaceAllUsesWith(value);
    for (Operation *op : llvm::reverse(ops))
      op->erase();
  }

private:
  ArrayRef<Operation *> ops;
  func::FuncOp from;
  llvm::SmallPtrSet<Operation *, 32> inside;
  llvm::SetVector<Value> arguments;
  llvm::SetVector<Operation *> copied; ///< free ops, each behind those that it uses
  llvm::SetVector<Operation *> own;    ///< views of what the part computes
  SmallVector<Value> results;

  /// True if the value depends on the part's ops.
  bool need(Value value) {
    Operation *op = value.getDefiningOp();
    if (inside.contains(op) || own.contains(op))
      return true;
    if (!op || !isFree(*op)) {
      arguments.insert(value);
      return false;
    }
    bool depends = false;
    for (Value operand : op->getOperands())
      depends |= need(operand);
    (depends ? own : copied).insert(op);
    return depends;
  }

  func::FuncOp define() {
    OpBuilder builder(from.getContext());
    ValueRange values(arguments.getArrayRef());
    auto type = builder.getFunctionType(values.getTypes(), ValueRange(results).getTypes());
    auto function = func::FuncOp::create(builder, ops.front()->getLoc(), "part", type);
    function.setPrivate();
    Block *body = function.addEntryBlock();
    builder.setInsertionPointToStart(body);
    IRMapping mapping;
    mapping.map(values, body->getArguments());
    for (Operation *op : copied)
      builder.clone(*op, mapping);
    SmallVector<Operation *> computed(ops);
    llvm::append_range(computed, own);
    llvm::sort(computed, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
    for (Operation *op : computed)
      builder.clone(*op, mapping);
    func::ReturnOp::create(builder, ops.back()->getLoc(),
                           llvm::map_to_vector(results, [&](Value value) { return mapping.lookup(value); }));
    for (auto [number, value] : llvm::enumerate(arguments))
      describe(function, number, value);
    return function;
  }

  /// Tells of an argument what the host promises of the entry's (Runtime/Abi.h).
  void describe(func::FuncOp function, unsigned number, Value value) {
    auto argument = dyn_cast<BlockArgument>(value);
    if (!argument || argument.getOwner() != &from.getBody().front() || !isa<MemRefType>(value.getType()))
      return;
    Builder builder(function.getContext());
    StringRef apart = LLVM::LLVMDialect::getNoAliasAttrName();
    if (Attribute known = from.getArgAttr(argument.getArgNumber(), apart))
      function.setArgAttr(number, apart, known);
    if (argument.getArgNumber() <= talweg::abi::kArena || argument.getArgNumber() >= talweg::abi::kFields)
      function.setArgAttr(number, LLVM::LLVMDialect::getAlignAttrName(),
                          builder.getI64IntegerAttr(talweg::abi::kAlignment));
  }
};

struct OutlineParts : talweg::impl::OutlinePartsBase<OutlineParts> {
  using OutlinePartsBase::OutlinePartsBase;

  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    for (auto function : llvm::to_vector(getOperation().getOps<func::FuncOp>()))
      if (function.getSymName().starts_with("talweg_") && !function.isExternal())
        for (Block &block : function.getBody())
          cut(block, function, symbols);
  }

  /// The ops of a nest. A call's arguments count, too: all are alive at once. A write in a straight line counts as several, since
  /// schedulers compare each with all others.
  static int64_t sizeOf(Operation &op) {
    constexpr int64_t write = 8;
    int64_t size = isa<vector::MaskedStoreOp, vector::StoreOp, memref::StoreOp>(op) ? write : 0;
    op.walk([&](Operation *inner) { size += isa<func::CallOp>(inner) ? 1 + inner->getNumOperands() : 1; });
    return isFree(op) || talweg::loopOverBatches(&op) ? 0 : size;
  }

  void cut(Block &block, func::FuncOp function, SymbolTable &symbols) {
    int64_t all = 0;
    for (Operation &op : block) {
      if (auto loop = talweg::loopOverBatches(&op)) // its steps are cut, and it stays where it is
        for (Block *step : talweg::stepsOf(loop))
          cut(*step, function, symbols);
      all += sizeOf(op);
    }
    if (all <= maxOps)
      return;
    SmallVector<Operation *> part;
    int64_t size = 0;
    for (Operation &op : llvm::make_early_inc_range(block.without_terminator())) {
      if (isFree(op))
        continue;
      if (talweg::loopOverBatches(&op) || isa<talweg::kernel::LeaveOp>(op)) {
        part.clear();
        size = 0;
        continue;
      }
      part.push_back(&op);
      size += sizeOf(op);
      if (size < maxOps)
        continue;
      if (Part made(part, function); made.isOutlinable()) {
        made.outline(symbols);
        ++parts;
      }
      part.clear();
      size = 0;
    }
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
      if (isFree(op) && op.use_empty())
        op.erase();
  }
};

} // namespace
