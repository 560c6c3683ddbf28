// One list of members for both directions, under their names. Each record is also taken apart by a structured binding, which does not
// compile where a member has been added and is not listed.
#include "ManifestJson.h"

#include <nlohmann/json.hpp>

using nlohmann::json;

namespace talweg {

static void to_json(json &value, ElementType type) { value = nameOf(type); }
static void from_json(const json &value, ElementType &type) {
  type = elementTypeBy(&ElementInfo::text, value.get<std::string_view>()).value();
}
static void to_json(json &value, Mode mode) { value = nameOf(mode); }
static void from_json(const json &value, Mode &mode) { mode = modeNamed(value.get<std::string_view>()).value(); }
static void to_json(json &value, Role role) { value = nameOf(role); }
static void from_json(const json &value, Role &role) { role = roleNamed(value.get<std::string_view>()).value(); }

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Variable, name, role, element, shape, frozen, offset, block)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(FieldUse, read, low, high)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(FaultSite, message, help, file, line, column)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Manifest, mode, batch, variables, fields, faults, metrics, reports, lossMetrics,
                                   outputShape, outputType, flops, contractions, arenaBytes, persistentBytes)

json toJson(const Manifest &manifest) {
  [[maybe_unused]] const auto &[name, role, element, shape, frozen, offset, block] = Variable();
  [[maybe_unused]] const auto &[read, low, high] = FieldUse();
  [[maybe_unused]] const auto &[message, help, file, line, column] = FaultSite();
  [[maybe_unused]] const auto &[mode, batch, variables, fields, faults, metrics, reports, lossMetrics, outputShape,
                                outputType, flops, contractions, arenaBytes, persistentBytes] = manifest;
  return manifest;
}

Manifest manifestFrom(const json &value) { return value.get<Manifest>(); }

} // namespace talweg
