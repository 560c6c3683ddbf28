// Bytes as they lie in a file, or in a member of an archive. Internal.
#ifndef TALWEG_LIB_DATA_RAW_FILE_H
#define TALWEG_LIB_DATA_RAW_FILE_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace talweg::data {

class RawFile {
public:
  virtual ~RawFile() = default;
  /// Up to as many bytes as there is room for; 0 at the end, less where it cannot be read.
  virtual std::int64_t read(std::span<std::byte> into) = 0;
  /// Why the last call could not read.
  virtual std::string problem() const = 0;
  /// Passes over bytes without reading them; false where that is not possible.
  virtual bool skip(std::int64_t bytes) { return false; }
};

/// Bytes in memory.
std::unique_ptr<RawFile> memoryFile(std::string bytes);

/// Null, with errno, where it cannot be opened.
std::unique_ptr<RawFile> openFile(const std::string &path);

} // namespace talweg::data

#endif
