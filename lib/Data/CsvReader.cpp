#include "CsvReader.h"

#include "CsvScanner.h"

#include "talweg/Data/Load.h"

#include <fmt/format.h>

#include <algorithm>

namespace talweg::data {

std::size_t csvBlockBytes = std::size_t(1) << 18;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

/// How often `byte` is there.
static std::int64_t countOf(char byte, std::string_view text) {
  constexpr std::size_t lanes = 64, turns = 255; // as many as a byte counts to
  std::int64_t count = 0;
  const char *at = text.data();
  for (std::size_t left = text.size() / lanes; left > 0;) {
    std::uint8_t counts[lanes] = {};
    const std::size_t part = std::min(left, turns);
    for (std::size_t turn = 0; turn < part; ++turn, at += lanes)
      for (std::size_t lane = 0; lane < lanes; ++lane)
        counts[lane] = std::uint8_t(counts[lane] + (at[lane] == byte));
    for (const std::uint8_t of : counts)
      count += of;
    left -= part;
  }
  return count + std::count(at, text.data() + text.size(), byte);
}

//===-- opening ---------------------------------------------------------------------------------------------------===//

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
  std::vector<char> &start = csv.waiting;
  start.resize(4096);
  Result<std::size_t> got = csv.reader.read(std::as_writable_bytes(std::span(start)), line);
  if (!got)
    return got.error();
  start.resize(*got);

  const std::string_view there(start.data(), start.size());
  const Place place{csv.path()};
  if (there.empty())
    return failure("E0704", place, "the file is empty");
  if (there.starts_with("\xff\xfe") || there.starts_with("\xfe\xff"))
    return failure("E0707", place, "this is UTF-16 text, not UTF-8", "write `encoding = \"utf16\"`");
  if (there.find('\0') != std::string_view::npos)
    return failure("E0707", place, "this is not text, so not CSV", "an IDX file is declared with `idx(…)`");
  if (there.starts_with("\xef\xbb\xbf"))
    start.erase(start.begin(), start.begin() + 3);
  return csv;
}

//===-- reading blocks --------------------------------------------------------------------------------------------===//

bool CsvReader::read(RecordBlock &into) {
  auto &block = static_cast<CsvBlock &>(into);
  if (current.form) {
    std::swap(block, current);
    current.form = nullptr;
    const std::int64_t taken = repeats ? row : std::min(row + 1, block.count);
    block.first += taken;
    block.count -= taken;
    return true;
  }
  if (isDone)
    return false;
  block.form = form.get();
  block.path = path();
  block.helpOfFirst.clear();
  block.isSettled = false;
  block.line = line;
  fill(block);
  line += countOf('\n', block.text());
  return true;
}

/// Takes the bytes that wait, and as many others as that there is a place to cut; those behind it wait.
void CsvReader::fill(CsvBlock &block) {
  std::vector<char> &bytes = block.bytes;
  const auto makeRoom = [&](std::size_t size) {
    if (bytes.size() < size + MarkFinder::kBytes)
      bytes.resize(size + MarkFinder::kBytes);
  };
  makeRoom(waiting.size());
  std::ranges::copy(waiting, bytes.begin());
  block.size = waiting.size();
  block.problem.reset();
  std::size_t cut = 0;
  while (cut == 0 && !isDone) {
    const std::size_t wanted = std::max(csvBlockBytes, block.size / 2);
    makeRoom(block.size + wanted);
    Result<std::size_t> got = reader.read(std::as_writable_bytes(std::span(bytes).subspan(block.size, wanted)), line);
    if (!got)
      block.problem = got.error();
    else
      block.size += *got;
    isDone = !got || *got < wanted;
    cut = isDone ? block.size : placeToCut(block);
  }
  block.isLast = isDone && !block.problem;
  waiting.assign(bytes.begin() + std::ptrdiff_t(cut), bytes.begin() + std::ptrdiff_t(block.size));
  block.size = cut;
  bytes[cut] = '\n';
}

