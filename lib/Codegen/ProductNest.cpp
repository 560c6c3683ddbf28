// Enumerates the orders of a product's levels, and estimates each.
#include "ProductNest.h"

#include "ProductScratch.h"
#include "VectorTools.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <optional>
#include <vector>

using llvm::ArrayRef;
using llvm::SmallVector;

namespace talweg {

using kernel::Level;
using kernel::Loop;
using kernel::ProductPlan;
using Kind = Level::Kind;

//===-- traffic ----------------------------------------------------------------------------------------------------===//

namespace {

/// Loops of one operand: how many turns, how many elements apart.
using Walk = SmallVector<std::pair<std::int64_t, std::int64_t>, 8>;

/// The bytes of all lines that a walk touches.
double bytesOf(Walk walk, std::int64_t elementBytes) {
  constexpr double line = 64;
  llvm::sort(walk, [](const auto &x, const auto &y) { return x.second < y.second; });
  double run = 1, runs = 1; // elements side by side
  for (auto [turns, stride] : walk)
    if (double(stride) <= run)
      run += double(stride) * double(turns - 1);
    else
      runs *= double(turns);
  const double bytes = run * double(elementBytes);
  return runs * (runs == 1 ? bytes : std::max(line, bytes));
}

/// The loops of a tile and of so many of the innermost levels.
class Footprint {
public:
  Footprint(const ProductPlan &plan, std::int64_t elementBytes) : plan(plan), elementBytes(elementBytes) {
    for (auto [i, loop] : llvm::enumerate(plan.k))
      add(loop, i == 0 && plan.kBlock ? plan.kBlock : loop.extent);
    rows = std::min(plan.rows, plan.m.extent);
    columns = std::min(plan.panel(), plan.n.extent);
  }

  /// Takes one more level inside.
  void enclose(const Level &level) {
    switch (level.kind) {
    case Kind::Panels: columns = plan.n.extent; return;
    case Kind::Rows: rows = plan.rowBlock ? std::min(plan.rowBlock * plan.rows, plan.m.extent) : plan.m.extent; return;
    case Kind::RowBlocks: rows = plan.m.extent; return;
    case Kind::KBlock: add(plan.k.front(), plan.turns(level), plan.kBlock); return;
    default: add(plan.loopOf(level), plan.loopOf(level).extent);
    }
  }

  NestTraffic bytes() const {
    std::array<Walk, 3> all = walks;
    addTo(all, plan.m, rows, 1);
    addTo(all, plan.n, columns, 1);
    auto of = [&](int operand, bool isPacked) {
      if (!isPacked)
        return bytesOf(all[operand], elementBytes);
      double elements = 1;
      for (auto [turns, stride] : all[operand])
        elements *= double(turns);
      return elements * double(elementBytes);
    };
    return {of(0, plan.packA), of(1, plan.packB), 2 * of(2, false)};
  }

private:
  const ProductPlan &plan;
  std::int64_t elementBytes, rows = 1, columns = 1;
  std::array<Walk, 3> walks;

  static void addTo(std::array<Walk, 3> &walks, const Loop &loop, std::int64_t turns, std::int64_t step) {
    for (auto [walk, stride] : llvm::zip(walks, std::array{loop.a, loop.b, loop.c}))
      if (stride != 0 && turns > 1)
        walk.push_back({turns, std::abs(stride) * step});
  }

