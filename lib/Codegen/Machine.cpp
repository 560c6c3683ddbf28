// Reads sizes where the system tells them.
#include "talweg/Codegen/Machine.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <string>

using llvm::StringRef;

namespace talweg {

static std::string firstLineOf(const std::string &path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// `1024K`, `32M`, or plain bytes.
static std::optional<std::int64_t> bytesOf(StringRef text) {
  std::int64_t unit = text.consume_back("K") ? 1 << 10 : text.consume_back("M") ? 1 << 20 : 1, count = 0;
  if (text.getAsInteger(10, count) || count <= 0)
    return std::nullopt;
  return count * unit;
}

/// How many processors a list such as `0-3,8` names; at least one.
static std::int64_t countOf(StringRef list) {
  std::int64_t count = 0;
  for (StringRef part : llvm::split(list, ',')) {
    auto [first, last] = part.split('-');
    std::int64_t from = 0, to = 0;
    if (!first.trim().getAsInteger(10, from))
      count += last.empty() || last.trim().getAsInteger(10, to) ? 1 : to - from + 1;
  }
  return std::max<std::int64_t>(1, count);
}

std::string textOf(const Machine &machine) {
  std::string text;
  llvm::raw_string_ostream out(text);
  out << machine.l1Bytes << ' ' << machine.l1Ways << ' ' << machine.l2Bytes << ' ' << machine.l2Ways << ' '
      << machine.l3Bytes << ' ' << machine.cores << ' ' << machine.flopsPerNs << ' ' << machine.l2Rate << ' '
      << machine.l3Rate << ' ' << machine.memoryRate << ' ' << machine.l3Ns << ' ' << machine.storedNs << ' '
      << machine.rank << ' ' << machine.forkNs;
  if (machine.tuned)
    for (const auto &[plan, rank] : *machine.tuned)
      out << '\n' << plan << ' ' << rank;
  return text;
}

void readMachine(Machine &machine) {
  if (const std::string online = firstLineOf("/sys/devices/system/cpu/online"); !online.empty())
    machine.cores = countOf(online);
  for (int index = 0;; ++index) {
    const std::string folder = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) + "/";
    const std::string level = firstLineOf(folder + "level");
    if (level.empty())
      return;
    std::optional<std::int64_t> bytes = bytesOf(firstLineOf(folder + "size"));
    if (!bytes || firstLineOf(folder + "type") == "Instruction")
      continue;
    const std::int64_t share = *bytes / countOf(firstLineOf(folder + "shared_cpu_list"));
    if (const auto ways = bytesOf(firstLineOf(folder + "ways_of_associativity"));
        ways && (level == "1" || level == "2"))
      (level == "1" ? machine.l1Ways : machine.l2Ways) = *ways;
    (level == "1" ? machine.l1Bytes : level == "2" ? machine.l2Bytes : machine.l3Bytes) = share;
  }
}

} // namespace talweg
