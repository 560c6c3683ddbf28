#include "Selecting.h"

#include "Keys.h"
#include "RowNumbers.h"

#include "talweg/Runtime/Shuffle.h"
#include "talweg/Support/Hash.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <unordered_map>

namespace talweg::data {

namespace {

/// Reading one file for the rows that are kept.
class Selector {
public:
  Selector(const Source &source, std::span<const Taker> takers, const Limits &limits)
      : source(source), rows(source.rows), path(source.paths.empty() ? "" : source.paths.front()), takers(takers),
        limits(limits) {}

  Result<KeptRows> run();

private:
  Result<void> readFile();
  Result<void> readRow(const RecordReader &records, std::int64_t row);
  Error tooManyRows() const;
  std::int64_t bytes() const;
  bool holdsAll(const RecordReader &records) const;
  std::vector<std::vector<std::int32_t>> strata() const;
  std::vector<std::int32_t> permuted(std::size_t count, std::int64_t seed, std::size_t stratum, Shuffling) const;
  void keepPercent();
  void keepFold();
  std::int64_t percentOf(std::string_view key) const {
    return partOf(hashOf(key, static_cast<std::uint64_t>(rows.seed.value_or(0))), 100);
  }

  const Source &source;
  const RowSelection &rows;
  const std::string path;
  const std::span<const Taker> takers;
  const Limits &limits;

  std::vector<RowNumber> numbers;       ///< of the index
  std::size_t numbersPassed = 0;        ///< of them, so many are before the row that is read
  std::vector<std::int64_t> conditions; ///< the columns of `where`
  std::optional<std::int64_t> byColumn, sortedColumn, stratifiedColumn;

