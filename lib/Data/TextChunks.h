// Text of a file in pieces of whole characters. Internal.
#ifndef TALWEG_LIB_DATA_TEXT_CHUNKS_H
#define TALWEG_LIB_DATA_TEXT_CHUNKS_H

#include "Messages.h"
#include "TextReader.h"

#include "talweg/Data/Load.h"

#include <string>
#include <string_view>

namespace talweg::data {

class TextChunks {
public:
  /// Of the one file of a source, or of its text. Fails on files that cannot be opened; a byte order mark is passed over.
  static Result<TextChunks> open(const Source &source);

  /// What has been read and not been taken.
  std::string_view text() const { return std::string_view(buffer).substr(begin, end - begin); }
  void take(std::size_t bytes);
  /// Reads more when all has been taken. False at the end. E0793: it is not UTF-8.
  Result<bool> more();

  /// Steps to what stands before the next byte that `isEnd`, or before the end of the file, and passes over that byte. False at the end
  /// of the file. E0724: it is too long.
  template <typename IsEnd> Result<bool> nextPart(const IsEnd &isEnd);
  /// What nextPart has found, until it is called again.
  std::string_view part() const { return found; }
  /// The line in which it begins.
  std::int64_t partLine() const { return foundLine; }

  /// The line of the text that is taken next.
  std::int64_t line() const { return lineNumber; }
  const std::string &path() const { return reader.path(); }

private:
  explicit TextChunks(TextReader reader) : reader(std::move(reader)) {}
  Error tooLong() const;

  static constexpr std::size_t kLongest = std::size_t(1) << 26;

  TextReader reader;
  std::string buffer;
  std::size_t begin = 0, end = 0; ///< of what waits; after it, a character that is not all there
  std::size_t filled = 0;
  bool ended = false;
  std::int64_t lineNumber = 1, foundLine = 1;
  std::string_view found;
  std::string carried; ///< of a part that goes over several pieces
};

template <typename IsEnd> Result<bool> TextChunks::nextPart(const IsEnd &isEnd) {
  carried.clear();
  foundLine = lineNumber;
  bool any = false;
  for (;;) {
    if (begin == end) {
      Result<bool> read = more();
      if (!read)
        return read.error();
      if (!*read) {
        found = carried;
        return any;
      }
    }
    any = true;
    const std::string_view there = text();
    std::size_t at = 0;
    while (at < there.size() && !isEnd(there[at]))
      ++at;
    if (carried.size() + at > kLongest)
      return tooLong();
    if (at < there.size() && carried.empty()) {
      found = there.substr(0, at);
      take(at + 1);
      return true;
    }
    carried += there.substr(0, at);
    found = carried;
    take(std::min(at + 1, there.size()));
    if (at < there.size())
      return true;
  }
}

} // namespace talweg::data

#endif
