// Whole files: read at once, written so that a reader sees the old contents or the new, never a part.
#ifndef TALWEG_ENGINE_FILES_H
#define TALWEG_ENGINE_FILES_H

#include "talweg/Support/Result.h"

#include <string>
#include <string_view>
#include <vector>

namespace talweg {

Result<std::string> readFile(const std::string &path);

/// Writes and syncs a file aside, renames it to its path and syncs the folder.
Result<void> writeFile(const std::string &path, const std::vector<std::string_view> &pieces);

/// Writes and syncs a file that is not there yet.
Result<void> writeNewFile(const std::string &path, const std::vector<std::string_view> &pieces);
/// What has a name in the folder has it also after the machine fails.
Result<void> syncFolder(const std::string &path);

/// Makes a folder and those above it.
Result<void> makeDirectory(const std::string &path);

} // namespace talweg

#endif
