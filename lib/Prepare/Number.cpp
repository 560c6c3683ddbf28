// One value from one cell's text.
#include "Number.h"

#include <fast_float/fast_float.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <tuple>

namespace talweg::prepare {

/// `text` without a leading plus sign, which from_chars does not take.
static std::string_view unsignedText(std::string_view text) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-' && text[1] != '+')
    text.remove_prefix(1);
  return text;
}

/// The number that all of `text` says, if it does.
template <typename T> static bool readsAs(std::string_view text, T &value) {
  text = unsignedText(text);
  const auto [rest, error] = fast_float::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && rest == text.data() + text.size();
}

bool isNumber(std::string_view text) {
  double ignored;
  return readsAs(text, ignored);
}

static constexpr std::string_view fillingHelp =
    "say what stands for a missing value, as in `|> filled(\"median\")`, or remove the row";

static Fault notANumber(std::string_view text) {
  if (text.empty())
    return {"E0712", "this cell is empty", std::string(fillingHelp)};
  for (std::string_view missing : {"?", "NA", "N/A", "na", "n/a", "null", "NULL", "None", "-"})
    if (text == missing)
      return {"E0711", quoted(text) + " is not a number",
              fmt::format("if that is what the file has for missing values, write `missing = \"{}\"` behind its name",
                          text)};
  std::string point(text);
  for (char &c : point)
    c = c == ',' ? '.' : c;
  if (point != text && isNumber(point))
    return {"E0711", quoted(text) + " is not a number", fmt::format("decimals are written with a point: `{}`", point)};
  return {"E0711", quoted(text) + " is not a number", ""};
}

namespace {
/// A decimal number as it is written: ±digits · 10^exponent, with no zero at either end of the digits; of zero nothing is left.
struct Decimal {
  /// `text` reads as a finite number.
  explicit Decimal(std::string_view text);
  /// Where the first digit stands.
  std::int64_t magnitude() const { return std::int64_t(digits.size()) + exponent; }

  bool isNegative;
  std::string digits;
  std::int64_t exponent = 0;
};
} // namespace

Decimal::Decimal(std::string_view text) : isNegative(text.starts_with('-')) {
  if (const std::size_t mark = text.find_first_of("eE"); mark != std::string_view::npos) {
    const std::string_view power = unsignedText(text.substr(mark + 1));
    constexpr std::int64_t unbounded = INT64_MAX / 4;
    if (std::from_chars(power.data(), power.data() + power.size(), exponent).ec != std::errc())
      exponent = power.starts_with('-') ? -unbounded : unbounded;
    exponent = std::clamp(exponent, -unbounded, unbounded);
    text = text.substr(0, mark);
  }
  bool isFraction = false;
  for (char c : text) {
    isFraction |= c == '.';
    if (c < '0' || c > '9')
      continue;
    exponent -= isFraction;
    if (c != '0' || !digits.empty())
      digits += c;
  }
  for (; digits.ends_with('0'); ++exponent)
    digits.pop_back();
  if (digits.empty())
    exponent = 0;
}

/// What `text` says, rounded once, where `nearest` is the double nearest to it.
template <typename Stored> static Stored roundedOnce(std::string_view text, double nearest) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const double below = std::nextafter(nearest, -infinity), above = std::nextafter(nearest, infinity);
  if (!std::isfinite(nearest) || double(Stored(below)) == double(Stored(above)))
    return Stored(nearest);
  // In the middle of two: it is decided by what the double has lost.
  const Decimal said(text), kept(fmt::format("{:.800e}", nearest));
  const auto key = [](const Decimal &number) {
    return std::tuple(number.magnitude(), std::string_view(number.digits));
  };
  if (key(said) == key(kept))
    return Stored(nearest);
  return Stored((key(said) > key(kept)) != said.isNegative ? above : below);
}

template <typename Stored>
static Fault parseFloat(std::string_view text, const ElementInfo &type, Stored &value) {
  if constexpr (std::is_floating_point_v<Stored>) {
    if (!readsAs(text, value))
      return notANumber(text);
  } else {
    double nearest = 0;
    if (!readsAs(text, nearest))
      return notANumber(text);
    value = roundedOnce<Stored>(text, nearest);
  }
  if (std::isfinite(double(value)))
    return {};
  if (text.find_first_of("nN") != std::string_view::npos) // nan, inf, infinity
    return {"E0713", quoted(text) + " is not a finite number", "fill in a value, or remove the row"};
  std::string largest = fmt::format("{:.2g}", type.largest);
  std::erase(largest, '+');
  if (type.largest < 1e6)
    largest = fmt::format("{}", type.largest);
  return {"E0713", fmt::format("{} is too large for {}", quoted(text), type.text),
          fmt::format("the largest is about {}: scale the column", largest)};
}

