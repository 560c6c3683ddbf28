// Writes the loops of planned nests: a vector of results at a time, or blocks of vectors in registers.
#include "NestEmitter.h"
#include "Access.h"
#include "VectorBody.h"
#include "VectorTools.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace talweg {

namespace {

using Values = SmallVector<Value>;

/// Where a nest stands.
struct Place {
  Values positions; ///< by operand, in elements; null: the body does not look at it
  Values ivs;       ///< by loop of the op; null: 0
  Values hoisted;   ///< by operand: what all lanes read from here on; null: not loaded yet
  int64_t count;    ///< lanes in hand, in several vectors where the plan says so
};

class Emitter {
public:
  /// Flat views of the operands stand in front of the op.
  Emitter(OpBuilder &builder, const PlannedNest &nest)
      : builder(builder), op(nest.op), loc(op.getLoc()), tools(builder, loc), plan(nest.plan), initial(nest.initial) {
    for (unsigned result = 0; plan.reduces && result < op.getNumDpsInits(); ++result)
      combiners.push_back(Combiner::of(op, result));
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(op);
    for (auto [i, operand] : llvm::enumerate(op->getOperands()))
      memories.push_back(plan.uses(i) ? flatten(builder, loc, operand) : Value());
  }

  void write(Value row) {
    Place place{{}, Values(plan.indexed.size()), Values(memories.size()), plan.lanes};
    for (auto [memory, operand] : llvm::zip_equal(memories, plan.operands))
      place.positions.push_back(memory ? tools.index(operand.offset) : Value());
    if (plan.row)
      place = move(place, row, *plan.row);
    switch (plan.form) {
    case kernel::NestPlan::Form::Transposed: return writeTransposed(place);
    case kernel::NestPlan::Form::Interleaved: return writeInterleaved(place);
    case kernel::NestPlan::Form::Vectors: return plan.partsInScratch ? writeParts(place) : writeVectors(place);
    }
  }

private:
  OpBuilder &builder;
  linalg::GenericOp op;
  Location loc;
  VectorTools tools;
  PlannedLoops plan;
  Values memories;                 ///< by operand
  SmallVector<Combiner> combiners; ///< of a reduction's results; all do the same, and start from the same
  Value initial;

  /// What a reduction's results, all of one shape, are written to.
  MutableArrayRef<Value> resultMemories() { return MutableArrayRef(memories).drop_front(plan.firstOutput); }
  Value resultPosition(const Place &place) const { return place.positions[plan.firstOutput]; }
  Value combine(Value x, Value y) { return combiners[0].apply(builder, x, y); }

  /// Of vectors of a reduction's results, those of one result behind those of another.
  static int64_t vectorsOf(const Place &place, const PlannedLoops &plan) {
    return plan.across() ? 1 : (place.count + plan.lanes - 1) / plan.lanes;
  }
  size_t vectorsTogether(const Place &place) const { return vectorsOf(place, plan) * combiners.size(); }

  /// Writes a part of the nest, into other memory.
  Emitter with(PlannedLoops other, ValueRange results) const {
    Emitter inner = *this;
    inner.plan = std::move(other);
    llvm::copy(results, inner.resultMemories().begin());
    return inner;
  }

  Place move(const Place &from, Value iv, const NestAxis &axis) {
    Place to = from;
    for (auto [position, stride] : llvm::zip_equal(to.positions, axis.strides))
      position = tools.advance(position, iv, stride);
    moveIv(to.ivs, iv, axis);
    return to;
  }

  void moveIv(Values &ivs, Value iv, const NestAxis &axis) {
    if (axis.source < 0)
      return;
    Value &at = ivs[axis.source];
    at = at ? tools.advance(at, iv, 1) : iv;
  }

  /// Loads, as soon as its position is known, each operand that is the same in all lanes.
  void hoist(int level, Place &place) {
    for (auto [i, memory] : llvm::enumerate(memories))
      if (plan.fixedAt(i) == level)
        place.hoisted[i] = tools.broadcast(tools.loadScalar(memory, place.positions[i]), plan.lanes);
  }

