// Finding the rows in a text of CSV. Internal.
#ifndef TALWEG_LIB_DATA_CSV_SCANNER_H
#define TALWEG_LIB_DATA_CSV_SCANNER_H

#include "CsvReader.h"

#include <bit>
#include <cstring>

namespace talweg::data {

inline constexpr std::size_t kLongestRow = std::size_t(1) << 26;
inline constexpr std::size_t kMostCells = std::size_t(1) << 22; ///< of a row

/// What stands where a row may begin.
enum class Scan { Row, Blank, Comment, Unfinished, Unclosed, TextAfterQuote, TooManyCells };

/// Finds bytes that may end a cell, 64 at a time.
class MarkFinder {
public:
  static constexpr std::size_t kBytes = 64;

  /// In a text from `begin` on.
  MarkFinder(char delimiter, const char *begin) : delimiter(delimiter) { look(begin); }

  /// The first line break or delimiter from `at` on. There is one, and kBytes behind it can be read.
  const char *next(const char *at) {
    const auto passed = std::size_t(at - begin);
    if (passed >= kBytes)
      look(at);
    std::uint64_t left = passed >= kBytes ? marks : marks >> passed;
    while (left == 0) {
      at = begin + kBytes;
      look(at);
      left = marks;
    }
    return at + std::countr_zero(left);
  }

private:
  using Bytes = char __attribute__((vector_size(kBytes)));
  using Truths = bool __attribute__((ext_vector_type(kBytes)));

  void look(const char *at) {
    Bytes bytes;
    std::memcpy(&bytes, at, kBytes);
    marks = std::bit_cast<std::uint64_t>(__builtin_convertvector((bytes == '\n') | (bytes == delimiter), Truths));
    begin = at;
  }

  const char delimiter;
  const char *begin = nullptr; ///< of the bytes that were looked at
  std::uint64_t marks = 0;     ///< a bit for each of them
};

/// `Sink` takes the cells: `add(text, from, doubled)`, with the place of its first character, that of the quote if there is one, and whether
/// quotes in it are written twice.
template <typename Sink> class CsvScanner {
public:
  /// Of bytes behind which there is a line break, and others that can be read. `isLast`: the file ends with them.
  CsvScanner(const CsvForm &form, std::string_view text, bool isLast, Sink &sink)
      : form(form), end(text.data() + text.size()), isLast(isLast), sink(sink),
        marks(form.delimiter.front(), text.data()) {}

  /// What is at `at`, which then is behind it; where something is wrong, there.
  Scan row(const char *&at);
  /// Of a row, where it ends, without its line break.
  const char *rowEnd() const { return endOfRow; }

private:
  bool isDelimiter(const char *at) const {
    const std::size_t size = form.delimiter.size();
    return size == 1 || (size <= std::size_t(end - at) && std::memcmp(at, form.delimiter.data(), size) == 0);
  }
  bool endsCell(const char *at) const { return *at == '\n' || (*at == form.delimiter.front() && isDelimiter(at)); }
  Scan quoted(const char *&at);

  const CsvForm &form;
  const char *const end;
  const bool isLast;
  Sink &sink;
  MarkFinder marks;
  const char *endOfRow = nullptr;
};

template <typename Sink> Scan CsvScanner<Sink>::row(const char *&at) {
  const char *const begin = at;
  if (!form.comment.empty() && std::string_view(at, std::size_t(end - at)).starts_with(form.comment)) {
    const auto *lineEnd = static_cast<const char *>(std::memchr(at, '\n', std::size_t(end - at)));
    if (!lineEnd && !isLast)
      return Scan::Unfinished;
    at = lineEnd ? lineEnd + 1 : end;
    return Scan::Comment;
  }
  bool mayBeBlank = true;
  std::size_t cells = 0;
  for (;;) {
    if (*at == '"' && form.quotes) {
      mayBeBlank = false;
      if (const Scan found = quoted(at); found != Scan::Row)
        return found;
    } else {
      const char *from = at;
      at = marks.next(at);
      while (*at != '\n' && !isDelimiter(at))
        at = marks.next(at + 1);
      const char *to = *at == '\n' && at > from && at[-1] == '\r' ? at - 1 : at;
      while (from < to && (*from == ' ' || *from == '\t'))
        ++from;
      while (from < to && (to[-1] == ' ' || to[-1] == '\t'))
        --to;
      sink.add({from, std::size_t(to - from)}, from, false);
      mayBeBlank = mayBeBlank && *at == '\n' && from == to;
    }
    if (*at == '\n')
      break;
    if (++cells == kMostCells) {
      at = begin;
      return Scan::TooManyCells;
    }
    at += form.delimiter.size();
    mayBeBlank = false;
  }
  if (at == end && !isLast)
    return Scan::Unfinished;
  endOfRow = at > begin && at[-1] == '\r' ? at - 1 : at;
  at += at < end;
  return mayBeBlank ? Scan::Blank : Scan::Row;
}

/// A cell in quotes at `at`, which then is at what ends it.
template <typename Sink> Scan CsvScanner<Sink>::quoted(const char *&at) {
  const char *const open = at;
  const char *close = open + 1;
  bool doubled = false;
  for (;; close += 2) {
    close = static_cast<const char *>(std::memchr(close, '"', std::size_t(end - close)));
    if (!close)
      return isLast ? Scan::Unclosed : Scan::Unfinished;
    if (close[1] != '"' || close + 1 == end)
      break;
    doubled = true;
  }
  at = close + 1;
  while (!endsCell(at) && (*at == ' ' || *at == '\t' || *at == '\r'))
    ++at;
  if (!endsCell(at))
    return isLast || form.delimiter.size() <= std::size_t(end - at) ? Scan::TextAfterQuote : Scan::Unfinished;
  sink.add({open + 1, std::size_t(close - open - 1)}, open, doubled);
  return Scan::Row;
}

} // namespace talweg::data

#endif
