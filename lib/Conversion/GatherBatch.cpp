// Copies the rows of a batch from where the data lie, in the order that the host gives, into one contiguous tensor.
#include "GatherBatch.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "talweg/Dialect/Tw/Elements.h"
#include "talweg/Runtime/Abi.h"

using namespace mlir;

namespace talweg::conversion {

MemRefType bufferType(RankedTensorType tensor) {
  return MemRefType::get(tensor.getShape(), tw::loweredType(tensor.getElementType()));
}

/// `count` rows of memory from `row` on, or, where `isRecord`, one row without its own dimension.
static Value viewOf(ImplicitLocOpBuilder &b, Value memory, Value row, int64_t count, bool isRecord) {
  auto type = cast<MemRefType>(memory.getType());
  SmallVector<OpFoldResult> offsets(type.getRank(), b.getIndexAttr(0)), strides(type.getRank(), b.getIndexAttr(1)),
      sizes;
  for (int64_t size : type.getShape())
    sizes.push_back(b.getIndexAttr(size));
  offsets[0] = row;
  sizes[0] = b.getIndexAttr(count);
  if (!isRecord)
    return memref::SubViewOp::create(b, memory, offsets, sizes, strides);
  auto reduced = cast<MemRefType>(
      memref::SubViewOp::inferRankReducedResultType(type.getShape().drop_front(), type, offsets, sizes, strides));
  return memref::SubViewOp::create(b, reduced, memory, offsets, sizes, strides);
}

/// Copies one record of static size: `rows` rows of `from`, or (0) one that is a row itself. A record of one element is a load and a store; of more, a
/// memref.copy between subviews, which are contiguous, so that it becomes one memcpy of constant size.
static void createCopy(ImplicitLocOpBuilder &b, Value from, Value fromRow, Value to, Value toRow, int64_t rows) {
  if (cast<MemRefType>(to.getType()).getRank() == 1) {
    Value element = memref::LoadOp::create(b, from, fromRow);
    memref::StoreOp::create(b, element, to, toRow);
    return;
  }
  memref::CopyOp::create(b, viewOf(b, from, fromRow, std::max<int64_t>(rows, 1), /*isRecord=*/false),
                         viewOf(b, to, toRow, 1, /*isRecord=*/rows > 0));
}

/// Memory of its own as a tensor of `type`.
static Value asTensor(ImplicitLocOpBuilder &b, Value buffer, RankedTensorType type) {
  auto memory = cast<MemRefType>(buffer.getType());
  auto stored = RankedTensorType::get(memory.getShape(), memory.getElementType());
  Value tensor = bufferization::ToTensorOp::create(b, stored, buffer, /*restrict=*/true);
  return stored == type ? tensor : UnrealizedConversionCastOp::create(b, type, tensor).getResult(0);
}

Value createBatch(ImplicitLocOpBuilder &b, RankedTensorType record, int64_t batch, Value data, Value order,
                  Value position, std::optional<int64_t> windowBegin) {
  SmallVector<int64_t> shape{batch};
  llvm::append_range(shape, record.getShape());
  auto tensorType = cast<RankedTensorType>(record.clone(shape));
  MemRefType type = bufferType(tensorType);
  Value buffer = memref::AllocOp::create(b, type, b.getI64IntegerAttr(abi::kAlignment));
  auto index = [&](int64_t value) { return arith::ConstantIndexOp::create(b, value); };
  auto rows = scf::ForOp::create(b, index(0), index(batch), index(1));
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(rows.getBody());
    Value at = arith::AddIOp::create(b, position, rows.getInductionVar());
    Value from = arith::IndexCastOp::create(b, b.getIndexType(), memref::LoadOp::create(b, order, at));
    if (windowBegin.value_or(0) != 0)
      from = arith::AddIOp::create(b, from, index(*windowBegin));
    createCopy(b, data, from, buffer, rows.getInductionVar(), windowBegin ? record.getDimSize(0) : 0);
  }
  return asTensor(b, buffer, tensorType);
}

Value createFirstRows(ImplicitLocOpBuilder &b, Value memory, int64_t count) {
  return viewOf(b, memory, arith::ConstantIndexOp::create(b, 0), count, /*isRecord=*/false);
}

Value createCopy(ImplicitLocOpBuilder &b, Value memory, RankedTensorType type) {
  Value buffer = memref::AllocOp::create(b, bufferType(type), b.getI64IntegerAttr(abi::kAlignment));
  memref::CopyOp::create(b, memory, buffer);
  return asTensor(b, buffer, type);
}

} // namespace talweg::conversion
