// See RandomRows.h.
#include "RandomRows.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

using namespace talweg;

/// Box and Muller's first value of two uniform ones; the logarithm's argument is in (0, 1].
static double normal(Words &words) {
  constexpr double kTurn = 6.283185307179586;
  double radius = std::sqrt(-2 * std::log(1 - words.uniform()));
  return radius * std::cos(kTurn * words.uniform());
}

Result<Dataset> talweg::randomRows(const Program &program, const std::vector<FieldUse> &uses, std::int64_t rows,
                                   std::uint64_t seed, Floats floats) {
  if (rows < 0 || rows > INT32_MAX)
    return Error{"E0842", "error: a data set has between 0 and 2147483647 rows"};
  const std::vector<Field> &fields = program.plan().fields;
  std::vector<std::vector<std::byte>> columns(fields.size());
  std::vector<FieldView> views;
  for (std::size_t f = 0; f < fields.size(); ++f) {
    const Field &field = fields[f];
    Words words(seed, std::uint32_t(f));
    std::int64_t count = rows * field.count;
    columns[f].resize(std::size_t(count) * (field.elementType == "ui8" ? 1 : 4));
    bool isByte = field.elementType == "ui8";
    std::int64_t least = isByte || field.classes ? 0 : INT32_MIN,
                 most = isByte ? 256 : field.classes.value_or(INT32_MAX);
    std::int64_t low = std::max(uses[f].low, least), high = std::min(uses[f].high, most);
    if (low == INT32_MIN)
      low = std::min<std::int64_t>(0, high - 16);
    if (high == INT32_MAX)
      high = low + 16;
    high = std::max(high, low + 1); // nothing fits what is required: that is told when it is read
    for (std::int64_t i = 0; i < count; ++i) {
      if (field.elementType == "ui8")
        columns[f][i] = std::byte(low + std::int64_t(words.uniform() * double(high - low)));
      else if (field.elementType == "i32")
        reinterpret_cast<std::int32_t *>(columns[f].data())[i] =
            std::int32_t(low + std::int64_t(words.uniform() * double(high - low)));
      else
        reinterpret_cast<float *>(columns[f].data())[i] =
            float(floats == Floats::Normal ? normal(words) : 2 * words.uniform() - 1);
    }
    views.push_back({field.name, columns[f].data()});
  }
  return Dataset::fromMemory(program, views, rows);
}
