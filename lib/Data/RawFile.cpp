#include "RawFile.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace talweg::data {

namespace {
class PlainFile : public RawFile {
public:
  explicit PlainFile(int file) : file(file) {}
  ~PlainFile() override { ::close(file); }

  std::int64_t read(std::span<std::byte> into) override {
    for (;;) {
      const ssize_t got = ::read(file, into.data(), into.size());
      if (got >= 0)
        return got;
      if (errno != EINTR) {
        code = errno;
        return -1;
      }
    }
  }
  std::string problem() const override { return std::strerror(code); }
  bool skip(std::int64_t bytes) override { return ::lseek(file, bytes, SEEK_CUR) >= 0; }

private:
  const int file;
  int code = 0;
};

class MemoryFile : public RawFile {
public:
  explicit MemoryFile(std::string bytes) : bytes(std::move(bytes)) {}

  std::int64_t read(std::span<std::byte> into) override {
    const std::size_t part = std::min(into.size(), bytes.size() - taken);
    std::memcpy(into.data(), bytes.data() + taken, part);
    taken += part;
    return std::int64_t(part);
  }
  std::string problem() const override { return {}; }

private:
  const std::string bytes;
  std::size_t taken = 0;
};
} // namespace

std::unique_ptr<RawFile> memoryFile(std::string bytes) { return std::make_unique<MemoryFile>(std::move(bytes)); }

std::unique_ptr<RawFile> openFile(const std::string &path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  return file < 0 ? nullptr : std::make_unique<PlainFile>(file);
}

} // namespace talweg::data
