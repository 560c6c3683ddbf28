#include "WholeFile.h"

#include "RawFile.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <span>

namespace talweg::data {

namespace fs = std::filesystem;

/// A cell of more bytes is taken for a mistake.
constexpr std::size_t largestFile = std::size_t(1) << 28;

/// `the file PATH` where something else names it, such as a cell.
static std::string subject(const std::string &path, const Place &named) {
  return named.file == path ? "this file" : fmt::format("the file {}", path);
}

static Result<void> read(const std::string &path, const Place &named, std::size_t most, std::string &bytes) {
  std::error_code unknown;
  const fs::file_status status = fs::status(path, unknown);
  const std::string file = subject(path, named);
  if (status.type() == fs::file_type::not_found)
    return failure("E0701", named, fmt::format("{} is not there", file));
  if (status.type() != fs::file_type::regular)
    return failure("E0703", named, fmt::format("{} is no file that holds bytes", file));
  const std::unique_ptr<RawFile> raw = openFile(path);
  if (!raw)
    return failure("E0703", named, fmt::format("{} cannot be read: {}", file, std::strerror(errno)));
  bytes.resize(std::min<std::uintmax_t>(most, fs::file_size(path, unknown)));
  std::size_t size = 0;
  while (size < bytes.size()) {
    const std::int64_t got = raw->read(std::as_writable_bytes(std::span(bytes)).subspan(size));
    if (got < 0)
      return failure("E0703", named, fmt::format("{} cannot be read: {}", file, raw->problem()));
    if (got == 0)
      break;
    size += static_cast<std::size_t>(got);
  }
  bytes.resize(size);
  return {};
}

Result<void> readStart(const std::string &path, const Place &named, std::size_t most, std::string &bytes) {
  return read(path, named, most, bytes);
}

Result<void> readWhole(const std::string &path, const Place &named, std::string &bytes) {
  std::error_code unknown;
  if (const std::uintmax_t size = fs::file_size(path, unknown); !unknown && size > largestFile)
    return failure("E0795", named, fmt::format("{} has more than {} MiB", subject(path, named), largestFile >> 20),
                   "a file that is one cell is smaller: is this the right one?");
  return read(path, named, largestFile, bytes);
}

} // namespace talweg::data
