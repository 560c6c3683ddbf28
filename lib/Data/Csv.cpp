// The format CSV: which rows are records, and what the columns are called.
#include "Contents.h"
#include "CsvReader.h"
#include "Join.h"
#include "Readers.h"

#include <fmt/format.h>

#include <algorithm>

namespace talweg::data {

static CsvForm formOf(const Options &options) {
  CsvForm form;
  form.delimiter = valueOf<std::string>(options, "delimiter").value_or(",");
  form.comment = valueOf<std::string>(options, "comment").value_or("");
  form.blankLines = valueOf<bool>(options, "blank_lines").value_or(false);
  form.quotes = valueOf<bool>(options, "quotes").value_or(true);
  form.missing = textsOf(options, "missing");
  if (const auto encoding = valueOf<std::string>(options, "encoding"))
    form.encoding = std::ranges::find(encodings(), *encoding, &Encoding::name)->name;
  return form;
}

namespace {

/// The records of one file.
class CsvRecords : public RecordReader, public RecordBlocks {
public:
  CsvRecords(const Source &source, CsvReader reader)
      : reader(std::move(reader)), delimiter(formOf(source.options).delimiter),
        saidNames(textsOf(source.options, "header")),
        saidHeader(saidNames.empty() ? valueOf<bool>(source.options, "header") : false) {}

  /// Reads the first row, which tells of the columns.
  Result<void> begin();

  Result<bool> next() override;
  RecordBlocks *blocks() override { return this; }
  bool areSeveral() const override { return reader.areSeveral(); }
  std::unique_ptr<RecordBlock> make() const override { return reader.make(); }
  bool read(RecordBlock &block) override { return reader.read(block); }
  void scan(RecordBlock &block) const override { reader.scan(block); }
  void settle(RecordBlock &block) override;

  std::span<const prepare::Cell> cells() const override { return reader.cells(); }
  Place placeOf(std::size_t cell) const override { return reader.placeOf(cell); }
  std::string_view namedBy() const override { return saidNames.empty() ? "the header" : "the list of `header`"; }
  std::string helpOfColumns(const Fits &fits) const override;
  std::string helpOfRecord() const override { return rows == 1 ? helpOfFirst() : ""; }
  Error noRecords() const override;

private:
  bool decideHeader() const;
  std::string helpOfFirst() const; ///< where a cell of the first row is wrong
  Error otherWidth(std::size_t cells, const Place &place) const;

