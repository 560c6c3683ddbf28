// Recognizes epilogues by their accesses, and writes them on vectors.
#include "Epilogue.h"

#include "Memory.h"
#include "ReductionOrder.h"
#include "VectorBody.h"
#include "talweg/Codegen/Attributes.h"

#include "mlir/Analysis/FlatLinearValueConstraints.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using linalg::GenericOp;

namespace talweg {

GenericOp epilogueOf(GenericOp product) {
  return product->hasAttr(attributes::kEpilogue) ? cast<GenericOp>(product->getNextNode()) : GenericOp();
}

LogicalResult verifyEpilogues(Operation *function) {
  WalkResult result = function->walk([](Operation *op) {
    if (!op->hasAttr(attributes::kEpilogue))
      return WalkResult::advance();
    auto product = dyn_cast<GenericOp>(op);
    auto next = dyn_cast_or_null<GenericOp>(op->getNextNode());
    bool reads = product && next && isContraction(product) &&
                 llvm::any_of(next.getDpsInputs(), [&](Value input) { return input == product.getDpsInits()[0]; });
    if (reads)
      return WalkResult::advance();
    op->emitError() << "is said to have an epilogue, and no op that reads its result follows it";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

/// The coefficient of each loop of `map` in each of its results; nothing if a result is not linear.
static std::optional<SmallVector<SmallVector<int64_t>>> coefficientsOf(AffineMap map) {
  SmallVector<SmallVector<int64_t>> coefficients;
  for (AffineExpr expr : map.getResults()) {
    if (!expr.isPureAffine())
      return std::nullopt;
    SmallVector<int64_t> flattened;
    // dims, symbols, locals of divisions, constant
    if (failed(getFlattenedAffineExpr(expr, map.getNumDims(), 0, &flattened)) ||
        int64_t(flattened.size()) != map.getNumDims() + 1 || flattened.back() != 0)
      return std::nullopt;
    flattened.pop_back();
    coefficients.push_back(std::move(flattened));
  }
  return coefficients;
}

std::optional<Epilogue> Epilogue::of(GenericOp product, GenericOp op, std::string &reason) {
  auto refuse = [&](StringRef why) -> std::optional<Epilogue> {
    reason = why.str();
    return std::nullopt;
  };
  Value result = product.getDpsInits()[0];
  Epilogue epilogue;
  epilogue.generic = op;
  const bool sums = isTotal(op);
  if (op.getNumParallelLoops() != op.getNumLoops() && !sums)
    return refuse("it is a reduction");
  if (op.hasIndexSemantics())
    return refuse("it needs the positions of elements");
  if (!sums &&
      llvm::any_of(op.getDpsInitsMutable(), [&](OpOperand &init) { return op.payloadUsesValueFromOperand(&init); }))
    return refuse("it adds to elements of its result");

  auto written = coefficientsOf(product.getMatchingIndexingMap(product.getDpsInitOperand(0)));
  if (!written)
    return refuse("the product's result is written through divisions of its indices");
  int64_t elements = 1;
  SmallVector<int64_t> extents = product.getStaticLoopRanges();
  for (auto [loop, kind] : llvm::enumerate(product.getIteratorTypesArray()))
    if (kind == utils::IteratorType::parallel)
      elements *= extents[loop];
  if (elements != cast<MemRefType>(result.getType()).getNumElements())
    return refuse("the product sums into elements from several places");

  AffineMap map; // loops of op → dimensions of the result
  for (OpOperand &operand : op->getOpOperands()) {
    if (!sameMemory(operand.get(), result))
      continue;
    if (operand.get() != result)
      return refuse("it reads the product's result in another shape");
    if (op.isDpsInput(&operand) && op.payloadUsesValueFromOperand(&operand))
      epilogue.results.push_back(&operand);
    AffineMap own = op.getMatchingIndexingMap(&operand);
    if (!own.isPermutation() || (map && map != own))
      return refuse("it reads the product's result in another order");
    map = own;
  }
  if (epilogue.results.empty())
    return refuse("it does not read the product's result");
  if (sums && int64_t(epilogue.results.size()) != op.getNumDpsInputs())
    return refuse("it sums what the product does not give");
  if (sums)
    return epilogue;

  for (OpOperand &operand : op->getOpOperands()) {
    if (llvm::is_contained(epilogue.results, &operand) ||
        (op.isDpsInput(&operand) && !op.payloadUsesValueFromOperand(&operand)))
      continue;
    for (OpOperand *factor : product.getDpsInputOperands())
      if (op.isDpsInit(&operand) && sameMemory(operand.get(), factor->get()))
        return refuse("it overwrites an operand of the product");
    Access own = linearize(op.getMatchingIndexingMap(&operand), cast<MemRefType>(operand.get().getType()).getShape());
    Access access{own.offset, SmallVector<int64_t>(product.getNumLoops(), 0)};
    for (auto [dimension, expr] : llvm::enumerate(map.getResults()))
      for (unsigned loop = 0; loop < product.getNumLoops(); ++loop)
        access.strides[loop] += own.strides[cast<AffineDimExpr>(expr).getPosition()] * (*written)[dimension][loop];
    epilogue.memory.push_back({&operand, std::move(access)});
  }
  return epilogue;
}

SmallVector<Value> Epilogue::streams() const {
  if (isSum())
    return {};
  int64_t elements = cast<MemRefType>(memory.back().operand->get().getType()).getNumElements(); // of a result
  SmallVector<Value> streams;
  for (const Operand &operand : memory) {
    Value stream = operand.operand->get();
    if (cast<MemRefType>(stream.getType()).getNumElements() == elements &&
        llvm::none_of(streams, [&](Value other) { return sameMemory(stream, other); }))
      streams.push_back(stream);
  }
  return streams;
}

/// From so many memories on, an op's passes over them are what it costs.
static constexpr size_t many = 3;

std::string Epilogue::refusedBy(const ContractionPlan &plan) const {
  // An op that passes over many memories, such as a parameter's update, wants whole registers and long runs: a tile of separate rows
  // touches as many runs at once as it has rows, in each of them. (Measured; see docs/Rationale.md.)
  constexpr int64_t cached = 1 << 20;
  if (!plan.scatter.empty())
    return "the product sums into elements from several places";
  if (plan.visits() > longestChain)
    return "the product's sum is so long that it is added up in groups";
  if (plan.dot)
    return "the product's lanes run along its sum";
  for (size_t i = 0; i < memory.size(); ++i) {
    int64_t step = plan.n.e.empty() ? 0 : plan.n.e[i];
    if (plan.lanes > 1 && step != 0 && step != 1)
      return "one of its operands lies across the product's lanes";
  }
  bool tileIsOneRun = plan.m.c == plan.n.extent && plan.n.extent <= plan.panel();
  int64_t bytes = 0;
  SmallVector<Value> streamed = streams();
  for (Value stream : streamed) {
    auto type = cast<MemRefType>(stream.getType());
    bytes += type.getNumElements() * type.getElementTypeBitWidth() / 8;
  }
  if (streamed.size() >= many && plan.accumulates())
    return "the product is summed in blocks, and only the last would compute it";
  if (streamed.size() >= 2 && plan.n.extent % plan.lanes != 0)
    return "its operands would be read in registers that are partly empty";
  if (streamed.size() >= many && bytes > cached && !tileIsOneRun)
    return "its operands do not fit the caches, and a tile of them is not one run of memory";
  return "";
}

ContractionPlan planOf(GenericOp product, const Epilogue *epilogue, const Target &target) {
  auto [left, right] = contractionFactors(product);
  auto accessOf = [&](OpOperand *operand) {
    return linearize(product.getMatchingIndexingMap(operand), cast<ShapedType>(operand->get().getType()).getShape());
  };
  OpOperand *result = product.getDpsInitOperand(0);
  Access a = accessOf(left), b = accessOf(right), c = accessOf(result);
  SmallVector<Loop> loops;
  for (auto [d, extent] : llvm::enumerate(product.getStaticLoopRanges())) {
    loops.push_back({extent, a.strides[d], b.strides[d], c.strides[d], {}});
    if (epilogue)
      for (const Epilogue::Operand &operand : epilogue->operands())
        loops.back().e.push_back(operand.access.strides[d]);
  }
  Type element = cast<ShapedType>(result->get().getType()).getElementType();
  return planContraction(loops, target.vectorBits / element.getIntOrFloatBitWidth(), target.registers);
}

void Epilogue::prepare(OpBuilder &builder, const ContractionPlan &plan) {
  for (const Operand &operand : memory)
    flat.push_back(flatten(builder, op().getLoc(), operand.operand->get()));
  if (isSum()) {
    Type element = cast<MemRefType>(op().getDpsInits()[0].getType()).getElementType();
    partials = memref::AllocOp::create(builder, op().getLoc(), MemRefType::get({plan.tiles()}, element));
  }
}

void Epilogue::finish() {
  GenericOp op = generic;
  if (isSum()) {
    OpBuilder builder(op);
    Value total = op.getDpsInits()[0];
    for (Operation *user : total.getUsers())
      if (auto fill = dyn_cast<linalg::FillOp>(user); fill && fill->getBlock() == op->getBlock())
        fill->moveBefore(op);
    SmallVector<AffineMap> maps{builder.getDimIdentityMap(), AffineMap::get(1, 0, builder.getContext())};
    linalg::GenericOp::create(builder, op.getLoc(), TypeRange(), partials, total, maps, utils::IteratorType::reduction,
                              [](OpBuilder &inner, Location loc, ValueRange values) {
                                Value sum = arith::AddFOp::create(inner, loc, values[1], values[0]);
                                linalg::YieldOp::create(inner, loc, sum);
                              });
  }
  op.erase();
}

static int64_t stepOf(const Loop &loop, size_t i) { return loop.e.empty() ? 0 : loop.e[i]; }

Value Epilogue::placeOf(VectorTools &tools, size_t i, ArrayRef<Value> positions, const ContractionPlan &plan,
                        int64_t row, int64_t vector) const {
  Value at = tools.advance(positions[i], tools.index(row), stepOf(plan.m, i));
  return tools.advance(at, tools.index(vector * plan.lanes), stepOf(plan.n, i));
}

void Epilogue::prefetch(OpBuilder &builder, ArrayRef<Value> positions, const ContractionPlan &plan, int64_t rows,
                        int64_t vectors) const {
  if (streams().size() < many)
    return;
  GenericOp op = generic;
  VectorTools tools(builder, op.getLoc());
  for (auto [i, operand] : llvm::enumerate(memory))
    if (op.isDpsInput(operand.operand) && stepOf(plan.m, i) != 0 && stepOf(plan.n, i) != 0)
      for (int64_t row = 0; row < rows; ++row)
        for (int64_t vector = 0; vector < vectors; ++vector)
          memref::PrefetchOp::create(builder, op.getLoc(), flat[i], placeOf(tools, i, positions, plan, row, vector),
                                     /*isWrite=*/true,
                                     /*localityHint=*/3, /*isDataCache=*/true);
}

void Epilogue::emit(OpBuilder &builder, ArrayRef<Value> sums, ArrayRef<Value> positions, const ContractionPlan &plan,
                    int64_t vectors, int64_t columns) const {
  GenericOp op = generic;
  VectorTools tools(builder, op.getLoc());
  VectorBody body(builder, op, plan.lanes, /*vectorLoop=*/0);
  auto placed = [&](size_t i, int64_t row, int64_t vector) { return placeOf(tools, i, positions, plan, row, vector); };
  int64_t rows = sums.size() / vectors;
  // An operand that does not move along rows (vectors) is loaded once for each vector (row): no output can be in its place.
  DenseMap<std::tuple<size_t, int64_t, int64_t>, Value> loaded;
  auto load = [&](size_t i, int64_t row, int64_t vector) {
    bool byRow = stepOf(plan.m, i) != 0, byVector = stepOf(plan.n, i) != 0;
    Value &value = loaded[{i, byRow ? row : 0, byVector ? vector : 0}];
    if (!value && byVector)
      value = tools.load(flat[i], placed(i, row, vector), plan.lanes, columns - vector * plan.lanes);
    else if (!value)
      value = tools.broadcast(tools.loadScalar(flat[i], placed(i, row, vector)), plan.lanes);
    return value;
  };
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t vector = 0; vector < vectors; ++vector) {
      SmallVector<Value> inputs(op->getNumOperands());
      for (OpOperand *result : results)
        inputs[result->getOperandNumber()] = sums[row * vectors + vector];
      for (auto [i, operand] : llvm::enumerate(memory))
        if (op.isDpsInput(operand.operand))
          inputs[operand.operand->getOperandNumber()] = load(i, row, vector);
      SmallVector<Value> values = body.emit(inputs, {}, nullptr);
      for (auto [i, operand] : llvm::enumerate(memory))
        if (op.isDpsInit(operand.operand)) {
          Value value = values[operand.operand->getOperandNumber() - op.getNumDpsInputs()];
          tools.store(value, flat[i], placed(i, row, vector), columns - vector * plan.lanes);
        }
    }
}

void Epilogue::emitPartial(OpBuilder &builder, ArrayRef<Value> sums, Value number, const ContractionPlan &plan,
                           int64_t vectors, int64_t columns) const {
  GenericOp op = generic;
  VectorTools tools(builder, op.getLoc());
  VectorBody body(builder, op, plan.lanes, /*vectorLoop=*/0);
  const Combiner combiner = Combiner::of(op);
  auto plus = [&](Value x, Value y) { return combiner.apply(builder, x, y); };
  SmallVector<Value> chains(vectors); // one for each vector of a row
  for (auto [i, sum] : llvm::enumerate(sums)) {
    int64_t vector = i % vectors, count = columns - vector * plan.lanes;
    SmallVector<Value> inputs(op->getNumOperands());
    for (OpOperand *result : results)
      inputs[result->getOperandNumber()] = sum;
    Value value = body.emit(inputs, {}, &combiner)[0];
    if (count < plan.lanes) {
      Value none = tools.zero(cast<VectorType>(value.getType()).getElementType(), plan.lanes);
      value = arith::SelectOp::create(builder, op.getLoc(), tools.mask(plan.lanes, count), value, none);
    }
    chains[vector] = chains[vector] ? plus(chains[vector], value) : value;
  }
  for (Value chain : ArrayRef(chains).drop_front())
    chains[0] = plus(chains[0], chain);
  tools.storeScalar(tools.combineLanes(chains[0], plus), partials, number);
}

} // namespace talweg
