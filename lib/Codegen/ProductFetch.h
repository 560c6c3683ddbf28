// What a product asks for ahead of the time at which it is read. It changes no bits.
#ifndef TALWEG_LIB_CODEGEN_PRODUCT_FETCH_H
#define TALWEG_LIB_CODEGEN_PRODUCT_FETCH_H

#include "talweg/Codegen/Machine.h"
#include "talweg/Dialect/Kernel/ProductPlan.h"

namespace talweg {

/// The steps of the innermost k that tiles write out in each turn of its loop.
constexpr std::int64_t kUnrolled = 4;

/// What tiles ask for in a turn of the level `plan.fetchNext`, for the next one: each step of the outermost k of each tile for some lines.
struct NextTurn {
  std::int64_t from = 0;  ///< the first element, from where the operand is at this turn's beginning
  std::int64_t lines = 0; ///< cache lines a step; 0: none
};

/// Of a, or of b, that are not packed: what this turn does not read.
NextTurn nextTurnOf(const kernel::ProductPlan &plan, bool ofA, std::int64_t elementBytes);

/// Whether it is a panel of b that is asked for, which is packed when its turn comes.
bool asksForPanel(const kernel::ProductPlan &plan);

/// That panel's parts: each is so many lines in one run. The part of number q is q / width far steps and q % width near ones from its beginning, in elements.
struct NextPanel {
  std::int64_t parts = 0, lines = 0; ///< of every kUnrolled steps of each tile; of a part
  std::int64_t width = 1, far = 0, near = 0;
};
/// Of the plan with strides as they are before packing.
NextPanel nextPanelOf(const kernel::ProductPlan &plan, std::int64_t elementBytes);

/// The steps of the outermost k in a turn of level `number`, of all tiles together.
std::int64_t stepsInside(const kernel::ProductPlan &plan, std::int64_t number);

/// Decides what is asked for: a packed a some steps ahead; before a tile what it adds to and its epilogue reads, which is `bytes` of results and operands in all; and the
/// next panel that is packed, the next image of a convolution, or the like.
void planFetches(kernel::ProductPlan &plan, std::int64_t bytes, std::int64_t elementBytes, const Machine &machine);

} // namespace talweg

#endif
