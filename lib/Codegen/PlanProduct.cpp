// Chooses how a product is computed. Everything is decided by extents, strides and the register file; no shape and
// no processor is named.
#include "PlanProduct.h"
#include "Cycles.h"
#include "ProductNest.h"
#include "ReductionOrder.h"

#include "llvm/ADT/STLExtras.h"

#include <cstdlib>
#include <optional>

using namespace mlir;
using llvm::SmallVector;

namespace talweg {

using kernel::Loop;
using kernel::ProductPlan;
using kernel::turnsOf;

namespace {

/// Multiply-adds of a tile that are one chain from zero without being cut, and where they are cut: enough to make a visit of c
/// cheap, little enough that a panel of b stays in the second-level cache and the sum's error small.
constexpr std::int64_t longestSum = 1024, blockOfK = 512;

/// True if `outer` moves every operand by as much as all of `inner` does.
bool continues(const Loop &outer, const Loop &inner) {
  auto follows = [&](std::int64_t far, std::int64_t near) { return far == near * inner.extent; };
  return follows(outer.a, inner.a) && follows(outer.b, inner.b) && follows(outer.c, inner.c) &&
         follows(outer.band, inner.band) && llvm::equal(outer.e, inner.e, follows);
}

/// Joins loops that walk memory as one.
void collapse(SmallVector<Loop> &loops) {
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t i = 0; i < loops.size() && !changed; ++i)
      for (std::size_t j = 0; j < loops.size() && !changed; ++j) {
        if (i == j || !continues(loops[i], loops[j]))
          continue;
        loops[j].extent *= loops[i].extent;
        loops.erase(loops.begin() + i);
        changed = true;
      }
  }
}

/// Splits off the loops whose positions in c overlap with others', keeping the long ones: conv's dX has i + u.
SmallVector<Loop> takeScatter(SmallVector<Loop> &moving) {
  llvm::stable_sort(moving, [](const Loop &x, const Loop &y) { return x.extent > y.extent; });
  SmallVector<Loop> kept, scatter;
  for (const Loop &loop : moving) {
    kept.push_back(loop);
    SmallVector<std::int64_t> extents, moves;
    for (const Loop &each : kept) {
      extents.push_back(each.extent);
      moves.push_back(each.c);
    }
    if (!collide(extents, moves))
      continue;
    kept.pop_back();
    scatter.push_back(loop);
  }
  moving = kept;
  return scatter;
}

/// Of one visit of a tile.
std::int64_t stepsOf(const ProductPlan &plan) {
  return (plan.kBlock ? plan.kBlock : plan.k.front().extent) * turnsOf(llvm::ArrayRef(plan.k).drop_front());
}

/// Of so many rows, those whose elements of a the next step of k reads again, for the rows before them. LLVM keeps them in registers of their own.
std::int64_t sharedRows(const ProductPlan &plan, std::int64_t rows) {
  const std::int64_t step = std::abs(plan.k.back().a), row = std::abs(plan.m.a);
  return row == 0 || step == 0 || step % row != 0 ? 0 : std::max<std::int64_t>(0, rows - step / row);
}

/// Picks rows and vectors: least cycles for all tiles of m x n, remainders included.
void chooseTile(ProductPlan &plan, std::int64_t registers) {
  std::int64_t nVectors = (plan.n.extent + plan.lanes - 1) / plan.lanes;
  const auto steps = double(stepsOf(plan));
  const std::int64_t most = registers == 32 && steps >= 128 ? 24 : 16; // rows
  double best = 0;
  for (std::int64_t vectors = 1; vectors <= std::min<std::int64_t>(4, nVectors); ++vectors)
    for (std::int64_t rows = 1; rows <= std::min(most, plan.m.extent); ++rows) {
      // Accumulators, one row of b, one broadcast of a, and one of sixteen to spare: LLVM loads what the next step reads early. Where a moves along the
      // lanes too, it shares what neighbouring rows and steps of k read of it: as many vectors as accumulators, and a few steps' rows of b.
      bool aInLanes = plan.n.a != 0;
      if (aInLanes ? 2 * rows * vectors + 3 * vectors + 2 > registers
                   : rows * vectors + vectors + 1 + registers / 16 + sharedRows(plan, rows) > registers)
        break;
      auto tiles = [&](std::int64_t count, std::int64_t tile, auto cost) {
        return (count / tile) * cost(tile) + (count % tile ? cost(count % tile) : 0);
      };
      double cycles = tiles(plan.m.extent, rows, [&](double r) {
        return tiles(nVectors, vectors,
                     [&](double v) { return steps * cycles::ofStep(r * v, r + v, r * v) + cycles::ofResults(r * v); });
      });
      // Two shapes of tile double the code: a remainder must earn its keep.
      if (plan.m.extent % rows)
        cycles *= 1.02;
      if (best == 0 || cycles < best) {
        best = cycles;
        plan.rows = rows;
        plan.vectors = vectors;
      }
    }
}