/// Behind the last line break that an even number of quotes is before, or where there is none in many bytes, behind the last one; 0: there is
/// no place.
std::size_t CsvReader::placeToCut(const CsvBlock &block) const {
  const std::string_view text = block.text();
  const std::size_t last = text.rfind('\n');
  if (last == std::string_view::npos)
    return text.size() > kLongestRow ? text.size() : 0;
  if (!form->quotes)
    return last + 1;
  bool isInQuotes = countOf('"', text) % 2 != 0;
  for (std::size_t at = text.size(); at-- > 0;) {
    if (text[at] == '"')
      isInQuotes = !isInQuotes;
    else if (text[at] == '\n' && !isInQuotes)
      return at + 1;
  }
  return text.size() > 8 * csvBlockBytes ? last + 1 : 0;
}

//===-- finding rows ----------------------------------------------------------------------------------------------===//

namespace {
/// What the cells of a row become.
struct CellSink {
  const CsvForm &form;
  std::vector<prepare::Cell> &cells;
  std::vector<char> &unescaped;
  std::size_t &unescapedSize;
  const std::size_t textSize;

  [[gnu::always_inline]] void add(std::string_view text, const char *, bool doubled) {
    if (doubled)
      text = withoutDoubled(text);
    prepare::Cell &cell = cells.emplace_back(prepare::Cell::of(text));
    if (text.empty() || (!form.missing.empty() && isMissing(text)))
      cell.kind = prepare::Cell::Missing;
  }

  bool isMissing(std::string_view text) const { return std::ranges::find(form.missing, text) != form.missing.end(); }

  std::string_view withoutDoubled(std::string_view text) {
    if (unescaped.size() < textSize)
      unescaped.resize(textSize);
    char *const begin = unescaped.data() + unescapedSize;
    char *to = begin;
    for (std::size_t i = 0; i < text.size(); ++i) {
      *to++ = text[i];
      i += text[i] == '"';
    }
    unescapedSize += std::size_t(to - begin);
    return {begin, std::size_t(to - begin)};
  }
};

/// Where the cells of a row begin.
struct StartSink {
  std::vector<const char *> starts = {};
  void add(std::string_view, const char *from, bool) { starts.push_back(from); }
};
} // namespace

void CsvReader::scan(RecordBlock &of) const {
  auto &block = static_cast<CsvBlock &>(of);
  if (block.isSettled)
    return;
  block.error.reset();
  block.found.clear();
  block.first = 0;
  block.cells.clear();
  block.unescapedSize = 0;
  block.blank.reset();
  block.isBlankBetween = false;
  CellSink sink{*form, block.cells, block.unescaped, block.unescapedSize, block.size};
  CsvScanner<CellSink> scanner(*form, block.text(), block.isLast, sink);
  const char *const begin = block.bytes.data();
  const char *at = begin;
  block.left = block.size;
  std::size_t cellsOfRows = 0;
  for (bool goesOn = true; goesOn && at < begin + block.size;) {
    const std::size_t start = std::size_t(at - begin);
    const Scan scan = scanner.row(at);
    goesOn = scan == Scan::Row || scan == Scan::Blank || scan == Scan::Comment;
    if (scan == Scan::Row && block.blank) {
      block.isBlankBetween = true;
      goesOn = false;
    } else if (scan == Scan::Row && std::size_t(at - begin) - start > kLongestRow) {
      block.left = start;
      goesOn = false;
    } else if (scan == Scan::Row) {
      block.found.push_back({std::uint32_t(cellsOfRows), std::uint32_t(start)});
      cellsOfRows = block.cells.size();
    } else if (scan == Scan::Blank && !form->blankLines && !block.blank) {
      block.blank = start;
    } else if (scan == Scan::Unfinished) {
      block.left = start;
    } else if (scan == Scan::Unclosed) {
      block.error =
          failure("E0717", block.placeAt(std::size_t(at - begin)), "the quote that opens here is never closed");
    } else if (scan == Scan::TextAfterQuote) {
      block.error = failure("E0718", block.placeAt(std::size_t(at - begin)), "text after the closing quote of a cell",
                            "a quote inside a quoted cell is written twice: `\"\"`");
    } else if (scan == Scan::TooManyCells) {
      block.error = failure("E0724", block.placeAt(start), fmt::format("this row has more than {} cells", kMostCells),
                            "is this not a CSV file? arrays are stored as NPY or safetensors");
    }
    block.cells.resize(cellsOfRows);
  }
  block.count = std::int64_t(block.found.size());
  block.found.push_back({std::uint32_t(cellsOfRows), std::uint32_t(at - begin)});
}

