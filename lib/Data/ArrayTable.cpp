#include "ArrayTable.h"

#include "ArraySource.h"
#include "ClassNumbers.h"
#include "Selecting.h"
#include "TableBuilder.h"

#include <fmt/format.h>

#include <algorithm>

namespace talweg::data {

/// Reads the values of the records that are kept, in bulk.
static Result<void> readColumn(OpenArray &array, const KeptRows &kept, std::size_t f, Table &table) {
  const Field &field = table.fields[f];
  Buffer &column = table.columns[f];
  if (Result<void> legal = checkArray(array, field); !legal)
    return legal;
  const std::int64_t recordBytes = array.recordBytes(), bytesPerRow = field.bytes();
  const std::int64_t last = std::min(array.records, kept.end().value_or(array.records));
  const RowSelection &said = kept.said();

  // The header's count is a claim: no more is reserved than the file can hold.
  if (std::int64_t wanted; kept.isRange() && last > said.begin &&
                           !__builtin_mul_overflow(last - said.begin, bytesPerRow, &wanted) &&
                           last - said.begin <= array.bytes.mostBytes() / recordBytes && !column.reserve(wanted))
    return table.noRoom(array.bytes.path());

  constexpr std::int64_t chunkBytes = 1 << 18;
  const std::int64_t chunk = std::max<std::int64_t>(1, chunkBytes / recordBytes);
  std::vector<std::byte> bytes;
  for (std::int64_t row = 0; row < last; row += chunk) {
    const std::int64_t count = std::min(chunk, last - row);
    bytes.resize(static_cast<std::size_t>(count * recordBytes));
    if (Result<void> read = array.read(bytes, row); !read)
      return read;
    for (std::int64_t i = 0; i < count;) {
      std::int64_t run = 0; // of records that are kept
      while (i + run < count && kept.keeps(row + i + run))
        ++run;
      if (run == 0) {
        ++i;
        continue;
      }
      const std::int64_t old = column.size();
      table.rows = old / bytesPerRow;
      if (!column.resize(old + run * bytesPerRow))
        return table.noRoom(array.bytes.path());
      const auto values = std::span<const std::byte>(bytes).subspan(static_cast<std::size_t>(i * recordBytes),
                                                                    static_cast<std::size_t>(run * recordBytes));
      if (Result<void> converted = convert(array, values, field, column.data() + old, row + i); !converted)
        return converted;
      i += run;
    }
  }
  return last < array.records ? Result<void>() : array.finish();
}

/// Numbers the classes of the records that are kept.
static Result<void> readClasses(const Source &source, const KeptRows &kept, std::span<const Taker> takers,
                                Table &table) {
  Result<std::unique_ptr<RecordReader>> opened =
      openArrayRecords(source, {.takers = takers, .keys = {*source.balanced}, .keysOnly = true});
  if (!opened)
    return opened.error();
  RecordReader &records = **opened;
  Result<std::int64_t> column = records.columnOf(*source.balanced);
  if (!column)
    return column.error();
  ClassNumbers classes(table, *column);
  const std::int64_t last = kept.end().value_or(INT64_MAX);
  for (std::int64_t row = 0; row < last; ++row) {
    Result<bool> more = records.next();
    if (!more)
      return more.error();
    if (!*more)
      break;
    if (!kept.keeps(row))
      continue;
    if (Result<void> added = classes.add(records.cells()[*column], [&] { return records.placeOf(*column); }); !added)
      return added;
  }
  return classes.finish(records);
}

Result<Table> loadArrays(const Source &source, const KeptRows &kept, std::vector<Field> fields,
                         std::span<const prepare::Preparation> preparations, const Limits &limits) {
  Result<Table> table = Table::create(std::move(fields), 0, limits);
  if (!table)
    return table.error();
  std::vector<Taker> takers;
  for (std::size_t f = 0; f < table->fields.size(); ++f)
    takers.push_back({&table->fields[f], preparations[f].columns()});
  Result<ArraySource> arrays = ArraySource::open(source, takers);
  if (!arrays)
    return arrays.error();

  std::vector<Field> ofCells = table->fields;
  bool anyOfCells = !source.keys.empty();
  for (std::size_t f = 0; f < table->fields.size(); ++f) {
    const Field &field = table->fields[f];
    if (!field.wanted)
      continue;
    Result<std::vector<std::size_t>> places = arrays->of(field);
    if (!places)
      return places.error();
    if (!field.steps.empty() || places->size() != 1) {
      anyOfCells = true;
      continue;
    }
    ofCells[f].wanted = false;
    Result<OpenArray> array = arrays->openArray(places->front());
    if (!array)
      return array.error();
    if (Result<void> read = readColumn(*array, kept, f, *table); !read)
      return read.error();
    table->rows = table->columns[f].size() / field.bytes();
  }
  if (arrays->records() == 0)
    return failure("E0704", {arrays->path()}, "the file has no records");
  if (arrays->records() > 0 && table->rows == 0)
    return nothingSelected(kept.said(), arrays->records(), arrays->path());
  if (anyOfCells) {
    std::vector<Taker> takersLeft;
    for (std::size_t f = 0; f < ofCells.size(); ++f)
      takersLeft.push_back({&ofCells[f], preparations[f].columns()});
    Result<std::unique_ptr<RecordReader>> records = openArrayRecords(source, {takersLeft, source.keys});
    if (!records)
      return records.error();
    Limits left = limits;
    left.mostBytes -= table->storage->inMemory;
    Result<Table> rest = buildTable(**records, kept, ofCells, preparations, left, {source.keys});
    if (!rest)
      return rest.error();
    if (arrays->records() >= 0 && rest->rows != table->rows)
      return failure("E0733", {source.paths.front()},
                     fmt::format("the arrays have different numbers of records: {} and {}", table->rows, rest->rows));
    table->rows = rest->rows;
    table->texts = std::move(rest->texts);
    for (std::size_t f = 0; f < ofCells.size(); ++f)
      if (ofCells[f].wanted)
        table->columns[f] = std::move(rest->columns[f]);
  }
  if (source.balanced)
    if (Result<void> read = readClasses(source, kept, takers, *table); !read)
      return read.error();
  table->kept = kept;
  return table;
}

} // namespace talweg::data
