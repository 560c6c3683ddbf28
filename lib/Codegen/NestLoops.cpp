// Reads off a linalg.generic how its loops walk memory.
#include "NestLoops.h"
#include "Access.h"

using namespace mlir;

namespace talweg {

/// Moving loops that walk all memory as one are one, unless results are combined in memory in the order of the loops.
static void mergeMoving(NestLoops &loops) {
  auto mergeTwo = [&] {
    for (size_t i = 0; i < loops.axes.size(); ++i)
      for (size_t j = 0; j < loops.axes.size(); ++j)
        if (i != j && !(loops.reduces && loops.outStride(loops.axes[i]) == 0) && loops.merge(i, j))
          return true;
    return false;
  };
  while (!(loops.reduces && loops.collides) && mergeTwo())
    ;
}

NestLoops NestLoops::of(linalg::GenericOp op) {
  NestLoops loops;
  loops.firstOutput = op.getNumDpsInputs();
  loops.reduces = op.payloadUsesValueFromOperand(op.getDpsInitOperand(0));
  loops.bodySize = op.getBody()->getOperations().size();
  for (Operation &inner : *op.getBody())
    loops.bodyWork += isExpensive(inner) ? 10 : 1;
  loops.indexed.assign(op.getNumLoops(), false);
  op.getBody()->walk([&](linalg::IndexOp index) { loops.indexed[index.getDim()] = true; });
  SmallVector<Access> accesses;
  int64_t reached = 1;
  for (OpOperand &operand : op->getOpOperands()) {
    auto type = cast<ShapedType>(operand.get().getType());
    bool read = !op.isDpsInit(&operand) && op.payloadUsesValueFromOperand(&operand);
    accesses.push_back(linearize(op.getMatchingIndexingMap(&operand), type.getShape()));
    loops.operands.push_back({accesses.back().offset, type.getNumElements(), read});
  }
  SmallVector<int64_t> extents = op.getStaticLoopRanges(), moves;
  for (auto [d, extent] : llvm::enumerate(extents)) {
    NestAxis axis{extent, {}, int(d)};
    for (auto [i, access] : llvm::enumerate(accesses))
      axis.strides.push_back(loops.uses(i) ? access.strides[d] : 0);
    moves.push_back(loops.outStride(axis));
    reached *= moves.back() != 0 ? extent : 1;
    if (extent > 1 || loops.indexed[d])
      loops.axes.push_back(axis);
  }
  loops.collides = collide(extents, moves);
  loops.covers = !loops.collides && reached == loops.operands[loops.firstOutput].elements;
  mergeMoving(loops);
  return loops;
}

NestLoops NestLoops::of(linalg::GenericOp op, int64_t vectorBits) {
  NestLoops loops = of(op);
  int64_t widest = 32;
  for (auto [i, operand] : llvm::enumerate(op->getOperands()))
    // A reduction's lanes are those of its result: what is fused into it does not change them.
    if (i >= loops.firstOutput || (loops.operands[i].read && !loops.reduces))
      widest = std::max<int64_t>(widest, cast<ShapedType>(operand.getType()).getElementTypeBitWidth());
  loops.vectorBits = vectorBits;
  loops.lanes = vectorBits / widest;
  OpOperand *result = op.getDpsInitOperand(0);
  ArrayRef<int64_t> shape = cast<ShapedType>(result->get().getType()).getShape();
  loops.order = ReductionOrder::of(op.getStaticLoopRanges(),
                                   linearize(op.getMatchingIndexingMap(result), shape).strides, loops.lanes);
  return loops;
}

double NestLoops::work() const {
  double total = bodyWork;
  for (const NestAxis &axis : axes)
    total *= axis.extent;
  return total;
}

bool NestLoops::merge(size_t outer, size_t inner) {
  for (size_t i : {outer, inner})
    if (axes[i].source >= 0 && indexed[axes[i].source])
      return false;
  for (auto [far, near] : llvm::zip_equal(axes[outer].strides, axes[inner].strides))
    if (far != near * axes[inner].extent)
      return false;
  axes[inner].extent *= axes[outer].extent;
  axes[inner].source = -1;
  axes.erase(axes.begin() + outer);
  return true;
}

kernel::Groups NestLoops::groupsOfAxes() const {
  if (!reduces || !collides)
    return {};
  SmallVector<int64_t> extents, moves;
  for (const NestAxis &axis : axes) {
    extents.push_back(axis.extent);
    moves.push_back(outStride(axis));
  }
  return groupsOf(extents, moves);
}

int NestLoops::rowAxis(int64_t count) const {
  int best = -1;
  for (auto [i, axis] : llvm::enumerate(axes))
    if (outStride(axis) > 0 && axis.extent > 1 && (best < 0 || outStride(axis) > outStride(axes[best])))
      best = i;
  if (best < 0 || axes[best].extent % count != 0)
    return -1;
  int source = axes[best].source;
  return axes[best].extent != count && source >= 0 && indexed[source] ? -1 : best;
}

int64_t NestLoops::rows() const {
  int axis = rowAxis(1);
  return axis < 0 ? 0 : axes[axis].extent;
}

bool NestLoops::hasRows(int64_t count) const {
  constexpr int64_t fewest = 16, least = 64, most = 1 << 15;
  if (count < fewest || groupsOfAxes().loop >= 0)
    return false;
  int row = rowAxis(count);
  if (row < 0)
    return false;
  // Lanes that run along results need some in each row.
  auto moves = [&](const NestAxis &axis) { return outStride(axis) != 0; };
  if (reduces && order.lanes < 0 && axes[row].extent == count && llvm::count_if(axes, moves) == 1)
    return false;
  int64_t elements = 1;
  for (const NestAxis &axis : axes)
    elements *= axis.extent;
  return elements / count >= least && elements / count <= most;
}

NestLoops::Rows NestLoops::rowsIn(size_t operand, int64_t count) const {
  int row = rowAxis(count);
  Rows rows{0, operands[operand].offset, operands[operand].offset};
  for (auto [i, axis] : llvm::enumerate(axes)) {
    int64_t stride = axis.strides[operand], turns = axis.extent;
    if (int(i) == row) {
      turns /= count;
      rows.step = stride * turns;
    }
    (stride < 0 ? rows.low : rows.high) += stride * (turns - 1);
  }
  return rows;
}

} // namespace talweg
