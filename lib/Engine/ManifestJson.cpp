// One list of members for both directions, under their names.
#include "ManifestJson.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>

using nlohmann::json;

template <>
struct nlohmann::adl_serializer<talweg::ColumnRef> {
  static void to_json(json &value, const talweg::ColumnRef &column) {
    std::visit([&](const auto &given) { value = given; }, column);
  }
  static void from_json(const json &value, talweg::ColumnRef &column) {
    if (value.is_string())
      column = value.get<std::string>();
    else
      column = value.get<std::int64_t>();
  }
};

template <typename Value>
struct nlohmann::adl_serializer<std::optional<Value>> {
  static void to_json(json &value, const std::optional<Value> &given) { value = given ? json(*given) : json(); }
  static void from_json(const json &value, std::optional<Value> &given) {
    given = value.is_null() ? std::nullopt : std::optional(value.get<Value>());
  }
};

namespace talweg::data {
static void to_json(json &value, const Range &range) { value = {range.begin, range.end}; }
static void from_json(const json &value, Range &range) { range = {value[0], value[1]}; }
} // namespace talweg::data

template <>
struct nlohmann::adl_serializer<talweg::StepValue> {
  static void to_json(json &value, const talweg::StepValue &given) {
    std::visit([&](const auto &plain) { value = plain; }, given);
  }
  static void from_json(const json &value, talweg::StepValue &given) {
    if (value.is_boolean())
      given = value.get<bool>();
    else if (value.is_number_float())
      given = value.get<double>();
    else if (value.is_number())
      given = value.get<std::int64_t>();
    else
      given = value.get<std::string>();
  }
};

template <>
struct nlohmann::adl_serializer<talweg::data::OptionValue> {
  static void to_json(json &value, const talweg::data::OptionValue &option) {
    std::visit([&](const auto &given) { value = given; }, option);
  }
  static void from_json(const json &value, talweg::data::OptionValue &option) {
    if (value.is_boolean())
      option = value.get<bool>();
    else if (value.is_number())
      option = value.get<std::int64_t>();
    else if (value.is_string())
      option = value.get<std::string>();
    else if (value.empty() || value[0].is_string())
      option = value.get<std::vector<std::string>>();
    else
      option = value.get<talweg::data::Range>();
  }
};

namespace talweg {

static void to_json(json &value, ElementType type) { value = nameOf(type); }
static void from_json(const json &value, ElementType &type) {
  type = elementTypeBy(&ElementInfo::text, value.get<std::string_view>()).value();
}
static void to_json(json &value, Mode mode) { value = nameOf(mode); }
static void from_json(const json &value, Mode &mode) { mode = modeNamed(value.get<std::string_view>()).value(); }
static void to_json(json &value, Combine combine) { value = nameOf(combine); }
static void from_json(const json &value, Combine &combine) {
  combine = combineNamed(value.get<std::string_view>()).value();
}
static void to_json(json &value, Role role) { value = nameOf(role); }
static void from_json(const json &value, Role &role) { role = roleNamed(value.get<std::string_view>()).value(); }
static void to_json(json &value, Predicate predicate) { value = nameOf(predicate); }
static void from_json(const json &value, Predicate &predicate) {
  predicate = predicateNamed(value.get<std::string_view>()).value();
}
static void to_json(json &value, OnNan onNan) { value = nameOf(onNan); }
static void from_json(const json &value, OnNan &onNan) { onNan = onNanNamed(value.get<std::string_view>()).value(); }

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Variable, name, role, element, shape, frozen, offset, block)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Step, name, values, named)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(RowWindow, begin, end, stride, by)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Field, name, element, shape, classes, names, category, columns, steps, window)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(FieldUse, read, low, high)
/// JSON has no numbers that are not finite: they are texts.
static void to_json(json &value, const Hyper &hyper) {
  value = {{"name", hyper.name},
           {"value", std::isfinite(hyper.value) ? json(hyper.value) : json(fmt::format("{}", hyper.value))}};
}
static void from_json(const json &value, Hyper &hyper) {
  value["name"].get_to(hyper.name);
  hyper.value =
      value["value"].is_string() ? std::stod(value["value"].get<std::string>()) : value["value"].get<double>();
}
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(FaultSite, message, help, notFinite, file, line, column)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(EarlyStop, name, greatest, patience)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Comparison, name, predicate, value)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Gradient, parameter, slot, column)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Sum, combine, count, pass)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Table, name, shape)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Manifest, model, mode, batch, variables, fields, uses, hypers, faults, loss, metrics,
                                   reports, otherLosses, every, lossMetrics, gradients, inParts, sums, ofSums, tables,
                                   outputShape, outputType, outputs, flops, contractions, movedBytes, arenaBytes,
                                   persistentBytes, knowsEnd)