  void writeVectors(const Place &place) { return plan.groups.loop >= 0 ? writeGroups(place) : writeLoops(place); }

  Values allocateScratch() {
    return llvm::map_to_vector(resultMemories(), [&](Value memory) -> Value {
      Type element = cast<MemRefType>(memory.getType()).getElementType();
      return memref::AllocOp::create(builder, loc, MemRefType::get({plan.scratch()}, element));
    });
  }

  /// Writes all whole parts, then what is left, then their combination: one after the other, as where they follow each other in place.
  void writeParts(const Place &place) {
    const int64_t results = plan.results(), whole = plan.wholeParts(), rest = plan.restOfParts();
    const Values scratch = allocateScratch();
    PlannedLoops all = plan.allParts();
    with(all, scratch).writeLoops(place);
    if (rest != 0)
      with(plan.part(rest), scratch).writeLoops(move(place, tools.index(whole), all.axes.front()));
    const int64_t parts = whole + (rest != 0);
    tools.forTiles(results, plan.lanes, plan.sharesCombination(), [&](Value at, int64_t size) {
      Values total(scratch.size(), tools.broadcast(initial, plan.lanes));
      tools.forCarrying(parts, results, total, [&](Value part, Values &sums) {
        for (auto [sum, memory] : llvm::zip_equal(sums, scratch))
          sum = combine(sum, tools.load(memory, tools.advance(at, part, 1), plan.lanes, size));
      });
      for (auto [sum, memory] : llvm::zip_equal(total, resultMemories()))
        tools.store(sum, memory, at, size);
    });
  }

  /// Each group is combined from the initial value on, and added to the result.
  void writeGroups(const Place &place) {
    const NestAxis &axis = plan.axes[plan.groups.loop];
    const Values scratches = allocateScratch();
    assert(scratches.size() == 1 && "only sums that no loops reach twice are done together");
    Value scratch = scratches[0], results = resultMemories()[0];
    auto overResults = [&](function_ref<void(Value at, int64_t size)> inner) {
      tools.forTiles(plan.results(), plan.lanes, false, inner);
    };
    tools.forTiles(axis.extent, plan.groups.length, false, [&](Value first, int64_t turns) {
      overResults(
          [&](Value at, int64_t size) { tools.store(tools.broadcast(initial, plan.lanes), scratch, at, size); });
      with(plan.group(turns), scratch).writeVectors(move(place, first, axis));
      overResults([&](Value at, int64_t size) {
        Value sum = combine(tools.load(results, at, plan.lanes, size), tools.load(scratch, at, plan.lanes, size));
        tools.store(sum, results, at, size);
      });
    });
  }

  void writeLoops(Place place) {
    hoist(-1, place);
    descend(0, place);
  }

  void descend(size_t level, const Place &place) {
    if (level == plan.moving)
      return reduceAndStore(place);
    const NestAxis &axis = plan.axes[level];
    const bool shared = plan.shared == int(level), alongLanes = plan.vectorAxis == int(level);
    auto inner = [&](Value iv, int64_t size) {
      Place here = move(place, iv, axis);
      if (alongLanes)
        here.count = size;
      hoist(level, here);
      descend(level + 1, here);
    };
    if (!alongLanes)
      return tools.forTiles(axis.extent, 1, shared, inner);
    assert(level + 1 == plan.moving && "the loop along lanes is the innermost moving one");
    const int64_t step = plan.lanes * plan.vectors;
    if (!shared && plan.vectors == 1 && plan.writesOut((axis.extent + step - 1) / step)) {
      for (int64_t at = 0; at < axis.extent; at += step)
        inner(tools.index(at), std::min(step, axis.extent - at));
      return;
    }
    if (plan.piece == 0)
      return tools.forTiles(axis.extent, step, shared, inner);
    tools.forTiles(axis.extent, plan.piece, shared, [&](Value start, int64_t length) {
      tools.forTiles(length, step, false, [&](Value iv, int64_t size) { inner(tools.advance(start, iv, 1), size); });
    });
  }