  void add(const Loop &loop, std::int64_t turns, std::int64_t step = 1) { addTo(walks, loop, turns, step); }
};

/// Whether turns of a level add to the same sums.
bool visitsAgain(const Level &level) { return level.kind <= Kind::KBlock; }

/// The turns that one turn of the level outside has of this one.
double turnsInside(const ProductPlan &plan, const Level &level) {
  if (level.kind == Kind::Rows && plan.rowBlock)
    return double(std::min(plan.rowBlock, plan.turns(level)));
  return double(plan.turns(level));
}

/// How often a tile of c is visited again by the very next tile, which waits for what the last one stored.
double revisits(const ProductPlan &plan) {
  const SmallVector<Level> levels = plan.levels();
  const SmallVector<std::int64_t> order = plan.order();
  double all = 1;
  bool again = false;
  for (std::int64_t number : order)
    if (const double turns = turnsInside(plan, levels[number]); turns > 1) {
      all *= turns;
      again = visitsAgain(levels[number]);
    }
  return again ? all : 0;
}

} // namespace

NestTraffic NestTraffic::of(const ProductPlan &plan, std::int64_t elementBytes, double cacheBytes) {
  Footprint footprint(plan, elementBytes);
  const SmallVector<Level> levels = plan.levels();
  const SmallVector<std::int64_t> order = plan.order();
  NestTraffic inside = footprint.bytes(), traffic = inside;
  for (std::int64_t number : llvm::reverse(order)) {
    const Level &level = levels[number];
    const double turns = turnsInside(plan, level);
    if (turns == 1)
      continue;
    footprint.enclose(level);
    const NestTraffic whole = footprint.bytes();
    const bool stays = inside.all() <= cacheBytes;
    auto grow = [&](double &bytes, double of) { bytes = stays ? of : bytes * turns; };
    grow(traffic.a, whole.a);
    grow(traffic.b, whole.b);
    grow(traffic.c, whole.c);
    inside = whole;
  }
  return traffic;
}

double waitingNs(const ProductPlan &plan, std::int64_t elementBytes, const Machine &machine) {
  constexpr double notHidden =
      0.25; // of what comes from the second cache, of which processors have many lines under way
  auto beyond = [&](std::int64_t bytes) {
    return NestTraffic::of(plan, elementBytes, Machine::kUsable * double(bytes)).all();
  };
  const double fromL2 = beyond(machine.l1Bytes), fromL3 = beyond(machine.l2Bytes), fromMemory = beyond(machine.l3Bytes);
  return notHidden * fromL2 / machine.l2Rate + fromL3 * (1 / machine.l3Rate - notHidden / machine.l2Rate) +
         fromMemory * (1 / machine.memoryRate - 1 / machine.l3Rate) + revisits(plan) * machine.storedNs;
}

//===-- choice -----------------------------------------------------------------------------------------------------===//

namespace {

class Chooser {
public:
  /// `all`: where every nest is kept that is considered, if one asks for them.
  Chooser(ProductPlan &plan, std::int64_t elementBytes, const Machine &machine, std::vector<ProductPlan> *all = nullptr)
      : plan(plan), elementBytes(elementBytes), machine(machine), all(all), isLate(plan.packB && !plan.packBAhead) {}

  /// Takes the nest of this rank of those that are close, the first if there are not so many; returns how many there are.
  std::size_t take(std::size_t rank) {
    plan.rowBlock = 0;
    considerOrders();
    if (choices.empty()) { // panels cannot be packed one by one where visits keep their order
      isLate = false;
      plan.packBAhead = true;
      considerOrders();
    }
    if (!isLate && !plan.dot)
      considerRowBlocks();
    llvm::sort(choices,
               [](const Choice &x, const Choice &y) { return std::pair(x.ns, x.number) < std::pair(y.ns, y.number); });
    // The first of those that the estimate does not tell apart from the best.
    constexpr double clearly = 0.98;
    auto first = llvm::min_element(choices, [&](const Choice &x, const Choice &y) {
      auto isNear = [&](const Choice &choice) { return choice.ns * clearly <= choices.front().ns; };
      return std::pair(!isNear(x), x.number) < std::pair(!isNear(y), y.number);
    });
    std::rotate(choices.begin(), first, std::next(first));
    dropFar();
    const Choice &choice = choices[rank < choices.size() ? rank : 0];
    plan.rowBlock = choice.rowBlock;
    plan.nest = choice.nest;
    plan.shared = choice.shared;
    plan.fork = choice.fork;
    if (llvm::equal(plan.nest, llvm::seq<std::int64_t>(0, std::int64_t(plan.nest.size()))))
      plan.nest.clear();
    return choices.size();
  }

private:
  /// A nest, and the best way to share it.
  struct Choice {
    double ns = 0; ///< that it waits: alone, and with its threads
    std::size_t number = 0;
    SmallVector<std::int64_t> nest;
    SmallVector<std::int64_t> shared;
    std::int64_t rowBlock = 0, fork = 0;
  };

  ProductPlan &plan;
  std::int64_t elementBytes;
  const Machine &machine;
  std::vector<ProductPlan> *all;
  bool isLate; ///< panels of b are packed one by one
  SmallVector<Level> levels;
  SmallVector<bool> apart; ///< of each level: without scatter all are that do not visit results again
  std::vector<Choice> choices;

