// The formats of plain text and bytes: what a row is, is told by their names. They have one column, `text`.
#include "ByteReader.h"
#include "Readers.h"
#include "TextChunks.h"

#include <fmt/format.h>

#include <array>

namespace talweg::data {

namespace {

/// Rows that follow each other, each a cell, with their texts.
class CellBlock final : public RecordBlock {
public:
  static constexpr std::size_t kMostRows = std::size_t(1) << 13, kMostText = std::size_t(1) << 18;

  void addTo(Rows &rows, std::int64_t begin, std::int64_t end) const override {
    for (std::int64_t row = begin; row < end; ++row)
      rows.push_back(&cells[std::size_t(row)]);
  }
  Place placeOf(std::int64_t row, std::size_t) const override {
    return {path, lines.empty() ? 0 : lines[std::size_t(row)]};
  }
  std::string columnTextOf(std::int64_t row) const override {
    return cells[std::size_t(row)].kind == prepare::Cell::Number ? fmt::format("byte {}", first + row) : "";
  }
  std::string helpOfRecord(std::int64_t) const override { return {}; }

  /// Empties it for the rows from number `row` on.
  void begin(std::int64_t row, std::string_view ofFile);
  bool isFull() const { return cells.size() == kMostRows || texts.size() >= kMostText; }
  void add(const prepare::Cell &cell, std::int64_t line);
  /// Rows that are numbers, in a file without lines.
  void add(std::span<const std::byte> numbers);
  /// Behind the last row.
  void finish();

private:
  std::int64_t first = 0;
  std::string_view path;
  std::vector<prepare::Cell> cells; ///< their texts are known when all of them are there
  std::vector<std::int64_t> lines;
  std::vector<std::size_t> ends; ///< of the texts
  std::string texts;
};

/// The rows of one file; each is a cell.
class OneColumn : public RecordReader, private RecordBlocks {
public:
  OneColumn() {
    columnNames = {"text"};
    columns = 1;
  }
  RecordBlocks *blocks() override { return this; }
  std::span<const prepare::Cell> cells() const override { return {&cell, 1}; }
  std::string_view namedBy() const override { return "such a file"; }
  /// It is that of each field that names none.
  Result<Binding> bind(std::span<const Taker> takers) const override;

protected:
  prepare::Cell cell;

  /// Puts rows that are next into an empty block, unless there are none. Here one after the other.
  virtual void fill(CellBlock &block);

private:
  bool areSeveral() const override { return false; }
  std::unique_ptr<RecordBlock> make() const override { return std::make_unique<CellBlock>(); }
  bool read(RecordBlock &block) override;
  void scan(RecordBlock &) const override {}
  void settle(RecordBlock &) override {}

  std::int64_t rows = 0; ///< of the blocks before
};

class TextRows : public OneColumn {
public:
  explicit TextRows(TextChunks chunks) : chunks(std::move(chunks)) {}
  Place placeOf(std::size_t) const override { return {chunks.path(), line}; }
  Error noRecords() const override { return failure("E0704", {chunks.path()}, "the file is empty"); }

protected:
  TextChunks chunks;
  std::int64_t line = 1; ///< of the row
};

class Lines : public TextRows {
public:
  using TextRows::TextRows;
  Result<bool> next() override {
    Result<bool> more = chunks.nextPart([](char c) { return c == '\n'; });
    std::string_view text = chunks.part();
    if (text.ends_with('\r'))
      text.remove_suffix(1);
    cell = prepare::Cell::of(text);
    line = chunks.partLine();
    return more;
  }
};

class Words : public TextRows {
public:
  using TextRows::TextRows;
  Result<bool> next() override {
    for (;;) {
      Result<bool> more = chunks.nextPart([](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); });
      cell = prepare::Cell::of(chunks.part());
      line = chunks.partLine();
      if (!more || !*more || !chunks.part().empty())
        return more;
    }
  }
};

class Characters : public TextRows {
public:
  using TextRows::TextRows;
  Result<bool> next() override {
    if (chunks.text().empty()) {
      Result<bool> more = chunks.more();
      if (!more || !*more)
        return more;
    }
    const std::string_view text = chunks.text();
    const auto lead = static_cast<unsigned char>(text[0]);
    const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    cell = prepare::Cell::of(text.substr(0, size));
    line = chunks.line();
    chunks.take(size);
    return true;
  }
};

class Bytes : public OneColumn {
public:
  explicit Bytes(ByteReader reader) : reader(std::move(reader)) {}
  Result<bool> next() override {
    if (Result<void> filled = refill(); !filled)
      return filled.error();
    if (rest.empty())
      return false;
    cell = prepare::Cell::of(double(std::to_integer<int>(rest.front())));
    rest = rest.subspan(1);
    return true;
  }
  Place placeOf(std::size_t) const override { return {reader.path()}; }
  Error noRecords() const override { return failure("E0704", {reader.path()}, "the file is empty"); }

protected:
  void fill(CellBlock &block) override {
    if (Result<void> filled = refill(); !filled)
      block.error = filled.error();
    block.add(rest);
    rest = {};
  }

private:
  /// Reads on where nothing is left.
  Result<void> refill() {
    if (!rest.empty())
      return {};
    Result<std::size_t> got = reader.read(buffer);
    if (!got)
      return got.error();
    rest = std::span(buffer).first(*got);
    return {};
  }

