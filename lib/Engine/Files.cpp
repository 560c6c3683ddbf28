// Files.h over POSIX.
#include "Files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

using namespace talweg;

static Error fileError(const char *code, const std::string &path, const char *what, int reason = errno) {
  return {code, fmt::format("{}: error: {}: {}", path, what, std::strerror(reason))};
}

namespace {
/// Closes its descriptor at the end of the scope.
struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0)
      ::close(number);
  }
};
} // namespace

//===-- reading ----------------------------------------------------------------------------------------------------===//

Result<StoredBytes> StoredBytes::ofFile(const std::string &path) {
  const int number = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (number < 0)
    return fileError("E0801", path, "cannot read the file");
  StoredBytes bytes;
  bytes.itsPath = path;
  bytes.file = std::shared_ptr<const int>(new int(number), [](const int *open) {
    ::close(*open);
    delete open;
  });
  struct stat facts;
  if (::fstat(number, &facts) != 0)
    return fileError("E0801", path, "cannot read the file");
  if (!S_ISREG(facts.st_mode))
    return Error{"E0801", fmt::format("{}: error: cannot read the file: it is not a regular file", path)};
  bytes.length = std::uint64_t(facts.st_size);
  return bytes;
}

StoredBytes StoredBytes::owned(std::string bytes) {
  const auto all = std::make_shared<const std::string>(std::move(bytes));
  StoredBytes result;
  result.memory = {all, all->data()};
  result.length = all->size();
  return result;
}

StoredBytes StoredBytes::borrowed(std::string_view bytes) {
  StoredBytes result;
  result.memory = {std::shared_ptr<void>(), bytes.data()};
  result.length = bytes.size();
  return result;
}

StoredBytes StoredBytes::part(std::uint64_t at, std::uint64_t size) const {
  StoredBytes result = *this;
  result.begin += at;
  result.length = size;
  return result;
}

Result<void> StoredBytes::read(std::uint64_t at, char *to, std::uint64_t size) const {
  at += begin;
  if (memory)
    std::copy_n(memory.get() + at, size, to);
  while (file && size > 0) {
    const ssize_t got = ::pread(*file, to, size, off_t(at));
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return fileError("E0801", itsPath, "cannot read the file");
    if (got == 0)
      return Error{"E0801", fmt::format("{}: error: the file became shorter while it was read", itsPath)};
    at += std::uint64_t(got);
    to += got;
    size -= std::uint64_t(got);
  }
  return {};
}

Result<std::string> talweg::allOf(const Result<StoredBytes> &bytes) {
  if (!bytes)
    return bytes.error();
  std::string text(std::size_t(bytes->size()), '\0');
  auto read = bytes->read(0, text.data(), text.size());
  return read ? Result<std::string>(std::move(text)) : read.error();
}

Result<std::string> talweg::readFile(const std::string &path) { return allOf(StoredBytes::ofFile(path)); }

//===-- writing ----------------------------------------------------------------------------------------------------===//

std::string talweg::joined(const Pieces &pieces, std::uint64_t size) {
  std::string bytes;
  bytes.reserve(std::size_t(size));
  pieces([&](std::string_view piece) { bytes += piece; });
  return bytes;
}

static bool writeAll(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t put = ::write(file, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR)
      continue;
    if (put < 0)
      return false;
    bytes.remove_prefix(std::size_t(put));
  }
  return true;
}

/// Writes and syncs; `flags` beside those of writing. 0, or why it could not.
static int writePieces(const std::string &path, int flags, const Pieces &pieces) {
  Descriptor file{::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644)};
  if (file.number < 0)
    return errno;
  int reason = 0;
  pieces([&](std::string_view piece) {
    if (reason == 0 && !writeAll(file.number, piece))
      reason = errno;
  });
  return reason != 0 ? reason : ::fsync(file.number) != 0 ? errno : 0;
}

Result<void> talweg::writeNewFile(const std::string &path, const Pieces &pieces) {
  if (const int reason = writePieces(path, O_EXCL, pieces))
    return fileError("E0802", path, "cannot write the file", reason);
  return {};
}

Result<void> talweg::syncFolder(const std::string &path) {
  Descriptor folder{::open(path.empty() ? "." : path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (folder.number < 0 || ::fsync(folder.number) != 0)
    return fileError("E0802", path, "cannot write the folder");
  return {};
}

Result<void> talweg::writeFile(const std::string &path, const Pieces &pieces) {
  const std::string aside = fmt::format("{}.{}.part", path, ::getpid());
  int reason = writePieces(aside, O_TRUNC, pieces);
  if (reason == 0 && ::rename(aside.c_str(), path.c_str()) != 0)
    reason = errno;
  if (reason != 0) {
    ::unlink(aside.c_str());
    return fileError("E0802", path, "cannot write the file", reason);
  }
  return syncFolder(std::filesystem::path(path).parent_path().string());
}

Result<void> talweg::writeFile(const std::string &path, const std::vector<std::string_view> &pieces) {
  return writeFile(path, [&](const TakeBytes &take) { std::ranges::for_each(pieces, take); });
}

Result<void> talweg::makeDirectory(const std::string &path) {
  std::error_code failure;
  if (std::filesystem::create_directories(path, failure))
    return syncFolder(std::filesystem::path(path).parent_path().string());
  if (failure)
    return Error{"E0803", fmt::format("{}: error: cannot make the folder: {}", path, failure.message())};
  return {};
}
