#include "TextReader.h"

#include "Messages.h"
#include "RawFile.h"

#include "talweg/Data/Load.h"

#include <fmt/format.h>

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace talweg::data {

static constexpr Encoding kEncodings[] = {
    {"utf8", "UTF-8"}, {"latin1", "ISO-8859-1"}, {"windows-1252", "CP1252"}, {"utf16", "UTF-16"}};

std::span<const Encoding> encodings() { return kEncodings; }

const Option encodingOption = {
    "encoding", "`\"utf8\"`, `\"latin1\"`, `\"windows-1252\"` or `\"utf16\"`", [](const OptionValue &value) {
      const auto *name = std::get_if<std::string>(&value);
      return name && std::ranges::find(kEncodings, *name, &Encoding::name) != std::end(kEncodings);
    }};

/// Bytes that have been read and not been converted.
struct TextReader::Converter {
  explicit Converter(const Encoding &from)
      : from(from), state(iconv_open("UTF-8", std::string(from.iconvName).c_str())) {}
  ~Converter() {
    if (isOpen())
      iconv_close(state);
  }
  bool isOpen() const { return state != reinterpret_cast<iconv_t>(-1); }

  const Encoding &from;
  iconv_t state;
  std::array<char, 1 << 16> buffer;
  std::size_t begin = 0, end = 0;
  bool ended = false;       ///< the file has no more bytes than the buffer
  std::array<char, 8> left; ///< of a character for which there was no room
  std::size_t leftBegin = 0, leftEnd = 0;
};

TextReader::TextReader(ByteReader bytes) : bytes(std::move(bytes)) {}
TextReader::TextReader(TextReader &&) noexcept = default;
TextReader::~TextReader() = default;

Result<TextReader> TextReader::open(const std::string &path, std::string_view encoding) {
  Result<ByteReader> bytes = ByteReader::open(path);
  if (!bytes)
    return bytes.error();
  return of(std::move(*bytes), encoding);
}

Result<TextReader> TextReader::open(const Source &source, std::string_view encoding) {
  const std::string &path = source.paths.front();
  if (!source.text)
    return open(path, encoding);
  const std::string &bytes = source.text->bytes;
  return of(ByteReader::of(path, memoryFile(bytes), std::int64_t(bytes.size())), encoding);
}

Result<TextReader> TextReader::of(ByteReader bytes, std::string_view encoding) {
  TextReader text(std::move(bytes));
  const Encoding &from = *std::ranges::find(kEncodings, encoding, &Encoding::name);
  if (&from == &kEncodings[0])
    return text;
  text.converter = std::make_unique<Converter>(from);
  if (!text.converter->isOpen())
    return failure("E0786", {text.path()}, fmt::format("this system cannot convert {} to UTF-8", from.iconvName),
                   "convert the file elsewhere");
  return text;
}

Result<std::size_t> TextReader::read(std::span<std::byte> into, std::int64_t line) {
  if (!converter)
    return bytes.read(into, line);
  Converter &from = *converter;
  std::size_t done = 0;
  while (done < into.size()) {
    if (from.leftBegin < from.leftEnd) {
      const std::size_t part = std::min(into.size() - done, from.leftEnd - from.leftBegin);
      std::memcpy(into.data() + done, from.left.data() + from.leftBegin, part);
      from.leftBegin += part;
      done += part;
      continue;
    }
    if (!from.ended && from.end - from.begin < 8) {
      std::memmove(from.buffer.data(), from.buffer.data() + from.begin, from.end - from.begin);
      from.end -= from.begin;
      from.begin = 0;
      const std::span<char> room = std::span(from.buffer).subspan(from.end);
      Result<std::size_t> got = bytes.read(std::as_writable_bytes(room), line);
      if (!got)
        return got.error();
      from.ended = *got < room.size();
      from.end += *got;
    }
    if (from.begin == from.end)
      break;
    // Near the end of `into`, one character at a time goes by way of `left`.
    const bool small = into.size() - done < from.left.size();
    char *in = from.buffer.data() + from.begin;
    char *out = small ? from.left.data() : reinterpret_cast<char *>(into.data()) + done;
    std::size_t inLeft = from.end - from.begin, outLeft = small ? from.left.size() : into.size() - done;
    const char *const outBegin = out;
    const std::size_t code = iconv(from.state, &in, &inLeft, &out, &outLeft);
    const int problem = errno;
    const auto written = static_cast<std::size_t>(out - outBegin);
    from.begin = from.end - inLeft;
    if (small) {
      from.leftBegin = 0;
      from.leftEnd = written;
    } else {
      done += written;
    }
    if (code != static_cast<std::size_t>(-1) || problem == E2BIG || (problem == EINVAL && !from.ended))
      continue;
    return failure("E0786", {path(), line}, fmt::format("this text is not {}", from.from.name),
                   problem == EINVAL ? "the file ends within a character: is it truncated?"
                                     : "say which encoding it has: `encoding = \"latin1\"`");
  }
  return done;
}

} // namespace talweg::data