  ByteReader reader;
  std::array<std::byte, CellBlock::kMostRows> buffer;
  std::span<const std::byte> rest; ///< what has been read, and is no row yet
};

} // namespace

void CellBlock::begin(std::int64_t row, std::string_view ofFile) {
  first = row;
  path = ofFile;
  count = 0;
  error.reset();
  cells.clear();
  lines.clear();
  ends.clear();
  texts.clear();
}

void CellBlock::add(const prepare::Cell &cell, std::int64_t line) {
  cells.push_back(cell);
  lines.push_back(line);
  texts += cell.text;
  ends.push_back(texts.size());
}

void CellBlock::add(std::span<const std::byte> numbers) {
  for (const std::byte number : numbers)
    cells.push_back(prepare::Cell::of(double(std::to_integer<int>(number))));
}

void CellBlock::finish() {
  count = std::int64_t(cells.size());
  std::size_t begin = 0;
  for (std::size_t row = 0; row < ends.size(); begin = ends[row++])
    cells[row].text = std::string_view(texts).substr(begin, ends[row] - begin);
}

bool OneColumn::read(RecordBlock &block) {
  auto &taken = static_cast<CellBlock &>(block);
  taken.begin(rows, placeOf(0).file);
  fill(taken);
  taken.finish();
  rows += taken.rows();
  return taken.rows() > 0 || taken.error;
}

void OneColumn::fill(CellBlock &block) {
  while (!block.isFull()) {
    const Result<bool> more = next();
    if (!more)
      block.error = more.error();
    if (!more || !*more)
      return;
    block.add(cell, placeOf(0).line);
  }
}

Result<Binding> OneColumn::bind(std::span<const Taker> takers) const {
  Binding binding(takers.size());
  for (std::size_t t = 0; t < takers.size(); ++t) {
    const Field &field = *takers[t].field;
    if (!field.wanted)
      continue;
    for (const ColumnRef &reference : field.columns)
      if (Result<std::int64_t> column = columnOf(reference); !column)
        return column.error();
    if (takers[t].cells != 1)
      return failure("E0719", {placeOf(0).file},
                     fmt::format("a row of this file is one cell, but field `{}: {}` takes {}", field.name,
                                 field.typeText(), takers[t].cells));
    binding[t] = {0};
  }
  return binding;
}

template <typename Rows>
static Result<std::unique_ptr<RecordReader>> openRows(const Source &source, const Asked &) {
  if (Result<void> one = checkOneFile(source); !one)
    return one.error();
  Result<TextChunks> chunks = TextChunks::open(source);
  if (!chunks)
    return chunks.error();
  return std::unique_ptr<RecordReader>(std::make_unique<Rows>(std::move(*chunks)));
}

static Result<std::unique_ptr<RecordReader>> openBytes(const Source &source, const Asked &) {
  if (Result<void> one = checkOneFile(source); !one)
    return one.error();
  Result<ByteReader> reader = ByteReader::open(source.paths.front());
  if (!reader)
    return reader.error();
  return std::unique_ptr<RecordReader>(std::make_unique<Bytes>(std::move(*reader)));
}

static const Option textOptions[] = {encodingOption};

const Format linesFormat = {.name = "lines",
                            .example = "lines(\"file\")",
                            .files = "one file",
                            .isOfLines = true,
                            .ownOptions = textOptions,
                            .holdsAnything = true,
                            .open = openRows<Lines>};
const Format wordsFormat = {.name = "words",
                            .example = "words(\"file\")",
                            .files = "one file",
                            .ownOptions = textOptions,
                            .holdsAnything = true,
                            .open = openRows<Words>};
const Format charactersFormat = {.name = "characters",
                                 .example = "characters(\"file\")",
                                 .files = "one file",
                                 .ownOptions = textOptions,
                                 .holdsAnything = true,
                                 .open = openRows<Characters>};
const Format bytesFormat = {
    .name = "bytes", .example = "bytes(\"file\")", .files = "one file", .holdsAnything = true, .open = openBytes};

} // namespace talweg::data
