// Gives every tensor a buffer.
//
// In: functions whose blocks hold tensors of static shape in straight lines (a loop body is a block of its own; only
// literals cross into it). Out: linalg on memrefs. A result is written, in order of preference, into the destination that it is
// materialized in, over an operand that dies here and is read at the same places, or into a new memref.alloc.
#include "Contraction.h"
#include "Memory.h"
#include "talweg/Codegen/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/IRMapping.h"

namespace talweg {
#define GEN_PASS_DEF_BUFFERIZE
#include "talweg/Codegen/Passes.h.inc"
} // namespace talweg

using namespace mlir;
using bufferization::MaterializeInDestinationOp;
using linalg::GenericOp;
using talweg::rootOf;
using talweg::sameMemory;

namespace {

/// A condition, which takes a byte of memory.
bool isTruth(Type element) { return element.isInteger(1); }

/// The memref type that stores a tensor.
MemRefType storageType(Type type, Builder &builder) {
  auto tensor = cast<RankedTensorType>(type);
  Type element = tensor.getElementType();
  return MemRefType::get(tensor.getShape(), isTruth(element) ? builder.getI8Type() : element);
}

class BlockBufferizer {
public:
  /// Ops on tensors that are no longer needed are added to `done`, users after what they use.
  BlockBufferizer(Block &block, ModuleOp module, SmallVector<Operation *> &done)
      : block(block), module(module), builder(module.getContext()), done(done) {}

  int64_t inPlace = 0, copied = 0;

  LogicalResult run() {
    SmallVector<Operation *> ops(llvm::make_pointer_range(block));
    for (auto [position, op] : llvm::enumerate(ops))
      positions[op] = position;
    // Bound first: a later read of a variable must be seen when an earlier op wants to overwrite it.
    for (auto toTensor : block.getOps<bufferization::ToTensorOp>())
      keep(toTensor.getResult(), toTensor.getBuffer());
    for (Operation *op : ops) {
      builder.setInsertionPoint(op);
      if (failed(convert(op)))
        return failure();
    }
    return success();
  }

private:
  Block &block;
  ModuleOp module;
  OpBuilder builder;
  SmallVector<Operation *> &done;
  DenseMap<Operation *, int64_t> positions;
  DenseMap<Value, Value> buffers; ///< tensor → memref
  talweg::MemoryIndex tensors;    ///< the same by memory, with memrefs that a tensor no longer has
  DenseSet<Value> owned;          ///< buffers that are memref.allocs of this pass: free to overwrite when dead
  DenseMap<Value, int64_t> lastReads;

  void keep(Value tensor, Value buffer) {
    Value &kept = buffers[tensor];
    if (kept == buffer)
      return;
    kept = buffer;
    tensors.add(tensor, buffer);
  }

  /// The tensors that may be kept in the memory of `buffer`.
  SmallVector<Value> tensorsIn(Value buffer) {
    SmallVector<Value> found = tensors.meeting(buffer);
    llvm::erase_if(found, [&](Value tensor) { return !sameMemory(buffers.lookup(tensor), buffer); });
    return found;
  }

