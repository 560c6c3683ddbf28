// A buffer that grows by steps keeps what is in it, on both sides of what lies in huge pages.
#include "talweg/Data/Buffer.h"

#include "gtest/gtest.h"

#include <cstring>

namespace talweg::data {

TEST(Growing, keeps_the_bytes) {
  const auto storage = std::make_shared<Storage>();
  Buffer buffer(storage);
  std::int64_t size = 0;
  for (std::int64_t more :
       {std::int64_t(1000), std::int64_t(500'000), std::int64_t(3'000'001), std::int64_t(40'000'000)}) {
    for (int turn = 0; turn < 3; ++turn) {
      ASSERT_TRUE(buffer.resize(size + more));
      for (std::int64_t i = size; i < size + more; i += 997)
        buffer.data()[i] = std::byte(i % 251);
      for (std::int64_t i = 0; i < size; i += 997)
        ASSERT_EQ(buffer.data()[i], std::byte(i % 251));
      size = (size + more) / 997 * 997;
      EXPECT_GE(storage->inMemory, size);
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.data()) % 64, 0);
    }
  }
  buffer = Buffer();
  EXPECT_EQ(storage->inMemory, 0);
}

} // namespace talweg::data
