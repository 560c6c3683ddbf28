// Which loops a linalg.generic becomes.
#include "VectorNest.h"
#include "Contraction.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace talweg {

VectorNest::VectorNest(linalg::GenericOp op, int64_t vectorBits)
    : builder(op), op(op), loc(op.getLoc()), tools(builder, loc), vectorBits(vectorBits) {
  outputs = op.getNumDpsInits();
  firstOutput = op.getNumDpsInputs();
  reduces = op.payloadUsesValueFromOperand(op.getDpsInitOperand(0));
  firstIvs.resize(op.getNumLoops());
  collectOperands();
  // A reduction's lanes are those of its result: what is fused into it does not change them.
  int64_t widest = 32;
  for (const Operand &operand : ArrayRef(operands).drop_front(reduces ? firstOutput : 0))
    if (operand.memory)
      widest = std::max<int64_t>(widest, operand.element.getIntOrFloatBitWidth());
  lanes = vectorBits / widest;
  collectAxes();
}

LogicalResult VectorNest::prepare() { return reduces ? takeInitialValue() : success(); }

void VectorNest::run() {
  write();
  op.erase();
}

void VectorNest::write() {
  if (!reduces && (interleaves() || transposes()))
    return;
  chooseLanes();
  orderAxes();
  partsAxis = order.parts >= 0 ? axisOf(order.parts) : -1;
  mergeReducing();
  if (partsInScratch())
    return writeParts();
  chooseVectors();
  writeGroups(startPositions());
}

/// The index in axes of a loop of the op; -1 if it has one turn, or is merged with another.
int VectorNest::axisOf(int loop) const {
  for (auto [i, axis] : llvm::enumerate(axes))
    if (axis.source == loop)
      return int(i);
  return -1;
}

void VectorNest::collectOperands() {
  for (OpOperand &operand : op->getOpOperands()) {
    Operand info;
    info.read = op.payloadUsesValueFromOperand(&operand);
    if (info.read || op.isDpsInit(&operand)) {
      info.memory = flatten(builder, loc, operand.get());
      info.element = cast<MemRefType>(operand.get().getType()).getElementType();
    }
    operands.push_back(info);
  }
}

void VectorNest::collectAxes() {
  indexed.assign(op.getNumLoops(), false);
  op.getBody()->walk([&](linalg::IndexOp index) { indexed[index.getDim()] = true; });
  SmallVector<Access> accesses;
  SmallVector<int64_t> extents = op.getStaticLoopRanges(), moves;
  for (auto [operand, info] : llvm::zip_equal(op->getOpOperands(), operands)) {
    auto type = cast<MemRefType>(operand.get().getType());
    accesses.push_back(linearize(op.getMatchingIndexingMap(&operand), type.getShape()));
    info.offset = accesses.back().offset;
  }
  auto result = cast<MemRefType>(op.getDpsInitOperand(0)->get().getType());
  int64_t reached = 1;
  for (auto [d, extent] : llvm::enumerate(extents)) {
    Axis axis{extent, {}, int(d)};
    for (auto [access, info] : llvm::zip_equal(accesses, operands))
      axis.strides.push_back(info.memory ? access.strides[d] : 0);
    moves.push_back(outStride(axis));
    reached *= outStride(axis) != 0 ? extent : 1;
    if (extent > 1 || indexed[d])
      axes.push_back(axis);
  }
  order = ReductionOrder::of(extents, moves, lanes);
  covers = !order.collides && reached == result.getNumElements();
  mergeAxes();
  if (axes.empty())
    axes.push_back({1, SmallVector<int64_t>(operands.size(), 0), -1});
}

/// Moving loops that walk all memory as one are one, unless the body asks for their positions, or results are combined in
/// memory in the order of the loops.
void VectorNest::mergeAxes() {
  if (reduces && order.collides)
    return;
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i = 0; i < axes.size() && !changed; ++i)
      for (size_t j = 0; j < axes.size() && !changed; ++j)
        if (i != j && !(reduces && outStride(axes[i]) == 0))
          changed = merge(i, j);
  }
}

