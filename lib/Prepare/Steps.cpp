// See Steps.h: the table, and what is wrong with a step by itself.
#include "talweg/Prepare/Steps.h"

#include "StepTable.h"
#include "talweg/Support/Counted.h"
#include "talweg/Support/Suggest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace talweg::prepare {

std::span<const StepInfo *const> steps() {
#define TALWEG_ADDRESS(name) &name##Step,
  static constexpr const StepInfo *table[] = {TALWEG_PREPARE_STEPS(TALWEG_ADDRESS)};
#undef TALWEG_ADDRESS
  return table;
}

const StepInfo *stepNamed(std::string_view name) {
  const auto found = std::ranges::find(steps(), name, &StepInfo::name);
  return found == steps().end() ? nullptr : *found;
}

std::vector<std::string> stepNames() {
  std::vector<std::string> names;
  for (const StepInfo *info : steps())
    names.emplace_back(info->name);
  return names;
}

const StepOption *StepInfo::option(std::string_view wanted) const {
  const auto found = std::ranges::find(options, wanted, &StepOption::name);
  return found == options.end() ? nullptr : &*found;
}

std::vector<std::string> StepInfo::optionNames() const {
  std::vector<std::string> names;
  for (const StepOption &option : options)
    names.emplace_back(option.name);
  return names;
}

std::string textOf(const StepValue &value) {
  if (const auto *truth = std::get_if<bool>(&value))
    return *truth ? "true" : "false";
  if (const auto *integer = std::get_if<std::int64_t>(&value))
    return std::to_string(*integer);
  if (const auto *number = std::get_if<double>(&value))
    return fmt::format("{}", *number);
  return fmt::format("\"{}\"", std::get<std::string>(value));
}

static std::string textOf(const Step &step) {
  std::vector<std::string> given;
  for (const StepValue &value : step.values)
    given.push_back(textOf(value));
  for (const auto &[name, value] : step.named)
    given.push_back(fmt::format("{} = {}", name, textOf(value)));
  return given.empty() ? step.name : fmt::format("{}({})", step.name, fmt::join(given, ", "));
}

std::string chainText(const Field &field) {
  std::string text(field.category ? "category" : nameOf(field.element));
  if (!field.shape.empty())
    text += fmt::format("[{}]", fmt::join(field.shape, ", "));
  std::vector<std::string> columns;
  for (const ColumnRef &column : field.columns)
    columns.push_back(column.index() == 0 ? std::to_string(std::get<0>(column))
                                          : fmt::format("\"{}\"", std::get<1>(column)));
  text += fmt::format(" = column({})", fmt::join(columns, ", "));
  for (const Step &step : field.steps)
    text += " |> " + textOf(step);
  return text;
}

static std::string listed(const std::vector<std::string> &names) {
  return fmt::format("`{}`", fmt::join(names, "`, `"));
}

static std::string meantOr(std::string_view name, const std::vector<std::string> &names, std::string otherwise) {
  const std::string meant = suggest(name, names);
  return meant.empty() ? otherwise : fmt::format("did you mean `{}`?", meant);
}

Fault faultOf(const Step &step) {
  const StepInfo *info = stepNamed(step.name);
  if (!info)
    return {"E0750", fmt::format("there is no step `{}`", step.name),
            meantOr(step.name, stepNames(), "the steps are " + listed(stepNames()))};
  const std::string example = fmt::format("as in `{}`", info->example);
  for (const StepValue &value : step.values)
    if (info->accepts && !info->accepts(value))
      return {"E0751", fmt::format("`{}` takes {}, and this is {}", info->name, info->wanted, textOf(value)), example};
  if (step.values.size() < info->least || step.values.size() > info->most) {
    const std::string_view wanted = info->most == 0 ? "no values by position" : info->wanted;
    return {"E0751",
            fmt::format("`{}` takes {}, and there {} {}", info->name, wanted, step.values.size() == 1 ? "is" : "are",
                        step.values.empty() ? "none" : std::to_string(step.values.size())),
            example};
  }
  for (const auto &[name, value] : step.named) {
    const StepOption *option = info->option(name);
    if (!option)
      return {"E0751", fmt::format("`{}` has no option `{}`", info->name, name),
              info->options.empty() ? "it has none"
                                    : meantOr(name, info->optionNames(), "it has " + listed(info->optionNames()))};
    if (!option->accepts(value))
      return {"E0751", fmt::format("`{}` is {}, and this is {}", name, option->wanted, textOf(value)), example};
  }
  if (const std::string_view broken = info->broken(step); !broken.empty())
    return {"E0751", std::string(broken), example};
  return {};
}

} // namespace talweg::prepare
