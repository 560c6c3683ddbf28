// Where a run's moments lie: RUN/step-N, each a folder that is made aside, synced, renamed and never changed again; RUN/last, a symbolic
// link to the run's moment, replaced by renaming; RUN/best, another, which follows from what the last moment says. What is called *.part
// is what a killed writer has left. One writer at a time holds RUN/lock.
#ifndef TALWEG_ENGINE_MOMENTFOLDER_H
#define TALWEG_ENGINE_MOMENTFOLDER_H

#include "Files.h"

#include "talweg/Support/Result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace talweg {

inline constexpr const char *kModelFile = "model.safetensors";
inline constexpr const char *kOptimizerFile = "optimizer.safetensors";
inline constexpr const char *kStateFile = "state.json";
/// With `on nan rollback`: the moment to go back to, as Session::saveTo gives it.
inline constexpr const char *kRollbackFile = "rollback.moment";

std::string inFolder(const std::string &folder, std::string_view name);

/// The right to write into a folder, held by at most one process; a holder that dies loses it.
class FolderLock {
public:
  /// Makes the folder if it is not there. E0868: another writer has it, and the message names it.
  static Result<FolderLock> take(const std::string &folder);
  FolderLock(FolderLock &&other) noexcept : path(std::move(other.path)), file(std::exchange(other.file, -1)) {}
  FolderLock &operator=(FolderLock &&other) noexcept {
    std::swap(path, other.path);
    std::swap(file, other.file);
    return *this;
  }
  ~FolderLock();

private:
  FolderLock(std::string path, int file) : path(std::move(path)), file(file) {}

  std::string path;
  int file;
};

/// The folder in which the moment of `path` lies: of a run the last, of a moment itself. E0869: there is none.
Result<std::string> momentAt(const std::string &path);

/// Files of one moment, in the order of their names: what each holds, or why it cannot be read.
struct MomentFiles {
  std::string folder;
  std::vector<Result<StoredBytes>> contents;
};
/// Opens those of the moment of `path`. A writer may replace it meanwhile: then those of the next one.
Result<MomentFiles> openMoment(const std::string &path, const std::vector<const char *> &names);

/// A name that no moment of the folder has: step-N, step-N.2, …
std::string freeMomentName(const std::string &folder, std::int64_t step);

struct MomentFile {
  const char *name;
  Pieces pieces;
};
/// Writes a moment under this name and makes it the last. A failure leaves the folder as it was.
Result<void> placeMoment(const std::string &folder, const std::string &name, const std::vector<MomentFile> &files);

/// Makes `best` what the last moment says it is, and removes leftovers and moments that are neither of the two nor among the `keep` newest
/// up to the last. With `alone`, also what an earlier version of the program left in the folder.
void tidyMoments(const std::string &folder, const std::string &best, std::int64_t keep, bool alone);
/// Removes what killed writers have left.
void clearLeftovers(const std::string &folder);

} // namespace talweg

#endif
