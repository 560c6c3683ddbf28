#include "Exif.h"

#include <cstddef>
#include <cstdint>

namespace talweg::prepare {

/// A number of so many bytes; 0 where the block has ended.
static std::uint64_t numberAt(std::string_view exif, std::uint64_t at, int bytes, bool isBigEndian) {
  if (at > exif.size() || exif.size() - at < std::size_t(bytes))
    return 0;
  std::uint64_t number = 0;
  for (int i = 0; i < bytes; ++i)
    number = number << 8 | std::uint8_t(exif[std::size_t(at) + std::size_t(isBigEndian ? i : bytes - 1 - i)]);
  return number;
}

int orientationOf(std::string_view exif) {
  constexpr std::string_view big("MM\0*", 4), little("II*\0", 4);
  constexpr std::uint64_t orientation = 0x112, shortNumber = 3, entryBytes = 12;
  const bool isBigEndian = exif.starts_with(big);
  if (!isBigEndian && !exif.starts_with(little))
    return 1;
  const auto number = [&](std::uint64_t at, int bytes) { return numberAt(exif, at, bytes, isBigEndian); };
  const std::uint64_t directory = number(4, 4), entries = number(directory, 2);
  for (std::uint64_t i = 0; i < entries; ++i) {
    const std::uint64_t entry = directory + 2 + entryBytes * i;
    if (number(entry, 2) != orientation)
      continue;
    const std::uint64_t value = number(entry + 8, 2);
    return number(entry + 2, 2) == shortNumber && value >= 1 && value <= 8 ? int(value) : 1;
  }
  return 1;
}

} // namespace talweg::prepare
