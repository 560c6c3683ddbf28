// The plan of a product: what can be counted of it, and its form as an attribute.
#include "PlanFields.h"
#include "talweg/Dialect/Kernel/Kernel.h"

#include "llvm/ADT/Sequence.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace talweg::kernel {

std::int64_t turnsOf(ArrayRef<Loop> loops) {
  std::int64_t turns = 1;
  for (const Loop &loop : loops)
    turns *= loop.extent;
  return turns;
}

double ProductPlan::multiplyAdds() const {
  return double(m.extent) * n.extent * turnsOf(scatter) * turnsOf(kBlocks) * turnsOf(outer) * turnsOf(k);
}

std::int64_t ProductPlan::tiles() const { return turnsOf(outer) * ((m.extent + rows - 1) / rows) * panels(); }

std::int64_t ProductPlan::visits() const {
  std::int64_t blocks = kBlock ? (k.front().extent + kBlock - 1) / kBlock : 1;
  return turnsOf(scatter) * turnsOf(kBlocks) * blocks;
}

SmallVector<Level> ProductPlan::levels() const {
  using enum Level::Kind;
  SmallVector<Level> all;
  auto add = [&](Level::Kind kind, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
      all.push_back({kind, std::int64_t(i)});
  };
  add(Scatter, scatter.size());
  add(KBlocks, kBlocks.size());
  add(KBlock, kBlock != 0);
  add(Outer, outer.size());
  add(RowBlocks, rowBlock != 0);
  add(Panels, 1);
  add(Rows, 1);
  return all;
}

SmallVector<std::int64_t> ProductPlan::order() const {
  if (!nest.empty())
    return nest;
  return llvm::to_vector(llvm::seq<std::int64_t>(0, levels().size()));
}

const Loop &ProductPlan::loopOf(const Level &level) const {
  switch (level.kind) {
  case Level::Kind::Scatter: return scatter[level.index];
  case Level::Kind::KBlocks: return kBlocks[level.index];
  case Level::Kind::KBlock: return k.front();
  case Level::Kind::Outer: return outer[level.index];
  case Level::Kind::Panels: return n;
  case Level::Kind::RowBlocks:
  case Level::Kind::Rows: return m;
  }
  llvm_unreachable("a level of no kind");
}

std::int64_t ProductPlan::stepOf(const Level &level) const {
  switch (level.kind) {
  case Level::Kind::KBlock: return kBlock;
  case Level::Kind::Panels: return panel();
  case Level::Kind::RowBlocks: return rowBlock * rows;
  case Level::Kind::Rows: return rows;
  default: return 1;
  }
}

std::int64_t ProductPlan::turns(const Level &level) const {
  return llvm::divideCeil(loopOf(level).extent, stepOf(level));
}

std::int64_t ProductPlan::sharedTurns() const {
  const SmallVector<Level> all = levels();
  std::int64_t count = 1;
  for (std::int64_t number : shared)
    count *= turns(all[number]);
  return count;
}

bool ProductPlan::movesB(const Level &level) const { return turns(level) > 1 && loopOf(level).b != 0; }

std::size_t ProductPlan::packsInside() const {
  const SmallVector<Level> all = levels();
  const SmallVector<std::int64_t> numbers = order();
  std::size_t inside = 0;
  for (auto [place, number] : llvm::enumerate(numbers))
    if (movesB(all[number]))
      inside = place + 1;
  return inside;
}

//===-- as an attribute --------------------------------------------------------------------------------------------===//

template <typename Visit>
static void visitFields(ProductPlan &plan, Visit &&visit) {
  visit("scatter", plan.scatter);
  visit("k_blocks", plan.kBlocks);
  visit("outer", plan.outer);
  visit("k", plan.k);
  visit("m", plan.m);
  visit("n", plan.n);
  visit("swapped", plan.swapped);
  visit("dot", plan.dot);
  visit("lanes", plan.lanes);
  visit("rows", plan.rows);
  visit("vectors", plan.vectors);
  visit("k_block", plan.kBlock);
  visit("chains", plan.chains);
  visit("pack_a", plan.packA);
  visit("pack_b", plan.packB);
  visit("pack_b_ahead", plan.packBAhead);
  visit("row_block", plan.rowBlock);
  visit("nest", plan.nest);
  visit("shared", plan.shared);
  visit("fork", plan.fork);
  visit("fetch_a", plan.fetchA);
  visit("fetch_c", plan.fetchC);
  visit("fetch_next", plan.fetchNext);
  visit("low", plan.low);
  visit("high", plan.high);
}

/// A loop is array<i64: extent, a, b, c, band, e…>.
static SmallVector<std::int64_t> numbersOf(const Loop &loop) {
  SmallVector<std::int64_t> numbers{loop.extent, loop.a, loop.b, loop.c, loop.band};
  llvm::append_range(numbers, loop.e);
  return numbers;
}

static bool setNumbers(Loop &loop, ArrayRef<std::int64_t> numbers) {
  if (numbers.size() < 5 || numbers[0] < 1)
    return false;
  loop = {numbers[0], numbers[1], numbers[2], numbers[3], {}, numbers[4]};
  loop.e.append(numbers.begin() + 5, numbers.end());
  return true;
}

ProductPlanAttr ProductPlanAttr::get(MLIRContext *context, const ProductPlan &plan) {
  return get(context, writeFields(context, plan));
}

ProductPlan ProductPlanAttr::getPlan() const {
  ProductPlan plan;
  readFields(getFields(), plan);
  return plan;
}

LogicalResult ProductPlanAttr::verify(function_ref<InFlightDiagnostic()> emitError, DictionaryAttr fields) {
  ProductPlan plan;
  std::string fault = readFields(fields, plan);
  if (fault.empty() && (plan.k.empty() || plan.lanes < 1 || plan.rows < 1 || plan.vectors < 1 || plan.chains < 1))
    fault = "a plan has a loop of k, and a tile of at least one element";
  if (fault.empty() && (plan.kBlock < 0 || plan.rowBlock < 0))
    fault = "a block has at least one turn";
  if (fault.empty()) {
    const auto count = std::int64_t(plan.levels().size());
    SmallVector<std::int64_t> sorted = plan.order();
    llvm::sort(sorted);
    if (!llvm::equal(sorted, llvm::seq<std::int64_t>(0, count)))
      fault = "a nest has each level once";
    else if (plan.shared.size() > 2 || plan.fork < 0 || plan.fork > count ||
             llvm::any_of(plan.shared, [&](std::int64_t level) { return level < 0 || level >= count; }))
      fault = "threads share one level or two, and start outside of them";
    else if (plan.fetchNext < -1 || plan.fetchNext >= count)
      fault = "what is asked for is of a level";
  }
  return fault.empty() ? success() : emitError() << fault;
}

} // namespace talweg::kernel
