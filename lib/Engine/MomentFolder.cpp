// See MomentFolder.h. A moment is removed by renaming it first, so that one that is half gone has no moment's name.
#include "MomentFolder.h"

#include "talweg/Support/Folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <optional>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace talweg;
namespace fs = std::filesystem;

std::string talweg::inFolder(const std::string &folder, std::string_view name) {
  return (fs::path(folder) / name).string();
}

//===-- the lock ---------------------------------------------------------------------------------------------------===//

/// Who says that it holds the lock: `process 12 on host`.
static std::string holderOf(int file) {
  char text[256];
  const ssize_t count = ::pread(file, text, sizeof text, 0);
  std::string holder(text, std::size_t(std::max<ssize_t>(count, 0)));
  holder.erase(std::find(holder.begin(), holder.end(), '\n'), holder.end());
  return holder.empty() ? "another process" : holder;
}

Result<FolderLock> FolderLock::take(const std::string &folder) {
  if (auto made = makeDirectory(folder); !made)
    return made.error();
  std::error_code none;
  if (fs::is_directory(fs::symlink_status(inFolder(folder, "last"), none)))
    return Error{"E0869",
                 fmt::format("{}: error: `last` is a folder, and in a run it is a link: this is a copy that has "
                             "followed it\nhelp: copy runs as they are: cp -a",
                             folder)};
  const std::string path = inFolder(folder, "lock");
  for (;;) {
    FolderLock lock(path, ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (lock.file < 0)
      return Error{"E0802", fmt::format("{}: error: cannot write the file: {}", path, std::strerror(errno))};
    if (::flock(lock.file, LOCK_EX | LOCK_NB) != 0) {
      const int reason = errno;
      const std::string holder = holderOf(lock.file);
      ::close(std::exchange(lock.file, -1));
      if (reason != EWOULDBLOCK)
        return Error{"E0802", fmt::format("{}: error: cannot lock the file: {}", path, std::strerror(reason))};
      return Error{"E0868", fmt::format("{}: error: {} is writing in this folder\nhelp: wait for its end, or choose "
                                        "another folder",
                                        folder, holder)};
    }
    struct stat held{}, there{};
    if (::fstat(lock.file, &held) == 0 && ::stat(path.c_str(), &there) == 0 && held.st_ino == there.st_ino &&
        held.st_dev == there.st_dev) {
      char host[256] = "";
      ::gethostname(host, sizeof host - 1);
      const std::string holder = fmt::format("process {} on {}\n", ::getpid(), host);
      // Only told to others: on a full disk the lock holds without it.
      if (::ftruncate(lock.file, 0) == 0)
        (void)!::write(lock.file, holder.data(), holder.size());
      return lock;
    }
    ::close(std::exchange(lock.file, -1)); // its holder has just removed it
  }
}

FolderLock::~FolderLock() {
  if (file < 0)
    return;
  ::unlink(path.c_str());
  ::close(file);
}

//===-- names ------------------------------------------------------------------------------------------------------===//

namespace {
/// step-N, or step-N.2 for another one of that step.
struct MomentName {
  std::int64_t step, number;
  auto operator<=>(const MomentName &) const = default;
};
} // namespace

static std::optional<MomentName> momentName(std::string_view text) {
  constexpr std::string_view prefix = "step-";
  if (!text.starts_with(prefix))
    return std::nullopt;
  MomentName name{0, 1};
  const char *end = text.data() + text.size();
  auto [at, wrong] = std::from_chars(text.data() + prefix.size(), end, name.step);
  if (wrong != std::errc() || name.step < 0)
    return std::nullopt;
  if (at != end) {
    if (*at != '.')
      return std::nullopt;
    auto [last, wrongNumber] = std::from_chars(at + 1, end, name.number);
    if (wrongNumber != std::errc() || last != end)
      return std::nullopt;
  }
  return name;
}

static bool exists(const std::string &path) {
  struct stat status{};
  return ::lstat(path.c_str(), &status) == 0;
}

std::string talweg::freeMomentName(const std::string &folder, std::int64_t step) {
  std::string name = fmt::format("step-{}", step);
  for (int number = 2; exists(inFolder(folder, name)); ++number)
    name = fmt::format("step-{}.{}", step, number);
  return name;
}

/// What a link says; empty where there is no link.
static std::string linkIn(const std::string &folder, const char *name) {
  std::error_code none;
  return fs::read_symlink(inFolder(folder, name), none).string();
}

/// A help that names the newest moment of a run's folder; empty: it has none.
static std::string newestHelp(const std::string &folder) {
  std::optional<MomentName> newest;
  std::string name;
  for (const std::string &each : namesIn(folder))
    if (auto moment = momentName(each); moment && (!newest || *moment > *newest)) {
      newest = moment;
      name = each;
    }
  return newest ? fmt::format("\nhelp: {} is the newest moment there, and can be named itself", inFolder(folder, name))
                : "";
}

Result<std::string> talweg::momentAt(const std::string &path) {
  std::error_code ignored;
  std::string last = linkIn(path, "last");
  for (std::string before; !last.empty(); last = linkIn(path, "last")) {
    if (momentName(last) && fs::is_directory(inFolder(path, last), ignored))
      return inFolder(path, last);
    if (std::exchange(before, last) != last) // a writer may have moved on meanwhile
      continue;
    return Error{"E0869",
                 fmt::format("{}: error: the run's last moment, `{}`, is not there{}", path, last, newestHelp(path))};
  }
  if (fs::is_directory(inFolder(path, "last"), ignored)) // a copy that followed the link
    return inFolder(path, "last");
  if (fs::exists(inFolder(path, kStateFile), ignored))
    return path;
  if (!fs::exists(path, ignored))
    return Error{"E0869", fmt::format("{}: error: there is no such folder", path)};
  if (!fs::is_directory(path, ignored))
    return Error{"E0869", fmt::format("{}: error: it is not a folder, and a run is one", path)};
  if (const std::string help = newestHelp(path); !help.empty())
    return Error{"E0869",
                 fmt::format("{}: error: the run has no link `last`: this is a copy that has left it out{}; copy "
                             "runs as they are: cp -a",
                             path, help)};
  return Error{"E0869", fmt::format("{}: error: the folder is not that of a run: it has neither `last` nor `{}`", path,
                                    kStateFile)};
}

Result<MomentFiles> talweg::openMoment(const std::string &path, const std::vector<const char *> &names) {
  for (;;) {
    auto folder = momentAt(path);
    if (!folder)
      return folder.error();
    MomentFiles files{*folder, {}};
    for (const char *name : names)
      files.contents.push_back(StoredBytes::ofFile(inFolder(*folder, name)));
    const bool isWhole = std::ranges::all_of(files.contents, [](auto &file) { return bool(file); });
    auto now = momentAt(path);
    if (isWhole || (now && *now == *folder))
      return files;
  }
}

//===-- writing ----------------------------------------------------------------------------------------------------===//

static Error writeError(const std::string &path, int reason) {
  return {"E0802", fmt::format("{}: error: cannot write: {}", path, std::strerror(reason))};
}

static Result<void> link(const std::string &folder, const char *name, const std::string &target) {
  const std::string path = inFolder(folder, name), aside = path + ".part";
  if (::symlink(target.c_str(), aside.c_str()) != 0 || ::rename(aside.c_str(), path.c_str()) != 0) {
    const int reason = errno;
    ::unlink(aside.c_str());
    return writeError(path, reason);
  }
  return {};
}

static void removeTree(const std::string &path) {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

static void removeMoment(const std::string &folder, const std::string &name) {
  const std::string path = inFolder(folder, name), aside = path + ".part";
  removeTree(::rename(path.c_str(), aside.c_str()) == 0 ? aside : path);
}

Result<void> talweg::placeMoment(const std::string &folder, const std::string &name,
                                 const std::vector<MomentFile> &files) {
  const std::string path = inFolder(folder, name), aside = path + ".part";
  auto write = [&]() -> Result<void> {
    if (::mkdir(aside.c_str(), 0755) != 0)
      return writeError(aside, errno);
    for (const MomentFile &file : files)
      if (auto written = writeNewFile(inFolder(aside, file.name), file.pieces); !written)
        return written;
    if (auto synced = syncFolder(aside); !synced)
      return synced;
    if (::rename(aside.c_str(), path.c_str()) != 0)
      return writeError(path, errno);
    return syncFolder(folder);
  };
  if (auto written = write(); !written) {
    removeTree(aside);
    removeMoment(folder, name);
    return written;
  }
  if (auto linked = link(folder, "last", name); !linked) {
    removeMoment(folder, name);
    return linked;
  }
  return syncFolder(folder);
}

//===-- what is there no more --------------------------------------------------------------------------------------===//

void talweg::clearLeftovers(const std::string &folder) {
  for (const std::string &name : namesIn(folder))
    if (name.ends_with(".part"))
      removeTree(inFolder(folder, name));
}

void talweg::tidyMoments(const std::string &folder, const std::string &best, std::int64_t keep, bool alone) {
  const std::string last = linkIn(folder, "last");
  if (best.empty())
    ::unlink(inFolder(folder, "best").c_str());
  else if (linkIn(folder, "best") != best) {
    (void)bool(link(folder, "best", best)); // the last moment says which it is
    (void)bool(syncFolder(folder));         // before the one goes that was it
  }
  std::vector<std::pair<MomentName, std::string>> moments;
  for (const std::string &name : namesIn(folder))
    if (auto moment = momentName(name))
      moments.emplace_back(*moment, name);
  std::sort(moments.rbegin(), moments.rend());
  std::int64_t kept = 0, keptStep = -1;
  const std::optional<MomentName> newest = momentName(last);
  for (const auto &[moment, name] : moments) {
    const bool isKept =
        name == last || (!alone && newest && moment < *newest && kept < keep && moment.step != keptStep);
    if (isKept) {
      ++kept;
      keptStep = moment.step;
    }
    if (!isKept && name != best)
      removeMoment(folder, name);
  }
  if (alone)
    for (const char *name : {kModelFile, kOptimizerFile, kStateFile, "best.safetensors"})
      ::unlink(inFolder(folder, name).c_str());
  clearLeftovers(folder);
}
