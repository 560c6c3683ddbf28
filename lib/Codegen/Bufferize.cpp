// Gives every tensor a buffer, where BufferPlan says. A loop's body is a block of its own, which may read tensors of those around it.
#include "Access.h"
#include "BufferPlan.h"
#include "Memory.h"
#include "talweg/Dialect/Kernel/Kernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

#define GEN_PASS_DEF_BUFFERIZE
#include "talweg/Codegen/Passes.h"

using namespace mlir;
using bufferization::MaterializeInDestinationOp;
using linalg::GenericOp;
using talweg::kernel::PlacedOp;
using talweg::kernel::ProductOp;

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
  /// Ops on tensors that are no longer needed are added to `done`, users after what they use. `around`: the block that holds this one.
  BlockBufferizer(Block &block, const BlockBufferizer *around, ModuleOp module, SmallVector<Operation *> &done)
      : block(block), around(around), module(module), builder(module.getContext()), done(done), program(block),
        plan(program) {}

  int64_t inPlace = 0, copied = 0;

  LogicalResult run() {
    SmallVector<Operation *> ops(llvm::make_pointer_range(block));
    for (Operation *op : ops) {
      builder.setInsertionPoint(op);
      if (failed(convert(op)))
        return failure();
    }
    return success();
  }

private:
  Block &block;
  const BlockBufferizer *around;
  ModuleOp module;
  OpBuilder builder;
  SmallVector<Operation *> &done;
  talweg::buffers::BlockProgram program;
  talweg::buffers::BufferPlan plan;
  DenseMap<Value, Value> buffers; ///< tensor → memref

  LogicalResult convert(Operation *op) {
    if (auto toTensor = dyn_cast<bufferization::ToTensorOp>(op))
      return bind(op, toTensor.getResult(), toTensor.getBuffer());
    if (isa<tensor::EmptyOp, linalg::FillOp, tensor::InsertSliceOp>(op)) {
      done.push_back(op);
      return success(); // made where they are used
    }
    if (talweg::buffers::isReshape(op))
      return bind(op, op->getResult(0), reshape(op));
    if (auto concat = dyn_cast<tensor::ConcatOp>(op))
      return convertConcat(concat);
    if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
      return convertSlice(slice);
    if (auto extract = dyn_cast<tensor::ExtractOp>(op))
      return convertExtract(extract);
    if (auto from = dyn_cast<tensor::FromElementsOp>(op))
      return convertFromElements(from);
    if (auto constant = dyn_cast<arith::ConstantOp>(op); constant && isa<RankedTensorType>(constant.getType())) {
      done.push_back(op);
      return success(); // likewise
    }
    if (auto placed = dyn_cast<PlacedOp>(op); placed && placed.isOnTensors())
      return convertPlaced(placed);
    if (auto store = dyn_cast<MaterializeInDestinationOp>(op))
      return convertMaterialize(store);
    auto isTensor = [](Type type) { return isa<TensorType>(type); };
    if (llvm::any_of(op->getOperandTypes(), isTensor) || llvm::any_of(op->getResultTypes(), isTensor))
      return op->emitError("cannot be given a buffer: code generation does not know this op on tensors");
    return isa<linalg::LinalgOp, PlacedOp>(op) ? success() : convertBlocks(op);
  }

  LogicalResult convertBlocks(Operation *op) {
    for (Region &region : op->getRegions())
      for (Block &inner : region) {
        BlockBufferizer bufferizer(inner, this, module, done);
        if (failed(bufferizer.run()))
          return failure();
        inPlace += bufferizer.inPlace;
        copied += bufferizer.copied;
      }
    return success();
  }

  LogicalResult bind(Operation *op, Value tensor, Value buffer) {
    buffers[tensor] = buffer;
    done.push_back(op);
    return success();
  }

  /// The buffer that holds `tensor`, if there is one; fills, literals and empties are made in each block for itself.
  Value knownBufferOf(Value tensor) const {
    Value buffer = buffers.lookup(tensor);
    bool isMadeHere = isa_and_present<arith::ConstantOp, linalg::FillOp, tensor::EmptyOp>(tensor.getDefiningOp());
    return buffer || isMadeHere || !around ? buffer : around->knownBufferOf(tensor);
  }

  /// The buffer that holds `tensor`; fills, literals and empties are made on first use.
  Value bufferOf(Value tensor) {
    if (Value buffer = knownBufferOf(tensor))
      return buffer;
    Value buffer;
    if (auto constant = tensor.getDefiningOp<arith::ConstantOp>()) {
      buffer = constantBuffer(constant);
    } else {
      buffer = allocate(tensor);
      if (auto fill = tensor.getDefiningOp<linalg::FillOp>())
        fillBuffer(fill, buffer);
    }
    buffers[tensor] = buffer;
    return buffer;
  }

  Value allocate(Value tensor) {
    return memref::AllocOp::create(builder, tensor.getLoc(), storageType(tensor.getType(), builder));
  }

  /// A scalar as memory holds it.
  Value stored(Value scalar) {
    if (!isTruth(scalar.getType()))
      return scalar;
    return arith::ExtUIOp::create(builder, scalar.getLoc(), builder.getI8Type(), scalar);
  }

  void fillBuffer(linalg::FillOp fill, Value buffer) {
    linalg::FillOp::create(builder, fill.getLoc(), stored(fill.getInputs()[0]), buffer);
  }

  /// Fills what `op` does not reach of a result's place. Where what it reaches is no box and it `combines` what it computes with it, it
  /// fills all by itself, with its start.
  void fillFor(PlacedOp op, OpResult result, linalg::FillOp fill, Value buffer, bool combines) {
    auto maps = cast<IndexingMapOpInterface>(op.getOperation());
    OpOperand &init = *cast<DestinationStyleOpInterface>(op.getOperation()).getTiedOpOperand(result);
    auto box = talweg::boxOf(maps.getMatchingIndexingMap(&init), maps.getStaticLoopRanges());
    if (!box)
      return combines ? void() : fillBuffer(fill, buffer);
    SmallVector<int64_t> numbers;
    int64_t inside = 1;
    for (talweg::Inside dim : *box) {
      numbers.append({dim.from, dim.count});
      inside *= dim.count;
    }
    if (inside == cast<MemRefType>(buffer.getType()).getNumElements())
      return;
    Value value = stored(fill.getInputs()[0]);
    linalg::FillOp::create(builder, fill.getLoc(), value, buffer)
        ->setAttr(talweg::kernel::kAround, builder.getDenseI64ArrayAttr(numbers));
  }

  Value reshape(Operation *op) {
    Value source = op->getOperand(0), buffer = bufferOf(source);
    MemRefType to = storageType(op->getResult(0).getType(), builder);
    SmallVector<int64_t> strides = computeStrides(to.getShape());
    return memref::ReinterpretCastOp::create(builder, source.getLoc(), to, buffer, /*offset=*/0, to.getShape(),
                                             strides);
  }

  /// Lets the reshapes of `tensor` that were made show its new buffer.
  void showAgain(Value tensor) {
    for (Operation *user : tensor.getUsers())
      if (talweg::buffers::isReshape(user) && buffers.contains(user->getResult(0))) {
        buffers[user->getResult(0)] = reshape(user);
        showAgain(user->getResult(0));
      }
  }

  /// Each part is copied to its place.
  LogicalResult convertConcat(tensor::ConcatOp op) {
    Value whole = allocate(op.getResult());
    int64_t low = 0;
    for (Value part : op.getInputs()) {
      auto type = cast<RankedTensorType>(part.getType());
      AffineMap everywhere = builder.getMultiDimIdentityMap(type.getRank());
      SmallVector<AffineExpr> place(everywhere.getResults());
      // A loop that stands for a position by itself would have to reach all of them: behind `mod` it need not.
      AffineExpr &along = place[op.getDim()];
      along = low > 0 ? along + low : along % op.getType().getDimSize(op.getDim());
      low += type.getDimSize(op.getDim());
      SmallVector<utils::IteratorType> loops(type.getRank(), utils::IteratorType::parallel);
      auto copy = GenericOp::create(builder, op.getLoc(), TypeRange(), bufferOf(part), whole,
                                    {everywhere, AffineMap::get(type.getRank(), 0, place, builder.getContext())}, loops,
                                    [](OpBuilder &inner, Location loc, ValueRange elements) {
                                      linalg::YieldOp::create(inner, loc, elements.front());
                                    });
      copy->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    }
    return bind(op, op.getResult(), whole);
  }

  /// Part of a variable: its place along the first dimension says where it begins.
  LogicalResult convertSlice(tensor::ExtractSliceOp op) {
    auto whole = bufferOf(op.getSource()).getDefiningOp<memref::ViewOp>();
    if (!whole)
      return op.emitError("cannot be given a buffer: a slice of what is no variable");
    MemRefType type = storageType(op.getType(), builder);
    const int64_t bytes = talweg::bytesOf(type), all = talweg::bytesOf(whole.getType());
    Value shift = arith::MulIOp::create(builder, op.getLoc(),
                                        getValueOrCreateConstantIndexOp(builder, op.getLoc(), op.getMixedOffsets()[0]),
                                        arith::ConstantIndexOp::create(builder, op.getLoc(), bytes));
    Value memory = memref::ViewOp::create(builder, op.getLoc(), MemRefType::get({all}, builder.getI8Type()),
                                          whole.getSource(), whole.getByteShift(), ValueRange());
    return bind(op, op.getResult(), memref::ViewOp::create(builder, op.getLoc(), type, memory, shift, ValueRange()));
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
    Value buffer = allocate(op.getResult()), value = stored(op.getElements()[0]);
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

  /// A literal as memory holds it.
  TypedAttr stored(TypedAttr literal) {
    return isTruth(literal.getType()) ? builder.getI8IntegerAttr(cast<IntegerAttr>(literal).getValue().getZExtValue())
                                      : literal;
  }

  /// What a reduction onto `fill` starts from; null if it is no literal.
  TypedAttr startOf(linalg::FillOp fill) {
    TypedAttr literal;
    return fill && matchPattern(fill.getInputs()[0], m_Constant(&literal)) ? stored(literal) : TypedAttr();
  }

  void fillWith(TypedAttr splat, Location loc, Value buffer) {
    splat = stored(splat);
    linalg::FillOp::create(builder, loc, arith::ConstantOp::create(builder, loc, splat).getResult(), buffer);
  }

  /// The place that `result` is materialized in, made before `op` if it is a view that is made later.
  Value destinationOf(PlacedOp op, OpResult result) {
    Value destination = talweg::buffers::destinationOf(result);
    makeBefore(destination, op);
    builder.setInsertionPoint(op);
    return destination;
  }

  void makeBefore(Value value, Operation *op) {
    Operation *definition = value.getDefiningOp();
    if (!definition || definition->getBlock() != &block || definition->isBeforeInBlock(op))
      return;
    for (Value operand : definition->getOperands())
      makeBefore(operand, op);
    definition->moveBefore(op);
  }

  /// Where `result` is written.
  Value placeFor(PlacedOp op, OpResult result) {
    talweg::buffers::Place place = plan.placeOf(result);
    inPlace += place.way != talweg::buffers::Way::Own;
    switch (place.way) {
    case talweg::buffers::Way::Destination: return destinationOf(op, result);
    case talweg::buffers::Way::Over: return bufferOf(plan.operandOf(result)->get());
    case talweg::buffers::Way::Own: return allocate(result);
    }
    llvm_unreachable("a way to a place");
  }

  /// True if folding has left a reduction of neutral elements: its result is what it starts from.
  static bool yieldsItsStart(GenericOp op) {
    return op.getNumResults() == 1 && op.getBody()->getTerminator()->getOperand(0) == op.getRegionOutputArgs()[0];
  }

  void copy(Location loc, Value from, Value to) {
    memref::CopyOp::create(builder, loc, from, to);
    ++copied;
  }

  LogicalResult convertPlaced(PlacedOp op) {
    auto generic = dyn_cast<GenericOp>(op.getOperation());
    auto written = cast<DestinationStyleOpInterface>(op.getOperation());
    if (generic && yieldsItsStart(generic))
      return bind(op, op->getResult(0), bufferOf(generic.getDpsInits()[0]));
    SmallVector<Value> operands;
    TypedAttr start;
    for (OpOperand &operand : op->getOpOperands()) {
      // An input that is never read only shows the extents of loops: it needs no storage of its own, but a type.
      if (written.isDpsInput(&operand))
        operands.push_back(op.readsElements(&operand) ? bufferOf(operand.get()) : shapeOnly(operand.get()));
    }
    for (OpResult result : op->getResults()) {
      Value buffer = placeFor(op, result);
      Operation *before = op.fillBefore(result);
      auto slice = dyn_cast_or_null<tensor::InsertSliceOp>(before);
      auto fill = slice ? slice.getDest().getDefiningOp<linalg::FillOp>() : cast_or_null<linalg::FillOp>(before);
      const bool combines = generic && generic.payloadUsesValueFromOperand(generic.getTiedOpOperand(result));
      if (combines) {
        const TypedAttr other =
            std::exchange(start, startOf(slice ? slice.getSource().getDefiningOp<linalg::FillOp>() : fill));
        if (!start || (other && other != start))
          return op->emitError(
              "cannot be given a buffer: accumulates onto something other than linalg.fill of a literal");
      }
      if (fill)
        fillFor(op, result, fill, buffer, combines);
      if (OpOperand *init = written.getTiedOpOperand(result); op.readsElements(init) && !plan.meet(init->get(), result))
        copy(op.getLoc(), bufferOf(init->get()), buffer);
      buffers[result] = buffer;
      operands.push_back(buffer);
    }
    convertAsItIs(op, operands, start);
    done.push_back(op);
    return success();
  }

  /// An op is the same on memrefs, but for what a reduction starts from. Its inits come last.
  void convertAsItIs(Operation *op, ArrayRef<Value> operands, TypedAttr start) {
    OperationState state(op->getLoc(), op->getName(), operands, TypeRange(),
                         op->getDiscardableAttrDictionary().getValue());
    state.propertiesAttr = op->getPropertiesAsAttribute();
    for (unsigned i = 0; i < op->getNumRegions(); ++i)
      state.addRegion();
    if (start)
      state.addAttribute(talweg::kernel::kStart, start);
    Operation *converted = builder.create(state);
    if (op->getNumRegions() == 0 || op->getRegion(0).empty())
      return;
    SmallVector<Type> elements; // of the body's arguments
    ArrayRef<BlockArgument> accumulators;
    if (auto product = dyn_cast<ProductOp>(op)) {
      elements.push_back(product.getElementType());
      operands = operands.slice(2, product.getReads().size());
    } else {
      accumulators = cast<GenericOp>(op).getRegionOutputArgs();
    }
    for (Value operand : operands)
      elements.push_back(getElementTypeOrSelf(operand));
    convertBody(&op->getRegion(0).front(), converted->getRegion(0), elements, accumulators);
  }

  Value shapeOnly(Value tensor) {
    Value buffer = knownBufferOf(tensor);
    return buffer ? buffer : allocate(tensor);
  }

  /// Clones a body whose arguments are of the types `elements`; conditions are bytes outside and i1 inside.
  void convertBody(Block *from, Region &to, ArrayRef<Type> elements, ArrayRef<BlockArgument> accumulators) {
    OpBuilder::InsertionGuard guard(builder);
    Block *body = builder.createBlock(&to);
    IRMapping mapping;
    for (auto [argument, element] : llvm::zip_equal(from->getArguments(), elements)) {
      Value value = body->addArgument(element, argument.getLoc());
      if (element != argument.getType() && !argument.use_empty())
        value = arith::TruncIOp::create(builder, argument.getLoc(), argument.getType(), value);
      mapping.map(argument, value);
    }
    for (Operation &op : from->without_terminator()) {
      Operation *copy = builder.clone(op, mapping);
      // any and all accumulate in bytes: 0 and 1 combine as bits do.
      for (OpOperand &operand : copy->getOpOperands())
        if (auto narrow = operand.get().getDefiningOp<arith::TruncIOp>();
            narrow && isa<arith::OrIOp, arith::AndIOp>(copy) &&
            llvm::is_contained(accumulators, op.getOperand(operand.getOperandNumber()))) {
          unsigned other = 1 - operand.getOperandNumber();
          builder.setInsertionPoint(copy);
          copy->setOperand(other, stored(copy->getOperand(other)));
          operand.set(narrow.getIn());
          copy->getResult(0).setType(builder.getI8Type());
          builder.setInsertionPointAfter(copy);
          if (narrow->use_empty())
            narrow.erase();
          break;
        }
    }
    Operation *yield = builder.clone(*from->getTerminator(), mapping);
    builder.setInsertionPoint(yield);
    for (OpOperand &operand : yield->getOpOperands())
      operand.set(stored(operand.get()));
  }

  LogicalResult convertMaterialize(MaterializeInDestinationOp op) {
    auto constant = op.getSource().getDefiningOp<arith::ConstantOp>();
    auto splat = constant ? dyn_cast<SplatElementsAttr>(constant.getValue()) : SplatElementsAttr();
    done.push_back(op);
    Value source = splat ? Value() : bufferOf(op.getSource());
    for (Value tensor : plan.savedBefore(op)) {
      Value own = allocate(tensor);
      copy(op.getLoc(), buffers.lookup(tensor), own);
      buffers[tensor] = own;
      showAgain(tensor);
    }
    if (splat) {
      fillWith(splat.getSplatValue<TypedAttr>(), op.getLoc(), op.getDest());
      return success();
    }
    if (source != op.getDest())
      copy(op.getLoc(), source, op.getDest());
    return success();
  }
};

struct Bufferize : talweg::impl::BufferizeBase<Bufferize> {
  void runOnOperation() override {
    SmallVector<Operation *> done; // erased last: literals and empties may be used in inner blocks
    for (Block &block : getOperation().getBody()) {
      BlockBufferizer bufferizer(block, /*around=*/nullptr, getOperation()->getParentOfType<ModuleOp>(), done);
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