/// An integer in [low, high]; `what` is what the field holds.
static Fault parseInteger(std::string_view text, std::int64_t low, std::int64_t high, const Field &field,
                          std::int64_t &value) {
  const std::string_view what = field.classes ? "label " : "";
  const std::string_view digits = unsignedText(text);
  const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  bool fits = true;
  if (error != std::errc() || rest != digits.data() + digits.size()) {
    double wide = 0;
    if (!readsAs(text, wide)) {
      Fault fault = notANumber(text);
      if (field.classes && fault.help.empty())
        fault.help = fmt::format("labels are the numbers 0 to {}", high);
      return fault;
    }
    if (!std::isfinite(wide))
      return {"E0713", quoted(text) + " is not a finite number", "fill in a value, or remove the row"};
    const Decimal exact(text);
    if (exact.exponent < 0)
      return {"E0714", fmt::format("{}{} is not an integer", what, quoted(text)),
              field.classes ? fmt::format("labels are the numbers 0 to {}", high) : "declare the field as f32"};
    fits = exact.magnitude() <= std::numeric_limits<std::int64_t>::digits10 + 1;
    const std::string whole =
        (exact.isNegative ? "-0" : "0") + exact.digits + std::string(fits ? exact.exponent : 0, '0');
    fits = fits && std::from_chars(whole.data(), whole.data() + whole.size(), value).ec == std::errc();
  }
  if (fits && value >= low && value <= high)
    return {};
  if (!field.classes)
    return {"E0716", fmt::format("{} is not in {} to {}", quoted(text), low, high),
            high < INT32_MAX ? "declare the field as i32 or f32" : "declare the field as f32"};
  return {"E0715", fmt::format("label {} is not in 0 to {}", quoted(text), high),
          fits && value == high + 1
              ? fmt::format("labels count from 0; if the file's count from 1, declare class[{}]", high + 2)
              : ""};
}

Fault storeText(std::string_view text, const Field &field, std::byte *to) {
  const ElementInfo &info = infoOf(field.element);
  Fault fault;
  withStored(field.element, [&](auto stored) {
    if constexpr (std::is_integral_v<decltype(stored)>) {
      std::int64_t value = 0;
      fault = parseInteger(text, field.classes ? 0 : info.least, field.classes ? *field.classes - 1 : info.most, field,
                           value);
      stored = static_cast<decltype(stored)>(value);
    } else {
      fault = parseFloat(text, info, stored);
    }
    std::memcpy(to, &stored, sizeof stored);
  });
  return fault;
}

Fault readNumber(std::string_view text, double &value) { return parseFloat(text, infoOf(ElementType::F64), value); }

Fault missingFault(const Field &field, std::string situation) {
  return {"E0712", std::move(situation),
          field.names.empty()
              ? std::string(fillingHelp)
              : "remove the row, or declare the field as `category`, in which missing is a class of its own"};
}

/// Beyond it, doubles say no more which whole number is meant.
static constexpr double kMostExact = 0x1p53;

Fault storeNumber(double number, const Field &field, std::byte *to) {
  if (std::isnan(number))
    return missingFault(field);
  const ElementInfo &info = infoOf(field.element);
  const double low = field.classes ? 0 : double(info.least),
               high = field.classes ? double(*field.classes - 1) : double(info.most);
  bool isStored = false;
  withStored(field.element, [&](auto stored) {
    using Stored = decltype(stored);
    if constexpr (std::is_integral_v<Stored>)
      isStored = number >= low && number <= high && std::abs(number) <= kMostExact && std::trunc(number) == number;
    if (!std::is_integral_v<Stored> || isStored)
      stored = static_cast<Stored>(number);
    if constexpr (!std::is_integral_v<Stored>)
      isStored = std::isfinite(double(stored));
    std::memcpy(to, &stored, sizeof stored);
  });
  return isStored ? Fault() : storeText(fmt::format("{}", number), field, to);
}

Fault storeCell(const Cell &cell, const Field &field, std::byte *to) {
  switch (cell.kind) {
  case Cell::Missing:
    return missingFault(field,
                        cell.text.empty() ? "this cell is empty" : quoted(cell.text) + " stands for a missing value");
  case Cell::Number: return storeNumber(cell.number, field, to);
  case Cell::Text: break;
  }
  return storeText(cell.text, field, to);
}

/// Reads what most cells are: a number as it is stored. False of all others, which may still be right.
template <typename Stored>
static bool readsPlainly(const Cell &cell, std::int64_t low, std::int64_t high, Stored &value) {
  const char *const begin = cell.text.data(), *const end = begin + cell.text.size();
  if constexpr (std::is_integral_v<Stored>) {
    std::int64_t wide = 0;
    if (cell.kind == Cell::Number) {
      if (!(std::abs(cell.number) <= kMostExact))
        return false;
      wide = static_cast<std::int64_t>(cell.number);
      if (double(wide) != cell.number)
        return false;
    } else if (cell.kind == Cell::Missing) {
      return false;
    } else if (const auto [rest, error] = std::from_chars(begin, end, wide); error != std::errc() || rest != end) {
      return false;
    }
    value = static_cast<Stored>(wide);
    return wide >= low && wide <= high;
  } else if constexpr (std::is_floating_point_v<Stored>) {
    if (cell.kind == Cell::Number) {
      value = static_cast<Stored>(cell.number);
      return std::isfinite(value);
    }
    const auto [rest, error] = fast_float::from_chars(begin, end, value);
    return cell.kind == Cell::Text && error == std::errc() && rest == end && std::isfinite(value);
  }
  return false;
}

std::optional<RowFault> storeCells(const Records &records, const Field &field, std::byte *to) {
  const ElementInfo &info = infoOf(field.element);
  const std::int64_t low = field.classes ? 0 : info.least, high = field.classes ? *field.classes - 1 : info.most;
  const std::size_t columns = records.columns.size();
  std::optional<RowFault> found;
  withStored(field.element, [&](auto stored) {
    for (std::size_t row = 0; row < records.count(); ++row)
      for (std::size_t i = 0; i < columns; ++i, to += sizeof stored) {
        const Cell &cell = records.cell(row, i);
        if (readsPlainly(cell, low, high, stored)) {
          std::memcpy(to, &stored, sizeof stored);
        } else if (Fault fault = storeCell(cell, field, to)) {
          fault.cell = i;
          found = RowFault{row, std::move(fault)};
          return;
        }
      }
  });
  return found;
}

} // namespace talweg::prepare
