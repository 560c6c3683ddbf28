#include "RowNumbers.h"

#include "CsvReader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace talweg::data {

Result<std::vector<RowNumber>> readRowNumbers(const std::string &path, const Limits &limits) {
  Result<CsvReader> lines = CsvReader::open(path, {});
  if (!lines)
    return lines.error();
  std::vector<RowNumber> numbers;
  for (;;) {
    Result<bool> more = lines->next();
    if (!more)
      return more.error();
    if (!*more)
      break;
    const std::string_view text = lines->cells().front().text;
    std::int64_t row = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), row);
    if (error != std::errc() || rest != text.data() + text.size() || row < 0 || lines->cells().size() != 1)
      return failure("E0781", lines->placeOf(0), fmt::format("{} is no number of a row", quoted(lines->text())),
                     "an index has one number a line; rows count from 0");
    numbers.push_back({row, lines->placeOf(0).line});
    if (static_cast<std::int64_t>(numbers.size() * sizeof numbers[0]) > limits.mostBytes)
      return failure("E0780", lines->placeOf(0),
                     fmt::format("the numbers up to here take the {} that the data may have in memory, and there are "
                                 "more",
                                 bytesText(limits.mostBytes)),
                     "give more memory: `--data-memory`");
  }
  std::ranges::sort(numbers);
  const auto twice = std::ranges::adjacent_find(numbers, {}, &RowNumber::row);
  if (twice != numbers.end())
    return failure("E0782", {path, twice[1].line},
                   fmt::format("row {} is here for the second time: line {} has it, too", twice->row, twice->line),
                   "a row is kept once");
  return numbers;
}

} // namespace talweg::data
