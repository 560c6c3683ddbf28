// The forms of compression that files are read through: gzip and zstd. Internal.
#ifndef TALWEG_LIB_DATA_DECOMPRESSOR_H
#define TALWEG_LIB_DATA_DECOMPRESSOR_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace talweg::data {

/// One member after the other.
class Decompressor {
public:
  static constexpr std::size_t kStartBytes = 4;

  virtual ~Decompressor() = default;
  virtual std::string_view name() const = 0;
  /// Whether a member begins with these bytes, kStartBytes at least unless the file ends.
  virtual bool starts(std::span<const std::byte> bytes) const = 0;
  /// No more bytes than this come of one byte.
  virtual std::int64_t greatestCompression() const = 0;

  /// Begins a member.
  virtual void begin() = 0;
  struct Step {
    std::size_t taken = 0, written = 0;
    bool ended = false;       ///< the member
    std::string problem = {}; ///< of a corrupt stream
  };
  /// Decompresses what is there, as far as there is room.
  virtual Step step(std::span<const std::byte> from, std::span<std::byte> into) = 0;
};

/// For a file that begins so; null if it is not compressed.
std::unique_ptr<Decompressor> decompressorFor(std::span<const std::byte> start);

} // namespace talweg::data

#endif
