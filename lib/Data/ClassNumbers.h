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
  ClassNumbers(Table &table, std::int64_t column) : column(column), table(table) {}

  const std::int64_t column; ///< of the cells

  /// Of the next row's cell, which stands at `place()`. E0785: it is missing.
  Result<void> add(const prepare::Cell &cell, const std::function<Place()> &place);
  /// All are there. E0729: they are one class.
  Result<void> finish(const RecordReader &records);

private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  Table &table;
  std::unordered_map<std::string, std::int32_t, Hash, std::equal_to<>> numbers;
};

} // namespace talweg::data

#endif
