// Text to a sequence of labels, of its bytes, characters or words.
#include "StepTable.h"
#include "StepValues.h"

namespace talweg::prepare {

static bool isEnd(const StepValue &value) {
  static constexpr std::string_view ends[] = {"start", "end"};
  return isOneOf(ends, value);
}

static constexpr StepOption learnedOptions[] = {{"least", "a positive integer", isPositive},
                                                {"most", "a positive integer", isPositive},
                                                {"from", "\"start\" or \"end\"", isEnd}};
static constexpr std::span<const StepOption> cutOptions = std::span(learnedOptions).last(1);

const StepInfo bytesStep = {.name = "bytes", .example = "bytes", .gives = Flow::Labels, .options = cutOptions};

const StepInfo charactersStep = {
    .name = "characters", .example = "characters", .gives = Flow::Labels, .options = learnedOptions};

const StepInfo wordsStep = {
    .name = "words", .example = "words(least = 2, most = 10000)", .gives = Flow::Labels, .options = learnedOptions};

const StepInfo tokensStep = {.name = "tokens",
                             .example = "tokens(8000)",
                             .gives = Flow::Labels,
                             .wanted = "the number of tokens, from 3 to 1000000",
                             .least = 1,
                             .most = 1,
                             .accepts = [](const StepValue &value) {
                               return isIntegerFrom(3, value) && std::get<std::int64_t>(value) <= 1'000'000;
                             },
                             .options = cutOptions};

} // namespace talweg::prepare