  std::int64_t count = 0;           ///< rows of the file
  std::vector<std::int32_t> chosen; ///< the rows that are kept, in the order of the file
  std::vector<std::int32_t>
      groups; ///< for each chosen one: with `by`, the part of its fold; with `stratified`, the number of its value
  std::unordered_map<std::string, std::int32_t> values; ///< of `stratified`, with their numbers
  std::size_t valueBytes = 0;                           ///< that these take
  SortKeys keys;                                        ///< for each chosen one, with `sorted`
};

} // namespace

Result<void> checkSelection(const RowSelection &rows, std::string_view path) {
  if (rows.begin < 0 || (rows.end && *rows.end < rows.begin))
    return failure("E0728", {path},
                   fmt::format("the rows from {} to {} are no range", rows.begin, rows.end.value_or(-1)),
                   "rows count from 0; the end comes after the beginning");
  if (rows.every < 1 || rows.offset < 0 || rows.offset >= rows.every)
    return failure("E0728", {path},
                   fmt::format("`every = {}` with `offset = {}` is no selection", rows.every, rows.offset),
                   "choose `every` at least 1 and its offset from 0 to `every` - 1");
  if (const std::optional<Range> &percent = rows.percent;
      percent && (percent->begin < 0 || percent->end <= percent->begin || percent->end > 100))
    return failure("E0728", {path}, fmt::format("{} to {} percent are no part", percent->begin, percent->end),
                   "choose a range within 0..100");
  if (const std::optional<Fold> &fold = rows.fold;
      fold && (fold->count < 2 || fold->index < 0 || fold->index >= fold->count))
    return failure("E0728", {path}, fmt::format("there is no fold {} of {}", fold->index, fold->count),
                   "choose two folds at least; they count from 0");
  return {};
}

Result<void> checkReadable(const Source &source, std::string_view why) {
  for (const std::string &path : source.paths) {
    std::error_code unknown;
    const auto type = std::filesystem::status(path, unknown).type();
    if (type == std::filesystem::file_type::fifo || type == std::filesystem::file_type::character ||
        type == std::filesystem::file_type::socket)
      return failure("E0784", {path},
                     fmt::format("this is no file that can be read more than once, which {} takes", why),
                     "write it to a file first");
  }
  return {};
}

static std::string columnText(const ColumnRef &column) {
  const auto *name = std::get_if<std::string>(&column);
  return name ? prepare::quoted(*name) : std::to_string(std::get<std::int64_t>(column));
}

Error nothingSelected(const RowSelection &selection, std::int64_t rows, std::string_view path) {
  std::string text =
      fmt::format("rows {} to {}", selection.begin, selection.end ? std::to_string(*selection.end) : "the end");
  if (selection.every != 1 || selection.complement)
    text +=
        fmt::format("{} every {} from {}", selection.complement ? ", except" : ",", selection.every, selection.offset);
  for (const Condition &condition : selection.where)
    text += fmt::format(", where {} {} {}", columnText(condition.column),
                        condition.equal ? "=" : "!=", prepare::quoted(condition.value));
  if (!selection.index.empty())
    text += fmt::format(", {} {}", selection.exceptIndex ? "except" : "of", prepare::quoted(selection.index));
  if (selection.percent)
    text += fmt::format(", {} to {} percent", selection.percent->begin, selection.percent->end);
  if (selection.by)
    text += " by " + columnText(*selection.by);
  if (selection.fold)
    text += fmt::format(", {} fold {} of {}", selection.fold->complement ? "except" : "only", selection.fold->index,
                        selection.fold->count);
  return failure("E0723", {path}, fmt::format("the selection ({}) keeps no row of {}", text, rows),
                 "widen the selection; rows count from 0 and the end is not included");
}

bool Selector::holdsAll(const RecordReader &records) const {
  for (std::size_t i = 0; i < rows.where.size(); ++i)
    if (isEqual(records.cells()[conditions[i]], rows.where[i].value) != rows.where[i].equal)
      return false;
  return true;
}

Error Selector::tooManyRows() const {
  return failure("E0783", {path}, fmt::format("the file has more than {} rows, of which some are chosen", INT32_MAX),
                 "choose them by `rows` or `every`");
}

/// What is kept of the rows so far takes, with the order in which they will be put.
std::int64_t Selector::bytes() const {
  const bool isOrdered = (rows.percent || rows.fold) && !rows.by;
  const std::size_t perRow = sizeof chosen[0] * (isOrdered ? 3 : 1);
  return static_cast<std::int64_t>(chosen.size() * perRow + groups.size() * sizeof groups[0] + keys.bytes() +
                                   numbers.size() * sizeof numbers[0] + valueBytes);
}

/// Decides of a row all that does not depend on other rows.
Result<void> Selector::readRow(const RecordReader &records, std::int64_t row) {
  bool keep = rows.keepsNumber(row);
  if (!rows.index.empty()) {
    const bool isThere = numbersPassed < numbers.size() && numbers[numbersPassed].row == row;
    numbersPassed += isThere;
    keep = keep && isThere != rows.exceptIndex;
  }
  if (!keep || !holdsAll(records))
    return {};
  if (byColumn) {
    const std::string key = keyOf(records.cells()[*byColumn]);
    if (rows.percent && (percentOf(key) < rows.percent->begin || percentOf(key) >= rows.percent->end))
      return {};
    if (rows.fold)
      groups.push_back(static_cast<std::int32_t>(partOf(hashOf(key, ~std::uint64_t(0)), rows.fold->count)));
  }
  if (row > INT32_MAX)
    return tooManyRows();
  if (stratifiedColumn) {
    const auto [value, isNew] =
        values.insert({keyOf(records.cells()[*stratifiedColumn]), static_cast<std::int32_t>(values.size())});
    groups.push_back(value->second);
    if (isNew)
      valueBytes += value->first.capacity() + sizeof *value + 2 * sizeof(void *);
  }
  if (sortedColumn && !keys.add(records.cells()[*sortedColumn]))
    return failure("E0785", records.placeOf(*sortedColumn), "this cell is missing, and rows are ordered by its column",
                   "leave such rows out by `where`");
  chosen.push_back(static_cast<std::int32_t>(row));
  if (bytes() <= limits.mostBytes)
    return {};
  return failure("E0780", {path},
                 fmt::format("choosing among its rows takes more than the {} that the data may have in memory: {} fit, "
                             "and there are more",
                             bytesText(limits.mostBytes), counted(static_cast<std::int64_t>(chosen.size()), "row")),
                 "choose them by `rows` or `every`, or give more memory: `--data-memory`");
}

Result<void> Selector::readFile() {
  Asked asked{.takers = takers, .keysOnly = true, .limits = limits};
  for (const Condition &condition : rows.where)
    asked.keys.push_back(condition.column);
  for (const std::optional<ColumnRef> &key : {rows.by, rows.sorted, rows.stratified})
    if (key)
      asked.keys.push_back(*key);
  Result<std::unique_ptr<RecordReader>> opened = openRecords(source, asked);
  if (!opened)
    return opened.error();
  RecordReader &records = **opened;

  std::vector<std::int64_t> columns;
  for (const ColumnRef &key : asked.keys) {
    Result<std::int64_t> column = records.columnOf(key);
    if (!column)
      return column.error();
    columns.push_back(*column);
  }
  conditions.assign(columns.begin(), columns.begin() + std::ptrdiff_t(rows.where.size()));
  std::size_t next = rows.where.size();
  for (auto [key, column] : {std::pair(&rows.by, &byColumn), std::pair(&rows.sorted, &sortedColumn),
                             std::pair(&rows.stratified, &stratifiedColumn)})
    if (*key)
      *column = columns[next++];

  const std::optional<std::int64_t> known = asked.keys.empty() ? records.count() : std::nullopt;
  if (known && *known > INT32_MAX)
    return tooManyRows();
  for (count = 0; !known || count < *known; ++count) {
    if (!known) {
      Result<bool> more = records.next();
      if (!more)
        return more.error();
      if (!*more)
        break;
    }
    if (Result<void> read = readRow(records, count); !read)
      return read;
  }
  if (count == 0)
    return records.noRecords();
  return {};
}

/// The places in `chosen` of the rows of each value of `stratified`; all of them without it.
std::vector<std::vector<std::int32_t>> Selector::strata() const {
  if (!rows.stratified)
    return {identityOrder(static_cast<std::int64_t>(chosen.size()))};
  std::vector<std::vector<std::int32_t>> strata(values.size());
  for (std::size_t i = 0; i < chosen.size(); ++i)
    strata[groups[i]].push_back(static_cast<std::int32_t>(i));
  return strata;
}

/// The first of `count` places from which on a part begins.
static std::size_t cut(std::size_t count, std::int64_t part, std::int64_t parts) {
  return static_cast<std::size_t>((static_cast<std::int64_t>(count) * part + parts - 1) / parts);
}

/// Keeps the rows whose place lies in the percentage.
void Selector::keepPercent() {
  std::vector<bool> keep(chosen.size());
  std::int64_t number = 0;
  for (const std::vector<std::int32_t> &stratum : strata()) {
    std::vector<std::int32_t> order = identityOrder(static_cast<std::int64_t>(stratum.size()));
    if (rows.sorted)
      keys.sort(order);
    else if (rows.seed)
      order = shuffledOrder(static_cast<std::int64_t>(stratum.size()), static_cast<std::uint64_t>(*rows.seed), number,
                            Shuffling::Split);
    for (std::size_t k = cut(stratum.size(), rows.percent->begin, 100); k < cut(stratum.size(), rows.percent->end, 100);
         ++k)
      keep[stratum[order[k]]] = true;
    ++number;
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    if (!keep[i])
      continue;
    chosen[kept] = chosen[i];
    if (!groups.empty())
      groups[kept] = groups[i];
    ++kept;
  }
  chosen.resize(kept);
  groups.resize(groups.empty() ? 0 : kept);
}

/// Of the rows that are kept so far, keeps those of the fold.
void Selector::keepFold() {
  std::vector<bool> inFold(chosen.size());
  if (rows.by) {
    for (std::size_t i = 0; i < chosen.size(); ++i)
      inFold[i] = groups[i] == rows.fold->index;
  } else {
    // In turn, across the strata: neither folds nor the shares of a stratum in them differ by more than a row.
    std::int64_t number = 0, place = 0;
    for (const std::vector<std::int32_t> &stratum : strata())
      for (const std::int32_t k :
           shuffledOrder(static_cast<std::int64_t>(stratum.size()), 0, number++, Shuffling::Fold))
        inFold[stratum[k]] = place++ % rows.fold->count == rows.fold->index;
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < chosen.size(); ++i)
    if (inFold[i] != rows.fold->complement)
      chosen[kept++] = chosen[i];
  chosen.resize(kept);
}

Result<KeptRows> Selector::run() {
  if (rows.isOfNumbers())
    return KeptRows(rows);
  if (Result<void> readable = checkReadable(source, "this selection of rows"); !readable)
    return readable.error();
  if (!rows.index.empty()) {
    Result<std::vector<RowNumber>> read = readRowNumbers(rows.index, limits);
    if (!read)
      return read.error();
    numbers = std::move(*read);
  }
  if (Result<void> read = readFile(); !read)
    return read.error();
  if (!numbers.empty() && numbers.back().row >= count)
    return failure("E0782", {rows.index, numbers.back().line},
                   fmt::format("there is no row {}: {} has {}", numbers.back().row, path, counted(count, "row")),
                   "rows count from 0");
  if (rows.percent && !rows.by)
    keepPercent();
  if (rows.fold)
    keepFold();
  if (chosen.empty())
    return nothingSelected(rows, count, path);
  std::vector<bool> kept(static_cast<std::size_t>(chosen.back()) + 1);
  for (const std::int32_t row : chosen)
    kept[row] = true;
  return KeptRows(std::move(kept));
}

Result<KeptRows> keptRows(const Source &source, std::span<const Taker> takers, const Limits &limits) {
  return Selector(source, takers, limits).run();
}

} // namespace talweg::data
