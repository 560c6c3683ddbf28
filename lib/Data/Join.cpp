#include "Join.h"

#include "Contents.h"
#include "Keys.h"
#include "TableBuilder.h"
#include "WrappedRecords.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <unordered_map>

namespace talweg::data {

/// What is kept of it.
struct JoinedTable {
  std::string path;
  bool hasNames = false;
  std::vector<std::string> names; ///< of its columns but the key
  std::int64_t columns = 0;       ///< of these
  std::vector<prepare::Cell> cells;
  std::deque<std::string> texts; ///< of the cells
  std::vector<std::int64_t> lines;
  std::unordered_map<std::string, std::size_t> rows; ///< by their keys

  /// Keeps all records. E0780: they take more memory than `limits` has.
  Result<void> read(RecordReader &records, std::int64_t key, const Limits &limits);
};

namespace {
class JoinedRecords : public WrappedRecords {
public:
  JoinedRecords(std::unique_ptr<RecordReader> of, std::int64_t key, std::shared_ptr<const JoinedTable> other);

  Result<Binding> bind(std::span<const Taker> takers) const override { return RecordReader::bind(takers); }
  Result<std::int64_t> columnOf(const ColumnRef &reference) const override { return RecordReader::columnOf(reference); }
  Result<bool> next() override;
  std::span<const prepare::Cell> cells() const override { return row; }
  Place placeOf(std::size_t cell) const override;
  std::string columnText(std::int64_t column) const override { return RecordReader::columnText(column); }

private:
  const std::int64_t key; ///< a column of the table
  const std::shared_ptr<const JoinedTable> other;
  std::optional<std::size_t> found; ///< the other table's row
  std::vector<prepare::Cell> row;
};
} // namespace

Result<void> JoinedTable::read(RecordReader &records, std::int64_t key, const Limits &limits) {
  std::int64_t bytes = 0;
  for (std::int64_t column = 0; column < records.width(); ++column)
    if (column != key && !records.names().empty())
      names.push_back(records.names()[column]);
  columns = records.width() - 1;
  for (;;) {
    Result<bool> more = records.next();
    if (!more)
      return more.error();
    if (!*more)
      break;
    const std::string of = keyOf(records.cells()[key]);
    if (of.empty())
      continue;
    const Place place = records.placeOf(key);
    if (const auto [before, isNew] = rows.emplace(of, lines.size()); !isNew)
      return failure("E0797", place,
                     fmt::format("the key {} is there twice, before in line {}", quoted(of), lines[before->second]),
                     "a row finds one row of the other table: are these the right columns?");
    lines.push_back(place.line);
    for (std::int64_t column = 0; column < records.width(); ++column) {
      if (column == key)
        continue;
      prepare::Cell &cell = cells.emplace_back(records.cells()[column]);
      bytes += std::int64_t(sizeof cell + sizeof(std::string) + cell.text.size());
      if (!cell.text.empty())
        cell.text = texts.emplace_back(cell.text);
    }
    constexpr std::int64_t ofRow = 96; // a key's string among the others, its row and line
    bytes += ofRow + std::int64_t(of.size());
    if (bytes > limits.mostBytes)
      return failure("E0780", {path},
                     fmt::format("this table, which is joined, takes more than the {} that the data may have in "
                                 "memory: {} fit, and there are more",
                                 bytesText(limits.mostBytes), counted(std::int64_t(lines.size()) - 1, "row")),
                     "take what is needed of it, or give more memory: `--data-memory`");
  }
  return rows.empty() ? Result<void>(records.noRecords()) : Result<void>();
}

JoinedRecords::JoinedRecords(std::unique_ptr<RecordReader> of, std::int64_t key,
                             std::shared_ptr<const JoinedTable> with)
    : WrappedRecords(std::move(of)), key(key), other(std::move(with)) {
  columns += other->columns;
  if (columnNames.empty())
    return;
  for (const std::string &name : other->names) {
    const bool isTaken = columnsAreKeys || std::ranges::find(table->names(), name) != table->names().end();
    columnNames.push_back(isTaken ? std::string(kJoined) + name : name);
  }
}

Result<bool> JoinedRecords::next() {
  Result<bool> more = table->next();
  if (!more || !*more)
    return more;
  const std::span<const prepare::Cell> own = table->cells();
  row.assign(own.begin(), own.end());
  const auto at = own[key].kind == prepare::Cell::Missing ? other->rows.end() : other->rows.find(keyOf(own[key]));
  found = at == other->rows.end() ? std::nullopt : std::optional(at->second);
  if (found)
    row.insert(row.end(), other->cells.begin() + std::ptrdiff_t(*found) * other->columns,
               other->cells.begin() + std::ptrdiff_t(*found + 1) * other->columns);
  row.resize(columns);
  return true;
}

/// A joined cell is in the other table's line, or where the key is that has none.
Place JoinedRecords::placeOf(std::size_t cell) const {
  if (row.empty() || cell < std::size_t(table->width()))
    return table->placeOf(cell);
  return found ? Place{other->path, other->lines[*found]} : table->placeOf(key);
}

/// The key's column of this table and of the other.
static std::pair<ColumnRef, ColumnRef> keysOf(const Options &options) {
  if (const auto number = valueOf<std::int64_t>(options, onOption.name))
    return {*number, *number};
  const std::vector<std::string> names = textsOf(options, onOption.name);
  return {names.front(), names.back()};
}

static Result<std::shared_ptr<const JoinedTable>> readTable(const Source &source, const ColumnRef &key, Asked asked) {
  Source from{source.format, {std::get<std::string>(source.options.at("join"))}, {}, source.options};
  if (textsOf(from.options, "header").size() > 0)
    from.options.erase("header");
  if (const auto header = source.options.find(joinHeaderOption.name); header != source.options.end())
    from.options["header"] = header->second;
  asked.side = Asked::Side::Other;
  asked.joinedBy = key;
  Result<std::unique_ptr<RecordReader>> records = source.format->open(from, asked);
  if (!records)
    return records.error();
  Result<std::int64_t> column = (*records)->columnOf(key);
  if (!column)
    return column.error();
  auto table = std::make_shared<JoinedTable>();
  table->path = from.paths.front();
  table->hasNames = !(*records)->names().empty();
  if (Result<void> read = table->read(**records, *column, asked.limits); !read)
    return read.error();
  return std::shared_ptr<const JoinedTable>(std::move(table));
}

Result<void> readJoined(Source &source, std::span<const Field> fields,
                        std::span<const prepare::Preparation> preparations) {
  if (!source.options.contains(joinOption.name))
    return {};
  const std::vector<Taker> takers = takersOf(fields, preparations);
  Asked asked{takers, source.keys};
  for (ColumnRef &ofFiles : contentsOf(source.options))
    asked.keys.push_back(std::move(ofFiles));
  Result<std::shared_ptr<const JoinedTable>> table = readTable(source, keysOf(source.options).second, asked);
  if (!table)
    return table.error();
  source.joined = std::move(*table);
  return {};
}

Result<std::unique_ptr<RecordReader>> openJoined(const Source &source, const Asked &asked) {
  const auto [key, theirs] = keysOf(source.options);
  Asked own = asked;
  own.side = Asked::Side::Own;
  own.joinedBy = key;
  Result<std::unique_ptr<RecordReader>> records = source.format->open(source, own);
  if (!records)
    return records;
  Result<std::int64_t> column = (*records)->columnOf(key);
  if (!column)
    return column.error();
  std::shared_ptr<const JoinedTable> other = source.joined;
  if (!other) {
    Result<std::shared_ptr<const JoinedTable>> table = readTable(source, theirs, asked);
    if (!table)
      return table.error();
    other = std::move(*table);
  }
  if (!(*records)->names().empty() && !other->hasNames)
    return failure("E0798", {other->path},
                   "the columns of this table have no names, and those that it is joined to have",
                   "name them, as in `join_header = [\"id\", \"title\"]`");
  return std::unique_ptr<RecordReader>(std::make_unique<JoinedRecords>(std::move(*records), *column, std::move(other)));
}

static bool isName(const OptionValue &value) {
  const auto *text = std::get_if<std::string>(&value);
  return text && !text->empty();
}
static bool isGiven(const Options &given, std::string_view name) { return given.contains(name); }

const Option joinOption = {.name = "join",
                           .wanted = "a file's name",
                           .accepts = isName,
                           .rule = "`join` goes with `on`",
                           .agrees = [](const Options &given) { return isGiven(given, "on"); },
                           .isPath = true};

const Option joinHeaderOption = {.name = "join_header",
                                 .wanted = "`true`, `false` or a list of names",
                                 .accepts =
                                     [](const OptionValue &value) {
                                       const auto *names = std::get_if<std::vector<std::string>>(&value);
                                       return std::holds_alternative<bool>(value) || (names && !names->empty());
                                     },
                                 .rule = "`join_header` goes with `join`",
                                 .agrees = [](const Options &given) { return isGiven(given, "join"); }};

const Option onOption = {.name = "on",
                         .wanted = "a column's name or number, or a list of the names in both tables",
                         .accepts =
                             [](const OptionValue &value) {
                               if (const auto *number = std::get_if<std::int64_t>(&value))
                                 return *number >= 0;
                               const auto *names = std::get_if<std::vector<std::string>>(&value);
                               return isName(value) || (names && names->size() == 2);
                             },
                         .rule = "`on` goes with `join`",
                         .agrees = [](const Options &given) { return isGiven(given, "join"); }};

} // namespace talweg::data
