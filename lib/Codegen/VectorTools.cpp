// Small pieces of vector code that several lowerings write.
#include "VectorTools.h"
#include "ReductionOrder.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <functional>

using namespace mlir;

namespace talweg {

Value VectorTools::advance(Value base, Value iv, int64_t stride) {
  if (stride == 0)
    return base;
  Value step = stride == 1 ? iv : builder.createOrFold<arith::MulIOp>(loc, iv, index(stride));
  return builder.createOrFold<arith::AddIOp>(loc, base, step);
}

Value VectorTools::load(Value memory, Value at, int64_t lanes, int64_t count) {
  Type element = cast<MemRefType>(memory.getType()).getElementType();
  auto type = VectorType::get({lanes}, element);
  if (count >= lanes)
    return vector::LoadOp::create(builder, loc, type, memory, at);
  return vector::MaskedLoadOp::create(builder, loc, type, memory, at, mask(lanes, count), zero(element, lanes));
}

Value VectorTools::loadApart(Value memory, Value at, int64_t stride, int64_t lanes, int64_t count) {
  if (stride == 1 || lanes == 1)
    return load(memory, at, lanes, count);
  count = std::min(count, lanes);
  if (stride == 0)
    return broadcast(loadScalar(memory, at), lanes);
  SmallVector<int64_t> order;
  if (stride == -1) {
    Value run = load(memory, advance(at, index(count - 1), -1), lanes, count);
    for (int64_t lane = 0; lane < lanes; ++lane)
      order.push_back(lane < count ? count - 1 - lane : 0);
    return vector::ShuffleOp::create(builder, loc, run, run, order);
  }
  if (stride > 0 && stride <= 4) {
    int64_t span = (count - 1) * stride + 1;
    Value result;
    for (int64_t from = 0; from < span; from += lanes) {
      Value run = load(memory, advance(at, index(from), 1), lanes, span - from);
      order.clear();
      for (int64_t lane = 0; lane < lanes; ++lane) { // what this run holds comes from it, the rest from before
        int64_t in = lane * stride - from;
        bool here = lane < count && in >= 0 && in < lanes;
        order.push_back(here ? (from ? lanes : 0) + in : from ? lane : 0);
      }
      result = vector::ShuffleOp::create(builder, loc, result ? result : run, run, order);
    }
    return result;
  }
  Type element = cast<MemRefType>(memory.getType()).getElementType();
  if (!element.isF32() && !element.isF64())
    return loadEach(memory, at, stride, lanes, count);
  SmallVector<int32_t> offsets;
  for (int64_t i = 0; i < lanes; ++i)
    offsets.push_back(i < count ? i * stride : 0);
  Value places = arith::ConstantOp::create(builder, loc, builder.getI32VectorAttr(offsets));
  Value none = zero(element, lanes);
  return vector::GatherOp::create(builder, loc, cast<VectorType>(none.getType()), memory, at, places,
                                  mask(lanes, count), none);
}

Value VectorTools::loadEach(Value memory, Value at, int64_t stride, int64_t lanes, int64_t count) {
  Value vector = zero(cast<MemRefType>(memory.getType()).getElementType(), lanes);
  for (int64_t i = 0; i < std::min(count, lanes); ++i)
    vector = vector::InsertOp::create(builder, loc, loadScalar(memory, advance(at, index(i), stride)), vector,
                                      ArrayRef<int64_t>{i});
  return vector;
}

void VectorTools::store(Value vector, Value memory, Value at, int64_t count) {
  int64_t lanes = cast<VectorType>(vector.getType()).getNumElements();
  if (count >= lanes)
    vector::StoreOp::create(builder, loc, vector, memory, at);
  else
    vector::MaskedStoreOp::create(builder, loc, memory, at, mask(lanes, count), vector);
}

Value VectorTools::loadScalar(Value memory, Value at) { return memref::LoadOp::create(builder, loc, memory, at); }

void VectorTools::storeScalar(Value value, Value memory, Value at) {
  memref::StoreOp::create(builder, loc, value, memory, at);
}

Value VectorTools::broadcast(Value scalar, int64_t lanes) {
  return vector::BroadcastOp::create(builder, loc, VectorType::get({lanes}, scalar.getType()), scalar);
}

Value VectorTools::zero(Type element, int64_t lanes) {
  auto type = VectorType::get({lanes}, element);
  return arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(type, builder.getZeroAttr(element)));
}

Value VectorTools::mask(int64_t lanes, int64_t count) {
  SmallVector<bool> exist(lanes, false);
  std::fill_n(exist.begin(), count, true);
  return arith::ConstantOp::create(builder, loc, builder.getBoolVectorAttr(exist));
}

Value VectorTools::counting(int64_t lanes) {
  SmallVector<APInt> numbers;
  for (int64_t lane = 0; lane < lanes; ++lane)
    numbers.emplace_back(IndexType::kInternalStorageBitWidth, lane);
  auto type = VectorType::get({lanes}, builder.getIndexType());
  return arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(type, numbers));
}

