#include "ByteReader.h"

#include "Messages.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
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
  if (const std::string near = suggest(wanted, names); !near.empty())
    return fmt::format("did you mean `{}`?", (path.parent_path() / near).string());
  return "check the path, or name another file with `--data SPLIT=PATH`";
}

/// An open file: what has been read of it and not been taken, and the state of its gzip stream.
struct ByteReader::Stream {
  explicit Stream(int file) : file(file) {}
  ~Stream() {
    inflateEnd(&gzip);
    ::close(file);
  }

  /// Reads until `wanted` bytes wait or the file ends; false when it cannot be read.
  bool fill(std::size_t wanted);
  bool startsMember() const {
    return waiting.size() >= 2 && waiting[0] == std::byte(0x1f) && waiting[1] == std::byte(0x8b);
  }

  int file;
  bool compressed = false, inMember = false; ///< a gzip file is a sequence of members
  z_stream gzip{};
  std::array<std::byte, 1 << 18> buffer;
  std::span<std::byte> waiting; ///< in the buffer
};

bool ByteReader::Stream::fill(std::size_t wanted) {
  if (waiting.size() >= wanted)
    return true;
  if (!waiting.empty())
    std::memmove(buffer.data(), waiting.data(), waiting.size());
  std::size_t size = waiting.size();
  while (size < wanted) {
    const ssize_t got = ::read(file, buffer.data() + size, buffer.size() - size);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return false;
    if (got == 0)
      break;
    size += std::size_t(got);
  }
  waiting = std::span(buffer).first(size);
  return true;
}

ByteReader::ByteReader(std::string path, std::unique_ptr<Stream> stream)
    : stream(std::move(stream)), name(std::move(path)) {}
ByteReader::ByteReader(ByteReader &&) noexcept = default;
ByteReader::~ByteReader() = default;

static Error unreadable(const Place &place) {
  return failure("E0703", place, fmt::format("cannot be read: {}", std::strerror(errno)));
}

Result<ByteReader> ByteReader::open(const std::string &path) {
  const Place place{path};
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found)
    return failure("E0701", place, "no such file", missingHelp(path));
  if (status.type() == fs::file_type::directory)
    return failure("E0702", place, "this is a folder, not a file", "name a file in it");
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return unreadable(place);
  ByteReader reader(path, std::make_unique<Stream>(file));
  Stream &stream = *reader.stream;
  if (!stream.fill(2))
    return unreadable(place);
  stream.compressed = stream.startsMember();
  if (stream.compressed && inflateInit2(&stream.gzip, 15 + 16) != Z_OK)
    return failure("E0740", place, "there is no memory to decompress it");

  reader.bound = std::numeric_limits<std::int64_t>::max();
  if (status.type() == fs::file_type::regular) {
    constexpr std::int64_t greatestCompression = 1032;
    const std::int64_t size = static_cast<std::int64_t>(fs::file_size(path, error));
    if (!error && (!stream.compressed || size < reader.bound / greatestCompression))
      reader.bound = stream.compressed ? size * greatestCompression : size;
  }
  return reader;
}

Result<std::size_t> ByteReader::read(std::span<std::byte> into, std::int64_t line) {
  if (stream->compressed)
    return inflated(into, line);
  std::size_t done = 0;
  while (done < into.size()) {
    if (!stream->fill(1))
      return unreadable({name, line});
    const std::size_t part = std::min(stream->waiting.size(), into.size() - done);
    if (part == 0)
      break;
    std::memcpy(into.data() + done, stream->waiting.data(), part);
    stream->waiting = stream->waiting.subspan(part);
    done += part;
  }
  return done;
}

/// The same of a gzip file: its members' contents, one after the other.
Result<std::size_t> ByteReader::inflated(std::span<std::byte> into, std::int64_t line) {
  const Place place{name, line};
  z_stream &gzip = stream->gzip;
  std::size_t done = 0;
  while (done < into.size()) {
    if (!stream->fill(stream->inMember ? 1 : 2))
      return unreadable(place);
    if (!stream->inMember) {
      if (stream->waiting.empty())
        return done;
      if (!stream->startsMember())
        return failure("E0708", place, "the file goes on after its gzip stream, with what is no gzip stream",
                       "was something appended to it? fetch or compress the file again");
      inflateReset(&gzip);
      stream->inMember = true;
    }
    if (stream->waiting.empty())
      return failure("E0705", place, "the gzip stream ends before its data does: the file is truncated",
                     "fetch or compress the file again");
    const std::size_t part = std::min<std::size_t>(into.size() - done, 1u << 30);
    gzip.next_in = reinterpret_cast<Bytef *>(stream->waiting.data());
    gzip.avail_in = static_cast<unsigned>(stream->waiting.size());
    gzip.next_out = reinterpret_cast<Bytef *>(into.data() + done);
    gzip.avail_out = static_cast<unsigned>(part);
    const int code = inflate(&gzip, Z_NO_FLUSH);
    done += part - gzip.avail_out;
    stream->waiting = stream->waiting.last(gzip.avail_in);
    if (code == Z_STREAM_END)
      stream->inMember = false;
    else if (code != Z_OK)
      return failure("E0706", place, fmt::format("the gzip stream is corrupt ({})", gzip.msg ? gzip.msg : zError(code)),
                     "fetch or compress the file again");
  }
  return done;
}

} // namespace talweg::data
