#include "Join.h"

#include "Keys.h"
#include "WrappedRecords.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <unordered_map>

namespace talweg::data {

namespace {
/// What is kept of the other table.
struct Other {
  std::string path;
  std::vector<std::string> names; ///< of its columns but the key
  std::int64_t columns = 0;       ///< of these
  std::vector<prepare::Cell> cells;
  std::deque<std::string> texts; ///< of the cells
  std::vector<std::int64_t> lines;
  std::unordered_map<std::string, std::size_t> rows; ///< by their keys

  /// Keeps all records.
  Result<void> read(RecordReader &records, std::int64_t key);
};

class JoinedRecords : public WrappedRecords {
public:
  JoinedRecords(std::unique_ptr<RecordReader> of, std::int64_t key, Other other);

  Result<Binding> bind(std::span<const Taker> takers) const override { return RecordReader::bind(takers); }
  Result<std::int64_t> columnOf(const ColumnRef &reference) const override { return RecordReader::columnOf(reference); }
  Result<bool> next() override;
  std::span<const prepare::Cell> cells() const override { return row; }
  Place placeOf(std::size_t cell) const override;
  std::string columnText(std::int64_t column) const override { return RecordReader::columnText(column); }

private:
  const std::int64_t key; ///< a column of the table
  const Other other;
  std::optional<std::size_t> found; ///< the other table's row
  std::vector<prepare::Cell> row;
};
} // namespace

Result<void> Other::read(RecordReader &records, std::int64_t key) {
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
      cell.text = texts.emplace_back(cell.text);
    }
  }
  return rows.empty() ? Result<void>(records.noRecords()) : Result<void>();
}

JoinedRecords::JoinedRecords(std::unique_ptr<RecordReader> of, std::int64_t key, Other with)
    : WrappedRecords(std::move(of)), key(key), other(std::move(with)) {
  columns += other.columns;
  if (columnNames.empty())
    return;
  for (const std::string &name : other.names) {
    const bool isTaken = std::ranges::find(table->names(), name) != table->names().end();
    columnNames.push_back(isTaken ? "join." + name : name);
  }
}

Result<bool> JoinedRecords::next() {
  Result<bool> more = table->next();
  if (!more || !*more)
    return more;
  const std::span<const prepare::Cell> own = table->cells();
  row.assign(own.begin(), own.end());
  const auto at = own[key].kind == prepare::Cell::Missing ? other.rows.end() : other.rows.find(keyOf(own[key]));
  found = at == other.rows.end() ? std::nullopt : std::optional(at->second);
  if (found)
    row.insert(row.end(), other.cells.begin() + std::ptrdiff_t(*found) * other.columns,
               other.cells.begin() + std::ptrdiff_t(*found + 1) * other.columns);
  row.resize(columns);
  return true;
}

/// A joined cell is in the other table's line, or where the key is that has none.
Place JoinedRecords::placeOf(std::size_t cell) const {
  if (row.empty() || cell < std::size_t(table->width()))
    return table->placeOf(cell);
  return found ? Place{other.path, other.lines[*found]} : table->placeOf(key);
}

/// The key's column of this table and of the other.
static std::pair<ColumnRef, ColumnRef> keysOf(const Options &options) {
  if (const auto number = valueOf<std::int64_t>(options, onOption.name))
    return {*number, *number};
  const std::vector<std::string> names = textsOf(options, onOption.name);
  return {names.front(), names.back()};
}

Result<std::unique_ptr<RecordReader>> withJoin(std::unique_ptr<RecordReader> records, const Source &source) {
  const auto path = valueOf<std::string>(source.options, joinOption.name);
  if (!path)
    return records;
  Source from{source.format, {*path}, {}, source.options};
  if (textsOf(from.options, "header").size() > 0)
    from.options.erase("header");
  if (const auto header = source.options.find(joinHeaderOption.name); header != source.options.end())
    from.options["header"] = header->second;
  Result<std::unique_ptr<RecordReader>> opened = source.format->open(from, {});
  if (!opened)
    return opened.error();
  const auto [own, theirs] = keysOf(source.options);
  Result<std::int64_t> key = records->columnOf(own);
  if (!key)
    return key.error();
  Result<std::int64_t> otherKey = (*opened)->columnOf(theirs);
  if (!otherKey)
    return otherKey.error();
  if (!records->names().empty() && (*opened)->names().empty())
    return failure("E0798", {*path}, "the columns of this table have no names, and those that it is joined to have",
                   "name them, as in `join_header = [\"id\", \"title\"]`");
  Other other;
  other.path = *path;
  if (Result<void> read = other.read(**opened, *otherKey); !read)
    return read.error();
  return std::unique_ptr<RecordReader>(std::make_unique<JoinedRecords>(std::move(records), *key, std::move(other)));
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
