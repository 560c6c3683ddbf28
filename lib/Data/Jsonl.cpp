// The format JSONL: a JSON object in each line. Its keys are the names of columns; `a.b` is the key `b` of the object of `a`. The object of
// another table is that of `join`.
#include "Contents.h"
#include "Join.h"
#include "Readers.h"
#include "TextChunks.h"

#include <fmt/format.h>

#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <deque>

namespace talweg::data {

namespace {

using simdjson::dom::element;

/// What is read of each object.
struct Column {
  std::string name;
  std::int64_t begin = 0, cells = 1; ///< of the record
  bool isKnown = false;              ///< an object has had it
};

class JsonRecords : public RecordReader {
public:
  /// With `isPart`, of a table whose other lines may have the keys that these have not.
  JsonRecords(TextChunks lines, bool isPart) : lines(std::move(lines)), isPart(isPart) { columnsAreKeys = true; }
  Result<void> begin(const Asked &asked);

  Result<bool> next() override;
  std::span<const prepare::Cell> cells() const override { return record; }
  Place placeOf(std::size_t) const override { return {lines.path(), lines.partLine()}; }
  std::string_view namedBy() const override { return "the file"; }
  Error noRecords() const override { return failure("E0704", {lines.path()}, "the file has no records"); }

private:
  Result<void> add(const ColumnRef &reference, std::int64_t cells);
  /// The same of what is asked of one side.
  Result<void> add(const ColumnRef &reference, std::int64_t cells, Asked::Side side);
  Result<void> readValue(const Column &column, element value, std::int64_t &at);
  Error noKey(const Column &column) const;