  LogicalResult convert(Operation *op) {
    if (auto toTensor = dyn_cast<bufferization::ToTensorOp>(op))
      return bind(op, toTensor.getResult(), toTensor.getBuffer());
    if (isa<tensor::EmptyOp, linalg::FillOp>(op)) {
      done.push_back(op);
      return success(); // made where they are used
    }
    if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op))
      return bind(op, collapse.getResult(), reshape(collapse.getSrc(), collapse.getResultType()));
    if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
      return bind(op, expand.getResult(), reshape(expand.getSrc(), expand.getResultType()));
    if (auto extract = dyn_cast<tensor::ExtractOp>(op))
      return convertExtract(extract);
    if (auto from = dyn_cast<tensor::FromElementsOp>(op))
      return convertFromElements(from);
    if (auto constant = dyn_cast<arith::ConstantOp>(op); constant && isa<RankedTensorType>(constant.getType())) {
      done.push_back(op);
      return success(); // likewise
    }
    if (auto generic = dyn_cast<GenericOp>(op); generic && generic.hasPureTensorSemantics())
      return convertGeneric(generic);
    if (auto store = dyn_cast<MaterializeInDestinationOp>(op))
      return convertMaterialize(store);
    auto isTensor = [](Type type) { return isa<TensorType>(type); };
    if (llvm::any_of(op->getOperandTypes(), isTensor) || llvm::any_of(op->getResultTypes(), isTensor))
      return op->emitError("cannot be given a buffer: code generation does not know this op on tensors");
    return success();
  }

  LogicalResult bind(Operation *op, Value tensor, Value buffer) {
    keep(tensor, buffer);
    done.push_back(op);
    return success();
  }

  /// The buffer that holds `tensor`; fills, literals and empties are made on first use.
  Value bufferOf(Value tensor) {
    if (Value buffer = buffers.lookup(tensor))
      return buffer;
    Value buffer;
    if (auto constant = tensor.getDefiningOp<arith::ConstantOp>()) {
      buffer = constantBuffer(constant);
    } else {
      buffer = allocate(tensor);
      if (auto fill = tensor.getDefiningOp<linalg::FillOp>())
        fillBuffer(fill, buffer);
    }
    keep(tensor, buffer);
    return buffer;
  }

  Value allocate(Value tensor) {
    Value buffer = memref::AllocOp::create(builder, tensor.getLoc(), storageType(tensor.getType(), builder));
    owned.insert(buffer);
    return buffer;
  }

  void fillBuffer(linalg::FillOp fill, Value buffer) {
    Value value = fill.getInputs()[0];
    if (isTruth(value.getType()))
      value = arith::ExtUIOp::create(builder, fill.getLoc(), builder.getI8Type(), value);
    linalg::FillOp::create(builder, fill.getLoc(), value, buffer);
  }

  Value reshape(Value source, RankedTensorType type) {
    Value buffer = bufferOf(source);
    MemRefType to = storageType(type, builder);
    SmallVector<int64_t> strides = computeStrides(type.getShape());
    Value view =
        memref::ReinterpretCastOp::create(builder, source.getLoc(), to, buffer, /*offset=*/0, type.getShape(), strides);
    if (owned.contains(buffer))
      owned.insert(view);
    return view;
  }

  LogicalResult convertExtract(tensor::ExtractOp op) {
    Value value = memref::LoadOp::create(builder, op.getLoc(), bufferOf(op.getTensor()), op.getIndices());
    if (isTruth(op.getType()))
      value = arith::TruncIOp::create(builder, op.getLoc(), op.getType(), value);
    op.getResult().replaceAllUsesWith(value);
    done.push_back(op);
    return success();
  }

  LogicalResult convertFromElements(tensor::FromElementsOp op) {
    if (op.getType().getNumElements() != 1)
      return op.emitError("cannot be given a buffer: more than one element");
    Value buffer = allocate(op.getResult()), value = op.getElements()[0];
    if (isTruth(value.getType()))
      value = arith::ExtUIOp::create(builder, op.getLoc(), builder.getI8Type(), value);
    SmallVector<Value> zeros(op.getType().getRank(), arith::ConstantIndexOp::create(builder, op.getLoc(), 0));
    memref::StoreOp::create(builder, op.getLoc(), value, buffer, zeros);
    return bind(op, op.getResult(), buffer);
  }

  /// A literal: filled, or read from read-only memory of the program.
  Value constantBuffer(arith::ConstantOp op) {
    auto type = cast<RankedTensorType>(op.getType());
    MemRefType stored = storageType(type, builder);
    auto value = cast<DenseElementsAttr>(op.getValue());
    if (value.isSplat()) {
      Value buffer = allocate(op.getResult());
      fillWith(value.getSplatValue<TypedAttr>(), op.getLoc(), buffer);
      return buffer;
    }
    if (isTruth(type.getElementType()))
      value = value.mapValues(builder.getI8Type(), [](const APInt &bit) { return bit.zext(8); });
    std::string name = ("talweg_constant_" + Twine(module.getBody()->getOperations().size())).str();
    OpBuilder atModule = OpBuilder::atBlockBegin(module.getBody());
    memref::GlobalOp::create(atModule, op.getLoc(), name, builder.getStringAttr("private"), stored, value,
                             /*constant=*/true, builder.getI64IntegerAttr(64));
    return memref::GetGlobalOp::create(builder, op.getLoc(), stored, name);
  }

  void fillWith(TypedAttr splat, Location loc, Value buffer) {
    if (isTruth(splat.getType()))
      splat = builder.getI8IntegerAttr(cast<IntegerAttr>(splat).getValue().getZExtValue());
    linalg::FillOp::create(builder, loc, arith::ConstantOp::create(builder, loc, splat).getResult(), buffer);
  }

  /// The position of the last op in this block that reads the memory of `tensor`, through reshapes too.
  int64_t lastRead(Value tensor) {
    if (auto known = lastReads.find(tensor); known != lastReads.end())
      return known->second;
    int64_t last = -1;
    for (Operation *user : tensor.getUsers()) {
      Operation *ancestor = block.findAncestorOpInBlock(*user);
      last = std::max(last, ancestor ? positions.lookup(ancestor) : INT64_MAX);
      if (isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(user))
        last = std::max(last, lastRead(user->getResult(0)));
    }
    return lastReads[tensor] = last;
  }

  /// The place that `result` is materialized in, if writing it there already now changes nothing that is read later.
  Value destinationOf(GenericOp op, OpResult result) {
    for (Operation *user : result.getUsers()) {
      auto store = dyn_cast<MaterializeInDestinationOp>(user);
      if (!store || store->getBlock() != &block || store.getSource() != result)
        continue;
      Value destination = store.getDest();
      auto type = dyn_cast<MemRefType>(destination.getType());
      if (!type || type != storageType(result.getType(), builder) || !dominates(destination, op) ||
          !noReadAfter(op, result, destination))
        continue;
      return destination;
    }
    return {};
  }

  /// True if `definition` stands before `op`, another op of this block. (MLIR counts all ops anew after one was moved.)
  bool standsBefore(Operation *definition, Operation *op) {
    auto known = positions.find(definition);
    return known == positions.end() ? definition->isBeforeInBlock(op) : known->second <= positions.lookup(op);
  }

  void moveBefore(Operation *moved, Operation *op) {
    moved->moveBefore(op);
    positions[moved] = positions.lookup(op);
  }

  bool dominates(Value value, Operation *op) {
    auto isLater = [&](Value operand) {
      Operation *definition = operand.getDefiningOp();
      return definition && definition->getBlock() == &block && !standsBefore(definition, op);
    };
    if (!isLater(value))
      return true;
    // A view made just before the store can as well be made here.
    auto view = value.getDefiningOp<memref::ViewOp>();
    if (!view || llvm::any_of(view->getOperands(), [&](Value operand) {
          return isLater(operand) && !operand.getDefiningOp<arith::ConstantOp>();
        }))
      return false;
    for (Value operand : view->getOperands())
      if (isLater(operand))
        moveBefore(operand.getDefiningOp(), op);
    moveBefore(view, op);
    builder.setInsertionPoint(op);
    return true;
  }

  /// The fill that the memory of `result` needs before the op runs, or null: it accumulates, or reaches only some elements.
  static linalg::FillOp fillBefore(GenericOp op, OpResult result) {
    OpOperand *init = op.getTiedOpOperand(result);
    bool overwritten = !op.payloadUsesValueFromOperand(init) && op.getNumParallelLoops() == op.getNumLoops() &&
                       op.getMatchingIndexingMap(init).isPermutation();
    return overwritten ? linalg::FillOp() : init->get().getDefiningOp<linalg::FillOp>();
  }

  /// True if `op` reads an element of `input` only before it writes `result` there: one by one, at the same places, and
  /// nothing fills the memory of the result before.
  static bool readsWhereItWrites(GenericOp op, OpOperand *input, OpResult result) {
    return op.getNumParallelLoops() == op.getNumLoops() && !fillBefore(op, result) &&
           op.getMatchingIndexingMap(input) == op.getMatchingIndexingMap(op.getTiedOpOperand(result));
  }

  /// No op after `op` reads the memory at `destination`, and `op` itself reads it only where it writes it.
  bool noReadAfter(GenericOp op, OpResult result, Value destination) {
    for (Value tensor : tensorsIn(destination)) {
      if (lastRead(tensor) > positions.lookup(op))
        return false;
      for (OpOperand *input : op.getDpsInputOperands())
        if (input->get() == tensor && op.payloadUsesValueFromOperand(input) && !readsWhereItWrites(op, input, result))
          return false;
    }
    return true;
  }

  /// An operand's buffer that dies in `op` and may be overwritten element by element.
  Value dyingOperand(GenericOp op, OpResult result, ArrayRef<Value> taken) {
    for (OpOperand *input : op.getDpsInputOperands()) {
      Value buffer = buffers.lookup(input->get());
      if (!buffer || !owned.contains(buffer) || llvm::is_contained(taken, buffer) ||
          buffer.getType() != storageType(result.getType(), builder) || !op.payloadUsesValueFromOperand(input))
        continue;
      bool aligned = llvm::all_of(op.getDpsInputOperands(), [&](OpOperand *other) {
        Value otherBuffer = buffers.lookup(other->get());
        return !otherBuffer || rootOf(otherBuffer) != rootOf(buffer) ||
               (otherBuffer == buffer && readsWhereItWrites(op, other, result));
      });
      bool dead =
          llvm::all_of(tensorsIn(buffer), [&](Value tensor) { return lastRead(tensor) <= positions.lookup(op); });
      bool rootTaken = llvm::any_of(taken, [&](Value other) { return rootOf(other) == rootOf(buffer); });
      if (aligned && dead && !rootTaken)
        return buffer;
    }
    return {};
  }

  /// True if folding has left a reduction of neutral elements: its result is what it starts from.
  static bool yieldsItsStart(GenericOp op) {
    return op.getNumResults() == 1 && op.getBody()->getTerminator()->getOperand(0) == op.getRegionOutputArgs()[0];
  }

  LogicalResult convertGeneric(GenericOp op) {
    if (yieldsItsStart(op))
      return bind(op, op->getResult(0), bufferOf(op.getDpsInits()[0]));
    SmallVector<Value> inputs, outputs;
    for (OpOperand *input : op.getDpsInputOperands()) {
      // An operand that is never read only shows the extents of loops: it needs no storage of its own, but a type.
      inputs.push_back(op.payloadUsesValueFromOperand(input) ? bufferOf(input->get()) : shapeOnly(input->get()));
    }
    for (OpResult result : op->getResults()) {
      OpOperand *init = op.getTiedOpOperand(result);
      Value buffer = destinationOf(op, result);
      if (!buffer || llvm::is_contained(outputs, buffer))
        buffer = dyingOperand(op, result, outputs);
      inPlace += buffer != nullptr;
      if (!buffer)
        buffer = allocate(result);
      if (linalg::FillOp fill = fillBefore(op, result))
        fillBuffer(fill, buffer);
      else if (op.payloadUsesValueFromOperand(init))
        return op.emitError("cannot be given a buffer: accumulates onto something other than linalg.fill");
      keep(result, buffer);
      outputs.push_back(buffer);
    }
    auto converted = GenericOp::create(builder, op.getLoc(), TypeRange(), inputs, outputs, op.getIndexingMapsArray(),
                                       op.getIteratorTypesArray());
    converted->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    convertBody(op, converted);
    done.push_back(op);
    return success();
  }

  Value shapeOnly(Value tensor) {
    if (Value buffer = buffers.lookup(tensor))
      return buffer;
    return memref::AllocOp::create(builder, tensor.getLoc(), storageType(tensor.getType(), builder));
  }

  /// Clones the body; conditions are bytes outside and i1 inside.
  void convertBody(GenericOp from, GenericOp to) {
    OpBuilder::InsertionGuard guard(builder);
    Block *body = builder.createBlock(&to.getRegion());
    IRMapping mapping;
    for (auto [argument, operand] : llvm::zip_equal(from.getBody()->getArguments(), to->getOperands())) {
      Type element = cast<MemRefType>(operand.getType()).getElementType();
      Value value = body->addArgument(element, argument.getLoc());
      if (element != argument.getType() && !argument.use_empty())
        value = arith::TruncIOp::create(builder, from.getLoc(), argument.getType(), value);
      mapping.map(argument, value);
    }
    auto toByte = [&](Value condition) -> Value {
      return arith::ExtUIOp::create(builder, from.getLoc(), builder.getI8Type(), condition);
    };
    for (Operation &op : from.getBody()->without_terminator()) {
      Operation *copy = builder.clone(op, mapping);
      // any and all accumulate in bytes: 0 and 1 combine as bits do.
      for (OpOperand &operand : copy->getOpOperands())
        if (auto narrow = operand.get().getDefiningOp<arith::TruncIOp>();
            narrow && isa<arith::OrIOp, arith::AndIOp>(copy) &&
            llvm::is_contained(from.getRegionOutputArgs(), op.getOperand(operand.getOperandNumber()))) {
          unsigned other = 1 - operand.getOperandNumber();
          builder.setInsertionPoint(copy);
          copy->setOperand(other, toByte(copy->getOperand(other)));
          operand.set(narrow.getIn());
          copy->getResult(0).setType(builder.getI8Type());
          builder.setInsertionPointAfter(copy);
          if (narrow->use_empty())
            narrow.erase();
          break;
        }
    }
    SmallVector<Value> results;
    for (Value value : from.getBody()->getTerminator()->getOperands()) {
      Value result = mapping.lookupOrDefault(value);
      if (isTruth(result.getType()))
        result = toByte(result);
      results.push_back(result);
    }
    linalg::YieldOp::create(builder, from.getLoc(), results);
  }

  /// Values in the memory that `op` is about to overwrite, and that later ops read, get buffers of their own: two variables
  /// may exchange their values.
  void saveWhatIsReadAfter(MaterializeInDestinationOp op) {
    SmallVector<Value> saved;
    for (Value tensor : tensorsIn(op.getDest())) {
      auto made = positions.find(tensor.getDefiningOp());
      if (made != positions.end() && made->second < positions.lookup(op) && lastRead(tensor) > positions.lookup(op))
        saved.push_back(tensor);
    }
    llvm::sort(saved, [&](Value a, Value b) {
      int64_t atA = positions.lookup(a.getDefiningOp()), atB = positions.lookup(b.getDefiningOp());
      return atA != atB ? atA < atB : cast<OpResult>(a).getResultNumber() < cast<OpResult>(b).getResultNumber();
    });
    for (Value tensor : saved) {
      Value buffer = buffers.lookup(tensor), own = allocate(tensor);
      memref::CopyOp::create(builder, op.getLoc(), buffer, own);
      keep(tensor, own);
      ++copied;
    }
  }

  LogicalResult convertMaterialize(MaterializeInDestinationOp op) {
    auto constant = op.getSource().getDefiningOp<arith::ConstantOp>();
    auto splat = constant ? dyn_cast<SplatElementsAttr>(constant.getValue()) : SplatElementsAttr();
    done.push_back(op);
    Value source = splat ? Value() : bufferOf(op.getSource());
    if (source != op.getDest())
      saveWhatIsReadAfter(op);
    if (splat) {
      fillWith(splat.getSplatValue<TypedAttr>(), op.getLoc(), op.getDest());
      return success();
    }
    if (source != op.getDest()) {
      memref::CopyOp::create(builder, op.getLoc(), source, op.getDest());
      ++copied;
    }
    return success();
  }
};

struct Bufferize : talweg::impl::BufferizeBase<Bufferize> {
  void runOnOperation() override {
    SmallVector<Operation *> done; // erased last: literals and empties may be used in inner blocks
    for (Block *block : talweg::blocksOf(getOperation())) {
      BlockBufferizer bufferizer(*block, getOperation()->getParentOfType<ModuleOp>(), done);
      if (failed(bufferizer.run()))
        return signalPassFailure();
      inPlace += bufferizer.inPlace;
      copied += bufferizer.copied;
    }
    for (Operation *op : llvm::reverse(done))
      op->erase();
  }
};

} // namespace
