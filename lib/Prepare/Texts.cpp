// Text to text.
#include "StepTable.h"
#include "StepValues.h"

namespace talweg::prepare {

const StepInfo lowerStep = {.name = "lower", .example = "lower"};

const StepInfo normalizedStep = {.name = "normalized", .example = "normalized"};

const StepInfo trimmedStep = {.name = "trimmed",
                              .example = "trimmed(\".\")",
                              .wanted = "the characters to take off both ends, as one text; spaces without",
                              .most = 1,
                              .accepts = isText};

} // namespace talweg::prepare
