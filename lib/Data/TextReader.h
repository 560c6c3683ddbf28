// Text of a file, front to back, as UTF-8. Internal.
#ifndef TALWEG_LIB_DATA_TEXT_READER_H
#define TALWEG_LIB_DATA_TEXT_READER_H

#include "ByteReader.h"

#include "talweg/Data/Formats.h"

#include <memory>
#include <string_view>
#include <vector>

namespace talweg::data {

/// An encoding that is read: its name in the language, and in iconv.
struct Encoding {
  std::string_view name, iconvName;
};

/// The first is that of files of which nothing is said.
std::span<const Encoding> encodings();

/// The option `encoding`.
extern const Option encodingOption;

class TextReader {
public:
  /// Fails on files that cannot be opened. `encoding` is one of encodings().
  static Result<TextReader> open(const std::string &path, std::string_view encoding = "utf8");
  /// Of the one file of a source, or of its text.
  static Result<TextReader> open(const Source &source, std::string_view encoding);
  TextReader(TextReader &&) noexcept;
  ~TextReader();

  /// As ByteReader::read.
  Result<std::size_t> read(std::span<std::byte> into, std::int64_t line = 0);
  const std::string &path() const { return bytes.path(); }

private:
  struct Converter;
  explicit TextReader(ByteReader bytes);
  static Result<TextReader> of(ByteReader bytes, std::string_view encoding);

  ByteReader bytes;
  std::unique_ptr<Converter> converter; ///< null: it is UTF-8
};

} // namespace talweg::data

#endif
