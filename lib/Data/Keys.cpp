#include "Keys.h"

#include <fast_float/fast_float.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

namespace talweg::data {

static std::optional<double> numberOf(std::string_view text) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-' && text[1] != '+')
    text.remove_prefix(1);
  double value = 0;
  const auto [rest, error] = fast_float::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && rest == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

static std::optional<double> numberOf(const prepare::Cell &cell) {
  if (cell.kind == prepare::Cell::Number)
    return cell.number;
  return cell.kind == prepare::Cell::Text ? numberOf(cell.text) : std::nullopt;
}

std::string keyOf(const prepare::Cell &cell) {
  if (cell.kind == prepare::Cell::Number)
    return fmt::format("{}", cell.number);
  return cell.kind == prepare::Cell::Text ? std::string(cell.text) : std::string();
}

bool isEqual(const prepare::Cell &cell, std::string_view value) {
  if (cell.kind == prepare::Cell::Text && cell.text == value)
    return true;
  if (cell.kind == prepare::Cell::Missing || value.empty())
    return keyOf(cell) == value;
  const std::optional<double> number = numberOf(cell), wanted = numberOf(value);
  return number && wanted && *number == *wanted;
}

bool SortKeys::add(const prepare::Cell &cell) {
  const std::optional<double> number = numberOf(cell);
  const std::string key = keyOf(cell);
  if (key.empty() || (number && std::isnan(*number)))
    return false;
  areNumbers = areNumbers && number;
  if (areNumbers)
    numbers.push_back(*number);
  texts += key;
  ends.push_back(texts.size());
  return true;
}

void SortKeys::sort(std::vector<std::int32_t> &order) const {
  std::ranges::sort(order, [this](std::int32_t a, std::int32_t b) {
    return areNumbers ? std::tie(numbers[a], a) < std::tie(numbers[b], b)
                      : std::pair(text(a), a) < std::pair(text(b), b);
  });
}

} // namespace talweg::data
