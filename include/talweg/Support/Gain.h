// What a rewrite of a program spares, in words.
#ifndef TALWEG_SUPPORT_GAIN_H
#define TALWEG_SUPPORT_GAIN_H

#include "talweg/Support/Counted.h"

namespace talweg {

/// Bytes from which on a tensor is told of.
inline constexpr std::int64_t kLargeBox = 1 << 20;

/// What computing something takes.
struct Work {
  double operations = 0;  ///< multiply-adds, or other operations on a number
  std::int64_t bytes = 0; ///< of the largest tensor between what is read and the result
};

/// `from 33.6M to 1.05M operations, largest intermediate from 64.0 MiB to 256.0 KiB`.
inline std::string gainText(const Work &before, const Work &after) {
  auto change = [](const std::string &from, const std::string &to) { return "from " + from + " to " + to; };
  auto bytes = [](std::int64_t count) { return count ? bytesText(count) : "none"; };
  const std::string from = humanCount(before.operations), to = humanCount(after.operations);
  std::string text = from == to ? from + " operations as before" : change(from, to) + " operations";
  if (before.bytes != after.bytes)
    text += ", largest intermediate " + change(bytes(before.bytes), bytes(after.bytes));
  return text;
}

} // namespace talweg

#endif
