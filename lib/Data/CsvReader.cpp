#include "CsvReader.h"

#include "talweg/Data/Load.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace talweg::data {

constexpr std::size_t firstBuffer = std::size_t(1) << 18;
constexpr std::size_t longestRow = std::size_t(1) << 26;
constexpr std::size_t mostCells = std::size_t(1) << 22;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

Result<CsvReader> CsvReader::open(const std::string &path, CsvForm form) {
  return of(TextReader::open(path, form.encoding), std::move(form), 1);
}

Result<CsvReader> CsvReader::open(const Source &source, CsvForm form) {
  return of(TextReader::open(source, form.encoding), std::move(form), source.text ? source.text->line : 1);
}

/// The rows of `text`, whose first line has this number.
Result<CsvReader> CsvReader::of(Result<TextReader> text, CsvForm form, std::int64_t line) {
  if (!text)
    return text.error();
  CsvReader csv(std::move(*text), std::move(form));
  csv.line = line;
  csv.buffer.resize(firstBuffer);
  Result<bool> filled = csv.fill();
  if (!filled)
    return filled.error();

  const std::string_view start(csv.buffer.data(), csv.end);
  const Place place{csv.path()};
  if (start.empty())
    return failure("E0704", place, "the file is empty");
  if (start.starts_with("\xff\xfe") || start.starts_with("\xfe\xff"))
    return failure("E0707", place, "this is UTF-16 text, not UTF-8", "write `encoding = \"utf16\"`");
  if (start.substr(0, 4096).find('\0') != std::string_view::npos)
    return failure("E0707", place, "this is not text, so not CSV", "an IDX file is declared with `idx(…)`");
  if (start.starts_with("\xef\xbb\xbf"))
    csv.begin = 3;
  return csv;
}

/// Reads more bytes behind those of the current row. False if there are none.
Result<bool> CsvReader::fill() {
  if (ended)
    return false;
  std::memmove(buffer.data(), buffer.data() + begin, end - begin);
  end -= begin;
  begin = 0;
  if (end == buffer.size()) {
    if (buffer.size() >= longestRow)
      return failure("E0724", {path(), line}, fmt::format("this row is longer than {} MiB", longestRow >> 20),
                     "is a quote not closed, or is this not a CSV file?");
    buffer.resize(buffer.size() * 2);
  }
  Result<std::size_t> got = reader.read(std::as_writable_bytes(std::span(buffer).subspan(end)), line);
  if (!got)
    return got.error();
  ended = *got < buffer.size() - end;
  end += *got;
  return *got > 0;
}

Result<bool> CsvReader::next() {
  std::int64_t blankLine = 0;
  for (;;) {
    begin += consumed;
    line += lineBreaks;
    consumed = 0;
    lineBreaks = 0;
    Scan found = Scan::NeedMore;
    while (found == Scan::NeedMore) {
      Result<Scan> scanned = scanRow();
      if (!scanned)
        return scanned.error();
      found = *scanned;
      if (found != Scan::NeedMore)
        break;
      if (Result<bool> filled = fill(); !filled)
        return filled.error();
    }
    if (found == Scan::End)
      return false;
    if (found == Scan::Row && blankLine > 0)
      return failure("E0727", {path(), blankLine, 1}, "blank line between rows",
                     "remove it, or write `blank_lines = true`");
    if (found == Scan::Row)
      return true;
    if (found == Scan::Blank && !form.blankLines)
      blankLine = blankLine ? blankLine : line;
  }
}

/// `text` stands at `from`.
void CsvReader::addCell(std::string_view text, std::size_t from) {
  prepare::Cell cell = prepare::Cell::of(text);
  if (text.empty() || (!form.missing.empty() && std::ranges::find(form.missing, text) != form.missing.end()))
    cell.kind = prepare::Cell::Missing;
  row.push_back(cell);
  starts.push_back(from - begin);
}

