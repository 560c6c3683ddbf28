// Reductions in parts: where loops that move the result are too few for threads, or a column of the operand is read from lines
// far apart, the outermost reducing loop is cut into parts, by size alone. Each part has results of its own, in scratch
// memory, which are combined in their order.
#include "VectorNest.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace talweg {

/// The divisor of the loop's extent that makes parts of about 2^16 elements; 0 if it has none near.
int64_t VectorNest::partLength(size_t axis) const {
  constexpr int64_t elements = 1 << 16, least = 16;
  int64_t extent = axes[axis].extent, each = 1;
  for (const Axis &other : axes)
    each *= other.extent;
  each /= extent;
  int64_t wanted = std::max(least, elements / each), best = 0;
  auto distance = [&](int64_t length) { return std::max(double(length) / wanted, double(wanted) / length); };
  for (int64_t length = 1; length * length <= extent; ++length)
    if (extent % length == 0)
      for (int64_t candidate : {length, extent / length})
        if (candidate >= least && candidate < extent && (!best || distance(candidate) < distance(best)))
          best = candidate;
  return best && distance(best) <= 8 ? best : 0;
}

/// Makes the outermost reducing loop two, the outer of which moves through parts. Returns how many, or 0.
int64_t VectorNest::cutReduction() {
  if (work() < parallelWork)
    return 0;
  size_t cut = axes.size();
  int64_t reach = 0, total = 1, tiles = 1;
  for (auto [i, axis] : llvm::enumerate(axes)) {
    total *= axis.extent;
    if (i < moving) {
      tiles *= int(i) == vectorAxis ? (axis.extent + 8 * lanes - 1) / (8 * lanes) : axis.extent;
      continue;
    }
    for (int64_t stride : axis.strides)
      if (std::abs(stride) > reach) {
        reach = std::abs(stride);
        cut = i;
      }
  }
  constexpr int64_t far = 512, fewTiles = 16;
  if (cut == axes.size() || (tiles >= fewTiles && (across() || reach < far)))
    return 0;
  if (axes[cut].source >= 0 && indexed[axes[cut].source])
    return 0;
  int64_t length = partLength(cut);
  auto type = cast<MemRefType>(operands[firstOutput].memory.getType());
  int64_t results = type.getNumElements();
  if (length == 0 || axes[cut].extent / length * results * 8 > total)
    return 0;
  Axis parts = axes[cut];
  parts.source = axes[cut].source = -1;
  parts.extent /= length;
  for (int64_t &stride : parts.strides)
    stride *= length;
  parts.strides[firstOutput] = results;
  axes[cut].extent = length;
  axes.insert(axes.begin(), parts);
  ++moving;
  ++vectorAxis;
  operands[firstOutput].memory =
      memref::AllocOp::create(builder, loc, MemRefType::get({parts.extent * results}, type.getElementType()));
  return parts.extent;
}

/// result = the parts, one after the other.
void VectorNest::combineParts(Value parts, int64_t count, Value result) {
  int64_t results = cast<MemRefType>(result.getType()).getNumElements();
  tools.forTiles(results, lanes, double(results) * count >= parallelWork, [&](Value at, int64_t size) {
    Value first = tools.load(parts, at, lanes, size);
    auto loop = scf::ForOp::create(builder, loc, tools.index(1), tools.index(count), tools.index(1), first);
    {
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(loop.getBody());
      Value next = tools.load(parts, tools.advance(at, loop.getInductionVar(), results), lanes, size);
      scf::YieldOp::create(builder, loc, combiner.apply(builder, loop.getRegionIterArg(0), next));
    }
    tools.store(loop.getResult(0), result, at, size);
  });
}

} // namespace talweg
