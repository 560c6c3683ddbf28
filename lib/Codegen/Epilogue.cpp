// Writes epilogues on vectors.
#include "Epilogue.h"

#include "Memory.h"
#include "VectorBody.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace talweg {

Epilogue::Epilogue(OpBuilder &builder, kernel::ProductOp product)
    : product(product), plan(product.getPlan()->getPlan()), reads(product.getReads().size()) {
  for (OpOperand &operand : product->getOpOperands().drop_front(2)) {
    if (&operand == product.getSums())
      continue;
    auto shape = cast<ShapedType>(operand.get().getType()).getShape();
    memory.push_back(flatten(builder, loc(), operand.get()));
    starts.push_back(linearize(product.getMatchingIndexingMap(&operand), shape).offset);
  }
}

static int64_t stepOf(const kernel::Loop &loop, size_t i) { return loop.e.empty() ? 0 : loop.e[i]; }

Value Epilogue::placeOf(VectorTools &tools, size_t i, ArrayRef<Value> positions, int64_t row, int64_t vector) const {
  Value at = tools.advance(positions[i], tools.index(row), stepOf(plan.m, i));
  return tools.advance(at, tools.index(vector * plan.lanes), stepOf(plan.n, i));
}

void Epilogue::prefetch(OpBuilder &builder, ArrayRef<Value> positions, int64_t rows, int64_t vectors) const {
  if (isPartial())
    return;
  VectorTools tools(builder, loc());
  for (size_t i = 0; i < reads; ++i)
    if (stepOf(plan.m, i) != 0 && stepOf(plan.n, i) != 0)
      for (int64_t row = 0; row < rows; ++row)
        for (int64_t vector = 0; vector < vectors; ++vector)
          memref::PrefetchOp::create(builder, loc(), memory[i], placeOf(tools, i, positions, row, vector),
                                     /*isWrite=*/true,
                                     /*localityHint=*/3, /*isDataCache=*/true);
}

void Epilogue::emit(OpBuilder &builder, ArrayRef<Value> sums, ArrayRef<Value> positions, int64_t vectors,
                    int64_t columns) const {
  VectorTools tools(builder, loc());
  int64_t rows = sums.size() / vectors;
  // An operand that does not move along rows (vectors) is loaded once for each vector (row): no output can be in its place.
  DenseMap<std::tuple<size_t, int64_t, int64_t>, Value> loaded;
  auto load = [&](size_t i, int64_t row, int64_t vector) {
    bool byRow = stepOf(plan.m, i) != 0, byVector = stepOf(plan.n, i) != 0;
    Value &value = loaded[{i, byRow ? row : 0, byVector ? vector : 0}];
    if (value)
      return value;
    Value at = placeOf(tools, i, positions, row, vector);
    value = byVector ? tools.load(memory[i], at, plan.lanes, columns - vector * plan.lanes)
                     : tools.broadcast(tools.loadScalar(memory[i], at), plan.lanes);
    return value;
  };
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t vector = 0; vector < vectors; ++vector) {
      SmallVector<Value> inputs{sums[row * vectors + vector]};
      for (size_t i = 0; i < reads; ++i)
        inputs.push_back(load(i, row, vector));
      for (auto [i, value] : llvm::enumerate(writeOnVectors(builder, body(), plan.lanes, 0, inputs, {}, {})))
        tools.store(value, memory[reads + i], placeOf(tools, reads + i, positions, row, vector),
                    columns - vector * plan.lanes);
    }
}

void Epilogue::emitPartial(OpBuilder &builder, ArrayRef<Value> sums, Value number, int64_t vectors,
                           int64_t columns) const {
  VectorTools tools(builder, loc());
  auto plus = [&](Value x, Value y) -> Value { return arith::AddFOp::create(builder, loc(), x, y); };
  SmallVector<Value> chains(vectors); // one for each vector of a row
  for (auto [i, sum] : llvm::enumerate(sums)) {
    int64_t vector = i % vectors, count = columns - vector * plan.lanes;
    Value value = writeOnVectors(builder, body(), plan.lanes, 0, sum, {}, {})[0];
    if (count < plan.lanes && !isOfColumns()) {
      Value none = tools.zero(cast<VectorType>(value.getType()).getElementType(), plan.lanes);
      value = arith::SelectOp::create(builder, loc(), tools.mask(plan.lanes, count), value, none);
    }
    chains[vector] = chains[vector] ? plus(chains[vector], value) : value;
  }
  if (isOfColumns()) {
    for (auto [vector, chain] : llvm::enumerate(chains))
      tools.store(chain, memory.back(), tools.advance(number, tools.index(int64_t(vector) * plan.lanes), 1),
                  columns - int64_t(vector) * plan.lanes);
    return;
  }
  for (Value chain : ArrayRef(chains).drop_front())
    chains[0] = plus(chains[0], chain);
  tools.storeScalar(tools.combineLanes(chains[0], plus), memory.back(), number);
}

Streams Streams::of(ArrayRef<Value> operands, int64_t elements, function_ref<bool(Value, Value)> same) {
  Streams streams;
  SmallVector<Value> seen;
  for (Value operand : operands) {
    auto type = cast<ShapedType>(operand.getType());
    if (type.getNumElements() < elements || llvm::any_of(seen, [&](Value other) { return same(operand, other); }))
      continue;
    seen.push_back(operand);
    streams.bytes += elements * type.getElementTypeBitWidth() / 8;
  }
  streams.count = seen.size();
  return streams;
}

} // namespace talweg
