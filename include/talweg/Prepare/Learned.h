// What the steps of fields have learned, as text that is kept with a run. It is JSON; numbers come back as they were, bit for bit.
#ifndef TALWEG_PREPARE_LEARNED_H
#define TALWEG_PREPARE_LEARNED_H

#include "talweg/Support/Result.h"
#include "talweg/Support/Step.h"

#include <string>
#include <string_view>
#include <vector>

namespace talweg::prepare {

/// The same for equal values. Words are UTF-8 and numbers finite, as steps learn them.
std::string learnedText(const std::vector<LearnedField> &fields);

/// What learnedText has written; E0762 where the text is something else.
Result<std::vector<LearnedField>> learnedOf(std::string_view text);

} // namespace talweg::prepare

#endif