/// Makes one loop of two that walk all memory as one and whose positions nobody asks for. True if it did.
bool VectorNest::merge(size_t outer, size_t inner) {
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

/// The fill in front gives the accumulators' first value; it stays where results accumulate in memory, and where elements that
/// no loop reaches keep it.
LogicalResult VectorNest::takeInitialValue() {
  combiner = Combiner::of(op);
  auto fill = dyn_cast_or_null<linalg::FillOp>(op->getPrevNode());
  // Flattened views of operands stand between the fill and the op.
  for (Operation *at = op->getPrevNode(); !fill && at && isa<memref::ReinterpretCastOp, arith::ConstantOp>(at);) {
    at = at->getPrevNode();
    fill = dyn_cast_or_null<linalg::FillOp>(at);
  }
  if (!combiner.op || !fill || fill.getOutputs()[0] != op.getDpsInitOperand(0)->get())
    return op.emitError("cannot be vectorized: not a reduction from a filled value");
  initial = fill.getInputs()[0];
  if (covers)
    fill.erase();
  return success();
}

/// The loop along lanes: least cost of memory accesses for a full pass, waste in the tail included. A reduction's order says
/// whether it is one of those that move the result; where these collide it is the longest along which results are contiguous.
void VectorNest::chooseLanes() {
  double best = 0;
  if (reduces && order.lanes >= 0) {
    vectorAxis = axisOf(order.lanes);
    return;
  }
  for (auto [i, axis] : llvm::enumerate(axes)) {
    if (reduces && outStride(axis) == 0 && axes.size() > 1)
      continue;
    double cost = 1;
    for (auto [operand, info] : llvm::enumerate(operands)) {
      int64_t stride = axis.strides[operand];
      bool output = operand >= firstOutput;
      if (!info.memory || (output && stride == 1) ||
          (!output && (stride == 0 || stride == 1 || (reduces && order.collides))))
        continue;
      bool near = stride == -1 || (stride > 0 && stride <= 4);
      cost += output ? (stride == 0 ? 0.5 : 1000) : near ? double(std::abs(stride)) : double(lanes) / 4;
    }
    cost *= double((axis.extent + lanes - 1) / lanes * lanes) / axis.extent;
    if (reduces && order.collides)
      cost /= axis.extent;
    if (vectorAxis < 0 || cost < best) {
      best = cost;
      vectorAxis = i;
    }
  }
  vectorAxis = std::max(vectorAxis, 0);
  int64_t stride = outStride(axes[vectorAxis]);
  bool repeats = stride == 0 && !reduces && axes[vectorAxis].extent > 1; // folding has left every turn the same
  if ((stride != 0 && stride != 1) || repeats)
    lanes = 1; // results lie apart in every loop: one at a time
  if (lanes == 1 && !repeats && work() > 1)
    op.emitRemark("not vectorized: results lie apart along every loop, and are computed one at a time");
}

void VectorNest::orderAxes() {
  Axis chosen = axes[vectorAxis];
  axes.erase(axes.begin() + vectorAxis);
  llvm::stable_sort(axes,
                    [&](const Axis &x, const Axis &y) { return std::abs(outStride(x)) > std::abs(outStride(y)); });
  moving = llvm::count_if(axes, [&](const Axis &axis) { return !reduces || outStride(axis) != 0; });
  if (!reduces || outStride(chosen) != 0) {
    vectorAxis = moving++;
    axes.insert(axes.begin() + vectorAxis, chosen);
  } else {
    vectorAxis = axes.size();
    axes.push_back(chosen);
  }
}

int64_t VectorNest::turnsOf(size_t axis) const {
  int64_t step = int(axis) == vectorAxis ? lanes * order.chains : 1;
  return (axes[axis].extent + step - 1) / step;
}

/// Turns by which the loops inside of `axis` lengthen each chain.
int64_t VectorNest::turnsInside(size_t axis) const {
  int64_t turns = 1;
  for (size_t inner = axis + 1; inner < axes.size(); ++inner)
    turns *= turnsOf(inner);
  return turns;
}

/// Reducing loops that walk all memory as one are one where that changes no chain.
void VectorNest::mergeReducing() {
  if (!reduces)
    return;
  auto mayMerge = [&](size_t i) { return int(i) != vectorAxis && int(i) != partsAxis; };
  for (size_t i = axes.size(); i-- > moving + 1;) {
    if (!mayMerge(i - 1) || !mayMerge(i) || axes[i - 1].extent * axes[i].extent * turnsInside(i) > longestChain ||
        !merge(i - 1, i))
      continue;
    vectorAxis -= vectorAxis >= int(i);
    partsAxis -= partsAxis >= int(i);
  }
}

/// Where every turn of a reduction adds a vector, several vectors side by side read longer runs of memory.
void VectorNest::chooseVectors() {
  if (!reduces || across() || lanes == 1)
    return;
  int64_t turns = 1, ops = op.getBody()->getOperations().size();
  for (const Axis &axis : ArrayRef(axes).drop_front(moving))
    turns *= axis.extent;
  int64_t most = vectorBits >= 512 ? 8 : 4;
  while (turns >= 16 && vectors < most && 2 * vectors * lanes <= axes[vectorAxis].extent && vectors * ops < 32)
    vectors *= 2;
}

double VectorNest::work() const {
  double total = bodyWork(op);
  for (const Axis &axis : axes)
    total *= axis.extent;
  return total;
}

} // namespace talweg
