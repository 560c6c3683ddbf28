// See ProductFetch.h. Processors look ahead along a run of memory, but not from one run to the next, and no further than a page: what leaves the near
// caches between two readings, or comes from memory, is asked for by tiles that compute meanwhile.
#include "ProductFetch.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <cstdlib>
#include <numeric>

namespace talweg {

using kernel::Level;
using kernel::Loop;
using kernel::ProductPlan;
using llvm::divideCeil;

static std::int64_t strideOf(const Loop &loop, bool ofA) { return ofA ? loop.a : loop.b; }

/// The numbers of the levels inside of one, from the outside in.
static llvm::SmallVector<std::int64_t> insideOf(const ProductPlan &plan, std::int64_t number) {
  llvm::SmallVector<std::int64_t> order = plan.order();
  order.erase(order.begin(), llvm::find(order, number) + 1);
  return order;
}

std::int64_t stepsInside(const ProductPlan &plan, std::int64_t number) {
  const llvm::SmallVector<Level> levels = plan.levels();
  std::int64_t steps = plan.kBlock ? plan.kBlock : plan.k.front().extent;
  bool blocksInside = levels[number].kind != Level::Kind::RowBlocks;
  if (plan.rowBlock != 0 && blocksInside)
    blocksInside = llvm::any_of(insideOf(plan, number),
                                [&](std::int64_t inner) { return levels[inner].kind == Level::Kind::RowBlocks; });
  for (std::int64_t inner : insideOf(plan, number)) {
    const Level &level = levels[inner];
    if (level.kind == Level::Kind::Rows && plan.rowBlock != 0 && !blocksInside)
      steps *= std::min(plan.rowBlock, plan.turns(level));
    else if (level.kind != Level::Kind::RowBlocks && level.kind != Level::Kind::KBlock)
      steps *= plan.turns(level);
  }
  return steps;
}

//===-- runs of memory --------------------------------------------------------------------------------------------===//

/// The run of elements that a turn of the level reads; 0: it is none that begins where the turn does.
static std::int64_t runOf(const ProductPlan &plan, bool ofA) {
  const llvm::SmallVector<Level> levels = plan.levels();
  std::int64_t run = 1;
  bool forwards = true;
  auto walk = [&](const Loop &loop) {
    run += std::abs(strideOf(loop, ofA)) * (loop.extent - 1);
    forwards &= strideOf(loop, ofA) >= 0 || loop.extent == 1;
  };
  for (const Loop &loop : plan.k)
    walk(loop);
  for (std::int64_t number : insideOf(plan, plan.fetchNext))
    walk(plan.loopOf(levels[number]));
  return forwards ? run : 0;
}

NextTurn nextTurnOf(const ProductPlan &plan, bool ofA, std::int64_t elementBytes) {
  const std::int64_t stride = strideOf(plan.loopOf(plan.levels()[plan.fetchNext]), ofA), run = runOf(plan, ofA);
  if (stride <= 0 || run == 0 || (ofA ? plan.packA : plan.packB))
    return {};
  const std::int64_t bytes = std::min(stride, run) * elementBytes;
  return {std::max(stride, run),
          std::int64_t(divideCeil(bytes, Machine::kLineBytes * stepsInside(plan, plan.fetchNext)))};
}

/// Whether the level's turns each read a part of the operands which the second cache holds beside what is in hand, and all of which it does not.
static bool isWorthwhile(const ProductPlan &plan, std::int64_t elementBytes, const Machine &machine) {
  constexpr std::int64_t part = 4;   // of the second cache
  constexpr std::int64_t loads = 16; // of a step for each line that it asks for
  const Level level = plan.levels()[plan.fetchNext];
  const std::int64_t turns = plan.turns(level);
  if (turns == 1 || (level.kind != Level::Kind::Outer && level.kind != Level::Kind::KBlocks))
    return false;
  std::int64_t bytes = 0, all = 0, lines = 0;
  for (bool ofA : {true, false}) {
    const NextTurn next = nextTurnOf(plan, ofA, elementBytes);
    const std::int64_t own = runOf(plan, ofA) * elementBytes;
    bytes += own;
    all += next.lines > 0 ? own * turns : 0;
    lines += next.lines;
  }
  const std::int64_t step = turnsOf(llvm::ArrayRef<Loop>(plan.k).drop_front()) * plan.rows * plan.vectors;
  return lines > 0 && lines * loads <= step && bytes * part <= machine.l2Bytes && all > machine.l2Bytes;
}

//===-- panels ----------------------------------------------------------------------------------------------------===//

bool asksForPanel(const ProductPlan &plan) { return plan.fetchNext >= 0 && plan.packB && !plan.packBAhead; }

NextPanel nextPanelOf(const ProductPlan &plan, std::int64_t elementBytes) {
  const std::int64_t line = Machine::kLineBytes / elementBytes,
                     steps = plan.kBlock ? plan.kBlock : plan.k.front().extent;
  const std::int64_t columns = std::min(plan.panel(), plan.n.extent), stride = plan.k.front().b;
  NextPanel next;
  std::int64_t count = 0;
  if (plan.n.b == 1) { // rows
    count = steps;
    next.lines = std::int64_t(divideCeil(columns, line));
    next.far = stride;
  } else if (stride == 1) { // columns: their first lines, then their second ones
    count = columns * std::int64_t(divideCeil(steps, line));
    next.lines = 1;
    next.width = columns;
    next.far = line;
    next.near = plan.n.b;
  } else {
    return next;
  }
  next.parts = std::int64_t(divideCeil(count * kUnrolled, stepsInside(plan, plan.fetchNext)));
  return next;
}

/// The level whose next turn needs another panel, if tiles can ask for it beside what they do and it stays until then.
static std::int64_t levelOfPanel(ProductPlan plan, std::int64_t elementBytes, const Machine &machine) {
  constexpr std::int64_t loads = 16; // of a turn for each line that it asks for
  const std::size_t inside = plan.packsInside();
  if (!plan.packB || plan.packBAhead || inside == 0 || plan.k.size() != 1)
    return -1;
  plan.fetchNext = plan.order()[inside - 1];
  const NextPanel next = nextPanelOf(plan, elementBytes);
  const std::int64_t bytes = plan.k.front().extent * plan.n.extent * elementBytes;
  const std::int64_t steps = plan.kBlock ? plan.kBlock : plan.k.front().extent;
  if (plan.n.b == 1 && machine.linesInL2(plan.k.front().b * elementBytes) < steps)
    return -1;
  const bool fits = next.parts > 0 && next.parts * next.lines * loads <= kUnrolled * plan.rows * plan.vectors;
  return fits && double(bytes) > Machine::kUsable * double(machine.l2Bytes) ? plan.fetchNext : -1;
}

void planFetches(ProductPlan &plan, std::int64_t bytes, std::int64_t elementBytes, const Machine &machine) {
  constexpr std::int64_t longEnough =
      64; // steps of a tile, among which asking takes nothing; of fewer, processors look far enough ahead
  constexpr std::int64_t part = 4; // of the second cache: the rest is for the factors
  const std::int64_t steps = turnsOf(plan.k);
  plan.fetchC = steps >= longEnough && bytes * part > machine.l2Bytes;
  plan.fetchA = plan.packA && plan.m.extent * steps * elementBytes > machine.l2Bytes;
  plan.fetchNext = plan.dot || plan.hasBand() ? -1 : levelOfPanel(plan, elementBytes, machine);
  if (plan.fetchNext >= 0 || plan.dot || plan.kBlock != 0 || plan.rowBlock != 0 || plan.k.size() < 2 || plan.hasBand())
    return;
  for (std::int64_t number : plan.order()) {
    plan.fetchNext = number;
    if (isWorthwhile(plan, elementBytes, machine))
      return;
  }
  plan.fetchNext = -1;
}

} // namespace talweg
