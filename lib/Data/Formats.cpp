#include "talweg/Data/Formats.h"

#include "Readers.h"

#include <algorithm>

namespace talweg::data {

std::span<const Format *const> formats() {
#define TALWEG_ADDRESS(name) &name##Format,
  static constexpr const Format *table[] = {TALWEG_DATA_FORMATS(TALWEG_ADDRESS)};
#undef TALWEG_ADDRESS
  return table;
}

const Format *formatNamed(std::string_view name) {
  const auto found = std::ranges::find(formats(), name, &Format::name);
  return found == formats().end() ? nullptr : *found;
}

static bool isFrom(std::int64_t least, const OptionValue &value) {
  const auto *integer = std::get_if<std::int64_t>(&value);
  return integer && *integer >= least;
}

static bool isPositive(const OptionValue &value) { return isFrom(1, value); }

RowSelection selectionOf(const Options &options) {
  RowSelection rows;
  if (const auto range = valueOf<Range>(options, "rows")) {
    rows.begin = range->begin;
    rows.end = range->end;
  }
  const auto except = valueOf<std::int64_t>(options, "except_every");
  rows.complement = except.has_value();
  rows.every = except ? *except : valueOf<std::int64_t>(options, "every").value_or(1);
  rows.offset = valueOf<std::int64_t>(options, "offset").value_or(0);
  return rows;
}

static bool countsOnce(const Options &given) { return !given.contains("every") || !given.contains("except_every"); }

/// What selects rows, in every format.
static constexpr Option rowOptions[] = {
    {"every", "a positive integer", isPositive},
    {"except_every", "a positive integer", isPositive, "`every` and `except_every` exclude each other", countsOnce},
    {"offset", "an integer from 0", [](const OptionValue &value) { return isFrom(0, value); },
     "`offset` is less than the number of `every` or `except_every`",
     [](const Options &given) {
       const RowSelection rows = selectionOf(given);
       return rows.offset < rows.every && (given.contains("every") || given.contains("except_every"));
     }},
    {"rows", "a range of row numbers, as in `0..1000`",
     [](const OptionValue &value) {
       const auto *rows = std::get_if<Range>(&value);
       return rows && rows->begin >= 0 && rows->end > rows->begin;
     }},
};

const Option *Format::option(std::string_view wanted) const {
  for (const std::span<const Option> options : {std::span<const Option>(rowOptions), ownOptions})
    if (const auto found = std::ranges::find(options, wanted, &Option::name); found != options.end())
      return &*found;
  return nullptr;
}

bool Format::isOfRows(std::string_view option) {
  return std::ranges::find(rowOptions, option, &Option::name) != std::end(rowOptions);
}

std::vector<std::string> Format::optionNames() const {
  std::vector<std::string> names;
  for (const std::span<const Option> options : {std::span<const Option>(rowOptions), ownOptions})
    for (const Option &option : options)
      names.emplace_back(option.name);
  return names;
}

} // namespace talweg::data
