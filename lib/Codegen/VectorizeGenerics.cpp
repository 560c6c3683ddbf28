// Turns linalg ops on memrefs into loops over vectors.
//
// In: linalg.generic (not contractions) and linalg.fill on memrefs of static shape. Out: scf loops; loads and stores
// of whole vectors with masked tails. Loops that move the result are outside, in memory order; loops that only reduce are inside, with
// their accumulators in registers. One loop runs along lanes: the one that touches memory in the longest runs.
#include "Contraction.h"
#include "VectorBody.h"
#include "talweg/Codegen/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace talweg {
#define GEN_PASS_DEF_VECTORIZEGENERICS
#include "talweg/Codegen/Passes.h.inc"
} // namespace talweg

using namespace mlir;
using namespace talweg;
using linalg::GenericOp;

namespace {

/// One loop: its extent, the movement of each operand, and the loop of the op it stands for (-1: several).
struct Axis {
  int64_t extent = 1;
  SmallVector<int64_t> strides;
  int source = -1;
};

/// One operand: flat memory, the constant part of its position, and whether the body reads it.
struct Operand {
  Value memory;
  int64_t offset = 0;
  bool read = false;
  Type element;
};

class Nest {
public:
  Nest(GenericOp op, int64_t vectorBits) : builder(op), op(op), loc(op.getLoc()), tools(builder, loc) {
    outputs = op.getNumDpsInits();
    firstOutput = op.getNumDpsInputs();
    collectOperands();
    collectAxes();
    int64_t widest = 32;
    for (Operand &operand : operands)
      if (operand.memory)
        widest = std::max<int64_t>(widest, operand.element.getIntOrFloatBitWidth());
    lanes = vectorBits / widest;
  }

  LogicalResult run() {
    reduces = op.payloadUsesValueFromOperand(op.getDpsInitOperand(0));
    if (reduces && failed(takeInitialValue()))
      return failure();
    chooseLanes();
    orderAxes();
    SmallVector<Value> positions, ivs(op.getNumLoops());
    for (Operand &operand : operands)
      positions.push_back(operand.memory ? tools.index(operand.offset) : Value());
    SmallVector<Value> hoisted(operands.size());
    hoist(-1, positions, hoisted);
    descend(0, positions, ivs, hoisted);
    op.erase();
    return success();
  }

private:
  OpBuilder builder;
  GenericOp op;
  Location loc;
  VectorTools tools;
  SmallVector<Operand> operands;
  SmallVector<Axis> axes; ///< after orderAxes: moving loops, then reducing loops
  int64_t lanes = 1;
  int vectorAxis = -1; ///< index in axes
  size_t moving = 0;   ///< the number of moving loops
  unsigned outputs = 1, firstOutput = 0;
  bool reduces = false;
  bool inMemory = false; ///< results accumulate in memory: loops reach positions more than once, or not all of them
  Combiner combiner;
  Value initial; ///< scalar that accumulators start from

  int64_t outStride(const Axis &axis) const { return axis.strides[firstOutput]; }

