// Files: read where they are wanted, or whole; written piece by piece so that a reader sees the old contents or the new, never a part.
#ifndef TALWEG_ENGINE_FILES_H
#define TALWEG_ENGINE_FILES_H

#include "talweg/Support/Result.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace talweg {

/// Bytes in a file, which stays open, or in memory.
class StoredBytes {
public:
  StoredBytes() = default; ///< none
  static Result<StoredBytes> ofFile(const std::string &path);
  static StoredBytes owned(std::string bytes);
  /// They live longer.
  static StoredBytes borrowed(std::string_view bytes);

  std::uint64_t size() const { return length; }
  /// Of the file; for messages.
  const std::string &path() const { return itsPath; }
  /// Some of them, which are there.
  StoredBytes part(std::uint64_t at, std::uint64_t size) const;
  /// E0801: they are not there, or no longer.
  Result<void> read(std::uint64_t at, char *to, std::uint64_t size) const;

private:
  std::string itsPath;
  std::shared_ptr<const int> file;    ///< its descriptor; null: in memory
  std::shared_ptr<const char> memory; ///< null: in a file
  std::uint64_t begin = 0, length = 0;
};
Result<std::string> allOf(const Result<StoredBytes> &bytes);
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