  /// Leaves those that a clock may find faster than the first.
  void dropFar() {
    constexpr std::size_t most = 4;
    const double close = 1.5 * (work() + choices.front().ns);
    llvm::erase_if(choices, [&](const Choice &choice) { return work() + choice.ns > close; });
    choices.resize(std::min(most, choices.size()));
  }

  void considerRowBlocks() {
    const std::int64_t tiles = llvm::divideCeil(plan.m.extent, plan.rows);
    const double rowBytes = double(turnsOf(plan.k)) * double(plan.rows * elementBytes);
    for (double share : {0.5, 0.25}) {
      const auto block = std::int64_t(share * double(machine.l2Bytes) / rowBytes);
      if (block < 4 || 2 * block > tiles)
        continue;
      plan.rowBlock = llvm::divideCeil(tiles, llvm::divideCeil(tiles, block));
      considerOrders();
    }
  }

  /// All orders of the levels that have turns; the others are inside of them.
  void considerOrders() {
    constexpr std::size_t most = 6;
    levels = plan.levels();
    apart.clear();
    for (const Level &level : levels)
      apart.push_back(plan.scatter.empty() ? !visitsAgain(level) : isApart(level));
    SmallVector<std::int64_t> moving, rest;
    for (auto [number, level] : llvm::enumerate(levels))
      (plan.turns(level) > 1 ? moving : rest).push_back(std::int64_t(number));
    auto take = [&] {
      plan.nest = moving;
      llvm::append_range(plan.nest, rest);
      if (isLegal())
        consider();
    };
    if (plan.dot || moving.size() > most) {
      llvm::append_range(moving, std::exchange(rest, {}));
      llvm::sort(moving);
      if (isLate)
        llvm::sort(moving, [&](std::int64_t x, std::int64_t y) {
          return std::pair(!plan.movesB(levels[x]), x) < std::pair(!plan.movesB(levels[y]), y);
        });
      return take();
    }
    do
      take();
    while (std::next_permutation(moving.begin(), moving.end()));
  }

  /// Visits of a result keep their order, blocks are around their rows, and where panels are packed one by one what moves b is outside of what does not.
  bool isLegal() const {
    std::int64_t last = -1;
    bool inRows = false, inPanel = false, inMeeting = false;
    for (std::int64_t number : plan.nest) {
      const Level &level = levels[number];
      if (visitsAgain(level) && number < std::exchange(last, number))
        return false;
      if (level.kind == Kind::Scatter && inMeeting)
        return false;
      inMeeting |= !visitsAgain(level) && plan.turns(level) > 1 && !apart[number];
      if (level.kind == Kind::RowBlocks && inRows)
        return false;
      inRows |= level.kind == Kind::Rows;
      if (isLate && plan.movesB(level) && inPanel)
        return false;
      inPanel |= plan.turns(level) > 1 && !plan.movesB(level);
    }
    return true;
  }

  void consider() {
    plan.shared.clear();
    plan.fork = 0;
    keep();
    const double alone = waitingNs(plan, elementBytes, machine);
    Choice best{alone, choices.size(), plan.nest, {}, plan.rowBlock, 0};
    if (plan.multiplyAdds() >= machine.workOfFork()) {
      best.ns += work(); // where no threads help
      for (auto [place, major] : llvm::enumerate(plan.nest))
        for (std::int64_t minor : ArrayRef(plan.nest).drop_front(place)) {
          plan.shared = {major};
          if (minor != major)
            plan.shared.push_back(minor);
          std::optional<std::int64_t> fork = forkOf(plan.shared);
          if (!fork)
            continue;
          plan.fork = *fork;
          keep();
          if (const double ns = alone + ofThreads(); ns < best.ns)
            best = {ns, choices.size(), plan.nest, plan.shared, plan.rowBlock, plan.fork};
        }
    }
    choices.push_back(std::move(best));
  }

  void keep() {
    if (all)
      all->push_back(plan);
  }

  double work() const { return plan.multiplyAdds() * 2 / machine.flopsPerNs; }

