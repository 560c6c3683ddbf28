// Text to the counts of its words.
#include "StepTable.h"
#include "StepValues.h"

namespace talweg::prepare {

static constexpr StepOption bagOptions[] = {
    {"least", "a positive integer", isPositive}, {"ngrams", "an integer from 1 to 3", [](const StepValue &value) {
                                                    return isPositive(value) && std::get<std::int64_t>(value) <= 3;
                                                  }}};

const StepInfo bagStep = {.name = "bag", .example = "bag(least = 2)", .gives = Flow::Numbers, .options = bagOptions};

const StepInfo tf_idfStep = {
    .name = "tf_idf", .example = "tf_idf(least = 2, ngrams = 2)", .gives = Flow::Numbers, .options = bagOptions};

} // namespace talweg::prepare