Value VectorTools::combineLanes(Value vector, function_ref<Value(Value, Value)> combine) {
  int64_t lanes = cast<VectorType>(vector.getType()).getNumElements();
  for (; lanes > 1; lanes /= 2) {
    assert(lanes % 2 == 0 && "a register holds a power of two of lanes");
    SmallVector<int64_t> low, high;
    for (int64_t i = 0; i < lanes / 2; ++i) {
      low.push_back(i);
      high.push_back(lanes / 2 + i);
    }
    Value first = vector::ShuffleOp::create(builder, loc, vector, vector, low);
    Value second = vector::ShuffleOp::create(builder, loc, vector, vector, high);
    vector = combine(first, second);
  }
  return vector::ExtractOp::create(builder, loc, vector, ArrayRef<int64_t>{0});
}

void VectorTools::transpose(MutableArrayRef<Value> rows) {
  int64_t lanes = rows.size();
  // Stage w exchanges the off-diagonal w x w blocks of each 2w x 2w block.
  for (int64_t w = 1; w < lanes; w *= 2)
    for (int64_t r = 0; r < lanes; ++r) {
      if (r & w)
        continue;
      SmallVector<int64_t> low, high;
      for (int64_t j = 0; j < lanes; ++j) {
        low.push_back(j & w ? lanes + j - w : j);
        high.push_back(j & w ? lanes + j : j + w);
      }
      Value a = rows[r], b = rows[r | w];
      rows[r] = vector::ShuffleOp::create(builder, loc, a, b, low);
      rows[r | w] = vector::ShuffleOp::create(builder, loc, a, b, high);
    }
}

void VectorTools::forTiles(int64_t extent, int64_t tile, bool parallel,
                           function_ref<void(Value offset, int64_t size)> body) {
  int64_t whole = extent / tile * tile;
  OpBuilder::InsertionGuard guard(builder);
  if (whole == tile) {
    body(index(0), tile);
  } else if (whole > 0 && parallel) {
    auto loop =
        scf::ParallelOp::create(builder, loc, ValueRange{index(0)}, ValueRange{index(whole)}, ValueRange{index(tile)});
    builder.setInsertionPointToStart(loop.getBody());
    body(loop.getInductionVars()[0], tile);
    builder.setInsertionPointAfter(loop);
  } else if (whole > 0) {
    auto loop = scf::ForOp::create(builder, loc, index(0), index(whole), index(tile));
    builder.setInsertionPointToStart(loop.getBody());
    body(loop.getInductionVar(), tile);
    builder.setInsertionPointAfter(loop);
  }
  if (whole < extent)
    body(index(whole), extent - whole);
}

void VectorTools::forCarrying(int64_t turns, int64_t step, Values &values,
                              function_ref<void(Value offset, Values &values)> body, std::pair<Value, Value> within) {
  if (turns <= 1) {
    if (turns == 1)
      body(index(0), values);
    return;
  }
  Value from = index(0), to = index(turns * step);
  if (within.first) {
    auto whole = [&](Value x) { // turns, in steps
      Value turn = builder.createOrFold<arith::DivUIOp>(loc, x, index(step));
      return builder.createOrFold<arith::MulIOp>(loc, turn, index(step));
    };
    from = whole(within.first);
    to = builder.createOrFold<arith::MinUIOp>(loc, to, whole(advance(within.second, index(step - 1), 1)));
  }
  auto loop = scf::ForOp::create(builder, loc, from, to, index(step), values);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    Values carried(loop.getRegionIterArgs());
    body(loop.getInductionVar(), carried);
    scf::YieldOp::create(builder, loc, carried);
  }
  values.assign(loop.getResults().begin(), loop.getResults().end());
}

void VectorTools::cascade(int64_t turns, int64_t step, int64_t weight, ArrayRef<Value> starts, Values &sums,
                          function_ref<Value(Value, Value)> combine,
                          function_ref<void(Value offset, int64_t count, Values &sums)> plain) {
  const int64_t most = std::max<int64_t>(1, longestChain / weight);
  std::function<void(Value, int64_t, Values &)> add = [&](Value from, int64_t count, Values &into) {
    if (count <= most)
      return plain(from, count, into);
    int64_t size = most;
    while (size * longestChain < count)
      size *= longestChain;
    auto group = [&](Value at, int64_t length, Values &sums) {
      Values own(starts);
      add(at, length, own);
      for (auto [sum, part] : llvm::zip_equal(sums, own))
        sum = combine(sum, part);
    };
    int64_t rest = count % size;
    forCarrying(count / size, size * step, into,
                [&](Value offset, Values &carried) { group(advance(offset, from, 1), size, carried); });
    if (rest != 0)
      group(advance(from, index((count - rest) * step), 1), rest, into);
  };
  add(index(0), turns, sums);
}

} // namespace talweg
