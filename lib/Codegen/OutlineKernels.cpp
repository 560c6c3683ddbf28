// Makes loop nests that are alike one function, so that LLVM compiles them once.
//
// In: functions over buffers in the arena. Out: equal nests, in any function of the module, are calls of one private function.
// A nest's key spells out its ops, attributes and types, and numbers its values in the order of their first use, so equal
// keys mean equal code: which captured values are one and the same is part of it (an op in place differs from one that is not), locations
// are not. Arguments are what nests capture; constants are copied into the function where all nests agree, and handed over where they
// do not, except for those of type index, which shape the code and are part of the key. What is known of the buffers' places
// goes with the arguments: llvm.align, and llvm.noalias where a buffer meets no other argument's in any of the calls.
#include "Memory.h"
#include "Steps.h"

#include "talweg/Runtime/Abi.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

#include <map>

#define GEN_PASS_DEF_OUTLINEKERNELS
#include "talweg/Codegen/Passes.h"

using namespace mlir;

namespace {

//===-- keys -------------------------------------------------------------------------------------------------------===//

using Key = std::vector<uintptr_t>;

/// A loop nest and the values from outside that it reads, in the order of their first use.
struct Nest {
  Operation *op = nullptr;
  SmallVector<Value> captures;
  SmallVector<Attribute> constants; ///< for each capture; null where it is none
  int64_t size = 0;                 ///< ops
};

/// Spells out a nest. Attributes, types and names of ops are unique in a context: their addresses stand for them.
class Description {
public:
  Description(Nest &nest, Key &key) : nest(nest), key(key) { add(nest.op); }

private:
  void add(const void *pointer) { key.push_back(reinterpret_cast<uintptr_t>(pointer)); }
  void add(Type type) { add(type.getAsOpaquePointer()); }

  void define(Value value) {
    add(value.getType());
    numbers.try_emplace(value, numbers.size());
  }

  void use(Value value) {
    auto [at, isNew] = numbers.try_emplace(value, numbers.size());
    key.push_back(at->second);
    if (!isNew)
      return;
    add(value.getType());
    Attribute constant;
    matchPattern(value, m_Constant(&constant));
    add(constant && value.getType().isIndex() ? constant.getAsOpaquePointer() : nullptr);
    nest.captures.push_back(value);
    nest.constants.push_back(constant);
  }

  void add(Operation *op) {
    ++nest.size;
    add(op->getName().getAsOpaquePointer());
    add(op->getAttrDictionary().getAsOpaquePointer());
    key.push_back(op->getNumOperands());
    for (Value operand : op->getOperands())
      use(operand);
    key.push_back(op->getNumResults());
    for (Value result : op->getResults())
      define(result);
    for (Region &region : op->getRegions()) {
      key.push_back(region.getBlocks().size());
      for (Block &block : region) {
        key.push_back(block.getNumArguments());
        for (Value argument : block.getArguments())
          define(argument);
        for (Operation &inner : block)
          add(&inner);
      }
    }
  }

  Nest &nest;
  Key &key;
  DenseMap<Value, unsigned> numbers;
};

//===-- places -----------------------------------------------------------------------------------------------------===//

/// The bytes that a buffer may touch, as far as is known.
struct Place {
  BlockArgument root; ///< of a function; null: unknown
  int64_t offset = 0, bytes = 0;
  bool exact = true; ///< it begins at `offset`

