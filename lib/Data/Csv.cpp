// CSV to a table: finds the header, binds fields to columns, then converts row after row.
#include "CsvReader.h"
#include "Readers.h"

#include "talweg/Prepare/Preparation.h"

#include <fmt/format.h>

#include <algorithm>

namespace talweg::data {

namespace {

char delimiterOf(const Source &source) { return valueOf<std::string>(source.options, "delimiter").value_or(",")[0]; }

/// Reading one file.
class CsvLoader {
public:
  CsvLoader(const Source &source, CsvReader reader, Table table)
      : source(source), reader(std::move(reader)), table(std::move(table)),
        saidHeader(valueOf<bool>(source.options, "header")) {}

  Result<Table> run();

private:
  Result<void> bind();
  Result<void> bindByOrder();
  Result<bool> bindField(std::size_t field, std::int64_t next);
  Result<std::int64_t> columnOf(const Field &field, const ColumnRef &reference) const;
  Result<void> addRow();
  bool decideHeader() const;
  bool wouldFit(char delimiter) const;
  Error countMismatch(std::int64_t needed, const Field *field) const;
  Error cellError(std::size_t field, std::int64_t element, const prepare::Fault &fault) const;
  Place here() const { return {reader.path(), reader.placeOf(0).line}; }

  const Source &source;
  CsvReader reader;
  Table table;
  std::optional<bool> saidHeader; ///< whether the first row is one; absent: if none of its cells is a number
  bool hasHeader = false, firstRow = true;
  std::vector<std::string> header;
  std::int64_t width = 0;                         ///< cells of every row
  std::vector<std::vector<std::int64_t>> columns; ///< for each field and cell, its column; empty: the field is not read
  std::vector<prepare::Preparation> preparations; ///< for each field
  std::vector<prepare::Cell> cells;               ///< of the field that is read now
};

} // namespace

bool CsvLoader::decideHeader() const {
  if (saidHeader)
    return *saidHeader;
  bool anyText = false;
  for (std::string_view cell : reader.cells()) {
    if (prepare::isNumber(cell))
      return false;
    anyText |= !cell.empty();
  }
  return anyText;
}

/// The cells of a row of text if `delimiter` separated them.
static std::vector<std::string_view> cellsOf(std::string_view text, char delimiter) {
  std::vector<std::string_view> cells;
  bool inQuotes = false;
  std::size_t begin = 0;
  for (std::size_t at = 0; at <= text.size(); ++at) {
    inQuotes ^= at < text.size() && text[at] == '"';
    if (at < text.size() && (text[at] != delimiter || inQuotes))
      continue;
    std::string_view cell = trimmed(text.substr(begin, at - begin));
    if (cell.size() >= 2 && cell.front() == '"' && cell.back() == '"')
      cell = cell.substr(1, cell.size() - 2);
    cells.push_back(cell);
    begin = at + 1;
  }
  return cells;
}

/// Whether the first row has what the fields take if `delimiter` separates its cells: their names, or their number.
bool CsvLoader::wouldFit(char delimiter) const {
  const std::vector<std::string_view> cells = cellsOf(reader.text(), delimiter);
  const auto count = static_cast<std::int64_t>(cells.size());
  std::int64_t all = 0, wanted = 0;
  bool found = true, anyName = false;
  for (const Field &field : table.fields) {
    all += field.count();
    wanted += field.wanted ? field.count() : 0;
    std::vector<ColumnRef> references = field.columns;
    if (references.empty())
      references.push_back(field.name);
    for (const ColumnRef &reference : references) {
      const auto *number = std::get_if<std::int64_t>(&reference);
      const bool named =
          !number && std::find(cells.begin(), cells.end(), std::get<std::string>(reference)) != cells.end();
      anyName |= named;
      found &= !field.wanted || named || (number && *number + (references.size() == 1 ? field.count() : 1) <= count);
    }
  }
  return found || (!anyName && (count == all || count == wanted));
}

/// The row has another number of cells than the fields take, or than `field` (if not null) reaches to.
Error CsvLoader::countMismatch(std::int64_t needed, const Field *field) const {
  std::string help;
  for (char other : {',', ';', '\t', '|', ' '})
    if (help.empty() && other != delimiterOf(source) && wouldFit(other))
      help = fmt::format("its cells seem to be separated by {}: write `delimiter = \"{}\"`",
                         other == '\t' ? "tabs" : quoted(std::string_view(&other, 1)),
                         other == '\t' ? std::string("\\t") : std::string(1, other));
  const bool few = width < needed;
  if (help.empty() && !few)
    help = "say where each field is, such as `label: class[10] = column(64)`";
  std::string situation = fmt::format("this file has {}, ", counted(width, "column"));
  std::vector<std::string> read; // where not all fields are, which
  for (const Field &candidate : table.fields)
    if (candidate.wanted)
      read.push_back(fmt::format("{}: {}", candidate.name, candidate.typeText()));
  situation += field ? fmt::format("and `{}: {}` reaches to column {}", field->name, field->typeText(), needed - 1)
                     : fmt::format("but the fields take {}", needed);
  if (!field && read.size() < table.fields.size())
    situation += fmt::format("; {} {} read", listed(read), read.size() == 1 ? "is" : "are");
  return failure(few ? "E0719" : "E0721", here(), situation, help);
}

/// The column that `reference` means.
Result<std::int64_t> CsvLoader::columnOf(const Field &field, const ColumnRef &reference) const {
  if (const auto *number = std::get_if<std::int64_t>(&reference)) {
    if (*number >= 0 && *number < width)
      return *number;
    return failure("E0722", here(),
                   fmt::format("there is no column {} (field `{}`): this file has {}, counted from 0", *number,
                               field.name, counted(width, "column")));
  }
  const std::string &name = std::get<std::string>(reference);
  if (!hasHeader)
    return failure("E0725", here(),
                   fmt::format("field `{}` is the column {}, but this file has no header", field.name, quoted(name)),
                   "if its first row is a header, write `header = true`; else give the column's number");
  const auto found = std::find(header.begin(), header.end(), name);
  if (found != header.end())
    return found - header.begin();
  const std::string near = suggest(name, header);
  std::string help = near.empty() ? fmt::format("the columns are {}", listed(header)) : "";
  if (!near.empty())
    help = field.columns.empty() ? fmt::format("did you mean {0}? write `{1}: {2} = column(\"{3}\")`", quoted(near),
                                               field.name, field.typeText(), near)
                                 : fmt::format("did you mean {}?", quoted(near));
  return failure("E0720", here(), fmt::format("the header has no column {}", quoted(name)), help);
}

/// Finds the columns of one field. `next` follows the column of the field before. False: an unwanted field is not there.
Result<bool> CsvLoader::bindField(std::size_t f, std::int64_t next) {
  const Field &field = table.fields[f];
  const std::int64_t elements = field.count();
  std::vector<ColumnRef> references = field.columns;
  if (references.empty()) {
    const bool named = std::find(header.begin(), header.end(), field.name) != header.end();
    references.push_back(named || (hasHeader && field.shape.empty()) ? ColumnRef(field.name) : ColumnRef(next));
    if (!named && references[0].index() == 0 && next + elements > width) {
      if (!field.wanted)
        return false;
      return countMismatch(next + elements, &field);
    }
  }
  const auto count = static_cast<std::int64_t>(references.size());
  if (count != 1 && count != elements)
    return failure("E0726", here(),
                   fmt::format("field `{}: {}` has {}, but {} given", field.name, field.typeText(),
                               counted(elements, "element"), counted(count, "column") + (count == 1 ? " is" : " are")),
                   "name the first column, or all of them");
  std::vector<std::int64_t> found;
  for (const ColumnRef &reference : references) {
    Result<std::int64_t> column = columnOf(field, reference);
    if (!column && !field.wanted)
      return false;
    if (!column)
      return column.error();
    found.push_back(*column);
  }
  const std::int64_t reach = *std::max_element(found.begin(), found.end()) + (count == 1 ? elements : 1);
  if (reach > width) {
    if (!field.wanted)
      return false;
    return countMismatch(reach, &field);
  }
  for (std::int64_t more = 1; count == 1 && more < elements; ++more)
    found.push_back(found.front() + more);
  columns[f] = std::move(found);
  return true;
}

/// Every column belongs to a field, in their order; unwanted fields are all there or all absent.
Result<void> CsvLoader::bindByOrder() {
  std::int64_t all = 0, wanted = 0;
  for (const Field &field : table.fields) {
    all += field.count();
    wanted += field.wanted ? field.count() : 0;
  }
  if (width != all && width != wanted)
    return countMismatch(width < wanted ? wanted : all, nullptr);
  std::int64_t next = 0;
  for (std::size_t f = 0; f < table.fields.size(); ++f) {
    const Field &field = table.fields[f];
    if (width != all && !field.wanted)
      continue;
    for (std::int64_t e = 0; e < field.count(); ++e)
      columns[f].push_back(next++);
  }
  return {};
}

/// Decides where each field's values are, from the first row.
Result<void> CsvLoader::bind() {
  width = static_cast<std::int64_t>(reader.cells().size());
  hasHeader = decideHeader();
  if (hasHeader)
    header.assign(reader.cells().begin(), reader.cells().end());
  columns.resize(table.fields.size());

  bool anyColumn = false, anyName = false; // chosen in the model file; equal to a field's name
  std::int64_t total = 0, wanted = 0;
  for (const Field &field : table.fields) {
    anyColumn |= !field.columns.empty();
    anyName |= std::find(header.begin(), header.end(), field.name) != header.end();
    total += field.count();
    wanted += field.wanted ? field.count() : 0;
  }
  if (width == 1 && wanted > 1 && !anyColumn)
    return countMismatch(wanted, nullptr);
  if (!anyColumn && !anyName && (!hasHeader || width == total)) {
    if (Result<void> bound = bindByOrder(); !bound)
      return bound;
  } else {
    std::int64_t next = 0;
    for (std::size_t f = 0; f < table.fields.size(); ++f) {
      Result<bool> bound = bindField(f, next);
      if (!bound)
        return bound.error();
      next = columns[f].empty() ? next : columns[f].back() + 1;
    }
  }
  for (std::size_t f = 0; f < table.fields.size(); ++f)
    if (!table.fields[f].wanted)
      columns[f].clear();
  return {};
}

Error CsvLoader::cellError(std::size_t f, std::int64_t element, const prepare::Fault &fault) const {
  const Field &field = table.fields[f];
  const std::int64_t column = columns[f][element];
  std::string help = fault.help;
  if (help.empty() && firstRow && !hasHeader)
    help = "if this row is a header, write `header = true`";
  return failure(fault.code, reader.placeOf(column),
                 fmt::format("{} (field `{}: {}`, column {})", fault.situation, field.name, field.typeText(),
                             hasHeader ? quoted(header[column]) : std::to_string(column)),
                 help);
}

Result<void> CsvLoader::addRow() {
  for (std::size_t f = 0; f < table.fields.size(); ++f) {
    if (columns[f].empty())
      continue;
    const Field &field = table.fields[f];
    Buffer &values = table.columns[f];
    const std::int64_t old = values.size();
    if (!values.resize(old + field.bytes()))
      return failure("E0740", reader.placeOf(0), fmt::format("out of memory after {}", counted(table.rows, "row")));
    cells.clear();
    for (const std::int64_t column : columns[f])
      cells.push_back(prepare::Cell::of(reader.cells()[column]));
    if (const prepare::Fault fault = preparations[f].prepare(cells, values.data() + old))
      return cellError(f, static_cast<std::int64_t>(fault.cell), fault);
  }
  ++table.rows;
  return {};
}

Result<Table> CsvLoader::run() {
  for (const Field &field : table.fields) {
    Result<prepare::Preparation> preparation = prepare::Preparation::create(field);
    if (!preparation)
      return preparation.error();
    preparations.push_back(std::move(*preparation));
  }
  std::int64_t seen = 0; // rows of data so far
  for (bool first = true;; first = false) {
    Result<bool> more = reader.next();
    if (!more)
      return more.error();
    if (!*more && first)
      return failure("E0704", {reader.path()}, "the file is empty");
    if (!*more)
      break;
    if (first) {
      if (Result<void> bound = bind(); !bound)
        return bound.error();
      if (hasHeader)
        continue;
    }
    if (const auto cells = static_cast<std::int64_t>(reader.cells().size()); cells != width)
      return failure("E0710", reader.placeOf(std::min<std::size_t>(cells, width)),
                     fmt::format("this row has {} where the first has {}", counted(cells, "cell"), width),
                     "every row has the same number of cells; text with a comma in it stands in quotes");
    if (source.rows.end && seen >= *source.rows.end)
      break;
    firstRow = first;
    if (source.rows.keeps(seen))
      if (Result<void> added = addRow(); !added)
        return added.error();
    ++seen;
  }
  if (seen == 0)
    return failure("E0704", {reader.path()}, "the file has a header, but no rows",
                   !saidHeader ? "if the first row is data, write `header = false`" : "");
  if (table.rows == 0)
    return nothingSelected(source.rows, seen, reader.path());
  return std::move(table);
}

static Result<Table> loadCsv(const Source &source, std::vector<Field> fields) {
  if (source.paths.size() != 1)
    return failure("E0743", {"csv"}, fmt::format("a CSV source is one file, not {}", source.paths.size()));
  Result<Table> table = Table::create(std::move(fields), 0);
  if (!table)
    return table.error();
  Result<CsvReader> reader = CsvReader::open(source.paths.front(), delimiterOf(source));
  if (!reader)
    return reader.error();
  return CsvLoader(source, std::move(*reader), std::move(*table)).run();
}

static constexpr Option options[] = {
    {"header", "`true` or `false`", [](const OptionValue &value) { return std::holds_alternative<bool>(value); }},
    {"delimiter", "one character",
     [](const OptionValue &value) {
       const auto *text = std::get_if<std::string>(&value);
       return text && text->size() == 1;
     }},
};

const Format csvFormat = {
    .name = "csv", .example = "csv(\"file\")", .files = "one file", .ownOptions = options, .read = loadCsv};

} // namespace talweg::data
