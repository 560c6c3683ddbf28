#include "ClassNumbers.h"

#include "Keys.h"

#include <fmt/format.h>

#include <cstring>

namespace talweg::data {

Result<void> ClassNumbers::add(const prepare::Cell &cell, const std::function<Place()> &place) {
  if (cell.kind == prepare::Cell::Missing || (cell.kind == prepare::Cell::Text && cell.text.empty()))
    return failure("E0785", place(), "this cell is missing, and rows are drawn by their classes in its column",
                   "leave such rows out by `where`");
  auto found = cell.kind == prepare::Cell::Text ? numbers.find(cell.text) : numbers.find(keyOf(cell));
  if (found == numbers.end())
    found = numbers.emplace(keyOf(cell), static_cast<std::int32_t>(numbers.size())).first;
  const std::int64_t old = table.classes.size();
  if (!table.classes.resize(old + static_cast<std::int64_t>(sizeof(std::int32_t))))
    return table.noRoom(place().file);
  std::memcpy(table.classes.data() + old, &found->second, sizeof(std::int32_t));
  return {};
}

Result<void> ClassNumbers::finish(const RecordReader &records) {
  table.classCount = static_cast<std::int64_t>(numbers.size());
  if (table.classCount > 1)
    return {};
  return failure("E0729", {records.placeOf(column).file},
                 fmt::format("all rows have {} in the column by which classes are drawn equally often",
                             prepare::quoted(numbers.begin()->first)),
                 "`balanced` names a column that has two different cells at least");
}

} // namespace talweg::data