  void collectOperands() {
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

  void collectAxes() {
    SmallVector<bool> indexed(op.getNumLoops(), false);
    op.getBody()->walk([&](linalg::IndexOp index) { indexed[index.getDim()] = true; });
    SmallVector<Access> accesses;
    for (auto [operand, info] : llvm::zip_equal(op->getOpOperands(), operands)) {
      auto type = cast<MemRefType>(operand.get().getType());
      accesses.push_back(linearize(op.getMatchingIndexingMap(&operand), type.getShape()));
      info.offset = accesses.back().offset;
    }
    auto iterators = op.getIteratorTypesArray();
    for (auto [d, extent] : llvm::enumerate(op.getStaticLoopRanges())) {
      Axis axis{extent, {}, int(d)};
      for (auto [access, info] : llvm::zip_equal(accesses, operands))
        axis.strides.push_back(info.memory ? access.strides[d] : 0);
      inMemory |=
          iterators[d] == utils::IteratorType::reduction && axis.strides[op.getNumDpsInputs()] != 0 && extent > 1;
      if (extent > 1 || indexed[d])
        axes.push_back(axis);
    }
    // Elements that no loop reaches keep what they were filled with.
    int64_t reached = 1;
    for (const Axis &axis : axes)
      reached *= outStride(axis) != 0 ? axis.extent : 1;
    auto result = cast<MemRefType>(op.getDpsInitOperand(0)->get().getType());
    inMemory |= op.payloadUsesValueFromOperand(op.getDpsInitOperand(0)) && reached != result.getNumElements();
    // Loops that walk all memory as one are one, unless the body asks for their positions.
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t i = 0; i < axes.size() && !changed; ++i)
        for (size_t j = 0; j < axes.size() && !changed; ++j) {
          Axis &outer = axes[i], &inner = axes[j];
          if (i == j || (outer.source >= 0 && indexed[outer.source]) || (inner.source >= 0 && indexed[inner.source]))
            continue;
          bool fits = true;
          for (auto [far, near] : llvm::zip_equal(outer.strides, inner.strides))
            fits &= far == near * inner.extent;
          if (!fits)
            continue;
          inner.extent *= outer.extent;
          inner.source = -1;
          axes.erase(axes.begin() + i);
          changed = true;
        }
    }
    if (axes.empty())
      axes.push_back({1, SmallVector<int64_t>(operands.size(), 0), -1});
  }

  /// The fill in front gives the accumulators' first value; it stays where results accumulate in memory.
  LogicalResult takeInitialValue() {
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
    if (!inMemory)
      fill.erase();
    return success();
  }

  /// The loop along lanes: least cost of memory accesses for a full pass, waste in the tail included.
  void chooseLanes() {
    double best = 0;
    for (auto [i, axis] : llvm::enumerate(axes)) {
      double cost = 1;
      for (auto [operand, info] : llvm::enumerate(operands)) {
        int64_t stride = axis.strides[operand];
        bool output = operand >= firstOutput;
        if (!info.memory || (output && stride == 1) || (!output && (stride == 0 || stride == 1)))
          continue;
        cost += output ? (stride == 0 ? 0.5 : 1000) : double(lanes) / 4;
      }
      cost *= double((axis.extent + lanes - 1) / lanes * lanes) / axis.extent;
      if (vectorAxis < 0 || cost < best) {
        best = cost;
        vectorAxis = i;
      }
    }
    int64_t stride = outStride(axes[vectorAxis]);
    bool repeats = stride == 0 && !reduces && axes[vectorAxis].extent > 1; // folding has left every turn the same
    if ((stride != 0 && stride != 1) || repeats)
      lanes = 1; // results lie apart in every loop: one at a time
  }