/// One row from `begin`, if all of it is in the buffer.
Result<CsvReader::Scan> CsvReader::scanRow() {
  row.clear();
  starts.clear();
  unescaped.clear();
  if (begin == end)
    return ended ? Scan::End : Scan::NeedMore;
  if (!form.comment.empty()) {
    const std::string_view there(buffer.data() + begin, end - begin);
    if (!ended && there.size() < form.comment.size())
      return Scan::NeedMore;
    if (there.starts_with(form.comment)) {
      const std::size_t lineEnd = there.find('\n');
      if (lineEnd == std::string_view::npos && !ended)
        return Scan::NeedMore;
      consumed = lineEnd == std::string_view::npos ? there.size() : lineEnd + 1;
      lineBreaks = 1;
      return Scan::Comment;
    }
  }
  std::int64_t breaks = 0;
  std::size_t at = begin;
  for (;;) {
    if (at < end && buffer[at] == '"' && form.quotes) {
      Result<Scan> quoted = scanQuoted(at, breaks);
      if (!quoted || *quoted == Scan::NeedMore)
        return quoted;
    } else {
      const std::size_t from = at;
      while (at < end && buffer[at] != '\n' && (buffer[at] != delimiter || !isDelimiter(at))) {
        if (buffer[at] == delimiter && mayBeDelimiter(at))
          return Scan::NeedMore;
        ++at;
      }
      if (at == end && !ended)
        return Scan::NeedMore;
      const bool lineEnds = at == end || buffer[at] == '\n';
      const std::size_t to = lineEnds && at > from && buffer[at - 1] == '\r' ? at - 1 : at;
      const std::string_view text = trimmed({buffer.data() + from, to - from});
      addCell(text, static_cast<std::size_t>(text.data() - buffer.data()));
    }
    if (at == end || buffer[at] == '\n')
      break;
    if (row.size() == mostCells)
      return failure("E0724", placeOf(0), fmt::format("this row has more than {} cells", mostCells),
                     "is this not a CSV file? arrays are stored as NPY or safetensors");
    at += form.delimiter.size();
  }
  consumed = at - begin + (at < end ? 1 : 0);
  rowLength = at - begin - (at > begin && buffer[at - 1] == '\r' ? 1 : 0);
  lineBreaks = breaks + (at < end ? 1 : 0);
  return row.size() == 1 && trimmed(text()).empty() ? Scan::Blank : Scan::Row;
}

/// A cell in quotes at `at`, which then stands at what ends it.
Result<CsvReader::Scan> CsvReader::scanQuoted(std::size_t &at, std::int64_t &breaks) {
  const std::size_t open = at;
  std::size_t doubled = 0, close = open + 1;
  std::int64_t inside = 0;
  for (;; ++close) {
    if (close == end) {
      if (!ended)
        return Scan::NeedMore;
      row.emplace_back();
      starts.push_back(open - begin);
      return failure("E0717", placeOf(row.size() - 1), "the quote that opens here is never closed");
    }
    inside += buffer[close] == '\n';
    if (buffer[close] != '"')
      continue;
    if (close + 1 == end && !ended)
      return Scan::NeedMore;
    if (close + 1 == end || buffer[close + 1] != '"')
      break;
    ++doubled;
    ++close;
  }
  at = close + 1;
  const auto endsCell = [&] { return buffer[at] == '\n' || (buffer[at] == delimiter && isDelimiter(at)); };
  while (at < end && !endsCell() && (buffer[at] == ' ' || buffer[at] == '\t' || buffer[at] == '\r'))
    ++at;
  if ((at == end && !ended) || (at < end && mayBeDelimiter(at) && !endsCell()))
    return Scan::NeedMore;
  if (at < end && !endsCell()) {
    row.emplace_back();
    starts.push_back(at - begin);
    return failure("E0718", placeOf(row.size() - 1), "text after the closing quote of a cell",
                   "a quote inside a quoted cell is written twice: `\"\"`");
  }
  breaks += inside;
  std::string_view text(buffer.data() + open + 1, close - open - 1);
  if (doubled > 0) {
    std::string &single = unescaped.emplace_back();
    for (std::size_t i = 0; i < text.size(); ++i) {
      single += text[i];
      i += text[i] == '"';
    }
    text = single;
  }
  addCell(text, open);
  return Scan::Row;
}

Place CsvReader::placeOf(std::size_t cell) const {
  const std::size_t at = cell < starts.size() ? starts[cell] : rowLength;
  const std::string_view before(buffer.data() + begin, at);
  const std::size_t lineStart = before.rfind('\n');
  return {path(), line + std::count(before.begin(), before.end(), '\n'),
          std::int64_t(lineStart == std::string_view::npos ? at : at - lineStart - 1) + 1};
}

} // namespace talweg::data
