// Follows views to the memory that they show.
#include "Memory.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;

namespace talweg {

int64_t bytesOf(Type shaped) {
  auto type = cast<ShapedType>(shaped);
  return type.hasStaticShape() ? type.getNumElements() * ((type.getElementTypeBitWidth() + 7) / 8) : 0;
}

Value rootOf(Value memref) {
  while (auto view = memref.getDefiningOp<ViewLikeOpInterface>())
    memref = view.getViewSource();
  return memref;
}

std::optional<int64_t> offsetOf(Value memref) {
  std::optional<int64_t> offset;
  for (; auto view = memref.getDefiningOp<ViewLikeOpInterface>(); memref = view.getViewSource())
    if (auto bytes = dyn_cast<memref::ViewOp>(view.getOperation()))
      offset = getConstantIntValue(bytes.getByteShift());
  return offset;
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
