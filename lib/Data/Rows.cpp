#include "talweg/Data/Rows.h"

#include "CsvReader.h"

namespace talweg::data {

std::optional<Condition> Condition::of(std::string_view text) {
  const std::size_t sign = text.find('=');
  if (sign == std::string_view::npos || sign == 0)
    return std::nullopt;
  const bool equal = text[sign - 1] != '!';
  const std::string column(trimmed(text.substr(0, equal ? sign : sign - 1)));
  if (column.empty())
    return std::nullopt;
  return Condition{column, equal, std::string(trimmed(text.substr(sign + 1)))};
}

std::optional<ColumnRef> columnOption(const Options &options, std::string_view name) {
  if (const auto number = valueOf<std::int64_t>(options, name))
    return *number;
  if (const auto text = valueOf<std::string>(options, name))
    return *text;
  return std::nullopt;
}

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
  for (const std::string &text : textsOf(options, "where"))
    if (const std::optional<Condition> condition = Condition::of(text))
      rows.where.push_back(*condition);
  const auto exceptIndex = valueOf<std::string>(options, "except_index");
  rows.exceptIndex = exceptIndex.has_value();
  rows.index = exceptIndex ? *exceptIndex : valueOf<std::string>(options, "index").value_or("");
  rows.percent = valueOf<Range>(options, "percent");
  rows.seed = valueOf<std::int64_t>(options, "seed");
  rows.by = columnOption(options, "by");
  rows.sorted = columnOption(options, "sorted");
  rows.stratified = columnOption(options, "stratified");
  return rows;
}

std::int64_t KeptRows::inFile(std::int64_t row) const {
  std::int64_t number = 0;
  for (std::int64_t kept = -1;; ++number)
    if (keeps(number) && ++kept == row)
      return number;
}

} // namespace talweg::data
