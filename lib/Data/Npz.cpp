// The format NPZ: a zip archive with a member `name.npy` for each array.
#include "ArrayTable.h"
#include "Npy.h"
#include "RawFile.h"
#include "Readers.h"

#include <fmt/format.h>

#include <zip.h>

#include <algorithm>
#include <filesystem>
#include <limits>

namespace talweg::data {

namespace {

constexpr std::string_view kSuffix = ".npy";

struct CloseZip {
  void operator()(zip_t *archive) const { zip_discard(archive); }
};
using Archive = std::unique_ptr<zip_t, CloseZip>;

/// A member of an archive.
class ZipMember : public RawFile {
public:
  ZipMember(Archive archive, zip_file_t *member) : archive(std::move(archive)), member(member) {}
  ~ZipMember() override { zip_fclose(member); }

  std::int64_t read(std::span<std::byte> into) override { return zip_fread(member, into.data(), into.size()); }
  std::string problem() const override { return zip_file_strerror(member); }

private:
  Archive archive;
  zip_file_t *member;
};

} // namespace

static bool isZip(std::span<const std::byte> start) {
  return std::string_view(reinterpret_cast<const char *>(start.data()), start.size()).starts_with("PK\3\4");
}

static Result<Archive> openZip(const std::string &path) {
  if (Result<ByteReader> there = ByteReader::open(path); !there) // what is wrong with the file itself
    return there.error();
  int code = 0;
  Archive archive(zip_open(path.c_str(), ZIP_RDONLY, &code));
  if (archive)
    return archive;
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  const std::string why = zip_error_strerror(&error);
  zip_error_fini(&error);
  return failure("E0791", {path}, fmt::format("this is not an NPZ file, which is a zip archive ({})", why),
                 "fetch or write it again");
}

static Result<std::vector<std::string>> npzNames(const std::string &path) {
  Result<Archive> archive = openZip(path);
  if (!archive)
    return archive.error();
  std::vector<std::string> names;
  for (zip_int64_t i = 0; i < zip_get_num_entries(archive->get(), 0); ++i)
    if (const char *name = zip_get_name(archive->get(), static_cast<zip_uint64_t>(i), 0))
      if (std::string_view text(name); text.ends_with(kSuffix))
        names.emplace_back(text.substr(0, text.size() - kSuffix.size()));
  return names;
}

static Result<OpenArray> openNpz(const std::string &path, const std::string &name) {
  Result<Archive> archive = openZip(path);
  if (!archive)
    return archive.error();
  const std::string member = name + std::string(kSuffix);
  zip_stat_t stat;
  zip_stat_init(&stat);
  const bool isKnown = zip_stat(archive->get(), member.c_str(), 0, &stat) == 0 && (stat.valid & ZIP_STAT_COMP_SIZE);
  zip_file_t *opened = zip_fopen(archive->get(), member.c_str(), 0);
  if (!opened)
    return failure(
        "E0791", {path},
        fmt::format("its array {} cannot be opened ({})", prepare::quoted(name), zip_strerror(archive->get())),
        "fetch or write it again");
  constexpr std::uint64_t greatestCompression = 1032;
  const std::uint64_t most = std::numeric_limits<std::int64_t>::max();
  std::error_code unknown;
  const std::uint64_t size = std::filesystem::file_size(path, unknown); // of which the archive claims a part
  const bool isBounded = isKnown && !unknown && std::min(stat.comp_size, size) < most / greatestCompression;
  return openNpyArray(ByteReader::of(
      fmt::format("{}:{}", path, name), std::make_unique<ZipMember>(std::move(*archive), opened),
      static_cast<std::int64_t>(isBounded ? std::min(stat.comp_size, size) * greatestCompression : most)));
}

const Format npzFormat = {.name = "npz",
                          .example = "npz(\"arrays.npz\")",
                          .files = "one file",
                          .recognizes = isZip,
                          .open = openArrayRecords,
                          .openArray = openNpz,
                          .arrayNames = npzNames};

} // namespace talweg::data
