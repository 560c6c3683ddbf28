// What the cells of a file are like, as they stand there, before anything is made of them.
#ifndef TALWEG_DATA_SUMMARY_H
#define TALWEG_DATA_SUMMARY_H

#include "talweg/Data/Load.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace talweg::data {

/// Of one column, or of several that are taken together.
struct ColumnSummary {
  std::string name;
  std::int64_t columns = 1;            ///< so many
  std::int64_t count = 0, missing = 0; ///< cells, and those of them that are missing
  std::int64_t numbers =
      0; ///< cells that are or read as numbers, of which the rest speaks; nothing is known without one
  double least = 0, greatest = 0, mean = 0;
  std::array<double, 3> quartiles = {}; ///< exact up to kSampled numbers, else of so many by chance
  std::int64_t words = 0;               ///< different texts among the other cells; at most kWords are told apart
  std::vector<std::pair<std::string, std::int64_t>> frequent =
      {}; ///< of these the ten that are most frequent, and how often they are

  static constexpr std::int64_t kSampled = 1 << 20, kWords = 1 << 16;
};

/// Makes a summary of cells, one after the other.
class Summarizer {
public:
  explicit Summarizer(std::string name, std::int64_t columns = 1);
  Summarizer(Summarizer &&) noexcept;
  ~Summarizer();
  void take(const prepare::Cell &cell);
  ColumnSummary finish();

private:
  struct Impl;
  std::unique_ptr<Impl> impl;
};

/// For each field those of its columns: each by itself, or together where there are more than kApart.
using FieldSummaries = std::vector<std::vector<ColumnSummary>>;
inline constexpr std::int64_t kApart = 12;

/// Of the rows of `source` that it keeps; `preparations`, one for each field, say how many columns that takes.
Result<FieldSummaries> summarize(const Source &source, const std::vector<Field> &fields,
                                 std::span<const prepare::Preparation> preparations, const Limits &limits = {});

} // namespace talweg::data

#endif
