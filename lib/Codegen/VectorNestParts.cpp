// Parts of a reduction in scratch memory: every part has results of its own, so that threads share the parts, and columns far apart
// are walked down a part at a time. The parts are then combined in their order, as they are where they follow each other in place.
#include "VectorNest.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace talweg {

bool VectorNest::partsInScratch() const {
  return reduces && partsAxis >= 0 && base.empty() && covers && !indexed[order.parts];
}

/// Writes the whole parts as turns of one more moving loop, then what is left, then their combination.
void VectorNest::writeParts() {
  Value result = operands[firstOutput].memory;
  auto type = cast<MemRefType>(result.getType());
  int64_t results = type.getNumElements(), length = order.partLength, extent = axes[partsAxis].extent;
  int64_t whole = extent / length, rest = extent % length;
  operands[firstOutput].memory =
      memref::AllocOp::create(builder, loc, MemRefType::get({(whole + (rest != 0)) * results}, type.getElementType()));
  Axis parts = axes[partsAxis];
  parts.extent = whole;
  parts.source = -1;
  for (int64_t &stride : parts.strides)
    stride *= length;
  parts.strides[firstOutput] = results;
  int cut = std::exchange(partsAxis, -1);
  Values positions = startPositions();

  axes[cut].extent = length;
  chooseVectors();
  axes.insert(axes.begin(), parts);
  ++moving;
  ++vectorAxis;
  writeLoops(positions);
  if (rest != 0) {
    axes.erase(axes.begin());
    --moving;
    --vectorAxis;
    axes[cut].extent = rest;
    writeLoops(move(positions, tools.index(whole), parts));
  }
  combineParts(operands[firstOutput].memory, whole + (rest != 0), result);
}

/// result = the parts, one after the other.
void VectorNest::combineParts(Value parts, int64_t count, Value result) {
  int64_t results = cast<MemRefType>(result.getType()).getNumElements();
  tools.forTiles(results, lanes, double(results) * count >= parallelWork, [&](Value at, int64_t size) {
    Values total{tools.broadcast(initial, lanes)};
    tools.forCarrying(count, results, total, [&](Value part, Values &sum) {
      Value next = tools.load(parts, tools.advance(at, part, 1), lanes, size);
      sum[0] = combiner.apply(builder, sum[0], next);
    });
    tools.store(total[0], result, at, size);
  });
}

Groups VectorNest::groupsNow() const {
  if (!reduces || !order.collides)
    return {};
  SmallVector<int64_t> extents, moves;
  for (const Axis &axis : axes) {
    extents.push_back(axis.extent);
    moves.push_back(outStride(axis));
  }
  return Groups::of(extents, moves);
}

/// Groups of turns of a loop whose results collide are combined in scratch memory, from the initial value on, and added to the
/// result.
void VectorNest::writeGroups(Values positions) {
  Groups groups = groupsNow();
  if (groups.loop < 0)
    return writeLoops(positions);
  size_t axis = groups.loop;
  int64_t extent = axes[axis].extent;
  const Axis whole = axes[axis];
  Value result = operands[firstOutput].memory;
  int64_t results = cast<MemRefType>(result.getType()).getNumElements();
  Value scratch = memref::AllocOp::create(builder, loc, cast<MemRefType>(result.getType()));
  tools.forTiles(extent, groups.length, false, [&](Value first, int64_t turns) {
    tools.forTiles(results, lanes, false,
                   [&](Value at, int64_t count) { tools.store(tools.broadcast(initial, lanes), scratch, at, count); });
    axes[axis] = part(whole, first, turns);
    operands[firstOutput].memory = scratch;
    writeGroups(move(positions, first, whole));
    tools.forTiles(results, lanes, false, [&](Value at, int64_t count) {
      Value sum = combiner.apply(builder, tools.load(result, at, lanes, count), tools.load(scratch, at, lanes, count));
      tools.store(sum, result, at, count);
    });
  });
  axes[axis] = whole;
  operands[firstOutput].memory = result;
}

} // namespace talweg
