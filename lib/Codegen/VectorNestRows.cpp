// One row of an op at a time, so that ops that follow each other can be done row by row: a softmax reads its row once from memory and
// finds it in the cache from then on.
#include "Memory.h"
#include "VectorNest.h"

using namespace mlir;

namespace talweg {

/// The loop whose turns are the rows, or whose turns are several for each row; -1 if none.
int VectorNest::rowAxis(int64_t count) const {
  int best = -1;
  for (auto [i, axis] : llvm::enumerate(axes))
    if (outStride(axis) > 0 && axis.extent > 1 && (best < 0 || outStride(axis) > outStride(axes[best])))
      best = i;
  if (best < 0 || axes[best].extent % count != 0)
    return -1;
  int source = axes[best].source;
  return axes[best].extent != count && source >= 0 && indexed[source] ? -1 : best;
}

int64_t VectorNest::rows() const {
  int axis = rowAxis(1);
  return axis < 0 ? 0 : axes[axis].extent;
}

VectorNest::Span VectorNest::spanOf(size_t operand, int64_t count) const {
  int row = rowAxis(count);
  Span span{0, operands[operand].offset, operands[operand].offset};
  for (auto [i, axis] : llvm::enumerate(axes)) {
    int64_t stride = axis.strides[operand], turns = axis.extent;
    if (int(i) == row) {
      turns /= count;
      span.step = stride * turns;
    }
    (stride < 0 ? span.low : span.high) += stride * (turns - 1);
  }
  return span;
}

bool VectorNest::hasRows(int64_t count) const {
  constexpr int64_t fewest = 16, least = 64, most = 1 << 15;
  if (count < fewest || groupsNow().loop >= 0)
    return false;
  int row = rowAxis(count);
  if (row < 0 || !agreesOnRows(*this, count))
    return false;
  // Lanes that run along results need some in each row.
  auto moves = [&](const Axis &axis) { return outStride(axis) != 0; };
  if (reduces && order.lanes < 0 && axes[row].extent == count && llvm::count_if(axes, moves) == 1)
    return false;
  int64_t elements = 1;
  for (const Axis &axis : axes)
    elements *= axis.extent;
  return elements / count >= least && elements / count <= most;
}

bool VectorNest::agreesOnRows(const VectorNest &other, int64_t count) const {
  auto inside = [](const Span &span) { return span.step > 0 && span.low >= 0 && span.high < span.step; };
  for (auto [i, own] : llvm::enumerate(operands))
    for (auto [k, its] : llvm::enumerate(other.operands)) {
      bool written = i >= firstOutput || k >= other.firstOutput;
      if (!own.memory || !its.memory || !written || !sameMemory(op->getOperand(i), other.op->getOperand(k)))
        continue;
      Span span = spanOf(i, count), itsSpan = other.spanOf(k, count);
      if (own.memory.getType() != its.memory.getType() || !inside(span) || !inside(itsSpan) ||
          span.step != itsSpan.step)
        return false;
    }
  return true;
}

bool VectorNest::sharesMuchWith(const VectorNest &other) const {
  constexpr int64_t much = 1 << 16;
  for (auto [i, own] : llvm::enumerate(operands))
    for (auto [k, its] : llvm::enumerate(other.operands))
      if (own.memory && its.memory && cast<MemRefType>(own.memory.getType()).getNumElements() >= much &&
          sameMemory(op->getOperand(i), other.op->getOperand(k)))
        return true;
  return false;
}

bool VectorNest::uses(Value memref) const {
  return llvm::any_of(op->getOperands(), [&](Value operand) { return sameMemory(operand, memref); });
}

void VectorNest::runRow(Operation *place, Value row, int64_t count) {
  builder.setInsertionPoint(place);
  int index = rowAxis(count);
  Axis &axis = axes[index];
  for (auto [i, info] : llvm::enumerate(operands))
    base.push_back(info.memory ? tools.advance(tools.index(info.offset), row, spanOf(i, count).step) : Value());
  if (axis.extent != count) {
    axis.extent /= count;
    axis.source = -1;
  } else {
    if (axis.source >= 0)
      firstIvs[axis.source] = row;
    axes.erase(axes.begin() + index);
  }
  if (axes.empty())
    axes.push_back({1, SmallVector<int64_t>(operands.size(), 0), -1});
  write();
}

} // namespace talweg
