// Chooses how the loops of a linalg.generic run, from extents and strides alone. One loop runs along lanes: the one that touches memory
// in the longest runs, or that ReductionOrder says. Loops that move the result are outside, in memory order; loops that only reduce are inside.
#include "NestPlan.h"
#include "ArenaLayout.h"
#include "VectorTools.h"
#include "talweg/Dialect/Kernel/Kernel.h"

using namespace mlir;

namespace talweg {

namespace {

constexpr int64_t enoughTurns = 4; ///< for threads to share

int axisOf(const PlannedLoops &plan, int loop) {
  for (auto [i, axis] : llvm::enumerate(plan.axes))
    if (axis.source == loop)
      return int(i);
  return -1;
}

void sortByMemory(PlannedLoops &plan) {
  llvm::stable_sort(plan.axes, [&](const NestAxis &x, const NestAxis &y) {
    return std::abs(plan.outStride(x)) > std::abs(plan.outStride(y));
  });
}

/// The loop over rows is outside of the nest.
void takeRow(PlannedLoops &plan, int64_t rows) {
  auto axis = plan.axes.begin() + plan.rowAxis(rows);
  int64_t turns = axis->extent / rows;
  plan.row = *axis;
  plan.row->extent = rows;
  if (turns == 1) {
    plan.axes.erase(axis);
    return;
  }
  for (int64_t &stride : plan.row->strides)
    stride *= turns;
  plan.row->source = -1;
  axis->extent = turns;
  axis->source = -1;
}

/// Puts the two loops of a block in registers last.
void putLast(PlannedLoops &plan, size_t outer, size_t inner) {
  NestAxis last[] = {plan.axes[outer], plan.axes[inner]};
  plan.axes.erase(plan.axes.begin() + std::max(outer, inner));
  plan.axes.erase(plan.axes.begin() + std::min(outer, inner));
  sortByMemory(plan);
  plan.axes.append(std::begin(last), std::end(last));
}

/// The loop that threads share of work in blocks: the outermost, or else `other`, a loop of the blocks.
int shareBlocks(const PlannedLoops &plan, int other) {
  if (plan.row || plan.work() < plan.workOfFork)
    return -1;
  return plan.axes.size() > 2 && plan.axes[0].extent >= enoughTurns ? 0 : other;
}

bool outputsMove(const PlannedLoops &plan, const NestAxis &axis, int64_t by) {
  return llvm::all_of(ArrayRef(axis.strides).drop_front(plan.firstOutput),
                      [&](int64_t stride) { return stride == by; });
}

/// True if vectors may be mixed in registers: the body is small, and every loop moves all results, to elements of their own.
bool mayMix(const PlannedLoops &plan) {
  return !plan.reduces && !plan.collides && plan.bodySize <= 16 && llvm::none_of(plan.axes, [&](const NestAxis &axis) {
    return llvm::is_contained(ArrayRef(axis.strides).drop_front(plan.firstOutput), 0);
  });
}

/// True, and chosen, if the results' innermost loop has two to four turns, and inputs are contiguous along the next.
bool interleave(PlannedLoops &plan) {
  int apart = -1, along = -1;
  for (auto [i, axis] : llvm::enumerate(plan.axes))
    if (axis.extent >= 2 && axis.extent <= 4 && outputsMove(plan, axis, 1))
      apart = i;
  if (apart < 0 || plan.lanes == 1)
    return false;
  for (auto [i, axis] : llvm::enumerate(plan.axes))
    if (int(i) != apart && axis.extent >= plan.lanes && outputsMove(plan, axis, plan.axes[apart].extent))
      along = i;
  if (along < 0)
    return false;
  auto strides = ArrayRef(plan.axes[along].strides).take_front(plan.firstOutput);
  if (!llvm::is_contained(strides, 1) || llvm::any_of(strides, [](int64_t by) { return by < -1 || by > 4; }))
    return false;
  putLast(plan, along, apart);
  plan.form = kernel::NestPlan::Form::Interleaved;
  plan.vectorAxis = int(plan.axes.size()) - 2;
  plan.piece = 4096;
  plan.shared = shareBlocks(plan, plan.vectorAxis);
  return true;
}

/// True, and chosen, if some input is contiguous along another loop than the results.
bool transpose(PlannedLoops &plan) {
  constexpr int64_t least = 4;
  int along = -1, rows = -1;
  for (auto [i, axis] : llvm::enumerate(plan.axes))
    if (outputsMove(plan, axis, 1)) {
      if (along >= 0)
        return false;
      along = i;
    }
  if (along < 0 || plan.axes[along].extent < least || plan.lanes < least)
    return false;
  SmallVector<int64_t> votes(plan.axes.size(), 0);
  for (unsigned i = 0; i < plan.firstOutput; ++i) {
    int64_t stride = plan.axes[along].strides[i];
    if (stride == 0 || stride == 1)
      continue;
    for (auto [k, axis] : llvm::enumerate(plan.axes))
      if (axis.strides[i] == 1 && axis.extent >= least && ++votes[k] > (rows < 0 ? 0 : votes[rows]))
        rows = k;
  }
  if (rows < 0)
    return false;
  putLast(plan, rows, along);
  plan.form = kernel::NestPlan::Form::Transposed;
  plan.vectorAxis = int(plan.axes.size()) - 1;
  int64_t extent = plan.axes[plan.vectorAxis - 1].extent;
  plan.block = plan.lanes;
  while (plan.block < 4 * plan.lanes && extent % (2 * plan.block) == 0)
    plan.block *= 2;
  plan.shared = shareBlocks(plan, extent / plan.block >= enoughTurns ? plan.vectorAxis - 1 : plan.vectorAxis);
  return true;
}

/// The loop along lanes: least cost of memory accesses for a full pass, waste in the tail included. A reduction's order says
/// whether it is one of those that move the result; where these collide it is the longest along which results are contiguous.
void chooseLanes(PlannedLoops &plan) {
  if (plan.reduces && plan.order.lanes >= 0) {
    plan.vectorAxis = axisOf(plan, plan.order.lanes);
    return;
  }
  const bool collides = plan.reduces && plan.collides;
  double best = 0;
  for (auto [i, axis] : llvm::enumerate(plan.axes)) {
    if (plan.reduces && plan.outStride(axis) == 0 && plan.axes.size() > 1)
      continue;
    double cost = 1;
    for (auto [operand, stride] : llvm::enumerate(axis.strides)) {
      bool output = operand >= plan.firstOutput;
      if (stride == 1 || (!output && (stride == 0 || collides)))
        continue;
      bool near = stride == -1 || (stride > 0 && stride <= 4);
      cost += output ? (stride == 0 ? 0.5 : 1000) : near ? double(std::abs(stride)) : double(plan.lanes) / 4;
    }
    cost *= double((axis.extent + plan.lanes - 1) / plan.lanes * plan.lanes) / axis.extent;
    if (collides)
      cost /= axis.extent;
    if (plan.vectorAxis < 0 || cost < best) {
      best = cost;
      plan.vectorAxis = i;
    }
  }
  plan.vectorAxis = std::max(plan.vectorAxis, 0);
  int64_t stride = plan.outStride(plan.alongLanes());
  bool repeats = stride == 0 && !plan.reduces && plan.alongLanes().extent > 1; // folding has left every turn the same
  if ((stride != 0 && stride != 1) || repeats)
    plan.lanes = 1;
  plan.scalar = plan.lanes == 1 && !repeats && plan.work() > 1;
}

void orderAxes(PlannedLoops &plan) {
  NestAxis chosen = plan.alongLanes();
  plan.axes.erase(plan.axes.begin() + plan.vectorAxis);
  sortByMemory(plan);
  auto moves = [&](const NestAxis &axis) { return !plan.reduces || plan.outStride(axis) != 0; };
  plan.moving = llvm::count_if(plan.axes, moves);
  plan.vectorAxis = moves(chosen) ? plan.moving++ : plan.axes.size();
  plan.axes.insert(plan.axes.begin() + plan.vectorAxis, chosen);
}

/// Reducing loops that walk all memory as one are one where that changes no chain.
void mergeReducing(PlannedLoops &plan) {
  if (!plan.reduces)
    return;
  auto mayMerge = [&](size_t i) { return int(i) != plan.vectorAxis && int(i) != plan.parts; };
  for (size_t i = plan.axes.size(); i-- > plan.moving + 1;) {
    if (!mayMerge(i - 1) || !mayMerge(i) ||
        plan.axes[i - 1].extent * plan.axes[i].extent * plan.turnsInside(i) > longestChain || !plan.merge(i - 1, i))
      continue;
    plan.vectorAxis -= plan.vectorAxis >= int(i);
    plan.parts -= plan.parts >= int(i);
  }
}

/// Where every turn of a reduction adds a vector, several vectors side by side read longer runs of memory.
void chooseVectors(PlannedLoops &plan) {
  if (!plan.reduces || plan.across() || plan.lanes == 1)
    return;
  int64_t turns = 1;
  for (auto [i, axis] : llvm::enumerate(plan.axes))
    if (i >= plan.moving)
      turns *= plan.partsInScratch && int(i) == plan.parts ? plan.partLength : axis.extent;
  int64_t most = plan.vectorBits >= 512 ? 8 : 4;
  while (turns >= 16 && plan.vectors < most && 2 * plan.vectors * plan.lanes <= plan.alongLanes().extent &&
         plan.vectors * plan.bodySize < 32)
    plan.vectors *= 2;
}

/// What depends on the extents that are left: groups, and whether threads share the outermost loop. They do if there is enough work, and
/// no two turns reach the same result; a long run of memory is cut into pieces, by size alone.
PlannedLoops finish(PlannedLoops plan) {
  constexpr int64_t piece = 8192;
  plan.groups = plan.groupsOfAxes();
  int64_t step = std::abs(plan.outStride(plan.axes[0])), reach = 0;
  for (const NestAxis &axis : ArrayRef(plan.axes).drop_front())
    reach += std::abs(plan.outStride(axis)) * (axis.extent - 1);
  bool shared = !plan.row && plan.work() >= plan.workOfFork && step != 0 && (!plan.collides || step > reach);
  plan.shared = shared ? 0 : -1;
  plan.piece = plan.shared == plan.vectorAxis && plan.alongLanes().extent >= 2 * piece ? piece : 0;
  return plan;
}

} // namespace

PlannedLoops planNest(const NestLoops &loops, int64_t rows, const Machine &machine) {
  PlannedLoops plan(loops, machine);
  plan.chains = plan.order.chains;
  plan.partLength = plan.order.partLength;
  if (rows > 0)
    takeRow(plan, rows);
  if (plan.axes.empty())
    plan.axes.push_back({1, SmallVector<int64_t>(plan.operands.size(), 0)});
  if (mayMix(plan) && (interleave(plan) || transpose(plan)))
    return plan;
  chooseLanes(plan);
  orderAxes(plan);
  plan.parts = plan.order.parts >= 0 ? axisOf(plan, plan.order.parts) : -1;
  mergeReducing(plan);
  plan.partsInScratch = plan.reduces && plan.parts >= 0 && !plan.row && plan.covers && !plan.indexed[plan.order.parts];
  chooseVectors(plan);
  return finish(plan);
}

PlannedLoops PlannedLoops::of(linalg::GenericOp op, const Machine &machine) {
  PlannedLoops planned(NestLoops::of(op), machine);
  static_cast<kernel::NestPlan &>(planned) = op->getAttrOfType<kernel::NestPlanAttr>(kernel::kNest).getPlan();
  return planned;
}

int64_t PlannedLoops::turnsInside(size_t axis) const {
  int64_t turns = 1;
  for (size_t inner = axis + 1; inner < axes.size(); ++inner) {
    int64_t step = int(inner) == vectorAxis ? lanes * chains : 1;
    turns *= (axes[inner].extent + step - 1) / step;
  }
  return turns;
}

std::optional<int> PlannedLoops::fixedAt(size_t operand) const {
  if (!operands[operand].read || alongLanes().strides[operand] != 0)
    return std::nullopt;
  int level = int(axes.size()) - 1;
  while (level >= 0 && axes[level].strides[operand] == 0)
    --level;
  return level;
}

int64_t PlannedLoops::scratch() const {
  if (partsInScratch)
    return (wholeParts() + (restOfParts() != 0)) * results();
  return groups.loop >= 0 ? results() : 0;
}

int64_t PlannedLoops::scratchBytes(int64_t elementBytes) const {
  if (scratch() == 0)
    return 0;
  int64_t inside = 0;
  if (groups.loop >= 0) {
    int64_t extent = axes[groups.loop].extent;
    for (int64_t turns : {std::min(extent, groups.length), extent % groups.length})
      if (turns > 0)
        inside = std::max(inside, group(turns).scratchBytes(elementBytes));
  }
  return arenaBytes(scratch() * elementBytes) + inside;
}

bool PlannedLoops::sharesCombination() const { return double(scratch()) >= workOfFork; }

PlannedLoops PlannedLoops::part(int64_t turns) const {
  PlannedLoops one = *this;
  one.axes[parts].extent = turns;
  one.parts = -1;
  one.partsInScratch = false;
  return finish(one);
}

PlannedLoops PlannedLoops::allParts() const {
  PlannedLoops all = part(partLength);
  NestAxis outside = axes[parts];
  outside.extent = wholeParts();
  outside.source = -1;
  for (int64_t &stride : outside.strides)
    stride *= partLength;
  for (int64_t &stride : MutableArrayRef(outside.strides).drop_front(firstOutput))
    stride = results();
  all.axes.insert(all.axes.begin(), outside);
  ++all.moving;
  ++all.vectorAxis;
  return finish(all);
}

PlannedLoops PlannedLoops::group(int64_t turns) const {
  PlannedLoops one = *this;
  one.axes[groups.loop].extent = turns;
  return finish(one);
}

} // namespace talweg
