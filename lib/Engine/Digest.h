// Digests by which contents are known again: XXH3 of 128 bits, which finds what failed, not who deceives.
#ifndef TALWEG_ENGINE_DIGEST_H
#define TALWEG_ENGINE_DIGEST_H

#include "Files.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace talweg {

/// 32 hexadecimal digits.
std::string digestOf(std::string_view bytes);
std::string digestOf(const Pieces &pieces);
Result<std::string> digestOf(const StoredBytes &bytes);

/// The same of bytes that come in pieces.
class Digest {
public:
  void add(std::string_view bytes);
  std::string text() const;

private:
  static constexpr std::size_t kStripe = 64, kBlock = 1024;
  using Lanes = std::array<std::uint64_t, 8>;

  void addBlocks(const char *blocks, std::size_t count);

  Lanes lanes{0xC2B2AE3D,         0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9,
              0x85EBCA77C2B2AE63, 0x85EBCA77,         0x27D4EB2F165667C5, 0x9E3779B1};
  std::uint64_t size = 0;
  std::size_t filled = 0;        ///< bytes of the last block, which is added when more come
  char window[kStripe + kBlock]; ///< the last stripe before the last block, and this
};

} // namespace talweg

#endif
