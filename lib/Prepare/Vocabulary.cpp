// Text to labels: one for each cell.
#include "StepTable.h"
#include "StepValues.h"

namespace talweg::prepare {

static constexpr StepOption vocabularyOptions[] = {{"least", "a positive integer", isPositive},
                                                   {"most", "a positive integer", isPositive},
                                                   {"unknown", "`true` or `false`", isTruth}};

const StepInfo vocabularyStep = {.name = "vocabulary",
                                 .example = "vocabulary(least = 10)",
                                 .gives = Flow::Labels,
                                 .options = vocabularyOptions};

const StepInfo hashedStep = {.name = "hashed",
                             .example = "hashed(100)",
                             .gives = Flow::Labels,
                             .wanted = "the number of classes, from 2 to 2147483647",
                             .least = 1,
                             .most = 1,
                             .accepts = [](const StepValue &value) {
                               return isIntegerFrom(2, value) && std::get<std::int64_t>(value) <= INT32_MAX;
                             }};

} // namespace talweg::prepare
