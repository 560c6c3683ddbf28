#include "ByteReader.h"

#include "Messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <limits>
#include <vector>

namespace talweg::data {

namespace fs = std::filesystem;

/// What to do about a missing file: a similar name beside it, or the missing folder.
static std::string missingHelp(const fs::path &path) {
  std::error_code ignored;
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  if (!fs::is_directory(folder, ignored))
    return fmt::format("there is no folder `{}` either; relative paths of a model file start at its own folder",
                       folder.string());
  std::vector<std::string> names;
  for (fs::directory_iterator it(folder, ignored), end; !ignored && it != end && names.size() < 4096;
       it.increment(ignored))
    names.push_back(it->path().filename().string());
  std::sort(names.begin(), names.end());
  const std::string wanted = path.filename().string();
  for (const char *suffix : {".gz", ".csv", ".csv.gz"})
    if (std::binary_search(names.begin(), names.end(), wanted + suffix))
      return fmt::format("did you mean `{}`?", (path.parent_path() / (wanted + suffix)).string());
  if (const std::string near = closest(wanted, names); !near.empty())
    return fmt::format("did you mean `{}`?", (path.parent_path() / near).string());
  return "check the path, or name another file with `--data SPLIT=PATH`";
}

Result<ByteReader> ByteReader::open(const std::string &path) {
  ByteReader reader;
  reader.name = path;
  const Place place{path};
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found)
    return failure("E0701", place, "no such file", missingHelp(path));
  if (status.type() == fs::file_type::directory)
    return failure("E0702", place, "this is a folder, not a file", "name a file in it");
  errno = 0;
  reader.file.reset(gzopen(path.c_str(), "rb"));
  if (!reader.file)
    return failure("E0703", place, fmt::format("cannot be read: {}", errno ? std::strerror(errno) : "out of memory"));
  gzbuffer(reader.file.get(), 1 << 18);

  reader.bound = std::numeric_limits<std::int64_t>::max();
  if (status.type() == fs::file_type::regular) {
    constexpr std::int64_t greatestCompression = 1032;
    const std::int64_t size = static_cast<std::int64_t>(fs::file_size(path, error));
    const bool plain = gzdirect(reader.file.get());
    if (!error && (plain || size < reader.bound / greatestCompression))
      reader.bound = plain ? size : size * greatestCompression;
  }
  return reader;
}

Result<std::size_t> ByteReader::read(std::span<std::byte> into, std::int64_t line) {
  std::size_t done = 0;
  while (done < into.size()) {
    const unsigned part = static_cast<unsigned>(std::min<std::size_t>(into.size() - done, 1u << 30));
    const int got = gzread(file.get(), into.data() + done, part);
    if (got > 0) {
      done += static_cast<std::size_t>(got);
      continue;
    }
    int code = Z_OK;
    const char *text = gzerror(file.get(), &code);
    const Place place{name, line};
    switch (code) {
    case Z_OK:
    case Z_STREAM_END: return done;
    case Z_BUF_ERROR:
      return failure("E0705", place, "the gzip stream ends before its data does: the file is truncated",
                     "fetch or compress the file again");
    case Z_ERRNO: return failure("E0703", place, fmt::format("cannot be read: {}", std::strerror(errno)));
    default:
      return failure("E0706", place,
                     fmt::format("the gzip stream is corrupt ({})",
                                 std::string_view(text).substr(std::min(std::strlen(text), name.size() + 2))),
                     "fetch or compress the file again");
    }
  }
  return done;
}

} // namespace talweg::data
