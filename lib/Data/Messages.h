// How the data room speaks: places, shortened cell texts, suggestions. Internal.
#ifndef TALWEG_LIB_DATA_MESSAGES_H
#define TALWEG_LIB_DATA_MESSAGES_H

#include "talweg/Prepare/Cell.h"
#include "talweg/Support/Counted.h"
#include "talweg/Support/Result.h"
#include "talweg/Support/Suggest.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace talweg::data {

/// A place in a file; line and column count from 1, 0 means that it does not apply.
struct Place {
  std::string_view file;
  std::int64_t line = 0, column = 0;
};

/// `file:line:column: error: situation`, and a second line `help: …` if there is one.
Error failure(std::string_view code, const Place &place, std::string_view situation, std::string_view help = {});

using prepare::quoted;

/// The names in backticks, separated by commas; after the first twelve, how many more there are.
std::string listed(const std::vector<std::string> &names);

/// `, element 3`: which of the elements of a record; nothing of a single one.
std::string whichElement(std::int64_t element, std::int64_t elements);

} // namespace talweg::data

#endif
