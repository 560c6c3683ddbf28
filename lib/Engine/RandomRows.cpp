// See RandomRows.h.
#include "RandomRows.h"

#include "DatasetImpl.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <type_traits>
#include <utility>

using namespace talweg;

/// Box and Muller's first value of two uniform ones; the logarithm's argument is in (0, 1].
static double normal(Words &words) {
  constexpr double kTurn = 6.283185307179586;
  double radius = std::sqrt(-2 * std::log(1 - words.uniform()));
  return radius * std::cos(kTurn * words.uniform());
}

/// [low, high) of a field's numbers: its classes, or what the program does something with; a few where that is anything.
static std::pair<std::int64_t, std::int64_t> wholeNumbers(const Field &field, const FieldUse &use) {
  constexpr std::int64_t few = 16;
  const ElementInfo &info = infoOf(field.element);
  std::int64_t beyond = info.most < INT64_MAX ? info.most + 1 : INT64_MAX;
  std::int64_t least = field.classes ? 0 : info.least, end = field.classes.value_or(beyond);
  std::int64_t low = std::max(use.low, least), high = std::min(use.high, end);
  bool isWide = !field.classes && info.bytes > 1;
  if (isWide && low == least)
    low = std::max(least, std::min<std::int64_t>(0, high - few));
  if (isWide && high == end)
    high = low + few;
  return {low, std::max(high, low + 1)}; // nothing fits what is required: that is told when it is read
}

Result<Dataset> talweg::randomRows(const Program &program, const std::vector<FieldUse> &uses, std::int64_t rows,
                                   std::uint64_t seed, Floats floats) {
  if (rows < 0 || rows > INT32_MAX)
    return Error{"E0842", "error: a data set has between 0 and 2147483647 rows"};
  const std::vector<Field> &fields = program.manifest().fields;
  std::vector<std::vector<std::byte>> columns(fields.size());
  std::vector<FieldView> views;
  if (const auto reach = reachOf(fields, [](std::size_t) { return true; }); reach && rows > 0)
    rows = (rows - 1) * reach->stride + reach->size(); // so that there are so many records
  if (rows > INT32_MAX)
    return Error{"E0842", "error: a data set has between 0 and 2147483647 rows"};
  for (std::size_t f = 0; f < fields.size(); ++f) {
    const Field &field = fields[f];
    Words words(seed, std::uint32_t(f));
    std::int64_t count = rows * rowOf(field).count();
    columns[f].resize(std::size_t(count * sizeOf(field.element)));
    withStored(field.element, [&](auto zero) {
      using Stored = decltype(zero);
      auto *to = reinterpret_cast<Stored *>(columns[f].data());
      if constexpr (!std::is_integral_v<Stored>) {
        for (std::int64_t i = 0; i < count; ++i)
          to[i] = Stored(floats == Floats::Normal ? normal(words) : 2 * words.uniform() - 1);
      } else {
        auto [low, high] = wholeNumbers(field, uses[f]);
        for (std::int64_t i = 0; i < count; ++i)
          to[i] = Stored(low + std::int64_t(words.uniform() * double(high - low)));
      }
    });
    views.push_back({field.name, columns[f].data()});
  }
  return Dataset::fromMemory(program, views, rows);
}
