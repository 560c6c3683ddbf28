// Whole files: read at once, written piece by piece so that a reader sees the old contents or the new, never a part.
#ifndef TALWEG_ENGINE_FILES_H
#define TALWEG_ENGINE_FILES_H

#include "talweg/Support/Result.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace talweg {

Result<std::string> readFile(const std::string &path);

using TakeBytes = std::function<void(std::string_view)>;
/// Bytes that are made as they are taken, one piece after another: they need not be in memory at once. They are the same each time.
using Pieces = std::function<void(const TakeBytes &)>;
/// About so many bytes are made for a piece. What is in memory as it is to be taken is one piece.
inline constexpr std::int64_t kPiece = 1 << 20;

std::string joined(const Pieces &pieces, std::uint64_t size);

/// Writes and syncs a file aside, renames it to its path and syncs the folder.
Result<void> writeFile(const std::string &path, const Pieces &pieces);
Result<void> writeFile(const std::string &path, const std::vector<std::string_view> &pieces);

/// Writes and syncs a file that is not there yet.
Result<void> writeNewFile(const std::string &path, const Pieces &pieces);
/// What has a name in the folder has it also after the machine fails.
Result<void> syncFolder(const std::string &path);

/// Makes a folder and those above it.
Result<void> makeDirectory(const std::string &path);

} // namespace talweg

#endif
