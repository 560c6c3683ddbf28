// XXH3 reads stripes of 64 bytes into eight lanes, and mixes these behind each block of 16 stripes; what comes last is a stripe of the last 64
// bytes, wherever it begins. Up to 240 bytes are read otherwise.
#include "Digest.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/xxhash.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

using namespace talweg;

static std::string textOf(std::uint64_t high, std::uint64_t low) { return fmt::format("{:016x}{:016x}", high, low); }

std::string talweg::digestOf(std::string_view bytes) {
  auto hash = llvm::xxh3_128bits(llvm::arrayRefFromStringRef({bytes.data(), bytes.size()}));
  return textOf(hash.high64, hash.low64);
}

static constexpr std::size_t kShort = 240; ///< more than these are read in stripes

static constexpr std::uint64_t kPrime1 = 0x9E3779B185EBCA87, kPrime2 = 0xC2B2AE3D27D4EB4F, kPrime32 = 0x9E3779B1;

/// The secret of XXH3 where none is given.
alignas(64) static constexpr std::uint8_t kSecret[192] = {
    0xb8, 0xfe, 0x6c, 0x39, 0x23, 0xa4, 0x4b, 0xbe, 0x7c, 0x01, 0x81, 0x2c, 0xf7, 0x21, 0xad, 0x1c, 0xde, 0xd4,
    0x6d, 0xe9, 0x83, 0x90, 0x97, 0xdb, 0x72, 0x40, 0xa4, 0xa4, 0xb7, 0xb3, 0x67, 0x1f, 0xcb, 0x79, 0xe6, 0x4e,
    0xcc, 0xc0, 0xe5, 0x78, 0x82, 0x5a, 0xd0, 0x7d, 0xcc, 0xff, 0x72, 0x21, 0xb8, 0x08, 0x46, 0x74, 0xf7, 0x43,
    0x24, 0x8e, 0xe0, 0x35, 0x90, 0xe6, 0x81, 0x3a, 0x26, 0x4c, 0x3c, 0x28, 0x52, 0xbb, 0x91, 0xc3, 0x00, 0xcb,
    0x88, 0xd0, 0x65, 0x8b, 0x1b, 0x53, 0x2e, 0xa3, 0x71, 0x64, 0x48, 0x97, 0xa2, 0x0d, 0xf9, 0x4e, 0x38, 0x19,
    0xef, 0x46, 0xa9, 0xde, 0xac, 0xd8, 0xa8, 0xfa, 0x76, 0x3f, 0xe3, 0x9c, 0x34, 0x3f, 0xf9, 0xdc, 0xbb, 0xc7,
    0xc7, 0x0b, 0x4f, 0x1d, 0x8a, 0x51, 0xe0, 0x4b, 0xcd, 0xb4, 0x59, 0x31, 0xc8, 0x9f, 0x7e, 0xc9, 0xd9, 0x78,
    0x73, 0x64, 0xea, 0xc5, 0xac, 0x83, 0x34, 0xd3, 0xeb, 0xc3, 0xc5, 0x81, 0xa0, 0xff, 0xfa, 0x13, 0x63, 0xeb,
    0x17, 0x0d, 0xdd, 0x51, 0xb7, 0xf0, 0xda, 0x49, 0xd3, 0x16, 0x55, 0x26, 0x29, 0xd4, 0x68, 0x9e, 0x2b, 0x16,
    0xbe, 0x58, 0x7d, 0x47, 0xa1, 0xfc, 0x8f, 0xf8, 0xb8, 0xd1, 0x7a, 0xd0, 0x31, 0xce, 0x45, 0xcb, 0x3a, 0x8f,
    0x95, 0x16, 0x04, 0x28, 0xaf, 0xd7, 0xfb, 0xca, 0xbb, 0x4b, 0x40, 0x7e};

/// A number of the secret, or of what is read.
static std::uint64_t number(const void *at) { return llvm::support::endian::read64le(at); }

template <typename Lanes>
static void addStripe(Lanes &lanes, const char *stripe, const std::uint8_t *secret) {
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    const std::uint64_t keyed = number(stripe + 8 * i) ^ number(secret + 8 * i);
    lanes[i] += number(stripe + 8 * (i ^ 1)) + (keyed & 0xffffffff) * (keyed >> 32);
  }
}

void Digest::addBlocks(const char *blocks, std::size_t count) {
  Lanes all = lanes;
  for (const char *block = blocks; block < blocks + count * kBlock; block += kBlock) {
    for (std::size_t stripe = 0; stripe < kBlock / kStripe; ++stripe)
      addStripe(all, block + stripe * kStripe, kSecret + 8 * stripe);
    for (std::size_t i = 0; i < all.size(); ++i)
      all[i] = (all[i] ^ all[i] >> 47 ^ number(kSecret + sizeof kSecret - kStripe + 8 * i)) * kPrime32;
  }
  lanes = all;
}

void Digest::add(std::string_view bytes) {
  size += bytes.size();
  while (!bytes.empty()) {
    if (filled == kBlock) {
      addBlocks(window + kStripe, 1);
      std::memcpy(window, window + kBlock, kStripe);
      filled = 0;
    }
    if (filled == 0 && bytes.size() > kBlock) {
      const std::size_t blocks = (bytes.size() - 1) / kBlock;
      addBlocks(bytes.data(), blocks);
      bytes.remove_prefix(blocks * kBlock);
      std::memcpy(window, bytes.data() - kStripe, kStripe);
    }
    const std::size_t count = std::min(kBlock - filled, bytes.size());
    std::memcpy(window + kStripe + filled, bytes.data(), count);
    filled += count;
    bytes.remove_prefix(count);
  }
}

static std::uint64_t merged(const std::uint64_t *lanes, const std::uint8_t *secret, std::uint64_t start) {
  for (std::size_t i = 0; i < 8; i += 2) {
    const auto product =
        static_cast<unsigned __int128>(lanes[i] ^ number(secret + 8 * i)) * (lanes[i + 1] ^ number(secret + 8 * i + 8));
    start += std::uint64_t(product) ^ std::uint64_t(product >> 64);
  }
  start = (start ^ start >> 37) * 0x165667919E3779F9;
  return start ^ start >> 32;
}

std::string Digest::text() const {
  if (size <= kShort)
    return digestOf({window + kStripe, std::size_t(size)});
  Lanes all = lanes;
  for (std::size_t stripe = 0; stripe < (filled - 1) / kStripe; ++stripe)
    addStripe(all, window + kStripe + stripe * kStripe, kSecret + 8 * stripe);
  addStripe(all, window + filled, kSecret + sizeof kSecret - kStripe - 7);
  return textOf(merged(all.data(), kSecret + sizeof kSecret - kStripe - 11, ~(size * kPrime2)),
                merged(all.data(), kSecret + 11, size * kPrime1));
}

std::string talweg::digestOf(const Pieces &pieces) {
  Digest digest;
  pieces([&](std::string_view piece) { digest.add(piece); });
  return digest.text();
}

Result<std::string> talweg::digestOf(const StoredBytes &bytes) {
  Digest digest;
  std::string piece;
  for (std::uint64_t at = 0; at < bytes.size(); at += piece.size()) {
    piece.resize(std::size_t(std::min<std::uint64_t>(kPiece, bytes.size() - at)));
    if (auto read = bytes.read(at, piece.data(), piece.size()); !read)
      return read.error();
    digest.add(piece);
  }
  return digest.text();
}
