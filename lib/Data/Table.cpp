#include "talweg/Data/Table.h"

#include "Messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace talweg::data {

constexpr std::int64_t smallAlignment = 64;
constexpr std::int64_t hugePage = std::int64_t(2) << 20;
constexpr std::int64_t largestColumn = std::int64_t(1) << 39;

std::string Field::typeText() const {
  const std::string one = classes ? fmt::format("class[{}]", *classes) : std::string(nameOf(element));
  return shape.empty() ? one : fmt::format("{}[{}]", one, fmt::join(shape, ", "));
}

bool Buffer::reserve(std::int64_t bytes) {
  if (bytes <= capacity)
    return true;
  if (bytes > largestColumn)
    return false;
  const std::int64_t alignment = bytes < hugePage ? smallAlignment : hugePage;
  const std::int64_t rounded = (bytes + smallAlignment - 1) / smallAlignment * smallAlignment;
  auto *fresh = static_cast<std::byte *>(
      std::aligned_alloc(alignment, static_cast<std::size_t>((rounded + alignment - 1) / alignment * alignment)));
  if (!fresh)
    return false;
#if defined(__linux__)
  // Fewer page faults at first, and fewer misses of the TLB in every step. The last, begun page stays as it is.
  if (bytes >= hugePage)
    madvise(fresh, static_cast<std::size_t>(rounded / hugePage * hugePage), MADV_HUGEPAGE);
#endif
  if (used > 0)
    std::memcpy(fresh, memory.get(), static_cast<std::size_t>(used));
  memory.reset(fresh);
  capacity = rounded;
  return true;
}

bool Buffer::resize(std::int64_t bytes) {
  if (bytes > capacity) {
    const std::int64_t grown = capacity + capacity / 2;
    if (!reserve(std::max({bytes, grown, std::int64_t(4096)})) && !reserve(bytes))
      return false;
  }
  used = bytes;
  return true;
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

Result<Table> Table::create(std::vector<Field> fields, std::int64_t rows) {
  Table table;
  table.rows = rows;
  table.columns.resize(fields.size());
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

std::int64_t Table::bytes() const {
  std::int64_t total = 0;
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
