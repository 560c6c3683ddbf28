// Writes the loops of a VectorNest, a vector of results at a time.
#include "VectorNest.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace talweg {

VectorNest::Values VectorNest::startPositions() {
  if (!base.empty())
    return base;
  Values positions;
  for (Operand &operand : operands)
    positions.push_back(operand.memory ? tools.index(operand.offset) : Value());
  return positions;
}

VectorNest::Values VectorNest::move(ArrayRef<Value> positions, Value iv, const Axis &axis) {
  Values moved;
  for (auto [position, stride] : llvm::zip_equal(positions, axis.strides))
    moved.push_back(position ? tools.advance(position, iv, stride) : Value());
  return moved;
}

/// Notes the position of the axis' loop in turn `iv`.
void VectorNest::setIv(Values &ivs, const Axis &axis, Value iv) {
  if (axis.source >= 0)
    ivs[axis.source] = axis.start ? builder.createOrFold<arith::AddIOp>(loc, axis.start, iv) : iv;
}

/// `turns` turns of the axis from `first` on.
VectorNest::Axis VectorNest::part(const Axis &axis, Value first, int64_t turns) {
  Axis part = axis;
  part.extent = turns;
  part.start = axis.start ? builder.createOrFold<arith::AddIOp>(loc, axis.start, first) : first;
  return part;
}

/// Loads, as soon as its position is known, each operand that is the same in all lanes.
void VectorNest::hoist(int level, ArrayRef<Value> positions, Values &hoisted) {
  for (auto [i, info] : llvm::enumerate(operands)) {
    if (!info.memory || !info.read || i >= firstOutput || hoisted[i] || axes[vectorAxis].strides[i] != 0)
      continue;
    bool fixed = true;
    for (size_t inner = level + 1; inner < axes.size(); ++inner)
      fixed &= axes[inner].strides[i] == 0;
    if (fixed)
      hoisted[i] = tools.broadcast(tools.loadScalar(info.memory, positions[i]), lanes);
  }
}

/// True if threads may share the outermost loop: there is enough work, and no two turns reach the same result.
bool VectorNest::mayShare() const {
  int64_t step = std::abs(outStride(axes[0])), reach = 0;
  for (const Axis &axis : ArrayRef(axes).drop_front())
    reach += std::abs(outStride(axis)) * (axis.extent - 1);
  return base.empty() && work() >= parallelWork && step != 0 && (!order.collides || step > reach);
}

/// True for few turns of a small body: written out, they cost no loop.
bool VectorNest::writesOut(int64_t turns) const {
  constexpr int64_t mostTurns = 4, mostOps = 10;
  return turns <= mostTurns && int64_t(op->getRegion(0).front().getOperations().size()) <= mostOps;
}

void VectorNest::writeLoops(Values positions) {
  Values hoisted(operands.size());
  hoist(-1, positions, hoisted);
  descend(0, positions, firstIvs, hoisted);
}

void VectorNest::descend(size_t level, ArrayRef<Value> positions, Values ivs, Values hoisted) {
  if (level == moving)
    return reduceAndStore(positions, ivs, hoisted, lanes);
  const Axis &axis = axes[level];
  bool parallel = level == 0 && mayShare();
  auto inner = [&](Value iv, int64_t size, ArrayRef<Value> from) {
    Values here = move(from, iv, axis), own = hoisted, at = ivs;
    setIv(at, axis, iv);
    hoist(level, here, own);
    if (int(level) == vectorAxis && level + 1 == moving)
      reduceAndStore(here, at, own, size);
    else
      descend(level + 1, here, at, own);
  };
  if (int(level) != vectorAxis) {
    tools.forTiles(axis.extent, 1, parallel, [&](Value iv, int64_t) { inner(iv, 1, positions); });
    return;
  }
  assert(level + 1 == moving && "the loop along lanes is the innermost moving one");
  // A long run of memory is cut into pieces for threads, by size alone.
  constexpr int64_t piece = 8192;
  if (!parallel && vectors == 1 && writesOut((axis.extent + lanes - 1) / lanes)) {
    for (int64_t at = 0; at < axis.extent; at += lanes)
      inner(tools.index(at), std::min(lanes, axis.extent - at), positions);
    return;
  }
  if (!parallel || axis.extent < 2 * piece) {
    tools.forTiles(axis.extent, lanes * vectors, parallel, [&](Value iv, int64_t size) { inner(iv, size, positions); });
    return;
  }
  tools.forTiles(axis.extent, piece, true, [&](Value start, int64_t length) {
    tools.forTiles(length, lanes * vectors, false, [&](Value iv, int64_t size) {
      inner(builder.createOrFold<arith::AddIOp>(loc, start, iv), size, positions);
    });
  });
}

