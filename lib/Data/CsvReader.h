// Rows of cells from CSV text (RFC 4180, with LF or CRLF, with or without a byte order mark). Internal.
//
// In: bytes. Out: one row at a time, as views into a buffer that lasts until the next row. Guaranteed: memory is bounded
// by the longest row, which is itself bounded.
#ifndef TALWEG_LIB_DATA_CSV_READER_H
#define TALWEG_LIB_DATA_CSV_READER_H

#include "Messages.h"
#include "TextReader.h"

#include <deque>
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

class CsvReader {
public:
  /// Fails on files that cannot be opened, are empty, or are plainly not text.
  static Result<CsvReader> open(const std::string &path, CsvForm form);
  /// The same of a source's one file, or text.
  static Result<CsvReader> open(const Source &source, CsvForm form);

  /// Steps to the next row. False at the end. Blank lines at the end of the file are no rows; elsewhere they are an error,
  /// unless the form has them.
  Result<bool> next();

  /// The row's cells: quotes removed, `""` undone, spaces around unquoted text removed. Missing ones have their text, too.
  const std::vector<prepare::Cell> &cells() const { return row; }

  /// Where a cell begins; `cell` may be one past the last, for the row's end.
  Place placeOf(std::size_t cell) const;
  /// The row as it stands in the file, without its line break.
  std::string_view text() const { return {buffer.data() + begin, rowLength}; }
  const std::string &path() const { return reader.path(); }

private:
  enum class Scan { Row, Blank, Comment, NeedMore, End };

  CsvReader(TextReader reader, CsvForm form)
      : reader(std::move(reader)), form(std::move(form)), delimiter(this->form.delimiter.front()) {}
  static Result<CsvReader> of(Result<TextReader> text, CsvForm form, std::int64_t line);
  Result<bool> fill();
  Result<Scan> scanRow();
  Result<Scan> scanQuoted(std::size_t &at, std::int64_t &breaks);
  void addCell(std::string_view text, std::size_t from);
  /// Whether the delimiter stands at `at`, where its first character does; more must be read if it may, but is not all there.
  bool isDelimiter(std::size_t at) const {
    return form.delimiter.size() == 1 || std::string_view(buffer.data() + at, end - at).starts_with(form.delimiter);
  }
  bool mayBeDelimiter(std::size_t at) const {
    return !ended && end - at < form.delimiter.size() &&
           std::string_view(form.delimiter).starts_with(std::string_view(buffer.data() + at, end - at));
  }

  TextReader reader;
  CsvForm form;
  char delimiter; ///< its first character
  std::vector<char> buffer;
  std::size_t begin = 0, end = 0; ///< the current row starts at begin; bytes up to end are there
  std::size_t rowLength = 0;      ///< of the current row, without its line break
  std::size_t consumed = 0;       ///< of the current row, with its line break
  std::int64_t line = 1;          ///< of the current row's first byte
  std::int64_t lineBreaks = 0;    ///< in the current row
  bool ended = false;             ///< the file has no more bytes than the buffer
  std::vector<prepare::Cell> row;
  std::deque<std::string> unescaped; ///< texts of cells in which a quote was doubled
  std::vector<std::size_t> starts;   ///< where each cell of the row begins, from begin
};

/// Without spaces and tabs at both ends.
std::string_view trimmed(std::string_view text);

} // namespace talweg::data

#endif
