// Numbers and truths in the spellings of a file.
#include "StepTable.h"
#include "StepValues.h"

namespace talweg::prepare {

static bool isMark(const StepValue &value) {
  const auto *text = std::get_if<std::string>(&value);
  return isOneByte(value) && text->find_first_of("0123456789+-") == std::string::npos;
}

static constexpr StepOption numberOptions[] = {{"thousands", "one character, such as \",\"", isMark},
                                               {"decimal", "one character, such as \",\"", isMark},
                                               {"unit", "a text, such as \"kg\"", isText}};

static bool marksDiffer(const Step &step) {
  return namedOf<std::string>(step, "thousands").value_or("") != namedOf<std::string>(step, "decimal").value_or(".");
}

const StepInfo numberStep = {.name = "number",
                             .example = "number(thousands = \",\", unit = \"kg\")",
                             .takes = Flow::Text,
                             .gives = Flow::Numbers,
                             .options = numberOptions,
                             .rule = "`thousands` and `decimal`, which is \".\" if it is not given, differ",
                             .agrees = marksDiffer};

const StepInfo yes_noStep = {.name = "yes_no", .example = "yes_no", .takes = Flow::Text, .gives = Flow::Numbers};

} // namespace talweg::prepare