  /// Where threads that share these levels start, nullopt if none may: two of them must not write one place.
  std::optional<std::int64_t> forkOf(ArrayRef<std::int64_t> shared) const {
    std::int64_t fork = 0;
    bool allApart = true, ownPanel = false;
    for (std::int64_t number : shared) {
      const Level &level = levels[number];
      if (visitsAgain(level) || level.kind == Kind::RowBlocks || plan.turns(level) < 2)
        return std::nullopt;
      allApart &= apart[number];
      ownPanel |= plan.movesB(level);
    }
    for (auto [place, its] : llvm::enumerate(plan.nest))
      if (!allApart && levels[its].kind == Kind::Scatter)
        fork = std::int64_t(place) + 1;
    if (isLate && (!ownPanel || shared.size() == 2))
      fork = std::max(fork, std::int64_t(plan.packsInside()));
    return fork <= llvm::find(plan.nest, shared.front()) - plan.nest.begin() ? std::optional(fork) : std::nullopt;
  }

  /// Whether each result belongs to one turn of a level, whatever all other loops do.
  bool isApart(const Level &level) const {
    if (visitsAgain(level))
      return false;
    const Loop &loop = plan.loopOf(level);
    std::int64_t below = 0, above = 0; // how far loops with shorter moves reach; what all longer moves are multiples of
    auto add = [&](const Loop &other) {
      if (&other == &loop || other.extent == 1)
        return;
      if (std::abs(other.c) <= std::abs(loop.c))
        below += (other.extent - 1) * std::abs(other.c);
      else
        above = std::gcd(above, other.c);
    };
    llvm::for_each(plan.scatter, add);
    llvm::for_each(plan.outer, add);
    add(plan.m);
    add(plan.n);
    return std::abs(loop.c) > below && (above == 0 || above > below + (loop.extent - 1) * std::abs(loop.c));
  }

  /// What threads wait, each with its share, and all for the last of them.
  double ofThreads() {
    double forks = 1;
    for (std::int64_t place = 0; place < plan.fork; ++place)
      forks *= double(plan.turns(levels[plan.nest[place]]));
    const double turns = double(plan.sharedTurns());
    auto uneven = [&](double threads) { return std::ceil(turns / threads) * threads / turns - 1; };
    ProductPlan half = plan;
    halve(half, levels[plan.shared.front()]);
    const auto cores = double(machine.cores);
    return waitingNs(half, elementBytes, machine) + forks * machine.costOfFork() + work() / cores * uneven(cores) +
           copies();
  }

  /// What it takes to write panels where each thread has its own: their lines come from where all of them have place, and go back there.
  double copies() const {
    const double bytes = isLate ? double(elementBytes * scratchOf(plan, 0).back()) : 0;
    return 2 * bytes / machine.rateOf(bytes);
  }

  static void halve(ProductPlan &half, const Level &level) {
    Loop &loop = level.kind == Kind::Outer ? half.outer[level.index] : level.kind == Kind::Panels ? half.n : half.m;
    const std::int64_t step = half.stepOf(level);
    loop.extent = std::min<std::int64_t>(loop.extent, llvm::divideCeil(half.turns(level), 2) * step);
  }
};

} // namespace

std::string keyOf(const ProductPlan &plan, std::int64_t elementBytes) {
  std::string text;
  llvm::raw_string_ostream out(text);
  auto add = [&](const char *name, ArrayRef<Loop> loops) {
    for (const Loop &loop : loops)
      out << name << loop.extent << ':' << loop.a << ':' << loop.b << ':' << loop.c << ' ';
  };
  add("s", plan.scatter);
  add("x", plan.kBlocks);
  add("o", plan.outer);
  add("k", plan.k);
  add("m", plan.m);
  add("n", plan.n);
  out << 't' << plan.rows << 'x' << plan.vectors << 'x' << plan.lanes << ' ' << 'c' << plan.kBlock << ' '
      << (plan.packA ? "a" : "") << (plan.packB ? "b" : "") << (plan.dot ? "d" : "") << elementBytes;
  return text;
}

void chooseNest(ProductPlan &plan, std::int64_t elementBytes, const Machine &machine) {
  std::int64_t rank = machine.rank;
  if (machine.tuned)
    if (auto known = machine.tuned->find(keyOf(plan, elementBytes)); known != machine.tuned->end())
      rank = known->second;
  Chooser(plan, elementBytes, machine).take(std::size_t(rank));
}

std::int64_t closeNests(ProductPlan plan, std::int64_t elementBytes, const Machine &machine) {
  return std::int64_t(Chooser(plan, elementBytes, machine).take(0));
}

std::vector<ProductPlan> allNests(ProductPlan plan, std::int64_t elementBytes, const Machine &machine) {
  std::vector<ProductPlan> all;
  Chooser(plan, elementBytes, machine, &all).take(0);
  return all;
}

} // namespace talweg