Error CsvReader::blankLine(std::int64_t at) const {
  return failure("E0727", {path(), at, 1}, "blank line between rows", "remove it, or write `blank_lines = true`");
}

void CsvReader::settle(RecordBlock &of) {
  auto &block = static_cast<CsvBlock &>(of);
  if (block.isSettled)
    return;
  if (!carried.empty()) {
    block.bytes.insert(block.bytes.begin(), carried.begin(), carried.end());
    block.size += carried.size();
    block.bytes[block.size] = '\n';
    block.line = carriedLine;
    carried.clear();
    scan(block);
  }
  block.isSettled = true;
  if (block.count > 0 && blankAt) {
    block.dropFrom(0, blankLine(*blankAt));
  } else {
    if (!blankAt && block.blank)
      blankAt = block.placeAt(*block.blank).line;
    if (block.isBlankBetween)
      block.error = blankLine(*blankAt);
  }
  if (block.error)
    return;
  if (block.left < block.size) {
    carriedLine = block.placeAt(block.left).line;
    if (block.size - block.left > kLongestRow)
      block.error =
          failure("E0724", {path(), carriedLine}, fmt::format("this row is longer than {} MiB", kLongestRow >> 20),
                  "is a quote not closed, or is this not a CSV file?");
    else
      carried.assign(block.bytes.begin() + std::ptrdiff_t(block.left),
                     block.bytes.begin() + std::ptrdiff_t(block.size));
  }
  if (!block.error && block.problem)
    block.error = block.problem;
}

//===-- row by row ------------------------------------------------------------------------------------------------===//

Result<bool> CsvReader::next() {
  if (repeats) {
    repeats = false;
    return true;
  }
  ++row;
  while (!current.form || row >= current.count) {
    if (current.form && current.error)
      return *current.error;
    current.form = nullptr;
    if (isDone)
      return false;
    row = 0;
    read(current);
    scan(current);
    settle(current);
  }
  return true;
}

//===-- places ----------------------------------------------------------------------------------------------------===//

Place CsvBlock::placeAt(std::size_t byte) const {
  const std::string_view before = text().substr(0, byte);
  const std::size_t lineStart = before.rfind('\n');
  return {path, line + countOf('\n', before),
          std::int64_t(lineStart == std::string_view::npos ? byte : byte - lineStart - 1) + 1};
}

Place CsvBlock::placeOf(std::int64_t row, std::size_t cell) const {
  const char *at = bytes.data() + found[std::size_t(first + row)].text;
  StartSink sink;
  CsvScanner<StartSink> scanner(*form, text(), isLast, sink);
  scanner.row(at);
  return placeAt(std::size_t((cell < sink.starts.size() ? sink.starts[cell] : scanner.rowEnd()) - bytes.data()));
}

std::string_view CsvBlock::textOf(std::int64_t row) const {
  const char *const begin = bytes.data() + found[std::size_t(first + row)].text;
  const char *at = begin;
  StartSink sink;
  CsvScanner<StartSink> scanner(*form, text(), isLast, sink);
  scanner.row(at);
  return {begin, std::size_t(scanner.rowEnd() - begin)};
}

} // namespace talweg::data
