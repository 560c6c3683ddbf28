#include "ByteReader.h"

#include "Decompressor.h"
#include "Messages.h"
#include "RawFile.h"

#include <fmt/format.h>

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

/// An open file: what has been read of it and not been taken, and the state of its compression.
struct ByteReader::Stream {
  explicit Stream(std::unique_ptr<RawFile> file) : file(std::move(file)) {}

  /// Reads until `wanted` bytes wait or the file ends; false when it cannot be read.
  bool fill(std::size_t wanted);
  /// At the end of the file, or where the next member of a compressed one begins.
  bool startsMember() const { return decompressor->starts(waiting); }

  std::unique_ptr<RawFile> file;
  std::unique_ptr<Decompressor> decompressor; ///< null: the file is not compressed
  bool inMember = false;                      ///< a compressed file is a sequence of members
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
    const std::int64_t got = file->read(std::span(buffer).subspan(size));
    if (got < 0)
      return false;
    if (got == 0)
      break;
    size += static_cast<std::size_t>(got);
  }
  waiting = std::span(buffer).first(size);
  return true;
}

ByteReader::ByteReader(std::string path, std::unique_ptr<Stream> stream)
    : stream(std::move(stream)), name(std::move(path)) {}
ByteReader::ByteReader(ByteReader &&) noexcept = default;
ByteReader::~ByteReader() = default;

Error ByteReader::unreadable(std::int64_t line) const {
  return failure("E0703", {name, line}, fmt::format("cannot be read: {}", stream->file->problem()));
}

Result<ByteReader> ByteReader::open(const std::string &path) {
  const Place place{path};
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found)
    return failure("E0701", place, "no such file", missingHelp(path));
  if (status.type() == fs::file_type::directory)
    return failure("E0702", place, "this is a folder, not a file", "name a file in it");
  std::unique_ptr<RawFile> file = openFile(path);
  if (!file)
    return failure("E0703", place, fmt::format("cannot be read: {}", std::strerror(errno)));
  ByteReader reader(path, std::make_unique<Stream>(std::move(file)));
  Stream &stream = *reader.stream;
  if (!stream.fill(Decompressor::kStartBytes))
    return reader.unreadable(0);
  stream.decompressor = decompressorFor(stream.waiting);

  reader.bound = std::numeric_limits<std::int64_t>::max();
  if (status.type() == fs::file_type::regular) {
    const std::int64_t greatest = stream.decompressor ? stream.decompressor->greatestCompression() : 1;
    const std::int64_t size = static_cast<std::int64_t>(fs::file_size(path, error));
    if (!error && size < reader.bound / greatest)
      reader.bound = size * greatest;
  }
  return reader;
}

ByteReader ByteReader::of(std::string name, std::unique_ptr<RawFile> file, std::int64_t mostBytes) {
  ByteReader reader(std::move(name), std::make_unique<Stream>(std::move(file)));
  reader.bound = mostBytes;
  return reader;
}

Result<std::size_t> ByteReader::read(std::span<std::byte> into, std::int64_t line) {
  if (stream->decompressor)
    return decompressed(into, line);
  std::size_t done = 0;
  while (done < into.size()) {
    if (!stream->fill(1))
      return unreadable(line);
    const std::size_t part = std::min(stream->waiting.size(), into.size() - done);
    if (part == 0)
      break;
    std::memcpy(into.data() + done, stream->waiting.data(), part);
    stream->waiting = stream->waiting.subspan(part);
    done += part;
  }
  return done;
}

/// The same of a compressed file: its members' contents, one after the other.
Result<std::size_t> ByteReader::decompressed(std::span<std::byte> into, std::int64_t line) {
  const Place place{name, line};
  Decompressor &decompressor = *stream->decompressor;
  const std::string_view form = decompressor.name();
  std::size_t done = 0;
  while (done < into.size()) {
    if (!stream->fill(stream->inMember ? 1 : Decompressor::kStartBytes))
      return unreadable(line);
    if (!stream->inMember) {
      if (stream->waiting.empty())
        return done;
      if (!stream->startsMember())
        return failure("E0708", place,
                       fmt::format("the file goes on after its {0} stream, with what is no {0} stream", form),
                       "was something appended to it? fetch or compress the file again");
      decompressor.begin();
      stream->inMember = true;
    }
    if (stream->waiting.empty())
      return failure("E0705", place,
                     fmt::format("the {} stream ends before its data does: the file is truncated", form),
                     "fetch or compress the file again");
    const Decompressor::Step step = decompressor.step(stream->waiting, into.subspan(done));
    done += step.written;
    stream->waiting = stream->waiting.subspan(step.taken);
    if (!step.problem.empty())
      return failure("E0706", place, fmt::format("the {} stream is corrupt ({})", form, step.problem),
                     "fetch or compress the file again");
    if (step.ended)
      stream->inMember = false;
  }
  return done;
}

Result<bool> ByteReader::skip(std::int64_t bytes) {
  const auto waiting = std::min(bytes, static_cast<std::int64_t>(stream->waiting.size()));
  if (!stream->decompressor) {
    stream->waiting = stream->waiting.subspan(static_cast<std::size_t>(waiting));
    bytes -= waiting;
    if (bytes > 0 && stream->file->skip(bytes))
      return true;
  }
  std::vector<std::byte> passed(static_cast<std::size_t>(std::min(bytes, std::int64_t(1) << 18)));
  while (bytes > 0) {
    const auto part = static_cast<std::size_t>(std::min(bytes, static_cast<std::int64_t>(passed.size())));
    Result<std::size_t> got = read(std::span(passed).first(part));
    if (!got)
      return got.error();
    if (*got < part)
      return false;
    bytes -= static_cast<std::int64_t>(part);
  }
  return true;
}

} // namespace talweg::data
