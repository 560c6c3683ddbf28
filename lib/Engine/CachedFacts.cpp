// One list of fields for both directions. Structured bindings name every field, so that one that is added is not forgotten here.
#include "CachedFacts.h"

#include <nlohmann/json.hpp>

#include <type_traits>

using namespace talweg;
using nlohmann::json;

/// Calls `action` with a record's fields.
static auto withFields(auto &record, auto action) {
  using Record = std::remove_cvref_t<decltype(record)>;
  if constexpr (std::is_same_v<Record, StoredVariable>) {
    auto &[name, role, elementType, shape, count, frozen, offset, bytes, block] = record;
    return action(name, role, elementType, shape, count, frozen, offset, bytes, block);
  } else if constexpr (std::is_same_v<Record, FieldUse>) {
    auto &[isRead, low, high] = record;
    return action(isRead, low, high);
  } else {
    static_assert(std::is_same_v<Record, FaultSite>);
    auto &[message, help, file, line, column] = record;
    return action(message, help, file, line, column);
  }
}

template <typename Record>
static json toJson(const std::vector<Record> &records) {
  json array = json::array();
  for (const Record &record : records)
    withFields(record, [&](const auto &...fields) { array.push_back(json::array({fields...})); });
  return array;
}

/// The elements of an array into `fields`, one after another.
static void read(const json &array, auto &...fields) {
  std::size_t at = 0;
  (array[at++].get_to(fields), ...);
}

template <typename Record>
static void fromJson(const json &array, std::vector<Record> &records) {
  for (const json &record : array)
    withFields(records.emplace_back(), [&](auto &...fields) { read(record, fields...); });
}

json talweg::factsToJson(const ModuleFacts &facts) {
  const auto &[batch, variables, fields, faults, metrics, reports, lossMetrics, outputShape, outputDouble, flops,
               contractions, arenaBytes, persistentBytes, regions] =
      facts; // regions: of profiled programs, which are not kept
  return json::array({batch, toJson(variables), toJson(fields), toJson(faults), metrics, reports, lossMetrics,
                      outputShape, outputDouble, flops, contractions, arenaBytes, persistentBytes});
}

ModuleFacts talweg::factsFromJson(const json &value) {
  ModuleFacts facts;
  auto &[batch, variables, fields, faults, metrics, reports, lossMetrics, outputShape, outputDouble, flops,
         contractions, arenaBytes, persistentBytes, regions] = facts;
  json storedVariables, storedFields, storedFaults;
  read(value, batch, storedVariables, storedFields, storedFaults, metrics, reports, lossMetrics, outputShape,
       outputDouble, flops, contractions, arenaBytes, persistentBytes);
  fromJson(storedVariables, variables);
  fromJson(storedFields, fields);
  fromJson(storedFaults, faults);
  return facts;
}
