#include "talweg/Data/Table.h"

#include "Messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace talweg::data {

std::string Field::typeText() const {
  const std::string one = classes ? fmt::format("class[{}]", *classes) : std::string(nameOf(element));
  return shape.empty() ? one : fmt::format("{}[{}]", one, fmt::join(shape, ", "));
}

/// rows * bytesPerRow, or nothing if that is no size.
static std::optional<std::int64_t> columnBytes(const Field &field, std::int64_t rows) {
  std::int64_t bytes = sizeOf(field.element);
  for (std::int64_t extent : field.shape)
    if (extent <= 0 || __builtin_mul_overflow(bytes, extent, &bytes))
      return std::nullopt;
  if (rows < 0 || __builtin_mul_overflow(bytes, rows, &bytes))
    return std::nullopt;
  return bytes;
}

Result<Table> Table::create(std::vector<Field> fields, std::int64_t rows, const Limits &limits) {
  Table table;
  table.rows = rows;
  const auto storage = std::make_shared<Storage>(Storage{limits});
  for (std::size_t f = 0; f < fields.size(); ++f)
    table.columns.emplace_back(storage);
  table.classes = Buffer(storage);
  table.storage = storage;
  for (std::size_t f = 0; f < fields.size(); ++f) {
    const std::optional<std::int64_t> bytes = columnBytes(fields[f], rows);
    if (!bytes || (fields[f].wanted && !table.columns[f].resize(*bytes)))
      return failure("E0740", {fields[f].name},
                     fmt::format("there is no memory for {} of {}", counted(rows, "row"), fields[f].typeText()));
  }
  table.fields = std::move(fields);
  return table;
}

std::optional<std::size_t> Table::find(std::string_view name) const {
  for (std::size_t f = 0; f < fields.size(); ++f)
    if (fields[f].name == name)
      return f;
  return std::nullopt;
}

Error Table::noRoom(std::string_view origin) const {
  const Limits &limits = storage->limits;
  if (limits.mostBytes == INT64_MAX)
    return failure("E0740", {origin}, fmt::format("out of memory after {}", counted(rows, "row")));
  return failure(
      "E0780", {origin},
      fmt::format("the data takes more than the {} that it may have in memory, and there is no room for it in {}: "
                  "{} fit, and there are more",
                  bytesText(limits.mostBytes), limits.folder, counted(rows, "row")),
      "choose fewer rows or smaller types, make room there, or give more memory: `--data-memory`");
}

std::int64_t Table::bytes() const {
  std::int64_t total = classes.size();
  for (const Buffer &column : columns)
    total += column.size();
  return total;
}

Result<void> Table::check(std::string_view origin) const {
  for (std::size_t f = 0; f < fields.size(); ++f) {
    const Field &field = fields[f];
    if (!field.wanted)
      continue;
    const std::int64_t elements = field.count(), count = rows * elements;
    if (columns[f].size() != count * sizeOf(field.element))
      return failure("E0741", {origin},
                     fmt::format("field `{}` holds {} instead of {}", field.name, counted(columns[f].size(), "byte"),
                                 count * sizeOf(field.element)));
    for (std::int64_t i = 0; field.classes && i < count; ++i)
      if (const std::int64_t label = values<std::int32_t>(f)[i]; label < 0 || label >= *field.classes)
        return failure("E0715", {origin},
                       fmt::format("label {} of row {}{} is not in 0 to {} (field `{}: {}`)", label, i / elements,
                                   whichElement(i % elements, elements), *field.classes - 1, field.name,
                                   field.typeText()));
    std::optional<std::int64_t> notFinite;
    std::string value;
    withStored(field.element, [&](auto stored) {
      using Stored = decltype(stored);
      if constexpr (!std::is_integral_v<Stored>)
        for (std::int64_t i = 0; !notFinite && i < count; ++i)
          if (const Stored number = values<Stored>(f)[i]; !std::isfinite(double(number))) {
            notFinite = i;
            value = fmt::format("{}", double(number));
          }
    });
    if (notFinite)
      return failure("E0713", {origin},
                     fmt::format("value {} of row {} is not a finite number (field `{}: {}`)", value,
                                 *notFinite / elements, field.name, field.typeText()));
  }
  return {};
}

} // namespace talweg::data