  TextChunks lines;
  const bool isPart;
  std::vector<Column> wanted;
  std::vector<std::string> firstKeys; ///< of the first object
  simdjson::dom::parser parser;
  std::vector<prepare::Cell> record;
  std::deque<std::string> exact; ///< texts of whole numbers that are no numbers of f64
  std::int64_t rows = 0;
};

/// The value of `a.b`: of that key, or else of `b` in the object of `a`.
simdjson::simdjson_result<element> find(const simdjson::dom::object &object, std::string_view name) {
  simdjson::simdjson_result<element> value = object.at_key(name);
  const std::size_t dot = name.find('.');
  simdjson::dom::object inner;
  if (!value.error() || dot == std::string_view::npos || object.at_key(name.substr(0, dot)).get(inner))
    return value;
  return find(inner, name.substr(dot + 1));
}

} // namespace

Result<void> JsonRecords::add(const ColumnRef &reference, std::int64_t cells) {
  const auto *name = std::get_if<std::string>(&reference);
  if (!name)
    return failure(
        "E0722", {lines.path()},
        fmt::format("there is no column {}: the columns of JSONL have names", std::get<std::int64_t>(reference)));
  const auto known = std::ranges::find(wanted, *name, &Column::name);
  if (known == wanted.end())
    wanted.push_back({*name, 0, cells});
  else
    known->cells = std::max(known->cells, cells);
  return {};
}

Result<void> JsonRecords::add(const ColumnRef &reference, std::int64_t cells, Asked::Side side) {
  const auto *name = std::get_if<std::string>(&reference);
  const bool isOther = name && name->starts_with(kJoined);
  if (side == Asked::Side::Alone || (side == Asked::Side::Own && !isOther))
    return add(reference, cells);
  return side == Asked::Side::Other && isOther ? add(name->substr(kJoined.size()), cells) : Result<void>();
}

Result<void> JsonRecords::begin(const Asked &asked) {
  if (asked.joinedBy)
    if (Result<void> added = add(*asked.joinedBy, 1); !added)
      return added;
  for (const ColumnRef &key : asked.keys)
    if (Result<void> added = add(key, 1, asked.side); !added)
      return added;
  for (const Taker &taker : asked.takers) {
    if (!taker.field->wanted || asked.keysOnly)
      continue;
    const std::vector<ColumnRef> references = referencesOf(*taker.field);
    const auto count = static_cast<std::int64_t>(references.size());
    if (count != 1 && count != taker.cells)
      return failure("E0726", {lines.path()},
                     fmt::format("field `{}: {}` has {}, but {} given", taker.field->name, taker.field->typeText(),
                                 counted(taker.cells, "element"), counted(count, "column") + " are"),
                     "name one with an array of them, or all of them");
    for (const ColumnRef &reference : references)
      if (Result<void> added = add(reference, count == 1 ? taker.cells : 1, asked.side); !added)
        return added;
  }
  for (Column &column : wanted) {
    column.begin = columns;
    columns += column.cells;
    columnNames.insert(columnNames.end(), static_cast<std::size_t>(column.cells), column.name);
  }
  record.resize(static_cast<std::size_t>(columns));
  return {};
}

/// Adds the cells of `value`, which may be an array of arrays, from place `at` on.
Result<void> JsonRecords::readValue(const Column &column, element value, std::int64_t &at) {
  const auto refuse = [&](const std::string &why) {
    return failure("E0799", {lines.path(), lines.partLine()},
                   fmt::format("{} is {}", prepare::quoted(column.name), why));
  };
  if (simdjson::dom::array array; !value.get(array)) {
    for (const element item : array)
      if (Result<void> read = readValue(column, item, at); !read)
        return read;
    return {};
  }
  if (at == column.begin + column.cells)
    return refuse(fmt::format("an array of more than {}", counted(column.cells, "value")));
  prepare::Cell &cell = record[static_cast<std::size_t>(at++)];
  switch (value.type()) {
  case simdjson::dom::element_type::STRING: cell = prepare::Cell::of(std::string_view(value)); return {};
  case simdjson::dom::element_type::BOOL:
    cell = prepare::Cell::of(bool(value) ? std::string_view("true") : std::string_view("false"));
    return {};
  case simdjson::dom::element_type::DOUBLE: cell = prepare::Cell::of(double(value)); return {};
  case simdjson::dom::element_type::INT64:
  case simdjson::dom::element_type::UINT64: {
    constexpr std::int64_t exactly = std::int64_t(1) << 53;
    std::int64_t whole = 0;
    if (!value.get(whole) && whole >= -exactly && whole <= exactly)
      cell = prepare::Cell::of(double(whole));
    else
      cell = prepare::Cell::of(std::string_view(exact.emplace_back(simdjson::minify(value))));
    return {};
  }
  case simdjson::dom::element_type::NULL_VALUE: cell = {}; return {};
  default: return refuse("an object, and no value; a key of it is `" + column.name + ".key`");
  }
}

Error JsonRecords::noKey(const Column &column) const {
  const std::string near = suggest(column.name, firstKeys);
  return failure("E0720", {lines.path()}, fmt::format("no record has a key {}", prepare::quoted(column.name)),
                 near.empty() ? fmt::format("the keys of the first one are {}", listed(firstKeys))
                              : fmt::format("did you mean {}?", prepare::quoted(near)));
}

Result<bool> JsonRecords::next() {
  std::string_view line;
  do {
    Result<bool> more = lines.nextPart([](char c) { return c == '\n'; });
    if (!more)
      return more;
    if (!*more) {
      const auto absent = std::ranges::find(wanted, false, &Column::isKnown);
      if (rows > 0 && !isPart && absent != wanted.end())
        return noKey(*absent);
      return false;
    }
    line = lines.part();
  } while (line.find_first_not_of(" \t\r") == std::string_view::npos);

  simdjson::dom::object object;
  if (const simdjson::error_code code = parser.parse(line.data(), line.size(), true).get(object))
    return failure("E0794", {lines.path(), lines.partLine()},
                   fmt::format("this line is no JSON object ({})", simdjson::error_message(code)));
  if (rows++ == 0)
    for (const auto [key, value] : object)
      firstKeys.emplace_back(key);
  exact.clear();
  for (Column &column : wanted) {
    element value;
    const bool isThere = !find(object, column.name).get(value);
    column.isKnown |= isThere;
    const auto cells =
        std::span(record).subspan(static_cast<std::size_t>(column.begin), static_cast<std::size_t>(column.cells));
    std::ranges::fill(cells, prepare::Cell());
    if (!isThere || value.is_null())
      continue;
    std::int64_t at = column.begin;
    if (Result<void> read = readValue(column, value, at); !read)
      return read.error();
    if (at != column.begin + column.cells)
      return failure("E0799", {lines.path(), lines.partLine()},
                     fmt::format("{} has {}, and {} are wanted", prepare::quoted(column.name),
                                 counted(at - column.begin, "value"), column.cells));
  }
  return true;
}

static Result<std::unique_ptr<RecordReader>> openJsonl(const Source &source, const Asked &asked) {
  if (Result<void> one = checkOneFile(source); !one)
    return one.error();
  Result<TextChunks> lines = TextChunks::open(source);
  if (!lines)
    return lines.error();
  auto records = std::make_unique<JsonRecords>(std::move(*lines), source.text.has_value());
  if (Result<void> begun = records->begin(asked); !begun)
    return begun.error();
  return std::unique_ptr<RecordReader>(std::move(records));
}

static bool isJson(std::span<const std::byte> start) {
  std::string_view text(reinterpret_cast<const char *>(start.data()), start.size());
  text.remove_prefix(text.starts_with("\xef\xbb\xbf") ? 3 : 0);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != text.npos && text[first] == '{';
}

static const Option options[] = {contentsOption, encodingOption, joinOption, onOption};

const Format jsonlFormat = {.name = "jsonl",
                            .example = "jsonl(\"file\")",
                            .files = "one file",
                            .isOfLines = true,
                            .ownOptions = options,
                            .recognizes = isJson,
                            .open = openJsonl};

} // namespace talweg::data
