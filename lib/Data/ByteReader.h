// The bytes of a file, front to back, whether compressed with gzip or not. Internal.
//
// In: a path. Out: bytes. Guaranteed: a truncated or corrupt gzip stream is an error, never a short file.
#ifndef TALWEG_LIB_DATA_BYTE_READER_H
#define TALWEG_LIB_DATA_BYTE_READER_H

#include "talweg/Support/Result.h"

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace talweg::data {

class ByteReader {
public:
  static Result<ByteReader> open(const std::string &path);

  /// Fills `into` from the file. Fewer bytes than asked for mean the end. `line` is told in the message of a broken
  /// stream (0: no line is known).
  Result<std::size_t> read(std::span<std::byte> into, std::int64_t line = 0);

  const std::string &path() const { return name; }

  /// No more than this many bytes can come out of the file, whatever its contents claim: its size, times the
  /// greatest compression that gzip can reach if it is compressed.
  std::int64_t mostBytes() const { return bound; }

private:
  struct Close {
    void operator()(gzFile_s *file) const { gzclose_r(file); }
  };
  std::unique_ptr<gzFile_s, Close> file;
  std::string name;
  std::int64_t bound = 0;
};

} // namespace talweg::data

#endif