  /// Computes the results at a place and stores them.
  void reduceAndStore(const Place &place) {
    if (!plan.reduces) {
      for (auto [i, result] : llvm::enumerate(body(place)))
        tools.store(result, memories[plan.firstOutput + i], place.positions[plan.firstOutput + i], place.count);
      return;
    }
    const int64_t vectors = vectorsOf(place, plan);
    for (auto [i, result] : llvm::enumerate(reduceAll(place))) {
      Value memory = resultMemories()[i / vectors];
      if (plan.across()) {
        if (plan.collides)
          result = combine(tools.loadScalar(memory, resultPosition(place)), result);
        tools.storeScalar(result, memory, resultPosition(place));
        continue;
      }
      int64_t lane = int64_t(i) % vectors * plan.lanes;
      Value at = tools.advance(resultPosition(place), tools.index(lane), 1);
      if (plan.collides)
        result = combine(tools.load(memory, at, plan.lanes, place.count - lane), result);
      tools.store(result, memory, at, place.count - lane);
    }
  }

  /// The results at a place, vector by vector; of a reduction across lanes, scalars.
  Values reduceAll(const Place &place) {
    if (plan.parts < 0)
      return reducePart(place);
    const NestAxis &whole = plan.axes[plan.parts];
    int64_t length = plan.partLength, parts = plan.wholeParts();
    Value start = plan.across() ? initial : tools.broadcast(initial, plan.lanes);
    Values total(vectorsTogether(place), start);
    auto add = [&](Value from, int64_t turns, Values &sums) {
      Values part = with(plan.part(turns), resultMemories()).reducePart(move(place, from, whole));
      for (auto [sum, own] : llvm::zip_equal(sums, part))
        sum = combine(sum, own);
    };
    tools.forCarrying(parts, length, total, [&](Value from, Values &sums) { add(from, length, sums); });
    if (int64_t rest = plan.restOfParts())
      add(tools.index(parts * length), rest, total);
    return total;
  }

  Values reducePart(const Place &place) {
    Values sums(plan.across() ? plan.chains * combiners.size() : vectorsTogether(place),
                tools.broadcast(initial, plan.lanes));
    overReductions(plan.moving, place, sums);
    if (!plan.across())
      return sums;
    auto both = [&](Value x, Value y) { return combine(x, y); };
    Values results;
    for (size_t first = 0; first < sums.size(); first += plan.chains) {
      Value result = sums[first];
      for (Value chain : ArrayRef(sums).slice(first + 1, plan.chains - 1))
        result = combine(result, chain);
      results.push_back(tools.combineLanes(result, both));
    }
    return results;
  }

  /// Adds everything that the reducing loops from `level` on reach to the chains `sums`, those of one result behind those of another.
  void overReductions(size_t level, const Place &place, Values &sums) {
    if (level == plan.axes.size()) {
      for (size_t v = 0; v < sums.size() / combiners.size(); ++v) {
        Place here = move(place, tools.index(int64_t(v) * plan.lanes), plan.alongLanes());
        here.count -= int64_t(v) * plan.lanes;
        accumulate(here, sums, v);
      }
      return;
    }
    const NestAxis &axis = plan.axes[level];
    const bool alongLanes = int(level) == plan.vectorAxis;
    const Values starts(sums.size(), tools.broadcast(initial, plan.lanes));
    const auto chains = int64_t(sums.size() / combiners.size());
    const int64_t inside = plan.turnsInside(level), step = alongLanes ? plan.lanes * chains : 1;
    auto both = [&](Value x, Value y) { return combine(x, y); };
    auto turn = [&](Value iv, Values &into) {
      Place here = move(place, iv, axis);
      hoist(level, here);
      if (alongLanes) {
        for (int64_t chain = 0; chain < chains; ++chain)
          accumulate(move(here, tools.index(chain * plan.lanes), axis), into, chain);
        return;
      }
      if (inside <= longestChain)
        return overReductions(level + 1, here, into);
      Values inner = starts; // what is inside is a chain of the next level
      overReductions(level + 1, here, inner);
      for (auto [sum, part] : llvm::zip_equal(into, inner))
        sum = combine(sum, part);
    };
    int64_t turns = axis.extent / step;
    tools.cascade(turns, step, inside > longestChain ? 1 : inside, starts, sums, both,
                  [&](Value from, int64_t number, Values &into) {
                    auto at = [&](Value offset) { return tools.advance(offset, from, 1); };
                    if (!alongLanes && plan.writesOut(number)) {
                      for (int64_t i = 0; i < number; ++i)
                        turn(at(tools.index(i)), into);
                      return;
                    }
                    tools.forCarrying(number, step, into,
                                      [&](Value offset, Values &carried) { turn(at(offset), carried); });
                  });
    // What is left of the loop along lanes, one vector after the other.
    for (int64_t at = turns * step, chain = 0; at < axis.extent; at += plan.lanes, ++chain) {
      Place there = move(place, tools.index(at), axis);
      there.count = std::min(plan.lanes, axis.extent - at);
      hoist(level, there);
      accumulate(there, sums, chain % chains);
    }
  }

