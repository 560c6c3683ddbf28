// Bytes of a file from front to back, whether compressed with gzip or zstd, or not. Internal.
//
// In: a path. Out: bytes. Guaranteed: a truncated or corrupt stream is an error, never a short file; so is anything
// that follows it and is not another.
#ifndef TALWEG_LIB_DATA_BYTE_READER_H
#define TALWEG_LIB_DATA_BYTE_READER_H

#include "talweg/Support/Result.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace talweg::data {

class RawFile;

class ByteReader {
public:
  static Result<ByteReader> open(const std::string &path);
  /// The bytes of `file` as they are; `name` is what messages call it.
  static ByteReader of(std::string name, std::unique_ptr<RawFile> file, std::int64_t mostBytes);
  ByteReader(ByteReader &&) noexcept;
  ~ByteReader();

  /// Fills `into` from the file. Fewer bytes than asked for mean the end. `line` is told in the message of a broken
  /// stream (0: no line is known).
  Result<std::size_t> read(std::span<std::byte> into, std::int64_t line = 0);

  /// Passes over bytes. False where the file is shorter, or fewer bytes follow.
  Result<bool> skip(std::int64_t bytes);

  const std::string &path() const { return name; }

  /// No more than this many bytes can come out of the file, whatever its contents claim: its size, times the
  /// greatest compression that its form can reach if it is compressed.
  std::int64_t mostBytes() const { return bound; }

private:
  struct Stream;
  ByteReader(std::string path, std::unique_ptr<Stream> stream);
  Result<std::size_t> decompressed(std::span<std::byte> into, std::int64_t line);
  Error unreadable(std::int64_t line) const;

  std::unique_ptr<Stream> stream;
  std::string name;
  std::int64_t bound = 0;
};

} // namespace talweg::data

#endif
