// Cells as keys: what rows are told apart, ordered and chosen by. Internal.
#ifndef TALWEG_LIB_DATA_KEYS_H
#define TALWEG_LIB_DATA_KEYS_H

#include "talweg/Prepare/Cell.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace talweg::data {

/// The text of a cell; a number as it is written shortest; nothing of a missing one.
std::string keyOf(const prepare::Cell &cell);

/// Whether the cell is `value`: as a number if both are, else as text.
bool isEqual(const prepare::Cell &cell, std::string_view value);

/// Cells in their order: as numbers if all are, else as text.
class SortKeys {
public:
  /// False of a missing cell, or a number that is none, which have no order.
  bool add(const prepare::Cell &cell);
  /// Orders the numbers of cells, which count from 0; equal cells are in the order of their numbers.
  void sort(std::vector<std::int32_t> &order) const;
  /// What it takes in memory.
  std::size_t bytes() const { return texts.size() + ends.size() * sizeof ends[0] + numbers.size() * sizeof numbers[0]; }

private:
  std::string_view text(std::int32_t cell) const {
    return std::string_view(texts).substr(ends[cell], ends[cell + 1] - ends[cell]);
  }

  bool areNumbers = true;
  std::vector<double> numbers;
  std::string texts; ///< one after the other
  std::vector<std::size_t> ends = {0};
};

} // namespace talweg::data

#endif
