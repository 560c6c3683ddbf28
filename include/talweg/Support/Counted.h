// Numbers of things in messages.
#ifndef TALWEG_SUPPORT_COUNTED_H
#define TALWEG_SUPPORT_COUNTED_H

#include <cstdint>
#include <string>
#include <string_view>

namespace talweg {

/// `1 row`, `3 rows`.
inline std::string counted(std::int64_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

} // namespace talweg

#endif
