// Makes memory addresses: all shapes and strides are known, so that a memref is the address of its first element and no more. MLIR's own
// lowering makes descriptors, of which LLVM throws away all but that address.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"

#include "llvm/ADT/TypeSwitch.h"

#define GEN_PASS_DEF_LOWERMEMORY
#include "talweg/Codegen/Passes.h"

using namespace mlir;

namespace {

/// As memory holds it: an index has 64 bits.
Type storedType(Type element) { return isa<IndexType>(element) ? IntegerType::get(element.getContext(), 64) : element; }

int64_t bytesOf(Type element) { return (storedType(element).getIntOrFloatBitWidth() + 7) / 8; }

/// Rewrites one op that has memrefs; their values get their new type when all ops have been rewritten.
class Lowering {
public:
  explicit Lowering(MLIRContext *context) : builder(context), pointer(LLVM::LLVMPointerType::get(context)) {}

  LogicalResult lower(Operation *op) {
    builder.setInsertionPoint(op);
    loc = op->getLoc();
    return llvm::TypeSwitch<Operation *, LogicalResult>(op)
        .Case<memref::ViewOp, memref::ReinterpretCastOp, memref::SubViewOp, memref::LoadOp, memref::StoreOp,
              memref::PrefetchOp, memref::CopyOp, memref::GetGlobalOp, memref::GlobalOp, memref::AllocaScopeOp,
              vector::LoadOp, vector::StoreOp, vector::MaskedLoadOp, vector::MaskedStoreOp, vector::GatherOp>(
            [&](auto known) { return rewrite(known); })
        .Default([&](Operation *other) {
          if (isa<memref::MemRefDialect, vector::VectorDialect>(other->getDialect()))
            return LogicalResult(other->emitError("has memory, and there is no address for it"));
          return success(); // hands it on
        });
  }

private:
  LogicalResult rewrite(memref::ViewOp op) {
    return put(op, moved(builder.getI8Type(), op.getSource(), op.getByteShift()));
  }

  LogicalResult rewrite(memref::ReinterpretCastOp op) {
    const auto [strides, offset] = cast<MemRefType>(op.getSource().getType()).getStridesAndOffset();
    if (offset != 0)
      return op.emitError("is of a part, of which only the whole is where its memory begins");
    return put(op, at(op.getSource(), {linear(op.getMixedOffsets(), {1})}));
  }

  LogicalResult rewrite(memref::SubViewOp op) { return put(op, element(op.getSource(), op.getMixedOffsets())); }

  LogicalResult rewrite(memref::LoadOp op) {
    Type type = storedType(op.getType());
    Value loaded = LLVM::LoadOp::create(builder, loc, type, element(op.getMemRef(), op.getIndices()));
    if (type != op.getType())
      loaded = arith::IndexCastOp::create(builder, loc, op.getType(), loaded);
    return put(op, loaded);
  }

  LogicalResult rewrite(memref::StoreOp op) {
    Value stored = op.getValueToStore();
    if (Type type = storedType(stored.getType()); type != stored.getType())
      stored = arith::IndexCastOp::create(builder, loc, type, stored);
    LLVM::StoreOp::create(builder, loc, stored, element(op.getMemRef(), op.getIndices()));
    return gone(op);
  }

  LogicalResult rewrite(vector::LoadOp op) {
    return put(op, LLVM::LoadOp::create(builder, loc, op.getType(), element(op.getBase(), op.getIndices()),
                                        alignment(op.getMemRefType())));
  }

  LogicalResult rewrite(vector::StoreOp op) {
    LLVM::StoreOp::create(builder, loc, op.getValueToStore(), element(op.getBase(), op.getIndices()),
                          alignment(op.getMemRefType()));
    return gone(op);
  }

  LogicalResult rewrite(vector::MaskedLoadOp op) {
    return put(op, LLVM::MaskedLoadOp::create(builder, loc, op.getType(), element(op.getBase(), op.getIndices()),
                                              op.getMask(), op.getPassThru(), alignment(op.getMemRefType())));
  }

