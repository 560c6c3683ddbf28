// Limits as Linux tells them: /proc/meminfo, and for each control group from the process's own up to the root
// memory.max (version 2) or memory.limit_in_bytes (version 1). A container often shows its own group as the root.
#include "MachineMemory.h"

#include "talweg/Pipeline/MemoryText.h"
#include "talweg/Support/Counted.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>

using namespace talweg;

/// The number a file begins with; none where there is no such file or it says `max`.
static std::optional<std::int64_t> numberIn(const std::string &path) {
  std::ifstream file(path);
  std::int64_t number = 0;
  if (file >> number)
    return number;
  return {};
}

static std::int64_t physicalBytes(const std::string &root) {
  std::ifstream file(root + "/proc/meminfo");
  std::string name;
  std::int64_t kibibytes = 0;
  if (file >> name >> kibibytes && name == "MemTotal:")
    return kibibytes * 1024;
  return INT64_MAX;
}

/// The least limit of the group at `path` below `mount` and of those above it.
static std::int64_t groupBytes(const std::string &mount, std::string path, const char *file) {
  std::int64_t least = INT64_MAX;
  for (;;) {
    if (std::optional<std::int64_t> limit = numberIn(mount + path + "/" + file))
      least = std::min(least, *limit);
    if (path.empty())
      return least;
    path.erase(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  }
}

MachineMemory talweg::machineMemory(const std::string &root) {
  MachineMemory result{physicalBytes(root), false};
  // Lines are `number:controllers:path`; version 2 has no controllers.
  std::ifstream groups(root + "/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    std::istringstream parts(line);
    std::string number, controllers, path;
    std::getline(parts, number, ':');
    std::getline(parts, controllers, ':');
    std::getline(parts, path);
    std::int64_t limit = INT64_MAX;
    if (controllers.empty())
      limit = groupBytes(root + "/sys/fs/cgroup", path, "memory.max");
    else if (("," + controllers + ",").find(",memory,") != std::string::npos)
      limit = groupBytes(root + "/sys/fs/cgroup/memory", path, "memory.limit_in_bytes");
    if (limit < result.bytes)
      result = {limit, true};
  }
  return result;
}

Result<void> talweg::fitsMachine(const Manifest &manifest, const MachineMemory &machine, const std::string &file) {
  std::int64_t needed = manifest.persistentBytes + manifest.arenaBytes;
  if (needed <= machine.bytes)
    return {};
  std::string message =
      fmt::format("{0}: error: the program needs {1} of memory, and {2} has {3} [E0872]\n"
                  "{0}: note: {4}; its arena takes {5} for a batch of {6}",
                  file, bytesText(needed), machine.ofGroup ? "this process's control group" : "this machine",
                  bytesText(machine.bytes), variablesText(manifest), bytesText(manifest.arenaBytes), manifest.batch);
  if (manifest.persistentBytes < machine.bytes)
    message += batchHelp(manifest);
  return Error{"E0872", message};
}
