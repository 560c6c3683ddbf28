// See Buffer.h.
#include "talweg/Data/Buffer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace talweg::data {

constexpr std::int64_t smallAlignment = 64;
constexpr std::int64_t hugePage = std::int64_t(2) << 20;
constexpr std::int64_t largestColumn = std::int64_t(1) << 39;

static std::int64_t roundedUp(std::int64_t bytes, std::int64_t to) { return (bytes + to - 1) / to * to; }

void Buffer::swap(Buffer &other) noexcept {
  std::swap(memory, other.memory);
  std::swap(used, other.used);
  std::swap(capacity, other.capacity);
  std::swap(file, other.file);
  std::swap(storage, other.storage);
}

/// Gives the memory back; what the buffer counts is as it was.
void Buffer::release() {
  if (storage)
    (file >= 0 ? storage->inFiles : storage->inMemory) -= capacity;
  if (file >= 0) {
    ::munmap(memory, static_cast<std::size_t>(capacity));
    ::close(file);
  } else {
    std::free(memory);
  }
  memory = nullptr;
  file = -1;
}

bool Buffer::reserveInMemory(std::int64_t bytes) {
  const std::int64_t alignment = bytes < hugePage ? smallAlignment : hugePage;
  const std::int64_t rounded = roundedUp(bytes, smallAlignment);
  auto *fresh = static_cast<std::byte *>(
      std::aligned_alloc(static_cast<std::size_t>(alignment), static_cast<std::size_t>(roundedUp(rounded, alignment))));
  if (!fresh)
    return false;
#if defined(__linux__)
  // Fewer page faults at first, and fewer misses of the TLB in every step. The last, begun page stays as it is.
  if (bytes >= hugePage)
    madvise(fresh, static_cast<std::size_t>(rounded / hugePage * hugePage), MADV_HUGEPAGE);
#endif
  if (used > 0)
    std::memcpy(fresh, memory, static_cast<std::size_t>(used));
  release();
  memory = fresh;
  capacity = rounded;
  if (storage)
    storage->inMemory += capacity;
  return true;
}

/// A file of `folder` that nobody else sees; below 0: there is none.
static int anonymousFile(const std::string &folder) {
  std::string path = folder + "/talweg-rows-XXXXXX";
  const int file = ::mkostemp(path.data(), O_CLOEXEC);
  if (file >= 0)
    ::unlink(path.c_str());
  return file;
}

/// Whether the file can have `more` bytes without taking the last of what its file system has.
static bool hasRoom(int file, std::int64_t more) {
  struct statvfs system{};
  if (::fstatvfs(file, &system) != 0)
    return false;
  const double free = double(system.f_bavail) * double(system.f_frsize);
  return double(more) <= 0.95 * free;
}

bool Buffer::reserveInFile(std::int64_t bytes) {
  const std::int64_t rounded = roundedUp(bytes, hugePage);
  const bool isNew = file < 0;
  const int target = isNew ? anonymousFile(storage->limits.folder) : file;
  // What is not there when it is written to would end the process.
  const bool grown = target >= 0 && hasRoom(target, rounded - (isNew ? 0 : capacity)) &&
                     ::posix_fallocate(target, 0, static_cast<off_t>(rounded)) == 0;
  void *mapped = grown
                     ? ::mmap(nullptr, static_cast<std::size_t>(rounded), PROT_READ | PROT_WRITE, MAP_SHARED, target, 0)
                     : MAP_FAILED;
  if (mapped == MAP_FAILED) {
    if (isNew && target >= 0)
      ::close(target);
    return false;
  }
  if (isNew) {
    if (used > 0)
      std::memcpy(mapped, memory, static_cast<std::size_t>(used));
    release();
    file = target;
  } else {
    ::munmap(memory, static_cast<std::size_t>(capacity));
    storage->inFiles -= capacity;
  }
  memory = static_cast<std::byte *>(mapped);
  capacity = rounded;
  storage->inFiles += capacity;
  return true;
}

bool Buffer::reserve(std::int64_t bytes) {
  if (bytes <= capacity)
    return true;
  if (bytes > largestColumn)
    return false;
  const bool exceeds = storage && bytes > storage->limits.mostBytes - (storage->inMemory - (file < 0 ? capacity : 0));
  if (file < 0 && !exceeds)
    return reserveInMemory(bytes);
  return reserveInFile(bytes);
}

bool Buffer::resize(std::int64_t bytes) {
  if (bytes > capacity) {
    const std::int64_t grown = capacity + capacity / 2;
    if (!reserve(std::max({bytes, grown, std::int64_t(4096)})) && !reserve(bytes))
      return false;
  }
  used = bytes;
  return true;
}

} // namespace talweg::data
