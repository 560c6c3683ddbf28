// Memory that grows, and where it lies: in memory, or in files that are mapped, where there would be too much of it.
#ifndef TALWEG_DATA_BUFFER_H
#define TALWEG_DATA_BUFFER_H

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

namespace talweg::data {

/// What the columns of a table may take.
struct Limits {
  std::int64_t mostBytes = INT64_MAX; ///< in memory, together
  /// Where columns lie that would be more: each in a file that has no name and is gone with its buffer.
  std::string folder = {};
};

/// Where the buffers of a table lie.
struct Storage {
  Limits limits;
  std::int64_t inMemory = 0, inFiles = 0; ///< bytes
};

/// Growing memory aligned to 64 bytes, whose capacity is a multiple of 64 bytes. From 2 MiB on it lies in huge pages, where the
/// system gives them; or it is mapped from a file.
class Buffer {
public:
  Buffer() = default;
  /// One of several that share limits.
  explicit Buffer(std::shared_ptr<Storage> storage) : storage(std::move(storage)) {}
  Buffer(Buffer &&other) noexcept { swap(other); }
  Buffer &operator=(Buffer &&other) noexcept {
    swap(other);
    return *this;
  }
  ~Buffer() { release(); }

  std::byte *data() { return memory; }
  const std::byte *data() const { return memory; }
  std::int64_t size() const { return used; }

  /// Room for `bytes` in all. False when there is no such room; the contents are then unchanged.
  [[nodiscard]] bool reserve(std::int64_t bytes);
  /// Makes the size `bytes`, growing in proportion; new bytes are undefined. False as in reserve.
  [[nodiscard]] bool resize(std::int64_t bytes);

private:
  void swap(Buffer &other) noexcept;
  void release();
  bool reserveInMemory(std::int64_t bytes);
  bool reserveInPages(std::int64_t bytes);
  bool reserveInFile(std::int64_t bytes);

  std::byte *memory = nullptr;
  std::int64_t used = 0, capacity = 0;
  int file = -1; ///< what it is mapped from
  std::shared_ptr<Storage> storage;
};

} // namespace talweg::data

#endif