  CsvReader reader;
  const std::string delimiter;
  const std::vector<std::string> saidNames; ///< of the columns: the file has no header
  const std::optional<bool> saidHeader;     ///< whether the first row is one; absent: if none of its cells is a number
  bool hasHeader = false;
  std::int64_t rows = 0; ///< of the file so far, with the header
};

} // namespace

bool CsvRecords::decideHeader() const {
  if (saidHeader)
    return *saidHeader;
  bool anyText = false;
  for (const prepare::Cell &cell : reader.cells()) {
    if (prepare::isNumber(cell.text))
      return false;
    anyText |= !cell.text.empty();
  }
  return anyText;
}

Result<void> CsvRecords::begin() {
  Result<bool> more = reader.next();
  if (!more)
    return more.error();
  if (!*more)
    return failure("E0704", {reader.path()}, "the file is empty");
  columns = static_cast<std::int64_t>(reader.cells().size());
  hasHeader = decideHeader();
  for (const prepare::Cell &cell : reader.cells())
    if (hasHeader)
      columnNames.emplace_back(cell.text);
  if (!saidNames.empty()) {
    columnNames = saidNames;
    if (columns != static_cast<std::int64_t>(saidNames.size()))
      return failure(
          "E0787", {reader.path(), reader.placeOf(0).line},
          fmt::format("this file has {}, but `header` names {}", counted(columns, "column"), saidNames.size()),
          "name all of them, in their order");
  }
  if (!hasHeader)
    reader.repeat();
  rows = hasHeader ? 1 : 0;
  return {};
}

Error CsvRecords::otherWidth(std::size_t cells, const Place &place) const {
  return failure("E0710", place,
                 fmt::format("this row has {} where the first has {}", counted(std::int64_t(cells), "cell"), columns),
                 "every row has the same number of cells; text with a comma in it stands in quotes");
}

Result<bool> CsvRecords::next() {
  Result<bool> more = reader.next();
  if (!more || !*more)
    return more;
  ++rows;
  if (const std::size_t cells = reader.cells().size(); cells != std::size_t(columns))
    return otherWidth(cells, reader.placeOf(std::min(cells, std::size_t(columns))));
  return true;
}

void CsvRecords::settle(RecordBlock &of) {
  reader.settle(of);
  auto &block = static_cast<CsvBlock &>(of);
  if (rows == 0 && block.rows() > 0)
    block.helpOfFirst = helpOfFirst();
  rows += block.rows();
  for (std::int64_t row = 0; row < block.rows(); ++row)
    if (const std::size_t cells = block.cellsOf(row).size(); cells != std::size_t(columns))
      block.dropFrom(row, otherWidth(cells, block.placeOf(row, std::min(cells, std::size_t(columns)))));
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

std::string CsvRecords::helpOfColumns(const Fits &fits) const {
  for (char other : {',', ';', '\t', '|', ' '})
    if (delimiter != std::string_view(&other, 1) && fits(cellsOf(reader.text(), other)))
      return fmt::format("its cells seem to be separated by {}: write `delimiter = \"{}\"`",
                         other == '\t' ? "tabs" : quoted(std::string_view(&other, 1)),
                         other == '\t' ? std::string("\\t") : std::string(1, other));
  return {};
}

std::string CsvRecords::helpOfFirst() const {
  return !hasHeader && saidNames.empty() ? "if this row is a header, write `header = true`" : "";
}

Error CsvRecords::noRecords() const {
  return failure("E0704", {reader.path()}, "the file has a header, but no rows",
                 !saidHeader ? "if the first row is data, write `header = false`" : "");
}

static Result<std::unique_ptr<RecordReader>> openCsv(const Source &source, const Asked &) {
  if (Result<void> one = checkOneFile(source); !one)
    return one.error();
  Result<CsvReader> reader = CsvReader::open(source, formOf(source.options));
  if (!reader)
    return reader.error();
  auto records = std::make_unique<CsvRecords>(source, std::move(*reader));
  if (Result<void> begun = records->begin(); !begun)
    return begun.error();
  return std::unique_ptr<RecordReader>(std::move(records));
}

static bool isTruth(const OptionValue &value) { return std::holds_alternative<bool>(value); }
static bool isText(const OptionValue &value) {
  const auto *text = std::get_if<std::string>(&value);
  return text && !text->empty();
}
static bool areTexts(const OptionValue &value) {
  const auto *texts = std::get_if<std::vector<std::string>>(&value);
  return texts && !texts->empty();
}

static constexpr std::string_view kNotInCells = "\"\r\n";

static const Option options[] = {
    {"header", "`true`, `false` or a list of names",
     [](const OptionValue &value) { return isTruth(value) || areTexts(value); }},
    {"delimiter", "one character or several, without quotes and line breaks",
     [](const OptionValue &value) {
       return isText(value) && std::get<std::string>(value).find_first_of(kNotInCells) == std::string::npos;
     }},
    {"missing", "a text or a list of them", [](const OptionValue &value) { return isText(value) || areTexts(value); }},
    {"comment", "what such lines begin with",
     [](const OptionValue &value) {
       return isText(value) && std::get<std::string>(value).find_first_of(kNotInCells) == std::string::npos;
     }},
    {"blank_lines", "`true` or `false`", isTruth},
    {"quotes", "`true` or `false`", isTruth},
    encodingOption,
    contentsOption,
    joinOption,
    joinHeaderOption,
    onOption,
};

const Format csvFormat = {.name = "csv",
                          .example = "csv(\"file\")",
                          .files = "one file",
                          .isOfLines = true,
                          .ownOptions = options,
                          .open = openCsv};

} // namespace talweg::data
