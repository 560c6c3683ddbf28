// Which memrefs show the same memory.
#include "Memory.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;

namespace talweg {

Value rootOf(Value memref) {
  while (auto view = memref.getDefiningOp<ViewLikeOpInterface>())
    memref = view.getViewSource();
  return memref;
}

/// The view of raw bytes that `memref` is, seen through reshapes.
static memref::ViewOp byteViewOf(Value memref) {
  memref::ViewOp last;
  while (auto view = memref.getDefiningOp<ViewLikeOpInterface>()) {
    if (auto typed = dyn_cast<memref::ViewOp>(view.getOperation()))
      last = typed;
    memref = view.getViewSource();
  }
  return last;
}

/// The place of `memref` in the storage that it is a view of, if it is known.
static std::optional<int64_t> offsetOf(Value memref) {
  memref::ViewOp view = byteViewOf(memref);
  return view ? getConstantIntValue(view.getByteShift()) : std::nullopt;
}

bool sameMemory(Value a, Value b) {
  if (a == b)
    return true;
  if (rootOf(a) != rootOf(b))
    return false;
  std::optional<int64_t> offsetA = offsetOf(a), offsetB = offsetOf(b);
  return !offsetA || !offsetB || *offsetA == *offsetB; // variables never overlap in part
}

} // namespace talweg