  void orderAxes() {
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

  double work() const {
    double total = bodyWork(op);
    for (const Axis &axis : axes)
      total *= axis.extent;
    return total;
  }

  //===-- loops ----------------------------------------------------------------------------------------------------===//

  SmallVector<Value> move(ArrayRef<Value> positions, Value iv, const Axis &axis) {
    SmallVector<Value> moved;
    for (auto [position, stride] : llvm::zip_equal(positions, axis.strides))
      moved.push_back(position ? tools.advance(position, iv, stride) : Value());
    return moved;
  }

  /// Loads, as soon as its position is known, each operand that is the same in all lanes.
  void hoist(int level, ArrayRef<Value> positions, SmallVector<Value> &hoisted) {
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

  void descend(size_t level, ArrayRef<Value> positions, SmallVector<Value> ivs, SmallVector<Value> hoisted) {
    if (level == moving)
      return reduceAndStore(positions, ivs, hoisted, lanes);
    const Axis &axis = axes[level];
    bool parallel = level == 0 && !inMemory && outStride(axis) != 0 && work() >= parallelWork;
    auto inner = [&](Value iv, int64_t size, ArrayRef<Value> from) {
      SmallVector<Value> here = move(from, iv, axis), own = hoisted, at = ivs;
      if (axis.source >= 0)
        at[axis.source] = iv;
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
    if (!parallel || axis.extent < 2 * piece) {
      tools.forTiles(axis.extent, lanes, parallel, [&](Value iv, int64_t size) { inner(iv, size, positions); });
      return;
    }
    tools.forTiles(axis.extent, piece, true, [&](Value start, int64_t length) {
      tools.forTiles(length, lanes, false, [&](Value iv, int64_t size) {
        inner(builder.createOrFold<arith::AddIOp>(loc, start, iv), size, positions);
      });
    });
  }

  //===-- one vector of results ------------------------------------------------------------------------------------===//

  /// Computes the results of `count` lanes at `positions` and stores them.
  void reduceAndStore(ArrayRef<Value> positions, ArrayRef<Value> ivs, ArrayRef<Value> hoisted, int64_t count) {
    if (!reduces) {
      SmallVector<Value> results = body(positions, ivs, hoisted, count);
      for (unsigned i = 0; i < outputs; ++i)
        tools.store(results[i], operands[firstOutput + i].memory, positions[firstOutput + i], count);
      return;
    }
    bool across = vectorAxis >= int(moving); // lanes are summed at the end
    Value memory = operands[firstOutput].memory, position = positions[firstOutput];
    int64_t chains = across ? std::clamp<int64_t>(axes[vectorAxis].extent / lanes, 1, 4) : 1;
    Value start = tools.broadcast(initial, lanes);
    SmallVector<Value> acc(chains, start);
    if (inMemory && !across)
      acc[0] = tools.load(memory, position, lanes, count);
    overReductions(moving, SmallVector<Value>(positions), SmallVector<Value>(ivs), SmallVector<Value>(hoisted), count,
                   acc);
    auto combine = [&](Value x, Value y) { return combiner.apply(builder, x, y); };
    Value result = acc[0];
    for (int64_t chain = 1; chain < chains; ++chain)
      result = combine(result, acc[chain]);
    if (!across)
      return tools.store(result, memory, position, count);
    result = tools.combineLanes(result, combine);
    if (inMemory)
      result = combine(tools.loadScalar(memory, position), result);
    tools.storeScalar(result, memory, position);
  }

  void overReductions(size_t level, SmallVector<Value> positions, SmallVector<Value> ivs, SmallVector<Value> hoisted,
                      int64_t count, SmallVector<Value> &acc) {
    if (level == axes.size()) {
      accumulate(positions, ivs, hoisted, count, acc[0]);
      return;
    }
    const Axis &axis = axes[level];
    auto turn = [&](Value iv, SmallVector<Value> &sums) {
      SmallVector<Value> here = move(positions, iv, axis), own = hoisted, at = ivs;
      if (axis.source >= 0)
        at[axis.source] = iv;
      hoist(level, here, own);
      if (int(level) != vectorAxis)
        return overReductions(level + 1, here, at, own, count, sums);
      for (size_t chain = 0; chain < sums.size(); ++chain) {
        Value lane = tools.index(chain * lanes);
        SmallVector<Value> there = move(here, lane, axis), then = at;
        if (axis.source >= 0)
          then[axis.source] = builder.createOrFold<arith::AddIOp>(loc, iv, lane);
        accumulate(there, then, own, lanes, sums[chain]);
      }
    };
    int64_t stride = int(level) == vectorAxis ? lanes * int64_t(acc.size()) : 1;
    int64_t whole = axis.extent / stride * stride;
    if (whole == stride) {
      turn(tools.index(0), acc);
    } else if (whole > 0) {
      auto loop = scf::ForOp::create(builder, loc, tools.index(0), tools.index(whole), tools.index(stride), acc);
      {
        OpBuilder::InsertionGuard guard(builder);
        builder.setInsertionPointToStart(loop.getBody());
        SmallVector<Value> sums(loop.getRegionIterArgs());
        turn(loop.getInductionVar(), sums);
        scf::YieldOp::create(builder, loc, sums);
      }
      acc.assign(loop.getResults().begin(), loop.getResults().end());
    }
    // What is left of the loop along lanes, one vector after the other.
    for (int64_t at = whole, chain = 0; at < axis.extent; at += lanes, ++chain) {
      SmallVector<Value> there = move(positions, tools.index(at), axis), own = hoisted, then = ivs;
      if (axis.source >= 0)
        then[axis.source] = tools.index(at);
      hoist(level, there, own);
      accumulate(there, then, own, std::min(lanes, axis.extent - at), acc[chain % acc.size()]);
    }
  }

  void accumulate(ArrayRef<Value> positions, ArrayRef<Value> ivs, ArrayRef<Value> hoisted, int64_t count, Value &acc) {
    Value value = body(positions, ivs, hoisted, count)[0];
    bool across = vectorAxis >= int(moving);
    if (across && count < lanes) // lanes past the end take no part
      value = arith::SelectOp::create(builder, loc, tools.mask(lanes, count), value, tools.broadcast(initial, lanes));
    acc = combiner.apply(builder, acc, value);
  }

  SmallVector<Value> body(ArrayRef<Value> positions, ArrayRef<Value> ivs, ArrayRef<Value> hoisted, int64_t count) {
    SmallVector<Value> inputs(operands.size());
    for (auto [i, info] : llvm::enumerate(operands))
      if (info.memory && info.read && i < firstOutput)
        inputs[i] = hoisted[i] ? hoisted[i] : loadLanes(info, positions[i], axes[vectorAxis].strides[i], count);
    SmallVector<Value> at(ivs);
    for (Value &iv : at)
      if (!iv)
        iv = tools.index(0);
    int loop = axes[vectorAxis].source;
    VectorBody vectors(builder, op, lanes, loop < 0 ? op.getNumLoops() : loop);
    return vectors.emit(inputs, at, reduces ? &combiner : nullptr);
  }

  Value loadLanes(const Operand &operand, Value position, int64_t stride, int64_t count) {
    if (stride == 1 || lanes == 1)
      return tools.load(operand.memory, position, lanes, count);
    Value vector = tools.zero(operand.element, lanes);
    if (operand.element.isF32() || operand.element.isF64()) {
      SmallVector<int32_t> offsets;
      for (int64_t i = 0; i < lanes; ++i)
        offsets.push_back(i < count ? i * stride : 0);
      Value places = arith::ConstantOp::create(builder, loc, builder.getI32VectorAttr(offsets));
      return vector::GatherOp::create(builder, loc, cast<VectorType>(vector.getType()), operand.memory, position,
                                      places, tools.mask(lanes, count), vector);
    }
    for (int64_t i = 0; i < std::min(count, lanes); ++i) {
      Value one = tools.loadScalar(operand.memory, tools.advance(position, tools.index(i), stride));
      vector = vector::InsertOp::create(builder, loc, one, vector, ArrayRef<int64_t>{i});
    }
    return vector;
  }
};

struct VectorizeGenerics : talweg::impl::VectorizeGenericsBase<VectorizeGenerics> {
  using VectorizeGenericsBase::VectorizeGenericsBase;

  void runOnOperation() override {
    SmallVector<GenericOp> generics;
    getOperation().walk([&](GenericOp op) { generics.push_back(op); });
    for (GenericOp op : generics)
      if (failed(Nest(op, vectorBits).run()))
        return signalPassFailure();
    SmallVector<linalg::FillOp> fills;
    getOperation().walk([&](linalg::FillOp op) { fills.push_back(op); });
    for (linalg::FillOp op : fills)
      lowerFill(op);
  }

  void lowerFill(linalg::FillOp op) {
    OpBuilder builder(op);
    VectorTools tools(builder, op.getLoc());
    Value memory = flatten(builder, op.getLoc(), op.getOutputs()[0]);
    auto type = cast<MemRefType>(memory.getType());
    int64_t lanes = vectorBits / std::max(8u, type.getElementTypeBitWidth());
    Value vector = tools.broadcast(op.getInputs()[0], lanes);
    tools.forTiles(type.getNumElements(), lanes, false,
                   [&](Value at, int64_t size) { tools.store(vector, memory, at, size); });
    op.erase();
  }
};

} // namespace
