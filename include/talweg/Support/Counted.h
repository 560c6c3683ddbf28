// Numbers of things in messages.
#ifndef TALWEG_SUPPORT_COUNTED_H
#define TALWEG_SUPPORT_COUNTED_H

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace talweg {

/// `1 row`, `3 rows`.
inline std::string counted(std::int64_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

/// Bytes for people: `1.5 MiB`.
inline std::string bytesText(std::int64_t bytes) {
  constexpr const char *units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  if (bytes < 1024)
    return std::to_string(bytes) + " B";
  double size = double(bytes);
  int unit = 0;
  for (; size >= 1024 && unit < 5; ++unit)
    size /= 1024;
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %s", size, units[unit]);
  return text;
}

/// A number for people, in three digits: `1.05M`, with a unit `1.05 MFLOP`.
inline std::string humanCount(double number, std::string_view unit = "") {
  constexpr const char *prefixes[] = {"", "k", "M", "G", "T", "P"};
  int prefix = 0;
  for (; number >= 999.5 && prefix < 5; ++prefix)
    number /= 1000;
  char text[32];
  const bool isWhole = prefix == 0 && number == double(std::int64_t(number));
  std::snprintf(text, sizeof text, isWhole ? "%.0f" : "%.3g", number);
  return std::string(text) + (unit.empty() ? "" : " ") + prefixes[prefix] + std::string(unit);
}

} // namespace talweg

#endif
