// The plan of a product: what can be counted of it, and its form as an attribute.
#include "PlanFields.h"
#include "talweg/Dialect/Kernel/Kernel.h"

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

std::int64_t ProductPlan::tiles() const {
  return turnsOf(outer) * ((m.extent + rows - 1) / rows) * ((n.extent + panel() - 1) / panel());
}

std::int64_t ProductPlan::visits() const {
  std::int64_t blocks = kBlock ? (k.front().extent + kBlock - 1) / kBlock : 1;
  return turnsOf(scatter) * turnsOf(kBlocks) * blocks;
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
  return fault.empty() ? success() : emitError() << fault;
}

} // namespace talweg::kernel