  static Place of(Value value) {
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      auto function = dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp());
      return function ? Place{argument, 0, talweg::bytesOf(argument.getType())} : Place{};
    }
    Operation *op = value.getDefiningOp();
    if (auto view = dyn_cast<memref::ViewOp>(op)) {
      Place place = of(view.getSource());
      APInt shift;
      if (!place.root || !matchPattern(view.getByteShift(), m_ConstantInt(&shift)))
        return {};
      return {place.root, place.offset + shift.getSExtValue(), talweg::bytesOf(value.getType()), place.exact};
    }
    if (auto cast = dyn_cast<memref::ReinterpretCastOp>(op)) {
      Place place = of(cast.getSource());
      place.exact &= cast.getStaticOffsets().front() == 0;
      return place;
    }
    auto view = dyn_cast<ViewLikeOpInterface>(op);
    Place place = view ? of(view.getViewSource()) : Place{};
    place.exact = false;
    return place;
  }

  /// Whether both may hold one byte. Arguments of functions are apart by their llvm.noalias.
  bool meets(const Place &other) const {
    if (!root || !other.root)
      return true;
    if (root != other.root)
      return !isApart(root) && !isApart(other.root);
    return offset < other.offset + other.bytes && other.offset < offset + bytes;
  }

  bool isAligned() const {
    if (!root || !exact || offset % talweg::abi::kAlignment)
      return false;
    return root.getArgNumber() <= talweg::abi::kArena || root.getArgNumber() >= talweg::abi::kFields;
  }

private:
  static bool isApart(BlockArgument argument) {
    auto function = cast<func::FuncOp>(argument.getOwner()->getParentOp());
    return bool(function.getArgAttr(argument.getArgNumber(), LLVM::LLVMDialect::getNoAliasAttrName()));
  }
};

//===-- the pass ---------------------------------------------------------------------------------------------------===//

struct OutlineKernels : talweg::impl::OutlineKernelsBase<OutlineKernels> {
  using OutlineKernelsBase::OutlineKernelsBase;

  DenseMap<Value, Value> replaced; ///< results of nests by those of calls

  void runOnOperation() override {
    std::map<Key, unsigned> byKey;
    SmallVector<SmallVector<Nest>> groups;
    for (auto function : getOperation().getOps<func::FuncOp>())
      for (Operation *op : nestsOf(function)) {
        hoist(op);
        Nest nest;
        nest.op = op;
        Key key;
        Description(nest, key);
        if (nest.size < minOps || !isOutlinable(nest))
          continue;
        auto [at, isNew] = byKey.try_emplace(std::move(key), groups.size());
        if (isNew)
          groups.emplace_back();
        groups[at->second].push_back(std::move(nest));
      }
    SymbolTable symbols(getOperation());
    replaced.clear();
    for (ArrayRef<Nest> group : groups)
      if (group.size() > 1)
        outline(group, symbols);
    for (ArrayRef<Nest> group : groups) // last, because a nest may capture another's result
      for (const Nest &nest : group.size() > 1 ? group : ArrayRef<Nest>())
        nest.op->erase();
  }

  /// The outermost loops of a function, and of its steps.
  static SmallVector<Operation *> nestsOf(func::FuncOp function) {
    SmallVector<Operation *> nests;
    auto collect = [&](Block &block, auto &&again) -> void {
      for (Operation &op : block) {
        if (auto loop = talweg::loopOverBatches(&op))
          for (Block *step : talweg::stepsOf(loop))
            again(*step, again);
        else if (isa<scf::ForOp, scf::ParallelOp>(op))
          nests.push_back(&op);
      }
    };
    for (Block &block : function.getBody())
      collect(block, collect);
    return nests;
  }

