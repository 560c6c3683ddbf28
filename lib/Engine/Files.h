// Whole files: read at once, written so that a reader sees the old contents or the new, never a part.
#ifndef TALWEG_ENGINE_FILES_H
#define TALWEG_ENGINE_FILES_H

#include "talweg/Support/Result.h"

#include <string>
#include <string_view>
#include <vector>

namespace talweg {

Result<std::string> readFile(const std::string &path);

/// Writes the pieces one after another to a new file beside `path`, syncs it, renames it to `path` and syncs the folder.
Result<void> writeFile(const std::string &path, const std::vector<std::string_view> &pieces);

/// Makes a folder and those above it.
Result<void> makeDirectory(const std::string &path);

} // namespace talweg

#endif
