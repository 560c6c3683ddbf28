// The format of images in a folder: a record for each PNG or JPEG file, in the order of their paths. A file by itself is one record.
#include "Readers.h"
#include "WholeFile.h"

#include "talweg/Prepare/Image.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace talweg::data {

namespace fs = std::filesystem;

namespace {
class FolderRecords : public RecordReader {
public:
  explicit FolderRecords(std::string folder) : folder(std::move(folder)) {
    columnNames = {"image", "class", "path"};
    columns = 3;
  }

  /// Looks which files there are.
  Result<void> begin();

  Result<bool> next() override;
  Result<void> readContents() override;
  std::span<const prepare::Cell> cells() const override { return row; }
  Place placeOf(std::size_t) const override { return {current.empty() ? folder : current}; }
  std::string_view namedBy() const override { return "`images`"; }
  Error noRecords() const override {
    return failure("E0704", {folder}, "there is no PNG or JPEG file in this folder, nor in those below it");
  }

private:
  std::string folder;
  std::vector<std::string> files; ///< as seen from the folder
  std::size_t passed = 0;         ///< of them
  std::string current;            ///< with the folder's path
  std::string parent, bytes;
  prepare::Cell row[3];
};
} // namespace

Result<void> FolderRecords::begin() {
  std::error_code error;
  const fs::file_status status = fs::status(folder, error);
  if (status.type() == fs::file_type::not_found)
    return failure("E0701", {folder}, "no such folder");
  if (status.type() != fs::file_type::directory) {
    if (Result<void> read = readStart(folder, {folder}, prepare::kImageStart, bytes); !read)
      return read;
    if (!prepare::isImage(bytes))
      return failure("E0796", {folder}, "this is neither a folder nor a PNG or JPEG file",
                     "`images` takes the folder that the files are in");
    const fs::path file = folder;
    folder = file.parent_path().string();
    files = {file.filename().string()};
    return {};
  }
  fs::recursive_directory_iterator at(folder, fs::directory_options::follow_directory_symlink, error), end;
  for (; !error && at != end; at.increment(error))
    if (std::error_code unknown; at->is_regular_file(unknown))
      files.push_back(at->path().lexically_relative(folder).generic_string());
  if (error)
    return failure("E0703", {folder}, fmt::format("cannot be read: {}", error.message()));
  std::ranges::sort(files);
  return {};
}

Result<bool> FolderRecords::next() {
  while (passed < files.size()) {
    const std::string &file = files[passed++];
    current = (fs::path(folder) / file).string();
    if (Result<void> read = readStart(current, {current}, prepare::kImageStart, bytes); !read)
      return read.error();
    if (!prepare::isImage(bytes))
      continue;
    parent = fs::path(file).parent_path().filename().string();
    row[0] = prepare::Cell::of(bytes);
    row[1] = parent.empty() ? prepare::Cell() : prepare::Cell::of(parent);
    row[2] = prepare::Cell::of(file);
    return true;
  }
  return false;
}

Result<void> FolderRecords::readContents() {
  if (Result<void> read = readWhole(current, {current}, bytes); !read)
    return read;
  row[0] = prepare::Cell::of(bytes);
  return {};
}

static Result<std::unique_ptr<RecordReader>> openFolder(const Source &source, const Asked &) {
  if (source.paths.size() != 1)
    return failure("E0743", {"images"}, fmt::format("images are in one folder, not {}", source.paths.size()));
  auto records = std::make_unique<FolderRecords>(source.paths.front());
  if (Result<void> begun = records->begin(); !begun)
    return begun.error();
  return std::unique_ptr<RecordReader>(std::move(records));
}

const Format imagesFormat = {.name = "images",
                             .example = "images(\"folder\")",
                             .files = "one folder",
                             .recognizes =
                                 [](std::span<const std::byte> start) {
                                   return prepare::isImage(
                                       {reinterpret_cast<const char *>(start.data()), start.size()});
                                 },
                             .open = openFolder};

} // namespace talweg::data
