// Sizes and their parts.
#include "talweg/Pipeline/MemoryText.h"

#include <fmt/format.h>

using namespace talweg;

std::string talweg::sizeText(std::int64_t bytes) {
  static constexpr const char *units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double size = double(bytes);
  int unit = 0;
  for (; size >= 1024 && unit < 4; ++unit)
    size /= 1024;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", size, units[unit]);
}

std::string talweg::variablesText(const Manifest &manifest) {
  std::int64_t parameters = 0, states = 0, slots = 0;
  for (const Variable &variable : manifest.variables)
    (variable.role == Role::Parameter ? parameters : variable.role == Role::Slot ? slots : states) += variable.bytes();
  std::string parts = fmt::format("parameters {}", sizeText(parameters));
  if (states)
    parts += fmt::format(", states {}", sizeText(states));
  if (slots)
    parts += fmt::format(", optimizer state {}", sizeText(slots));
  return fmt::format("its variables take {} ({})", sizeText(manifest.persistentBytes), parts);
}

std::string talweg::batchHelp(const Manifest &manifest) {
  return manifest.batch > 1
             ? fmt::format("\nhelp: a smaller batch needs a smaller arena: --batch {}", manifest.batch / 2)
             : "";
}
