#include "TextChunks.h"

#include <fmt/format.h>

#include <simdjson.h>

#include <algorithm>
#include <cstring>

namespace talweg::data {

Result<TextChunks> TextChunks::open(const Source &source) {
  Result<TextReader> reader = TextReader::open(
      source, valueOf<std::string>(source.options, "encoding").value_or(std::string(encodings()[0].name)));
  if (!reader)
    return reader.error();
  TextChunks chunks(std::move(*reader));
  chunks.lineNumber = source.text ? source.text->line : 1;
  chunks.buffer.resize(std::size_t(1) << 18);
  if (Result<bool> first = chunks.more(); !first)
    return first.error();
  if (chunks.text().starts_with("\xef\xbb\xbf"))
    chunks.begin = 3;
  return chunks;
}

void TextChunks::take(std::size_t bytes) {
  const std::string_view taken = text().substr(0, bytes);
  lineNumber += std::count(taken.begin(), taken.end(), '\n');
  begin += bytes;
}

/// How many bytes at the end of `text` begin a character that is not all there.
static std::size_t incomplete(std::string_view text) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xc0) == 0x80)
      continue;
    const std::size_t length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

Result<bool> TextChunks::more() {
  if (ended)
    return false;
  const std::size_t left = filled - end;
  std::memmove(buffer.data(), buffer.data() + end, left);
  Result<std::size_t> got = reader.read(std::as_writable_bytes(std::span(buffer).subspan(left)), lineNumber);
  if (!got)
    return got.error();
  filled = left + *got;
  ended = filled < buffer.size();
  const std::string_view there(buffer.data(), filled);
  begin = 0;
  end = filled - (ended ? 0 : incomplete(there));
  if (!simdjson::validate_utf8(there.substr(0, end))) {
    std::int64_t line = lineNumber;
    for (std::size_t at = 0; at < end;) {
      const std::size_t lineEnd = std::min(there.find('\n', at), end);
      if (!simdjson::validate_utf8(there.substr(at, lineEnd - at)))
        break;
      at = lineEnd + 1;
      ++line;
    }
    return failure("E0793", {path(), line}, "this is not text in UTF-8",
                   "say which encoding it has: `encoding = \"latin1\"`");
  }
  return end > 0;
}

Error TextChunks::tooLong() const {
  return failure("E0724", {path(), foundLine}, fmt::format("this row is longer than {} MiB", kLongest >> 20));
}

} // namespace talweg::data
