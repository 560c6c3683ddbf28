// The digest is XXH3 of 128 bits, which LLVM has too, in whichever pieces bytes come: checkpoints keep it.
#include "../../lib/Engine/Digest.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/xxhash.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

using namespace talweg;

TEST(Digest, PiecesAreOne) {
  std::mt19937 random(1);
  std::string all(5000, '\0');
  std::ranges::generate(all, [&] { return char(random()); });
  for (std::size_t length = 0; length <= all.size(); length += length < 300 ? 1 : 611) {
    const auto right = llvm::xxh3_128bits(llvm::arrayRefFromStringRef({all.data(), length}));
    Digest digest;
    for (std::size_t at = 0; at < length;) {
      const std::size_t count = std::min(length - at, std::size_t(1 + random() % 1500));
      digest.add({all.data() + at, count});
      at += count;
    }
    ASSERT_EQ(digest.text(), fmt::format("{:016x}{:016x}", right.high64, right.low64)) << length << " bytes";
    ASSERT_EQ(digest.text(), digestOf({all.data(), length})) << length << " bytes";
  }
}