/// Computes the results of `count` lanes at `positions` and stores them.
void VectorNest::reduceAndStore(ArrayRef<Value> positions, ArrayRef<Value> ivs, ArrayRef<Value> hoisted,
                                int64_t count) {
  if (!reduces) {
    Values results = body(positions, ivs, hoisted, count);
    for (unsigned i = 0; i < outputs; ++i)
      tools.store(results[i], operands[firstOutput + i].memory, positions[firstOutput + i], count);
    return;
  }
  Value memory = operands[firstOutput].memory, position = positions[firstOutput];
  Values results = reduceAll(positions, ivs, hoisted, count);
  if (across()) {
    if (order.collides)
      results[0] = combiner.apply(builder, tools.loadScalar(memory, position), results[0]);
    return tools.storeScalar(results[0], memory, position);
  }
  for (auto [i, result] : llvm::enumerate(results)) {
    int64_t lane = int64_t(i) * lanes;
    Value place = lane == 0 ? position : tools.advance(position, tools.index(lane), 1);
    if (order.collides)
      result = combiner.apply(builder, tools.load(memory, place, lanes, count - lane), result);
    tools.store(result, memory, place, count - lane);
  }
}

/// The results of `count` lanes, vector by vector; of a reduction across lanes, the one scalar.
VectorNest::Values VectorNest::reduceAll(ArrayRef<Value> positions, ArrayRef<Value> ivs, ArrayRef<Value> hoisted,
                                         int64_t count) {
  if (partsAxis < 0)
    return reducePart(positions, ivs, hoisted, count);
  Axis whole = axes[partsAxis];
  int64_t length = order.partLength, parts = whole.extent / length;
  Value start = across() ? initial : tools.broadcast(initial, lanes);
  Values total(across() ? 1 : (count + lanes - 1) / lanes, start);
  auto add = [&](Value from, int64_t turns, Values &sums) {
    axes[partsAxis] = part(whole, from, turns);
    for (auto [sum, own] : llvm::zip_equal(sums, reducePart(move(positions, from, whole), ivs, hoisted, count)))
      sum = combiner.apply(builder, sum, own);
  };
  tools.forCarrying(parts, length, total, [&](Value from, Values &sums) { add(from, length, sums); });
  if (int64_t rest = whole.extent % length)
    add(tools.index(parts * length), rest, total);
  axes[partsAxis] = whole;
  return total;
}

VectorNest::Values VectorNest::reducePart(ArrayRef<Value> positions, ArrayRef<Value> ivs, ArrayRef<Value> hoisted,
                                          int64_t count) {
  Values acc(across() ? order.chains : (count + lanes - 1) / lanes, tools.broadcast(initial, lanes));
  overReductions(moving, Values(positions), Values(ivs), Values(hoisted), count, acc);
  if (!across())
    return acc;
  auto combine = [&](Value x, Value y) { return combiner.apply(builder, x, y); };
  Value result = acc[0];
  for (Value chain : llvm::drop_begin(acc))
    result = combine(result, chain);
  return {tools.combineLanes(result, combine)};
}

/// Adds everything that the reducing loops from `level` on reach to the chains `acc`.
void VectorNest::overReductions(size_t level, Values positions, Values ivs, Values hoisted, int64_t count,
                                Values &acc) {
  if (level == axes.size()) {
    const Axis &along = axes[vectorAxis];
    for (auto [v, sum] : llvm::enumerate(acc)) {
      if (v == 0) {
        accumulate(positions, ivs, hoisted, count, sum);
        continue;
      }
      Value lane = tools.index(int64_t(v) * lanes);
      Values at = ivs;
      if (along.source >= 0)
        at[along.source] = builder.createOrFold<arith::AddIOp>(loc, ivs[along.source], lane);
      accumulate(move(positions, lane, along), at, hoisted, count - int64_t(v) * lanes, sum);
    }
    return;
  }
  const Axis axis = axes[level];
  const bool alongLanes = int(level) == vectorAxis;
  const Values starts(acc.size(), tools.broadcast(initial, lanes));
  const int64_t inside = turnsInside(level), stride = alongLanes ? lanes * int64_t(acc.size()) : 1;
  auto combine = [&](Value x, Value y) { return combiner.apply(builder, x, y); };
  auto chainAt = [&](ArrayRef<Value> here, Values at, ArrayRef<Value> own, Value iv, int64_t length, Value &chain) {
    setIv(at, axis, iv);
    accumulate(here, at, own, length, chain);
  };
  auto turn = [&](Value iv, Values &sums) {
    Values here = move(positions, iv, axis), own = hoisted, at = ivs;
    hoist(level, here, own);
    if (alongLanes) {
      for (size_t chain = 0; chain < sums.size(); ++chain) {
        Value lane = tools.index(chain * lanes);
        chainAt(move(here, lane, axis), at, own, builder.createOrFold<arith::AddIOp>(loc, iv, lane), lanes,
                sums[chain]);
      }
      return;
    }
    setIv(at, axis, iv);
    if (inside <= longestChain)
      return overReductions(level + 1, here, at, own, count, sums);
    Values inner = starts; // what is inside is a chain of the next level
    overReductions(level + 1, here, at, own, count, inner);
    for (auto [sum, part] : llvm::zip_equal(sums, inner))
      sum = combine(sum, part);
  };
  int64_t turns = axis.extent / stride;
  tools.cascade(turns, stride, inside > longestChain ? 1 : inside, starts, acc, combine,
                [&](Value from, int64_t number, Values &sums) {
                  auto at = [&](Value offset) { return tools.advance(offset, from, 1); };
                  if (!alongLanes && writesOut(number)) {
                    for (int64_t i = 0; i < number; ++i)
                      turn(at(tools.index(i)), sums);
                    return;
                  }
                  tools.forCarrying(number, stride, sums,
                                    [&](Value offset, Values &carried) { turn(at(offset), carried); });
                });
  // What is left of the loop along lanes, one vector after the other.
  for (int64_t at = turns * stride, chain = 0; at < axis.extent; at += lanes, ++chain) {
    Values there = move(positions, tools.index(at), axis), own = hoisted;
    hoist(level, there, own);
    chainAt(there, ivs, own, tools.index(at), std::min(lanes, axis.extent - at), acc[chain % acc.size()]);
  }
}

