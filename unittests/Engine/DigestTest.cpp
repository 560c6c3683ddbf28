// Bytes have one digest, in whichever pieces they come.
#include "../../lib/Engine/Digest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

using namespace talweg;

TEST(Digest, PiecesAreOne) {
  std::mt19937 random(1);
  std::string all(5000, '\0');
  std::ranges::generate(all, [&] { return char(random()); });
  for (std::size_t length = 0; length <= all.size(); length += length < 1200 ? 1 : 61)
    for (std::size_t most : {std::size_t(1), std::size_t(100), std::size_t(1024), all.size()}) {
      Digest digest;
      for (std::size_t at = 0; at < length;) {
        const std::size_t count = std::min(length - at, most == 1 ? 1 : 1 + random() % most);
        digest.add({all.data() + at, count});
        at += count;
      }
      ASSERT_EQ(digest.text(), digestOf({all.data(), length}))
          << length << " bytes in pieces of " << most << " at most";
    }
}
