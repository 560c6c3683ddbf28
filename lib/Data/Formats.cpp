#include "talweg/Data/Formats.h"

#include "Readers.h"

#include "talweg/Data/Rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

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

std::string titleOf(const Format &format) {
  std::string title(format.name);
  if (title.size() <= 5 && !format.holdsAnything)
    std::ranges::transform(title, title.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return title;
}

Result<void> checkOneFile(const Source &source) {
  if (source.paths.size() == 1)
    return {};
  return failure("E0743", {source.format->name},
                 fmt::format("a {} source is one file, not {}", titleOf(*source.format), source.paths.size()));
}

std::vector<std::string> textsOf(const Options &options, std::string_view name) {
  if (const auto text = valueOf<std::string>(options, name))
    return {*text};
  return valueOf<std::vector<std::string>>(options, name).value_or(std::vector<std::string>());
}

static bool isFrom(std::int64_t least, const OptionValue &value) {
  const auto *integer = std::get_if<std::int64_t>(&value);
  return integer && *integer >= least;
}
static bool isPositive(const OptionValue &value) { return isFrom(1, value); }
static bool isNumber(const OptionValue &value) { return isFrom(0, value); }
static bool isName(const OptionValue &value) {
  const auto *text = std::get_if<std::string>(&value);
  return text && !text->empty();
}
static bool isColumn(const OptionValue &value) { return isNumber(value) || isName(value); }
static bool isCondition(const OptionValue &value) {
  std::vector<std::string> texts = textsOf({{"where", value}}, "where");
  return !texts.empty() && std::ranges::all_of(texts, [](auto &text) { return Condition::of(text).has_value(); });
}

static bool has(const Options &given, std::string_view name) { return given.contains(name); }
static bool countsOnce(const Options &given) { return !has(given, "every") || !has(given, "except_every"); }
static bool indexesOnce(const Options &given) { return !has(given, "index") || !has(given, "except_index"); }
static bool placesOnce(const Options &given) {
  return has(given, "by") + has(given, "sorted") + has(given, "stratified") <= 1;
}

static constexpr std::string_view kColumn = "a column's name or number", kFile = "a file's name";
static constexpr std::string_view kPlacesOnce = "`by`, `sorted` and `stratified` exclude each other";

/// What selects rows, in every format.
static constexpr Option rowOptions[] = {
    {"by", kColumn, isColumn, kPlacesOnce, placesOnce},
    {"every", "a positive integer", isPositive},
    {"except_every", "a positive integer", isPositive, "`every` and `except_every` exclude each other", countsOnce},
    {.name = "except_index",
     .wanted = kFile,
     .accepts = isName,
     .rule = "`index` and `except_index` exclude each other",
     .agrees = indexesOnce,
     .isPath = true},
    {.name = "index", .wanted = kFile, .accepts = isName, .isPath = true},
    {"offset", "an integer from 0", isNumber, "`offset` is less than the number of `every` or `except_every`",
     [](const Options &given) {
       const RowSelection rows = selectionOf(given);
       return rows.offset < rows.every && (has(given, "every") || has(given, "except_every"));
     }},
    {"percent", "a range of whole percent, as in `0..90`",
     [](const OptionValue &value) {
       const auto *percent = std::get_if<Range>(&value);
       return percent && percent->begin >= 0 && percent->end > percent->begin && percent->end <= 100;
     }},
    {"rows", "a range of row numbers, as in `0..1000`",
     [](const OptionValue &value) {
       const auto *rows = std::get_if<Range>(&value);
       return rows && rows->begin >= 0 && rows->end > rows->begin;
     }},
    {"seed", "an integer from 0", isNumber, "`seed` goes with `percent`, and not with `sorted`",
     [](const Options &given) { return has(given, "percent") && !has(given, "sorted"); }},
    {"sorted", kColumn, isColumn, "`sorted` goes with `percent`",
     [](const Options &given) { return has(given, "percent"); }},
    {"stratified", kColumn, isColumn},
    {"where", "a condition, as in `\"kind = train\"` or `\"kind != test\"`, or a list of them", isCondition},
};

/// What says how training draws rows, in every format.
static constexpr Option drawOptions[] = {{kBalanced, kColumn, isColumn}};

const Option *Format::option(std::string_view wanted) const {
  for (const std::span<const Option> options :
       {std::span<const Option>(rowOptions), std::span<const Option>(drawOptions), ownOptions})
    if (const auto found = std::ranges::find(options, wanted, &Option::name); found != options.end())
      return &*found;
  return nullptr;
}

bool Format::isOfRows(std::string_view option) {
  return std::ranges::find(rowOptions, option, &Option::name) != std::end(rowOptions);
}

std::vector<std::string> Format::optionNames() const {
  std::vector<std::string> names;
  for (const std::span<const Option> options :
       {std::span<const Option>(rowOptions), std::span<const Option>(drawOptions), ownOptions})
    for (const Option &option : options)
      names.emplace_back(option.name);
  return names;
}

} // namespace talweg::data
