// Layouts of buffers with random lifetimes.
#include "../../lib/Codegen/ArenaLayout.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

using namespace talweg;

namespace {

/// Lives like those of a program: most are short; some, of what is kept for a backward pass, are nested.
std::vector<ArenaBuffer> randomBuffers(std::mt19937 &random) {
  auto below = [&](std::int64_t n) { return std::int64_t(random() % std::uint64_t(n)); };
  std::int64_t count = 1 + below(60), length = 1 + below(80);
  std::vector<ArenaBuffer> buffers;
  for (std::int64_t i = 0; i < count; ++i) {
    ArenaBuffer buffer;
    buffer.bytes = arenaAlignment * (below(3) ? 1 + below(64) : 1 + below(3));
    buffer.first = below(length);
    buffer.last = below(4)   ? std::min(length - 1, buffer.first + below(4))
                  : below(2) ? std::max(buffer.first, length - 1 - buffer.first)
                             : buffer.first + below(length - buffer.first);
    buffers.push_back(buffer);
  }
  return buffers;
}

TEST(ArenaLayout, BuffersAliveTogetherNeverOverlap) {
  std::mt19937 random(1);
  std::int64_t placed = 0, least = 0;
  for (int program = 0; program < 500; ++program) {
    std::vector<ArenaBuffer> buffers = randomBuffers(random);
    std::int64_t bound = mostLiveBytes(buffers), bytes = layOutArena(buffers);
    EXPECT_GE(bytes, bound);
    for (std::size_t i = 0; i < buffers.size(); ++i) {
      const ArenaBuffer &one = buffers[i];
      EXPECT_GE(one.offset, 0);
      EXPECT_LE(one.end(), bytes);
      EXPECT_EQ(one.offset % arenaAlignment, 0);
      for (std::size_t j = 0; j < i; ++j) {
        const ArenaBuffer &other = buffers[j];
        EXPECT_TRUE(!one.meets(other) || one.end() <= other.offset || other.end() <= one.offset)
            << "program " << program << ", buffers " << j << " and " << i;
      }
    }
    placed += bytes;
    least += bound;
  }
  EXPECT_LE(double(placed), 1.02 * double(least));
}

TEST(ArenaLayout, BoundIsTheMostBytesAliveAtOnce) {
  EXPECT_EQ(mostLiveBytes({}), 0);
  std::vector<ArenaBuffer> buffers{{64, 0, 3}, {128, 3, 5}, {256, 4, 4}, {512, 6, 6}};
  EXPECT_EQ(mostLiveBytes(buffers), 512);
  buffers[3].bytes = 64;
  EXPECT_EQ(mostLiveBytes(buffers), 128 + 256);
}

TEST(ArenaLayout, ThousandsOfBuffersArePlacedInTime) {
  std::mt19937 random(2);
  std::vector<ArenaBuffer> buffers;
  for (std::int64_t i = 0; i < 4000; ++i)
    buffers.push_back({arenaAlignment * std::int64_t(1 + random() % 1000), i, i + std::int64_t(random() % 100)});
  EXPECT_GE(layOutArena(buffers), mostLiveBytes(buffers));
}

} // namespace