  /// Moves constants, and views of what lies outside, before the nest: they are captured, not part of it.
  static void hoist(Operation *nest) {
    nest->walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (op == nest || !(op->hasTrait<OpTrait::ConstantLike>() || isa<ViewLikeOpInterface>(op)) || !isPure(op))
        return;
      if (llvm::all_of(op->getOperands(), [&](Value operand) {
            return !nest->isProperAncestor(operand.getParentBlock()->getParentOp()) &&
                   operand.getParentBlock()->getParentOp() != nest;
          }))
        op->moveBefore(nest);
    });
  }

  static bool isOutlinable(const Nest &nest) {
    auto passable = [](Value value) { return talweg::isPassable(value.getType()); };
    return llvm::all_of(nest.captures, passable) && llvm::none_of(nest.op->getResultTypes(), [](Type type) {
             return !talweg::isPassable(type) || isa<MemRefType>(type);
           });
  }

  /// A captured value as it is now: a nest may read the result of another that has become a call.
  Value current(Value capture) const { return replaced.lookup_or(capture, capture); }

  /// Makes one function of the first nest, and calls of all.
  void outline(ArrayRef<Nest> group, SymbolTable &symbols) {
    const Nest &first = group.front();
    SmallVector<unsigned> handed; // captures that become arguments
    for (unsigned i = 0; i < first.captures.size(); ++i)
      if (!llvm::all_of(group,
                        [&](const Nest &nest) { return nest.constants[i] && nest.constants[i] == first.constants[i]; }))
        handed.push_back(i);

    func::FuncOp kernel = define(first, handed);
    symbols.insert(kernel);
    describeArguments(kernel, group, handed);
    for (const Nest &nest : group) {
      OpBuilder builder(nest.op);
      SmallVector<Value> arguments;
      for (unsigned i : handed)
        arguments.push_back(current(nest.captures[i]));
      auto call = func::CallOp::create(builder, nest.op->getLoc(), kernel, arguments);
      for (auto [result, value] : llvm::zip(nest.op->getResults(), call.getResults()))
        replaced[result] = value;
      nest.op->replaceAllUsesWith(call);
      ++calls;
    }
    ++kernels;
  }

  func::FuncOp define(const Nest &nest, ArrayRef<unsigned> handed) {
    Location loc = nest.op->getLoc();
    SmallVector<Type> types;
    for (unsigned i : handed)
      types.push_back(nest.captures[i].getType());
    auto type = FunctionType::get(&getContext(), types, nest.op->getResultTypes());
    OpBuilder builder(&getContext());
    auto kernel = func::FuncOp::create(builder, loc, "kernel", type);
    kernel.setPrivate();
    Block *entry = kernel.addEntryBlock();
    builder.setInsertionPointToStart(entry);
    IRMapping mapping;
    for (auto [argument, i] : llvm::zip(entry->getArguments(), handed))
      mapping.map(current(nest.captures[i]), argument);
    for (Value capture : nest.captures)
      if (!mapping.contains(current(capture)))
        mapping.map(capture, builder.clone(*capture.getDefiningOp())->getResult(0));
    Operation *copy = builder.clone(*nest.op, mapping);
    func::ReturnOp::create(builder, loc, copy->getResults());
    return kernel;
  }

  void describeArguments(func::FuncOp kernel, ArrayRef<Nest> group, ArrayRef<unsigned> handed) {
    Builder builder(&getContext());
    SmallVector<bool> apart(handed.size(), true), aligned(handed.size(), true);
    for (const Nest &nest : group) {
      SmallVector<Place> places(handed.size());
      for (auto [place, i] : llvm::zip(places, handed))
        if (isa<MemRefType>(nest.captures[i].getType()))
          place = Place::of(nest.captures[i]);
      for (unsigned a = 0; a < handed.size(); ++a) {
        aligned[a] = aligned[a] && places[a].isAligned();
        for (unsigned b = 0; b < handed.size(); ++b)
          if (a != b && isa<MemRefType>(kernel.getArgumentTypes()[b]) && places[a].meets(places[b]))
            apart[a] = false;
      }
    }
    for (unsigned i = 0; i < handed.size(); ++i) {
      if (!isa<MemRefType>(kernel.getArgumentTypes()[i]))
        continue;
      if (apart[i])
        kernel.setArgAttr(i, LLVM::LLVMDialect::getNoAliasAttrName(), builder.getUnitAttr());
      if (aligned[i])
        kernel.setArgAttr(i, LLVM::LLVMDialect::getAlignAttrName(), builder.getI64IntegerAttr(talweg::abi::kAlignment));
    }
  }
};

} // namespace