/// Moves reduction loops outside the tiles, or cuts the outermost, until one visit of a tile takes about `blockOfK` steps.
void blockK(ProductPlan &plan) {
  while (turnsOf(plan.k) > longestSum) {
    const Loop front = plan.k.front();
    std::int64_t inner = turnsOf(plan.k) / front.extent;
    if (plan.k.size() == 1 || inner < blockOfK / 2) {
      std::int64_t length = blockOfK / inner, blocks = (front.extent + length - 1) / length;
      std::int64_t even = (front.extent + blocks - 1) / blocks;
      plan.kBlock = inner == 1 ? (even + 7) / 8 * 8 : even;
      break;
    }
    plan.kBlocks.push_back(front);
    plan.k.erase(plan.k.begin());
  }
}

/// True if `loops` walk through b, in which they find runs of `run` elements, without gaps.
bool isDense(SmallVector<Loop> loops, std::int64_t run) {
  llvm::stable_sort(loops, [](const Loop &x, const Loop &y) { return std::abs(x.b) < std::abs(y.b); });
  for (const Loop &loop : loops) {
    if (loop.b != 0 && std::abs(loop.b) != run)
      return false;
    run *= loop.b != 0 ? loop.extent : 1;
  }
  return true;
}

/// How far one step of k moves in an operand: the last of its loops, if that is long enough to tell.
std::int64_t stepOf(const ProductPlan &plan, std::int64_t Loop::*stride) {
  constexpr std::int64_t longEnough = 8;
  std::int64_t step = 0;
  for (const Loop &loop : plan.k)
    step = std::max(step, std::abs(loop.*stride));
  return plan.k.back().extent >= longEnough ? std::abs(plan.k.back().*stride) : step;
}

/// Whether the caches have places for what steps of k read so many bytes apart: the first for those steps that a core has under way, the second for
/// all of a tile, which the next tile reads again. Of a few tiles the third is as good, if it gives `read` bytes as fast as a step multiplies, and
/// before the steps that are under way end.
bool findsPlaces(const ProductPlan &plan, std::int64_t apart, std::int64_t read, std::int64_t tiles,
                 const Machine &machine) {
  constexpr std::int64_t underWay = 16, few = 40;
  const double stepNs = 2.0 * double(plan.rows * plan.panel()) / machine.flopsPerNs;
  const bool isThirdNear = double(read) <= machine.l3Rate * stepNs && machine.l3Ns <= underWay * stepNs && tiles <= few;
  return machine.linesInL1(apart) >= underWay && (isThirdNear || machine.linesInL2(apart) >= stepsOf(plan));
}

/// The tiles that make it worth the while to lay an operand out for them.
constexpr std::int64_t kOften = 4;

/// The whole tiles that read each panel of b.
std::int64_t usesOfB(const ProductPlan &plan) {
  std::int64_t uses = plan.m.extent / std::max<std::int64_t>(1, plan.rows);
  for (const Loop &loop : plan.outer)
    if (loop.b == 0)
      uses *= loop.extent;
  return uses;
}

/// An operand is copied where its elements do not lie side by side as tiles take them, and where it is used often and the caches have no places for it as it lies.
void choosePacking(ProductPlan &plan, std::int64_t elementBytes, const Machine &machine) {
  std::int64_t reuseA = plan.n.extent / plan.panel();
  for (const Loop &loop : plan.outer)
    if (loop.a == 0)
      reuseA *= loop.extent;
  const std::int64_t apartB = stepOf(plan, &Loop::b) * elementBytes, apartA = stepOf(plan, &Loop::a) * elementBytes;
  const bool oneRun = plan.n.extent <= plan.panel() && isDense(plan.k, plan.n.extent);
  const std::int64_t usesB = usesOfB(plan);
  const bool liesWellB =
      oneRun || usesB < kOften || findsPlaces(plan, apartB, plan.panel() * elementBytes, usesB, machine);
  plan.packB = plan.n.extent > 1 && (plan.n.b != 1 || !liesWellB);
  // From one panel to the next, beside what of c and of an epilogue's operands belongs to the panel.
  const auto besides = std::int64_t(plan.m.e.size() + 1) * plan.panel();
  const bool staysA =
      double(plan.m.extent * (stepsOf(plan) + besides) * elementBytes) <= Machine::kUsable * double(machine.l2Bytes);
  plan.packA = plan.m.extent > 1 && plan.n.a == 0 && plan.m.a == 1 && reuseA >= kOften &&
               apartA > plan.rows * elementBytes &&
               !(staysA && findsPlaces(plan, apartA, plan.rows * elementBytes, reuseA, machine));
  std::int64_t panels = (plan.n.extent + plan.panel() - 1) / plan.panel();
  for (const Loop &loop : plan.outer)
    if (loop.b != 0)
      panels *= loop.extent;
  const std::int64_t bytesB = turnsOf(plan.k) * panels * plan.panel() * elementBytes;
  plan.packBAhead = bytesB * 8 <= machine.l2Bytes || panels < 4;
}

} // namespace

bool prefersPanels(const ProductPlan &plan) {
  constexpr std::int64_t wide = 8; // registers
  return !plan.dot && plan.n.b == 1 && plan.n.extent >= wide * plan.lanes && usesOfB(plan) >= kOften;
}

