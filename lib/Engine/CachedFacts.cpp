// One list of fields for both directions. Structured bindings name every field, so that one that is added is not forgotten here.
#include "CachedFacts.h"

#include <nlohmann/json.hpp>

using namespace talweg;
using nlohmann::json;

/// Calls `action` with a StoredVariable's fields.
static auto withFields(auto &variable, auto action) {
  auto &[name, role, elementType, shape, count, frozen, offset, bytes, block] = variable;
  return action(name, role, elementType, shape, count, frozen, offset, bytes, block);
}

json talweg::factsToJson(const ModuleFacts &facts) {
  const auto &[batch, variables, reads, metrics, reports, outputShape, outputDouble, flops, contractions, arenaBytes,
               persistentBytes, regions] = facts; // regions: of profiled programs, which are not kept
  json stored = json::array();
  for (const StoredVariable &variable : variables)
    withFields(variable, [&](const auto &...fields) { stored.push_back(json::array({fields...})); });
  return json::array({batch, stored, reads, metrics, reports, outputShape, outputDouble, flops, contractions,
                      arenaBytes, persistentBytes});
}

ModuleFacts talweg::factsFromJson(const json &value) {
  ModuleFacts facts;
  auto &[batch, variables, reads, metrics, reports, outputShape, outputDouble, flops, contractions, arenaBytes,
         persistentBytes, regions] = facts;
  auto read = [](const json &array, auto &...fields) {
    std::size_t at = 0;
    (array[at++].get_to(fields), ...);
  };
  json stored;
  read(value, batch, stored, reads, metrics, reports, outputShape, outputDouble, flops, contractions, arenaBytes,
       persistentBytes);
  for (const json &variable : stored)
    withFields(variables.emplace_back(), [&](auto &...fields) { read(variable, fields...); });
  return facts;
}
