// Sizes and their parts.
#include "talweg/Pipeline/MemoryText.h"

#include "talweg/Support/Counted.h"

#include <fmt/format.h>

using namespace talweg;

std::string talweg::variablesText(const Manifest &manifest) {
  std::int64_t bytes[std::size(kRoleNames)] = {};
  for (const Variable &variable : manifest.variables)
    bytes[std::size_t(variable.role)] += variable.bytes();
  std::string parts;
  for (auto [role, name] : {std::pair(Role::Parameter, "parameters"), std::pair(Role::State, "states"),
                            std::pair(Role::Slot, "optimizer state"), std::pair(Role::Sum, "sums of gradients"),
                            std::pair(Role::Average, "averages"), std::pair(Role::Carried, "what rows carry")})
    if (std::int64_t size = bytes[std::size_t(role)]; size || role == Role::Parameter)
      parts += fmt::format("{}{} {}", parts.empty() ? "" : ", ", name, bytesText(size));
  return fmt::format("its variables take {} ({})", bytesText(manifest.persistentBytes), parts);
}

std::string talweg::batchHelp(const Manifest &manifest) {
  return manifest.batch > 1
             ? fmt::format("\nhelp: a smaller batch needs a smaller arena: --batch {}", manifest.batch / 2)
             : "";
}