ProductPlan planProduct(SmallVector<Loop> loops, std::int64_t lanes, std::int64_t registers, std::int64_t elementBytes,
                        const Machine &machine) {
  ProductPlan plan;
  SmallVector<Loop> moving;
  llvm::erase_if(loops, [](const Loop &loop) { return loop.extent == 1; });
  for (const Loop &loop : loops)
    (loop.c == 0 ? plan.k : moving).push_back(loop);
  plan.scatter = takeScatter(moving);
  collapse(plan.k);
  if (plan.k.empty())
    plan.k.push_back({});

  // n: the longest loop along which c is contiguous, unless it is short and lanes fit better along k.
  std::optional<std::size_t> n;
  for (std::size_t i = 0; i < moving.size(); ++i)
    if (moving[i].c == 1 && (!n || moving[i].extent > moving[*n].extent))
      n = i;
  auto contiguousK = llvm::find_if(plan.k, [&](const Loop &loop) { return loop.a == 1 && loop.b == 1; });
  bool needsCopy = n && moving[*n].b != 1 && moving[*n].a != 1;
  std::int64_t uses = 1; // of what moves along n
  for (const Loop &loop : moving)
    uses *= n && (moving[*n].b != 0 ? loop.b : loop.a) == 0 ? loop.extent : 1;
  // Copying an operand into lanes' order pays only if the copy is used several times.
  if (contiguousK != plan.k.end() && contiguousK->extent >= lanes && (!n || (needsCopy && uses < 4))) {
    plan.dot = true;
    std::rotate(contiguousK, contiguousK + 1, plan.k.end());
    n.reset();
  }
  if (n) {
    plan.n = moving[*n];
    moving.erase(moving.begin() + *n);
  }
  if (plan.n.b == 0 && plan.n.a != 0) {
    plan.swapped = true;
    std::swap(plan.n.a, plan.n.b);
    for (auto *list : {&plan.scatter, &plan.k, &moving})
      for (Loop &loop : *list)
        std::swap(loop.a, loop.b);
  }
  plan.lanes = plan.dot || n ? lanes : 1;
  if (plan.dot) {
    plan.chains = turnsOf(moving) >= 4 ? 1 : 4; // enough independent sums to hide the latency of an addition
  } else {
    // Steps of k in the order of a's memory, so that one line serves many steps.
    llvm::stable_sort(plan.k, [](const Loop &x, const Loop &y) {
      return std::abs(x.a) + std::abs(x.b) > std::abs(y.a) + std::abs(y.b);
    });
    blockK(plan);
  }
  collapse(moving);

  // m: a loop that moves a and not b, long enough to fill the rows; near in memory before far.
  llvm::stable_sort(moving, [](const Loop &x, const Loop &y) { return std::abs(x.c) > std::abs(y.c); });
  std::optional<std::size_t> m;
  for (std::size_t i = 0; i < moving.size(); ++i)
    if (moving[i].b == 0 && (!m || moving[i].extent >= std::min<std::int64_t>(moving[*m].extent, 8)))
      m = i;
  if (m) {
    plan.m = moving[*m];
    moving.erase(moving.begin() + *m);
  }
  plan.outer = moving;
  if (plan.dot) {
    plan.vectors = 1;
    plan.rows = std::min<std::int64_t>(plan.m.extent, 8);
    plan.n = Loop{};
  } else {
    chooseTile(plan, registers);
    choosePacking(plan, elementBytes, machine);
  }
  return plan;
}

void skipOutside(ProductPlan &plan, std::int64_t low, std::int64_t high) {
  constexpr std::int64_t fewest = 16;
  if (plan.dot || plan.accumulates() || plan.k.front().extent < fewest)
    return;
  plan.low = low;
  plan.high = high;
}

ProductPlan planOf(kernel::ProductOp product, ArrayRef<Access> epilogue, const Target &target) {
  auto accessOf = [&](OpOperand &operand) {
    return linearize(product.getMatchingIndexingMap(&operand), cast<ShapedType>(operand.get().getType()).getShape());
  };
  Access a = accessOf(product.getLeftMutable()), b = accessOf(product.getRightMutable()),
         c = accessOf(*product.getSums());
  auto band = product->getAttrOfType<DenseI64ArrayAttr>(kernel::kBand);
  SmallVector<Loop> loops;
  for (auto [d, extent] : llvm::enumerate(product.getLoops())) {
    loops.push_back({extent, a.strides[d], b.strides[d], c.strides[d], {}, band ? band[2 + d] : 0});
    for (const Access &access : epilogue)
      loops.back().e.push_back(access.strides[d]);
  }
  const std::int64_t bits = product.getElementType().getIntOrFloatBitWidth();
  ProductPlan plan = planProduct(loops, target.vectorBits / bits, target.registers, bits / 8, target.machine);
  if (band)
    skipOutside(plan, band[0], band[1]);
  chooseNest(plan, bits / 8, target.machine);
  return plan;
}

} // namespace talweg
