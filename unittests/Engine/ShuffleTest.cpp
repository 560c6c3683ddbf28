// The order of rows: a permutation that depends on seed and epoch alone; the generator against its published vectors.
#include "talweg/Runtime/Shuffle.h"

#include "talweg/Runtime/Philox.h"

#include <gtest/gtest.h>

#include <algorithm>

using namespace talweg;

TEST(Philox, KnownAnswers) {
  using Words = std::array<std::uint32_t, 4>;
  EXPECT_EQ(runtime::philox({0, 0, 0, 0}, 0), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(runtime::philox({~0u, ~0u, ~0u, ~0u}, ~0ull), (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(runtime::philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0x299f31d0a4093822),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Shuffle, IsAPermutation) {
  for (std::int64_t rows : {0, 1, 2, 7, 1000}) {
    std::vector<std::int32_t> order = shuffledOrder(rows, 3, 1);
    std::sort(order.begin(), order.end());
    EXPECT_EQ(order, identityOrder(rows));
  }
}

TEST(Shuffle, DependsOnSeedAndEpochAlone) {
  EXPECT_EQ(shuffledOrder(100, 3, 1), shuffledOrder(100, 3, 1));
  EXPECT_NE(shuffledOrder(100, 3, 1), shuffledOrder(100, 4, 1));
  EXPECT_NE(shuffledOrder(100, 3, 1), shuffledOrder(100, 3, 2));
}

TEST(Shuffle, EveryPlaceIsReachedAboutEquallyOften) {
  // 4 rows, 6000 epochs: each row at each place 1500 times, with a standard deviation of 34.
  int counts[4][4] = {};
  for (int epoch = 0; epoch < 6000; ++epoch) {
    std::vector<std::int32_t> order = shuffledOrder(4, 1, epoch);
    for (int place = 0; place < 4; ++place)
      ++counts[place][order[place]];
  }
  for (auto &place : counts)
    for (int count : place)
      EXPECT_NEAR(count, 1500, 200);
}