/// Does not compile where a member is not listed above.
[[maybe_unused]] static void membersAreAllListed() {
  [[maybe_unused]] const auto &[name, role, element, shape, frozen, offset, block] = Variable();
  [[maybe_unused]] const auto &[field, type, extents, classes, names, category, columns, steps, window] = Field();
  [[maybe_unused]] const auto &[step, values, named] = Step();
  [[maybe_unused]] const auto &[first, last, stride, by] = RowWindow();
  [[maybe_unused]] const auto &[read, low, high] = FieldUse();
  [[maybe_unused]] const auto &[hyper, value] = Hyper();
  [[maybe_unused]] const auto &[message, help, notFinite, file, line, column] = FaultSite();
  [[maybe_unused]] const auto &[parameter, slot, told] = Gradient();
  [[maybe_unused]] const auto &[combine, count, pass] = Sum();
  [[maybe_unused]] const auto &[table, sizes] = Table();
  [[maybe_unused]] const auto &[model, mode, batch, variables, fields, uses, hypers, faults, loss, metrics, reports,
                                otherLosses, every, lossMetrics, gradients, inParts, sums, ofSums, tables, outputShape,
                                outputType, outputs, flops, contractions, movedBytes, arenaBytes, persistentBytes,
                                knowsEnd] = Manifest();
  [[maybe_unused]] const auto &[early, best, patience] = EarlyStop();
  [[maybe_unused]] const auto &[compared, predicate, with] = Comparison();
}

namespace frontend {
static void to_json(json &value, const Split &split) {
  value = {{"name", split.name}, {"format", split.format->name}, {"files", split.files}, {"options", split.options}};
}
static void from_json(const json &value, Split &split) {
  split = {value["name"], data::formatNamed(value["format"].get<std::string_view>()), value["files"], value["options"]};
}
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Constant, name, value)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Plan, model, data, real, splits, batch, accumulate, epochs, steps, validateEvery,
                                   best, greatest, early, stopWhen, budgetSeconds, budgetSteps, onNan, rollbacks, saved,
                                   seed, constants)

[[maybe_unused]] static void membersAreAllListed() {
  [[maybe_unused]] const auto &[name, format, files, options] = Split();
  [[maybe_unused]] const auto &[constant, value] = Constant();
  [[maybe_unused]] const auto &[model, data, real, splits, batch, accumulate, epochs, steps, validateEvery, best,
                                greatest, early, stopWhen, budgetSeconds, budgetSteps, onNan, rollbacks, saved, seed,
                                constants] = Plan();
}
} // namespace frontend

json toJson(const frontend::Plan &plan) { return plan; }
frontend::Plan planFrom(const json &value) { return value.get<frontend::Plan>(); }

json toJson(const Manifest &manifest) { return manifest; }

std::string textOf(const Manifest &manifest) {
  return toJson(manifest).dump(-1, ' ', false, json::error_handler_t::replace);
}

Manifest manifestFrom(const json &value) { return value.get<Manifest>(); }
Manifest manifestFrom(const std::string &text) { return manifestFrom(json::parse(text)); }

} // namespace talweg
