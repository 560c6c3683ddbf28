// Philox4x32-10, the counter-based random numbers of Salmon et al. ("Parallel random numbers: as easy as 1, 2, 3", 2011):
// a bijection of a 128-bit counter under a 64-bit key. No state: the same counter and key give the same bits anywhere.
#ifndef TALWEG_RUNTIME_PHILOX_H
#define TALWEG_RUNTIME_PHILOX_H

#include <array>
#include <cstdint>

namespace talweg::runtime {

/// Four random words for one counter.
inline std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::uint64_t key) {
  std::uint32_t low = std::uint32_t(key), high = std::uint32_t(key >> 32);
  for (int round = 0; round < 10; ++round) {
    std::uint64_t a = std::uint64_t(0xD2511F53u) * counter[0];
    std::uint64_t b = std::uint64_t(0xCD9E8D57u) * counter[2];
    counter = {std::uint32_t(b >> 32) ^ counter[1] ^ low, std::uint32_t(b), std::uint32_t(a >> 32) ^ counter[3] ^ high,
               std::uint32_t(a)};
    low += 0x9E3779B9u;
    high += 0xBB67AE85u;
  }
  return counter;
}

} // namespace talweg::runtime

#endif
