// Rows of cells from CSV text (RFC 4180, with LF or CRLF, with or without a byte order mark). Internal.
//
// In: bytes. Out: blocks of rows, as views into them. The text is cut behind a line break that no quotes seem to be around; where the rows of a
// block show that a cut was within one, the block that follows is scanned again, with that row. Guaranteed: rows and errors do not depend on
// where the text is cut, and a row is no longer than 64 MiB.
#ifndef TALWEG_LIB_DATA_CSV_READER_H
#define TALWEG_LIB_DATA_CSV_READER_H

#include "RecordBlocks.h"
#include "TextReader.h"

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace talweg::data {

/// How rows are written.
struct CsvForm {
  std::string delimiter = ",";
  std::string comment = {};              ///< what lines begin with that are no rows; empty: none are
  bool blankLines = false;               ///< whether blank lines between rows are skipped; those at the end are
  bool quotes = true;                    ///< whether `"` begins a cell that holds anything
  std::vector<std::string> missing = {}; ///< cells that are missing, beside empty ones
  std::string_view encoding = "utf8";
};

/// How many bytes are read at once. Tests set less.
extern std::size_t csvBlockBytes;

class CsvBlock final : public RecordBlock {
public:
  std::span<const prepare::Cell> cellsOf(std::int64_t row) const {
    const Row &at = found[std::size_t(first + row)];
    return std::span(cells).subspan(at.cell, (&at)[1].cell - at.cell);
  }
  void addTo(Rows &rows, std::int64_t begin, std::int64_t end) const override {
    for (std::int64_t row = begin; row < end; ++row)
      rows.push_back(cells.data() + found[std::size_t(first + row)].cell);
  }
  /// Where a cell begins; `cell` may be one past the last, for the row's end.
  Place placeOf(std::int64_t row, std::size_t cell) const override;
  std::string helpOfRecord(std::int64_t row) const override { return row == 0 ? helpOfFirst : ""; }
  /// The row as it stands in the file, without its line break.
  std::string_view textOf(std::int64_t row) const;

  std::string helpOfFirst; ///< what may be meant by the first row, one of whose cells is wrong

  /// The rows from number `rows` on are not the block's, but this error.
  void dropFrom(std::int64_t rows, Error why) {
    count = rows;
    error = std::move(why);
  }

private:
  friend class CsvReader;
  template <typename Sink> friend class CsvScanner;
  struct Row {
    std::uint32_t cell, text; ///< where its cells and its text begin
  };

  std::string_view text() const { return {bytes.data(), size}; }
  Place placeAt(std::size_t byte) const;

  const CsvForm *form = nullptr;
  std::string path;
  std::vector<char> bytes;      ///< of the file, and behind them a line break and room to look at
  std::size_t size = 0;         ///< of them
  std::int64_t line = 1;        ///< of the first byte
  bool isLast = false;          ///< the file ends here
  bool isSettled = false;       ///< by `next` of the reader
  std::optional<Error> problem; ///< behind the bytes nothing can be read

  std::vector<Row> found; ///< rows, and where the last one ends
  std::int64_t first = 0; ///< of them that is the block's
  std::vector<prepare::Cell> cells;
  std::vector<char> unescaped;      ///< texts of cells in which a quote was doubled
  std::size_t unescapedSize = 0;    ///< of them
  std::size_t left = 0;             ///< where a row begins that is not all there
  std::optional<std::size_t> blank; ///< where the first blank line begins behind the last row
  bool isBlankBetween = false;      ///< a row follows it
};

class CsvReader : public RecordBlocks {
public:
  /// Fails on files that cannot be opened, are empty, or are plainly not text.
  static Result<CsvReader> open(const std::string &path, CsvForm form);
  /// The same of a source's one file, or text.
  static Result<CsvReader> open(const Source &source, CsvForm form);

  /// Steps to the next row. False at the end. Blank lines at the end of the file are no rows; elsewhere they are an error,
  /// unless the form has them.
  Result<bool> next();
  /// The row is the next one, too.
  void repeat() { repeats = true; }
  /// The row's cells: quotes removed, `""` undone, spaces around unquoted text removed. Missing ones have their text, too.
  std::span<const prepare::Cell> cells() const { return current.cellsOf(row); }
  Place placeOf(std::size_t cell) const { return row < current.rows() ? current.placeOf(row, cell) : Place{path()}; }
  std::string_view text() const { return current.textOf(row); }
  const std::string &path() const { return reader.path(); }

  /// The rows that `next` would step to.
  bool areSeveral() const override { return !isDone; }
  std::unique_ptr<RecordBlock> make() const override { return std::make_unique<CsvBlock>(); }
  bool read(RecordBlock &block) override;
  void scan(RecordBlock &block) const override;
  void settle(RecordBlock &block) override;

private:
  CsvReader(TextReader text, CsvForm form)
      : reader(std::move(text)), form(std::make_unique<CsvForm>(std::move(form))) {}
  static Result<CsvReader> of(Result<TextReader> text, CsvForm form, std::int64_t line);
  void fill(CsvBlock &block);
  std::size_t placeToCut(const CsvBlock &block) const;
  Error blankLine(std::int64_t line) const;

  TextReader reader;
  std::unique_ptr<const CsvForm> form; ///< blocks have its address

  std::vector<char> waiting; ///< bytes that have been read, of the next block
  std::int64_t line = 1;     ///< of their first one
  bool isDone = false;       ///< the last block has been read

  std::vector<char> carried;           ///< of a row that is not all there, from the blocks that are settled
  std::int64_t carriedLine = 0;        ///< in which it begins
  std::optional<std::int64_t> blankAt; ///< the line of the first blank line behind the last row

  CsvBlock current;     ///< in which `next` is
  std::int64_t row = 0; ///< of it
  bool repeats = false;
};

/// Without spaces and tabs at both ends.
std::string_view trimmed(std::string_view text);

} // namespace talweg::data

#endif