  LogicalResult rewrite(vector::MaskedStoreOp op) {
    LLVM::MaskedStoreOp::create(builder, loc, op.getValueToStore(), element(op.getBase(), op.getIndices()),
                                op.getMask(), builder.getI32IntegerAttr(alignment(op.getMemRefType())));
    return gone(op);
  }

  LogicalResult rewrite(vector::GatherOp op) {
    auto base = cast<TypedValue<MemRefType>>(op.getBase());
    Value places = op.getIndices();
    auto type = cast<VectorType>(places.getType());
    if (isa<IndexType>(type.getElementType()))
      places = arith::IndexCastOp::create(builder, loc, type.clone(builder.getI64Type()), places);
    Value addresses = LLVM::GEPOp::create(builder, loc, VectorType::get(type.getShape(), pointer),
                                          base.getType().getElementType(), element(base, op.getOffsets()), places);
    return put(op, LLVM::masked_gather::create(builder, loc, op.getType(), addresses, op.getMask(), op.getPassThru(),
                                               builder.getI32IntegerAttr(alignment(base.getType()))));
  }

  LogicalResult rewrite(memref::PrefetchOp op) {
    LLVM::Prefetch::create(builder, loc, element(op.getMemref(), op.getIndices()),
                           builder.getI32IntegerAttr(op.getIsWrite()), op.getLocalityHintAttr(),
                           builder.getI32IntegerAttr(op.getIsDataCache()));
    return gone(op);
  }

  LogicalResult rewrite(memref::CopyOp op) {
    auto from = cast<MemRefType>(op.getSource().getType()), to = cast<MemRefType>(op.getTarget().getType());
    if (!from.areTrailingDimsContiguous(from.getRank()) || !to.areTrailingDimsContiguous(to.getRank()))
      return op.emitError("of what does not lie side by side");
    Value bytes = number(from.getNumElements() * bytesOf(from.getElementType()));
    LLVM::MemcpyOp::create(builder, loc, op.getTarget(), op.getSource(), bytes, /*isVolatile=*/false);
    return gone(op);
  }

  /// Nothing is on the stack but what other threads are handed.
  LogicalResult rewrite(memref::AllocaScopeOp op) {
    Block &body = op.getBodyRegion().front();
    Operation *end = body.getTerminator();
    op->getBlock()->getOperations().splice(op->getIterator(), body.getOperations(), body.begin(), end->getIterator());
    op->replaceAllUsesWith(end->getOperands());
    return gone(op);
  }

  LogicalResult rewrite(memref::GetGlobalOp op) {
    return put(op, LLVM::AddressOfOp::create(builder, loc, pointer, op.getName()));
  }

  LogicalResult rewrite(memref::GlobalOp op) {
    const MemRefType type = op.getType();
    Type array = storedType(type.getElementType());
    for (int64_t extent : llvm::reverse(type.getShape()))
      array = LLVM::LLVMArrayType::get(array, unsigned(extent));
    auto values = dyn_cast_or_null<ElementsAttr>(op.getInitialValueAttr());
    if (!values || !op.getConstant())
      return op.emitError("is no constant");
    Attribute value = values;
    if (type.getRank() == 0)
      value = values.getSplatValue<Attribute>();
    LLVM::GlobalOp::create(builder, loc, array, /*isConstant=*/true, LLVM::Linkage::Private, op.getSymName(), value,
                           op.getAlignment().value_or(0));
    return gone(op);
  }

  //===-- addresses ------------------------------------------------------------------------------------------------===//

  Value number(int64_t value) { return LLVM::ConstantOp::create(builder, loc, builder.getI64Type(), value); }

  uint64_t alignment(MemRefType type) { return uint64_t(bytesOf(type.getElementType())); }

