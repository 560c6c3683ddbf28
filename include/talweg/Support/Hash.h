// A number of a text that stays the same in every version and on every machine: what keeps rows in their split when others are added.
#ifndef TALWEG_SUPPORT_HASH_H
#define TALWEG_SUPPORT_HASH_H

#include <cstdint>
#include <string_view>

namespace talweg {

/// FNV-1a over the bytes of `salt`, the lowest first, and of `text`, finished by the mixer of MurmurHash3.
inline std::uint64_t hashOf(std::string_view text, std::uint64_t salt = 0) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  const auto add = [&](unsigned char byte) { hash = (hash ^ byte) * 0x100000001b3u; };
  for (int i = 0; i < 8; ++i)
    add(static_cast<unsigned char>(salt >> (8 * i)));
  for (char c : text)
    add(static_cast<unsigned char>(c));
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdu;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53u;
  return hash ^ (hash >> 33);
}

/// Which of `parts` parts of the same size a hash lies in.
inline std::int64_t partOf(std::uint64_t hash, std::int64_t parts) {
  return static_cast<std::int64_t>((static_cast<unsigned __int128>(hash) * static_cast<std::uint64_t>(parts)) >> 64);
}

} // namespace talweg

#endif
