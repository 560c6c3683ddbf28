// Sizes of packed copies, and the groups of long sums.
#include "ProductScratch.h"

#include "ReductionOrder.h"
#include "VectorTools.h"

#include "llvm/ADT/STLExtras.h"

#include <cstdlib>

using llvm::SmallVector;

namespace talweg {

using kernel::Loop;
using kernel::ProductPlan;

Packed arrangePacked(ProductPlan &plan, bool ofA) {
  auto stride = [&](Loop &loop) -> std::int64_t & { return ofA ? loop.a : loop.b; };
  std::int64_t tile = ofA ? plan.rows : plan.panel();
  Loop &across = ofA ? plan.m : plan.n;
  Packed packed;
  packed.elements = tile;
  for (Loop &loop : llvm::reverse(plan.k)) {
    stride(loop) = packed.elements;
    packed.elements *= loop.extent;
  }
  packed.tileStep = packed.elements / tile; // offsets are multiples of the tile
  stride(across) = 1;
  if (!ofA && !plan.packBAhead) {
    using enum kernel::Level::Kind;
    const SmallVector<kernel::Level> levels = plan.levels();
    SmallVector<Loop *> shared; // loops of b that threads share
    bool ofPanels = false;
    for (std::int64_t number : plan.shared) {
      const kernel::Level &level = levels[number];
      ofPanels |= level.kind == Panels;
      if (level.kind == Outer && stride(plan.outer[level.index]) != 0)
        shared.push_back(&plan.outer[level.index]);
    }
    if (ofPanels)
      packed.elements *= (across.extent + tile - 1) / tile;
    else
      packed.tileStep = 0;
    for (auto *loops : {&plan.kBlocks, &plan.scatter, &plan.outer})
      for (Loop &loop : *loops)
        stride(loop) = 0;
    for (Loop *loop : shared) {
      stride(*loop) = packed.elements;
      packed.elements *= loop->extent;
    }
    return packed;
  }
  packed.elements *= (across.extent + tile - 1) / tile;
  for (auto *loops : {&plan.kBlocks, &plan.scatter, &plan.outer})
    for (Loop &loop : *loops) {
      if (loops != &plan.kBlocks && stride(loop) == 0)
        continue;
      stride(loop) = packed.elements;
      packed.elements *= loop.extent;
    }
  return packed;
}

SumGroups SumGroups::of(ProductPlan &plan) {
  SumGroups groups;
  if (plan.visits() <= longestChain)
    return groups;
  // Counted in blocks where the loop is cut into blocks already.
  std::int64_t block = 1, visits = 0;
  auto consider = [&](Loop &loop, std::int64_t length) {
    std::int64_t its = (loop.extent + length - 1) / length;
    if (groups.loop && its <= visits)
      return;
    groups.loop = &loop;
    block = length;
    visits = its;
  };
  for (Loop &loop : plan.scatter)
    consider(loop, 1);
  for (Loop &loop : plan.kBlocks)
    consider(loop, 1);
  if (plan.kBlock)
    consider(plan.k.front(), plan.kBlock);
  std::int64_t others = plan.visits() / visits;
  groups.turns = std::max<std::int64_t>(1, longestChain / others);
  while (groups.turns * longestChain < visits)
    groups.turns *= longestChain;
  groups.turns *= block;
  return groups;
}

SmallVector<std::int64_t> scratchOf(ProductPlan plan, std::int64_t sums) {
  SmallVector<std::int64_t> sizes;
  for (SumGroups groups = SumGroups::of(plan); groups.loop; groups = SumGroups::of(plan)) {
    sizes.push_back(sums);
    groups.loop->extent = std::min(groups.loop->extent, groups.turns);
  }
  for (bool ofA : {true, false})
    if (ofA ? plan.packA : plan.packB)
      sizes.push_back(arrangePacked(plan, ofA).elements);
  return sizes;
}

} // namespace talweg
