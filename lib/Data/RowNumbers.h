// Numbers of rows, from a text file. Internal.
#ifndef TALWEG_LIB_DATA_ROW_NUMBERS_H
#define TALWEG_LIB_DATA_ROW_NUMBERS_H

#include "talweg/Support/Result.h"

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace talweg::data {

/// A number, and the line that it stands in.
struct RowNumber {
  std::int64_t row, line;
  auto operator<=>(const RowNumber &) const = default;
};

/// Those of the file, ascending; each is there once.
Result<std::vector<RowNumber>> readRowNumbers(const std::string &path);

} // namespace talweg::data

#endif