void VectorNest::accumulate(ArrayRef<Value> positions, ArrayRef<Value> ivs, ArrayRef<Value> hoisted, int64_t count,
                            Value &acc) {
  Value value = body(positions, ivs, hoisted, count)[0];
  if (across() && count < lanes) // lanes past the end take no part
    value = arith::SelectOp::create(builder, loc, tools.mask(lanes, count), value, tools.broadcast(initial, lanes));
  acc = combiner.apply(builder, acc, value);
}

VectorNest::Values VectorNest::body(ArrayRef<Value> positions, ArrayRef<Value> ivs, ArrayRef<Value> hoisted,
                                    int64_t count) {
  Values inputs(operands.size());
  for (auto [i, info] : llvm::enumerate(operands))
    if (info.memory && info.read && i < firstOutput)
      inputs[i] = hoisted[i] ? hoisted[i] : loadLanes(info, positions[i], axes[vectorAxis].strides[i], count);
  return bodyOn(inputs, ivs, axes[vectorAxis].source);
}

/// The body on these vectors, with lanes along `loop` of the op (-1: along several).
VectorNest::Values VectorNest::bodyOn(ArrayRef<Value> inputs, ArrayRef<Value> ivs, int loop) {
  Values at(ivs);
  for (Value &iv : at)
    if (!iv)
      iv = tools.index(0);
  VectorBody written(builder, op, lanes, loop < 0 ? op.getNumLoops() : loop);
  return written.emit(inputs, at, reduces ? &combiner : nullptr);
}

/// `count` lanes, `stride` elements apart. Up to four apart they are shuffled out of whole vectors that cover them.
Value VectorNest::loadLanes(const Operand &operand, Value position, int64_t stride, int64_t count) {
  if (stride == 1 || lanes == 1)
    return tools.load(operand.memory, position, lanes, count);
  count = std::min(count, lanes);
  if (stride == 0)
    return tools.broadcast(tools.loadScalar(operand.memory, position), lanes);
  if (stride == -1) {
    Value first = tools.advance(position, tools.index(count - 1), -1);
    Value run = tools.load(operand.memory, first, lanes, count);
    SmallVector<int64_t> order;
    for (int64_t lane = 0; lane < lanes; ++lane)
      order.push_back(lane < count ? count - 1 - lane : 0);
    return vector::ShuffleOp::create(builder, loc, run, run, order);
  }
  if (stride > 0 && stride <= 4) {
    int64_t span = (count - 1) * stride + 1;
    Value result;
    for (int64_t from = 0; from < span; from += lanes) {
      Value run = tools.load(operand.memory, tools.advance(position, tools.index(from), 1), lanes, span - from);
      SmallVector<int64_t> order;
      for (int64_t lane = 0; lane < lanes;
           ++lane) { // what this run holds comes from it, the rest from what was found before
        int64_t at = lane * stride - from;
        bool here = lane < count && at >= 0 && at < lanes;
        order.push_back(here ? (from ? lanes : 0) + at : from ? lane : 0);
      }
      result = vector::ShuffleOp::create(builder, loc, result ? result : run, run, order);
    }
    return result;
  }
  Value vector = tools.zero(operand.element, lanes);
  if (operand.element.isF32() || operand.element.isF64()) {
    SmallVector<int32_t> offsets;
    for (int64_t i = 0; i < lanes; ++i)
      offsets.push_back(i < count ? i * stride : 0);
    Value places = arith::ConstantOp::create(builder, loc, builder.getI32VectorAttr(offsets));
    return vector::GatherOp::create(builder, loc, cast<VectorType>(vector.getType()), operand.memory, position, places,
                                    tools.mask(lanes, count), vector);
  }
  for (int64_t i = 0; i < count; ++i) {
    Value one = tools.loadScalar(operand.memory, tools.advance(position, tools.index(i), stride));
    vector = vector::InsertOp::create(builder, loc, one, vector, ArrayRef<int64_t>{i});
  }
  return vector;
}

} // namespace talweg