  /// Adds a vector to chain `chain` of each result.
  void accumulate(const Place &place, Values &sums, size_t chain) {
    const size_t chains = sums.size() / combiners.size();
    for (auto [result, value] : llvm::enumerate(body(place))) {
      if (plan.across() && place.count < plan.lanes) // lanes past the end take no part
        value = arith::SelectOp::create(builder, loc, tools.mask(plan.lanes, place.count), value,
                                        tools.broadcast(initial, plan.lanes));
      Value &sum = sums[result * chains + chain];
      sum = combine(sum, value);
    }
  }

  Values body(const Place &place) {
    Values inputs(memories.size());
    for (unsigned i = 0; i < plan.firstOutput; ++i)
      if (memories[i])
        inputs[i] = place.hoisted[i] ? place.hoisted[i]
                                     : tools.loadApart(memories[i], place.positions[i], plan.alongLanes().strides[i],
                                                       plan.lanes, place.count);
    return bodyOn(inputs, place.ivs);
  }

  /// The body on these vectors.
  Values bodyOn(ArrayRef<Value> inputs, ArrayRef<Value> ivs) {
    Values at(ivs);
    for (Value &iv : at)
      if (!iv)
        iv = tools.index(0);
    int along = plan.alongLanes().source;
    return writeOnVectors(builder, op.getBody(), plan.lanes, along < 0 ? op.getNumLoops() : along, inputs, at,
                          combiners);
  }

  //===-- blocks in registers: transposed, or interleaved where the results' innermost loop is short ---------------===//

  /// Calls inner at every point of the loops outside of the last two.
  void overOuter(size_t level, const Place &place, function_ref<void(const Place &)> inner) {
    if (level + 2 == plan.axes.size())
      return inner(place);
    const NestAxis &axis = plan.axes[level];
    tools.forTiles(axis.extent, 1, plan.shared == int(level),
                   [&](Value iv, int64_t) { overOuter(level + 1, move(place, iv, axis), inner); });
  }

  void writeTransposed(const Place &place) {
    const NestAxis &along = plan.alongLanes(), &rows = plan.axes[plan.vectorAxis - 1];
    overOuter(0, place, [&](const Place &outer) {
      tools.forTiles(rows.extent, plan.block, plan.shared == plan.vectorAxis - 1, [&](Value start, int64_t length) {
        Place inBlock = move(outer, start, rows);
        tools.forTiles(along.extent, plan.lanes, plan.shared == plan.vectorAxis, [&](Value lane, int64_t laneCount) {
          Place inLanes = move(inBlock, lane, along);
          inLanes.count = laneCount;
          tools.forTiles(length, plan.lanes, false,
                         [&](Value row, int64_t rowCount) { writeBlock(move(inLanes, row, rows), rowCount); });
        });
      });
    });
  }