  /// The sum of places times strides, without what is zero.
  OpFoldResult linear(ArrayRef<OpFoldResult> places, ArrayRef<int64_t> strides) {
    int64_t known = 0;
    Value sum;
    auto add = [&](Value term) { sum = sum ? Value(arith::AddIOp::create(builder, loc, sum, term)) : term; };
    auto index = [&](int64_t value) -> Value { return arith::ConstantIndexOp::create(builder, loc, value); };
    for (auto [place, stride] : llvm::zip_equal(places, strides)) {
      if (std::optional<int64_t> constant = getConstantIntValue(place))
        known += *constant * stride;
      else if (stride != 0)
        add(stride == 1 ? cast<Value>(place)
                        : Value(arith::MulIOp::create(builder, loc, cast<Value>(place), index(stride))));
    }
    if (!sum)
      return builder.getIndexAttr(known);
    if (known != 0)
      add(index(known));
    return sum;
  }

  Value moved(Type unit, Value base, OpFoldResult by) {
    if (std::optional<int64_t> constant = getConstantIntValue(by)) {
      if (*constant == 0)
        return base;
      if (llvm::isInt<LLVM::kGEPConstantBitWidth>(*constant))
        return LLVM::GEPOp::create(builder, loc, pointer, unit, base, {LLVM::GEPArg(int32_t(*constant))});
      return LLVM::GEPOp::create(builder, loc, pointer, unit, base, {LLVM::GEPArg(number(*constant))});
    }
    Value wide = arith::IndexCastOp::create(builder, loc, builder.getI64Type(), cast<Value>(by));
    return LLVM::GEPOp::create(builder, loc, pointer, unit, base, {LLVM::GEPArg(wide)});
  }

  Value at(Value base, OpFoldResult place) {
    return moved(storedType(cast<MemRefType>(base.getType()).getElementType()), base, place);
  }

  Value element(Value base, ArrayRef<OpFoldResult> places) {
    return at(base, linear(places, cast<MemRefType>(base.getType()).getStridesAndOffset().first));
  }
  Value element(Value base, ValueRange places) { return element(base, getAsOpFoldResult(places)); }

  LogicalResult put(Operation *op, Value value) {
    op->getResult(0).replaceAllUsesWith(value);
    return gone(op);
  }

  LogicalResult gone(Operation *op) {
    op->erase();
    return success();
  }

  OpBuilder builder;
  Type pointer;
  Location loc = builder.getUnknownLoc();
};

struct LowerMemory : talweg::impl::LowerMemoryBase<LowerMemory> {
  void runOnOperation() override {
    // Those that use a memref are behind what makes it, and see its type as long as they are rewritten first.
    SmallVector<Operation *> ops;
    getOperation()->walk<WalkOrder::PreOrder>([&](Operation *op) { ops.push_back(op); });
    Lowering lowering(&getContext());
    for (Operation *op : llvm::reverse(ops))
      if (hasMemory(op) && failed(lowering.lower(op)))
        return signalPassFailure();
    getOperation()->walk([&](Operation *op) {
      for (Value result : op->getResults())
        makeAddress(result);
      for (Region &region : op->getRegions())
        for (Block &block : region)
          for (Value argument : block.getArguments())
            makeAddress(argument);
      if (auto function = dyn_cast<func::FuncOp>(op))
        function.setFunctionType(FunctionType::get(&getContext(), addresses(function.getArgumentTypes()),
                                                   addresses(function.getResultTypes())));
    });
  }

private:
  static bool isMemory(Type type) { return isa<MemRefType>(type); }

  static bool hasMemory(Operation *op) {
    return llvm::any_of(op->getOperandTypes(), isMemory) || llvm::any_of(op->getResultTypes(), isMemory) ||
           isa<memref::GlobalOp, memref::AllocaScopeOp>(op);
  }

  static void makeAddress(Value value) {
    if (isMemory(value.getType()))
      value.setType(LLVM::LLVMPointerType::get(value.getContext()));
  }

  SmallVector<Type> addresses(TypeRange types) {
    return llvm::map_to_vector(
        types, [&](Type type) -> Type { return isMemory(type) ? LLVM::LLVMPointerType::get(&getContext()) : type; });
  }
};

} // namespace
