// What steps are given: which values are accepted, and their reading. Internal.
#ifndef TALWEG_LIB_PREPARE_STEPVALUES_H
#define TALWEG_LIB_PREPARE_STEPVALUES_H

#include "talweg/Support/Step.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <string_view>

namespace talweg::prepare {

inline bool isIntegerFrom(std::int64_t least, const StepValue &value) {
  const auto *integer = std::get_if<std::int64_t>(&value);
  return integer && *integer >= least;
}
inline bool isPositive(const StepValue &value) { return isIntegerFrom(1, value); }
inline bool isTruth(const StepValue &value) { return std::holds_alternative<bool>(value); }
inline bool isText(const StepValue &value) {
  const auto *text = std::get_if<std::string>(&value);
  return text && !text->empty();
}
inline bool isOneCharacter(const StepValue &value) {
  const auto *text = std::get_if<std::string>(&value);
  return text && !text->empty() && std::ranges::count_if(*text, [](char c) { return (c & 0xc0) != 0x80; }) == 1;
}
inline bool isOneOf(std::span<const std::string_view> words, const StepValue &value) {
  const auto *text = std::get_if<std::string>(&value);
  return text && std::ranges::find(words, *text) != words.end();
}

/// The number that is given, if it is one.
inline std::optional<double> numberOf(const StepValue &value) {
  if (const auto *integer = std::get_if<std::int64_t>(&value))
    return double(*integer);
  const auto *number = std::get_if<double>(&value);
  return number && std::isfinite(*number) ? std::optional(*number) : std::nullopt;
}
inline bool isFinite(const StepValue &value) { return numberOf(value).has_value(); }

/// The value of the option, if it is given.
template <typename T>
std::optional<T> namedOf(const Step &step, const std::string &name) {
  const auto found = step.named.find(name);
  const T *value = found == step.named.end() ? nullptr : std::get_if<T>(&found->second);
  return value ? std::optional<T>(*value) : std::nullopt;
}

} // namespace talweg::prepare

#endif
