// Numbers to numbers, by what is given or learned of each column.
#include "StepTable.h"
#include "StepValues.h"

namespace talweg::prepare {

static bool isFilling(const StepValue &value) {
  static constexpr std::string_view learned[] = {"mean", "median"};
  return isFinite(value) || isOneOf(learned, value);
}

static constexpr StepOption filledOptions[] = {{"indicated", "`true` or `false`", isTruth}};

const StepInfo filledStep = {.name = "filled",
                             .example = "filled(\"median\")",
                             .takes = Flow::Numbers,
                             .gives = Flow::Numbers,
                             .wanted = "a number, \"mean\" or \"median\"",
                             .least = 1,
                             .most = 1,
                             .accepts = isFilling,
                             .options = filledOptions};

const StepInfo standardizedStep = {
    .name = "standardized", .example = "standardized", .takes = Flow::Numbers, .gives = Flow::Numbers};

const StepInfo scaledStep = {.name = "scaled",
                             .example = "scaled(0, 1)",
                             .takes = Flow::Numbers,
                             .gives = Flow::Numbers,
                             .wanted = "two numbers, the lower one first",
                             .least = 2,
                             .most = 2,
                             .accepts = isFinite,
                             .rule = "`scaled` takes two numbers, the lower one first",
                             .agrees = ascends};

const StepInfo log1pStep = {.name = "log1p", .example = "log1p", .takes = Flow::Numbers, .gives = Flow::Numbers};

const StepInfo clippedStep = {.name = "clipped",
                              .example = "clipped(0, 100)",
                              .takes = Flow::Numbers,
                              .gives = Flow::Numbers,
                              .wanted = "two numbers, the lower one first",
                              .least = 2,
                              .most = 2,
                              .accepts = isFinite,
                              .rule = "`clipped` takes two numbers, the lower one first",
                              .agrees = ascends};

const StepInfo ranksStep = {.name = "ranks", .example = "ranks", .takes = Flow::Numbers, .gives = Flow::Numbers};

} // namespace talweg::prepare