  /// One block: every input as vectors along the results, row by row; an input that is contiguous along the rows is transposed.
  void writeBlock(const Place &place, int64_t rowCount) {
    const NestAxis &along = plan.alongLanes(), &rows = plan.axes[plan.vectorAxis - 1];
    const int64_t lanes = plan.lanes;
    SmallVector<Values> inputs(rowCount, Values(memories.size()));
    for (unsigned i = 0; i < plan.firstOutput; ++i) {
      Value memory = memories[i], position = place.positions[i];
      int64_t stride = along.strides[i], rowStride = rows.strides[i];
      if (!memory)
        continue;
      if (rowStride == 1 && stride != 0 && stride != 1) {
        Values block;
        for (int64_t lane = 0; lane < lanes; ++lane)
          block.push_back(lane < place.count
                              ? tools.load(memory, tools.advance(position, tools.index(lane), stride), lanes, rowCount)
                              : tools.zero(cast<MemRefType>(memory.getType()).getElementType(), lanes));
        tools.transpose(block);
        for (int64_t row = 0; row < rowCount; ++row)
          inputs[row][i] = block[row];
        continue;
      }
      for (int64_t row = 0; row < rowCount; ++row) {
        Value at = tools.advance(position, tools.index(row), rowStride);
        inputs[row][i] =
            row > 0 && rowStride == 0 ? inputs[0][i] : tools.loadApart(memory, at, stride, lanes, place.count);
      }
    }
    for (int64_t row = 0; row < rowCount; ++row) {
      Values ivs = place.ivs;
      moveIv(ivs, tools.index(row), rows);
      for (auto [i, result] : llvm::enumerate(bodyOn(inputs[row], ivs))) {
        unsigned output = plan.firstOutput + i;
        Value at = tools.advance(place.positions[output], tools.index(row), rows.strides[output]);
        tools.store(result, memories[output], at, place.count);
      }
    }
  }

  void writeInterleaved(const Place &place) {
    const NestAxis &along = plan.alongLanes();
    overOuter(0, place, [&](const Place &outer) {
      tools.forTiles(along.extent, plan.piece, plan.shared == plan.vectorAxis, [&](Value start, int64_t length) {
        Place inPiece = move(outer, start, along);
        tools.forTiles(length, plan.lanes, false, [&](Value lane, int64_t count) {
          Place here = move(inPiece, lane, along);
          here.count = count;
          writeMixed(here);
        });
      });
    });
  }

  /// As many vectors as the innermost loop has turns, each along the next loop, stored in the order of memory.
  void writeMixed(const Place &place) {
    const NestAxis &apart = plan.axes.back();
    const int64_t lanes = plan.lanes, ways = apart.extent;
    SmallVector<Values> results;
    for (int64_t way = 0; way < ways; ++way)
      results.push_back(body(move(place, tools.index(way), apart)));
    for (size_t i = 0; i < results[0].size(); ++i)
      for (int64_t first = 0; first < place.count * ways; first += lanes) {
        Value mixed = results[0][i];
        for (int64_t way = 1; way < ways; ++way) {
          SmallVector<int64_t> order;
          for (int64_t lane = 0; lane < lanes; ++lane) {
            int64_t from = (first + lane) / ways, of = (first + lane) % ways;
            order.push_back(of == way ? lanes + from : way > 1 ? lane : of == 0 ? from : 0);
          }
          mixed = vector::ShuffleOp::create(builder, loc, mixed, results[way][i], order);
        }
        unsigned output = plan.firstOutput + i;
        tools.store(mixed, memories[output], tools.advance(place.positions[output], tools.index(first), 1),
                    place.count * ways - first);
      }
  }
};

} // namespace

void emitNests(OpBuilder &builder, Location loc, ArrayRef<PlannedNest> nests, int64_t rows) {
  std::vector<Emitter> emitters;
  double work = 0;
  for (const PlannedNest &nest : nests) {
    emitters.emplace_back(builder, nest);
    work += nest.plan.work();
  }
  auto write = [&](Value row, int64_t) {
    for (Emitter &emitter : emitters)
      emitter.write(row);
  };
  if (rows == 0)
    return write({}, 1);
  VectorTools(builder, loc).forTiles(rows, 1, work * double(rows) >= nests.front().plan.workOfFork, write);
}

} // namespace talweg
