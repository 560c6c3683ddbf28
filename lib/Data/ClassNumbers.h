// The classes of rows that are drawn equally often: distinct cells of a column, numbered as they come. Internal.
#ifndef TALWEG_LIB_DATA_CLASS_NUMBERS_H
#define TALWEG_LIB_DATA_CLASS_NUMBERS_H

#include "Records.h"

#include <functional>
#include <unordered_map>

namespace talweg::data {

/// Fills Table::classes, row by row.
class ClassNumbers {
public:
  ClassNumbers(Table &table, std::int64_t column) : table(table), column(column) {}

  /// Of the record's row, which is the next one. E0785: its cell is missing.
  Result<void> add(const RecordReader &records);
  /// All are there. E0729: they are one class.
  Result<void> finish(const RecordReader &records);

private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  Table &table;
  const std::int64_t column;
  std::unordered_map<std::string, std::int32_t, Hash, std::equal_to<>> numbers;
};

} // namespace talweg::data

#endif
