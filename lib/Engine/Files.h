// Whole files: read at once, written so that a reader sees the old contents or the new, never a part.
#ifndef TALWEG_ENGINE_FILES_H
#define TALWEG_ENGINE_FILES_H

#include "talweg/Support/Result.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace talweg {

Result<std::string> readFile(const std::string &path);

/// A new file, written and synced beside the place that it is to take. One that does not take it goes.
class AsideFile {
public:
  /// The pieces one after another.
  static Result<AsideFile> write(const std::string &path, const std::vector<std::string_view> &pieces);
  AsideFile(AsideFile &&other) : path(std::move(other.path)), aside(std::exchange(other.aside, {})) {}
  ~AsideFile();

  /// Renames it to its path and syncs the folder.
  Result<void> place();

private:
  AsideFile(std::string path, std::string aside) : path(std::move(path)), aside(std::move(aside)) {}

  std::string path, aside; ///< `aside` is empty once it has its place
};

/// Writes a file aside and puts it in its place.
Result<void> writeFile(const std::string &path, const std::vector<std::string_view> &pieces);

/// Makes a folder and those above it.
Result<void> makeDirectory(const std::string &path);

} // namespace talweg

#endif
