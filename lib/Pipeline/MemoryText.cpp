// Sizes and their parts.
#include "talweg/Pipeline/MemoryText.h"

#include "talweg/Support/Counted.h"

#include <fmt/format.h>

using namespace talweg;

std::string talweg::variablesText(const Manifest &manifest) {
  std::int64_t parameters = 0, states = 0, slots = 0;
  for (const Variable &variable : manifest.variables)
    (variable.role == Role::Parameter ? parameters : variable.role == Role::Slot ? slots : states) += variable.bytes();
  std::string parts = fmt::format("parameters {}", bytesText(parameters));
  if (states)
    parts += fmt::format(", states {}", bytesText(states));
  if (slots)
    parts += fmt::format(", optimizer state {}", bytesText(slots));
  return fmt::format("its variables take {} ({})", bytesText(manifest.persistentBytes), parts);
}

std::string talweg::batchHelp(const Manifest &manifest) {
  return manifest.batch > 1
             ? fmt::format("\nhelp: a smaller batch needs a smaller arena: --batch {}", manifest.batch / 2)
             : "";
}
