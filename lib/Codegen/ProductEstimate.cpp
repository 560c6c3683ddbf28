// Counts cycles of a core as PlanProduct.cpp assumes it, tile by tile, and those of copies and memory. Each thing that takes more than the
// multiply-adds alone is a loss, a factor; the greatest is the reason.
#include "ProductEstimate.h"

#include "Cycles.h"
#include "Memory.h"
#include "PlanProduct.h"
#include "ProductNest.h"

#include "talweg/Support/Counted.h"

#include "llvm/ADT/STLExtras.h"

#include <cmath>

using namespace mlir;

namespace talweg {

using kernel::Loop;
using kernel::ProductPlan;
using kernel::turnsOf;

namespace {

/// Cycles of all tiles of a product.
struct TileCycles {
  double arithmetic = 0; ///< of multiply-adds in registers, whatever lanes are empty
  double steps = 0;      ///< with loads, and waiting for results
  double all = 0;        ///< with what a tile takes besides

  void add(double tiles, double count, double rows, double vectors, double loads, double chains) {
    arithmetic += tiles * count * rows * vectors / cycles::fmaPerCycle;
    steps += tiles * count * cycles::ofStep(rows * vectors, loads, chains);
    all += tiles * (count * cycles::ofStep(rows * vectors, loads, chains) + cycles::ofResults(rows * vectors));
  }
};

/// Loads of a register of the operand that moves `along` lanes.
double loadsOf(std::int64_t along, std::int64_t lanes, bool isPacked) {
  return isPacked || along == 0 || along == 1 ? 1 : double(lanes);
}

TileCycles cyclesOfDot(const ProductPlan &plan) {
  const double steps = std::ceil(double(plan.k.back().extent) / plan.lanes) * turnsOf(plan.k) / plan.k.back().extent;
  const double tiles = double(turnsOf(plan.outer) * turnsOf(plan.scatter));
  TileCycles cycles;
  for (auto [count, rows] : {std::pair(plan.m.extent / plan.rows, plan.rows),
                             std::pair<std::int64_t, std::int64_t>(1, plan.m.extent % plan.rows)})
    if (rows > 0 && count > 0) {
      cycles.add(tiles * count, steps, rows, 1, rows + 1, rows * plan.chains);
      cycles.all += tiles * count * rows * 2 * std::log2(double(plan.lanes)); // lanes are summed at the end
    }
  return cycles;
}

TileCycles cyclesOfTiles(const ProductPlan &plan) {
  const double visits = double(plan.visits()),
               steps = turnsOf(plan.k) * double(turnsOf(plan.kBlocks) * turnsOf(plan.scatter)) / visits;
  const std::int64_t vectors = llvm::divideCeil(plan.n.extent, plan.lanes);
  const double outer = double(turnsOf(plan.outer));
  const double loadB = loadsOf(plan.n.b, plan.lanes, plan.packB), loadA = loadsOf(plan.n.a, plan.lanes, plan.packA);
  TileCycles cycles;
  auto pieces = [](std::int64_t count, std::int64_t tile) {
    return std::array{std::pair(count / tile, tile),
                      std::pair<std::int64_t, std::int64_t>(count % tile != 0, count % tile)};
  };
  for (auto [rowTiles, rows] : pieces(plan.m.extent, plan.rows))
    for (auto [vectorTiles, wide] : pieces(vectors, plan.vectors))
      if (rowTiles > 0 && vectorTiles > 0) {
        const double loads = plan.n.a == 0 ? rows + wide * loadB : wide * (loadB + rows * loadA);
        cycles.add(visits * outer * rowTiles * vectorTiles, steps, rows, wide, loads, rows * wide);
      }
  return cycles;
}

/// Elements of an operand, `b` or `a`, that are copied in the order of tiles, and the turns of the loops that do not move it.
template <typename Stride> std::pair<double, double> copiedBy(const ProductPlan &plan, Stride stride) {
  double moved = 1, others = 1;
  auto add = [&](const Loop &loop) { (stride(loop) != 0 ? moved : others) *= double(loop.extent); };
  for (const auto *loops : {&plan.outer, &plan.k, &plan.kBlocks, &plan.scatter})
    llvm::for_each(*loops, add);
  add(plan.m);
  add(plan.n);
  return {moved, others};
}

/// Cycles that tiles wait for `a`, of which they read single elements, where none of its loops walks along a line: each element is a line then, read
/// anew for each panel of b unless those of a tile's rows stay in the first cache.
double linesOfA(const ProductPlan &plan) {
  constexpr double perLine = 2, lineBytes = 64, firstCache = 1 << 15;
  auto isNear = [](const Loop &loop) { return loop.extent > 1 && std::abs(loop.a) == 1; };
  if (isNear(plan.m) || llvm::any_of(plan.k, isNear))
    return 0;
  const double elements = copiedBy(plan, [](const Loop &loop) { return loop.a; }).first;
  const bool stays = double(plan.rows) * turnsOf(plan.k) * lineBytes <= firstCache;
  return elements * perLine * (stays ? 1 : double(llvm::divideCeil(plan.n.extent, plan.panel())));
}

/// The share of a plan's steps that tiles take which skip what is outside of the band.
double shareInBand(const ProductPlan &plan) {
  const Loop &k = plan.k.front();
  if (!plan.hasBand() || std::abs(k.band) > 1)
    return 1;
  double taken = 0, all = 0;
  for (std::int64_t m = 0; m < plan.m.extent; m += plan.rows)
    for (std::int64_t n = 0; n < plan.n.extent; n += plan.panel()) {
      const std::int64_t at = plan.m.band * m + plan.n.band * n;
      std::int64_t least = at, most = at;
      for (auto [loop, turns] : {std::pair(&plan.m, std::min(plan.rows, plan.m.extent - m)),
                                 std::pair(&plan.n, std::min(plan.panel(), plan.n.extent - n))})
        (loop->band < 0 ? least : most) += loop->band * (turns - 1);
      // k * band + [least, most] meets [low, high].
      const std::int64_t first = k.band > 0 ? plan.low - most : least - plan.high,
                         last = k.band > 0 ? plan.high - least : most - plan.low;
      const bool isInside = most >= plan.low && least <= plan.high;
      taken +=
          k.band == 0
              ? double(isInside ? k.extent : 0)
              : double(std::max<std::int64_t>(0, std::min(last, k.extent - 1) - std::max<std::int64_t>(first, 0) + 1));
      all += double(k.extent);
    }
  return std::max(taken / all, 1 / all);
}

} // namespace

ProductEstimate estimateOf(const ProductPlan &plan, std::int64_t lanes, std::int64_t bytes) {
  const double inBand = shareInBand(plan);
  const double operations = plan.multiplyAdds() * inBand, least = operations / (cycles::fmaPerCycle * double(lanes));
  TileCycles tiles = plan.dot ? cyclesOfDot(plan) : cyclesOfTiles(plan);
  for (double *cycles : {&tiles.arithmetic, &tiles.steps, &tiles.all})
    *cycles *= inBand;
  double copies = 0, uses = 1;
  if (plan.packB) {
    auto [moved, others] = copiedBy(plan, [](const Loop &loop) { return loop.b; });
    const bool isTransposed = llvm::any_of(plan.k, [](const Loop &loop) { return loop.b == 1; }); // in registers
    copies += moved * (plan.n.b == 1 ? 2.0 / double(plan.lanes) : isTransposed ? 6.0 / double(plan.lanes) : 1);
    uses = others;
  }
  if (plan.packA)
    copies += copiedBy(plan, [](const Loop &loop) { return loop.a; }).first * 2.0 / double(plan.lanes);
  else if (!plan.dot && plan.n.a == 0)
    copies += linesOfA(plan);
  const double busy = tiles.all + copies, moving = cycles::ofBytes(double(bytes));
  const double total = std::max({busy, moving, least});

  const std::int64_t terms = plan.visits() ? std::int64_t(turnsOf(plan.k) * turnsOf(plan.kBlocks)) : 1;
  const std::pair<double, std::string> losses[] = {
      {tiles.arithmetic / least, plan.lanes == 1 ? "its results do not lie side by side, and are computed one by one"
                                 : plan.dot ? "sums of " + counted(terms, "term") + " leave lanes empty"
                                            : "results lie side by side in runs of " + std::to_string(plan.n.extent) +
                                                  ", and registers have " + counted(lanes, "lane")},
      {tiles.steps / tiles.arithmetic, "a tile of " + counted(plan.rows, "row") + " by " +
                                           counted(plan.vectors, "register") +
                                           " loads and waits longer than it multiplies"},
      {tiles.all / tiles.steps,
       "sums of " + counted(terms, "term") + " are short for what a tile of results takes besides"},
      {busy / tiles.all, plan.packA || plan.packB ? "an operand is copied in the order of its tiles, for " +
                                                        counted(std::int64_t(uses), "use") + " of each element"
                                                  : "elements of an operand lie apart"},
      {moving / busy,
       "a byte of its operands and results serves for " + humanCount(operations / double(bytes)) + " multiply-adds"}};
  return {busy, total, least / total,
          llvm::max_element(losses, [](const auto &x, const auto &y) { return x.first < y.first; })->second};
}

double cyclesAnywhere(kernel::ProductOp product, ArrayRef<Access> epilogue, const Target &target) {
  Target anywhere = target;
  anywhere.machine = Machine();
  const std::int64_t lanes = target.vectorBits / product.getElementType().getIntOrFloatBitWidth();
  return estimateOf(planOf(product, epilogue, anywhere), lanes, /*bytes=*/0).busy;
}

double estimatedNs(kernel::ProductOp product, const Target &target) {
  if (!product.getPlan())
    return 0;
  const ProductPlan plan = product.getPlan()->getPlan();
  const std::int64_t bits = product.getElementType().getIntOrFloatBitWidth();
  double streams = 0; // of the epilogue
  for (Value read : product.getReads())
    streams += double(bytesOf(read.getType()));
  for (Value written : llvm::drop_begin(product.getOuts(), product.getSums() ? 1 : 0))
    streams += double(bytesOf(written.getType()));
  const double cyclesPerNs = target.machine.flopsPerNs / (cycles::fmaPerCycle * 2 * double(target.vectorBits) / 32);
  return estimateOf(plan, target.vectorBits / bits, /*bytes=*/0).busy / cyclesPerNs +
         waitingNs(plan, bits / 8, target.machine) + streams / target.machine.rateOf(streams);
}

} // namespace talweg
