// Numbers of rows, from a text file. Internal.
#ifndef TALWEG_LIB_DATA_ROW_NUMBERS_H
#define TALWEG_LIB_DATA_ROW_NUMBERS_H

#include "talweg/Data/Buffer.h"
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

/// Those of the file, ascending; each is there once. E0780: they would take more memory than `limits` has.
Result<std::vector<RowNumber>> readRowNumbers(const std::string &path, const Limits &limits);

} // namespace talweg::data

#endif
