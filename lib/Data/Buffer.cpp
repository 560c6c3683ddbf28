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
  if (file >= 0)
    ::close(file);
  if (file >= 0 || capacity >= hugePage)
    ::munmap(memory, static_cast<std::size_t>(capacity));
  else
    std::free(memory);
  memory = nullptr;
  file = -1;
}

/// Addresses for so many bytes, which begin where a huge page may; null: there are none.
static std::byte *reserveAddresses(std::int64_t bytes) {
  void *all = ::mmap(nullptr, static_cast<std::size_t>(bytes + hugePage), PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (all == MAP_FAILED)
    return nullptr;
  auto *begin = static_cast<std::byte *>(all);
  const auto before =
      roundedUp(reinterpret_cast<std::intptr_t>(begin), hugePage) - reinterpret_cast<std::intptr_t>(begin);
  if (before > 0)
    ::munmap(begin, static_cast<std::size_t>(before));
  const std::int64_t behind = roundedUp(before + bytes, 4096);
  if (behind < bytes + hugePage)
    ::munmap(begin + behind, static_cast<std::size_t>(bytes + hugePage - behind));
  return begin + before;
}

/// Of 2 MiB at least. What is there moves with its pages: it is neither copied nor in memory twice.
bool Buffer::reserveInPages(std::int64_t bytes) {
  const auto rounded = static_cast<std::size_t>(bytes);
  std::byte *fresh = reserveAddresses(bytes);
  if (!fresh)
    return false;
  const bool moves = capacity >= hugePage;
  if (moves ? ::mremap(memory, static_cast<std::size_t>(capacity), rounded, MREMAP_MAYMOVE | MREMAP_FIXED, fresh) ==
                  MAP_FAILED
            : ::mprotect(fresh, rounded, PROT_READ | PROT_WRITE) != 0) {
    ::munmap(fresh, rounded);
    return false;
  }
  // Fewer page faults at first, and fewer misses of the TLB in every step. All of it is told so, for what differs within cannot be moved.
  ::madvise(fresh, rounded, MADV_HUGEPAGE);
  if (!moves && used > 0)
    std::memcpy(fresh, memory, static_cast<std::size_t>(used));
  if (moves && storage)
    storage->inMemory -= capacity;
  if (!moves)
    release();
  memory = fresh;
  return true;
}

bool Buffer::reserveInMemory(std::int64_t bytes) {
  const std::int64_t rounded = roundedUp(bytes, smallAlignment);
  if (rounded >= hugePage) {
    if (!reserveInPages(rounded))
      return false;
  } else {
    auto *fresh = static_cast<std::byte *>(
        std::aligned_alloc(static_cast<std::size_t>(smallAlignment), static_cast<std::size_t>(rounded)));
    if (!fresh)
      return false;
    if (used > 0)
      std::memcpy(fresh, memory, static_cast<std::size_t>(used));
    release();
    memory = fresh;
  }
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
