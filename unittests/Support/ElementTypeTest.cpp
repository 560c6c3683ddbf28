// The table of element types, and the floats of 16 bits that it stores.
#include "talweg/Support/ElementType.h"
#include "gtest/gtest.h"

#include <bit>
#include <cstring>

using namespace talweg;

namespace {

template <typename To, typename From>
To bitsOf(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &from, sizeof to);
  return to;
}

template <typename Narrow>
std::uint16_t stored(double value) {
  return bitsOf<std::uint16_t>(Narrow(value));
}

template <typename Narrow>
void expectEachToReturn() {
  for (int bits = 0; bits < 0x10000; ++bits) {
    const double value = double(bitsOf<Narrow>(std::uint16_t(bits)));
    if (!std::isnan(value))
      ASSERT_EQ(stored<Narrow>(value), bits) << value;
  }
}

} // namespace

TEST(ElementType, IsFoundByEachOfItsNames) {
  for (const ElementInfo &info : kElementTypes)
    for (auto key : {&ElementInfo::text, &ElementInfo::ir, &ElementInfo::safetensors})
      EXPECT_EQ(elementTypeBy(key, info.*key), info.type) << info.text;
}

TEST(NarrowFloat, EveryNumberReturns) {
  expectEachToReturn<BFloat16>();
  expectEachToReturn<Float16>();
}

TEST(NarrowFloat, OfEightBitsOfExponentIsTheHighHalfOfF32) {
  for (int bits = 0; bits < 0x10000; ++bits) {
    const float wide = std::bit_cast<float>(std::uint32_t(bits) << 16);
    const double value = double(bitsOf<BFloat16>(std::uint16_t(bits)));
    ASSERT_TRUE(value == double(wide) || (std::isnan(value) && std::isnan(wide))) << bits;
  }
}

TEST(NarrowFloat, IsTheNearestWithTiesToEven) {
  EXPECT_EQ(stored<Float16>(1), 0x3c00);
  EXPECT_EQ(stored<Float16>(1 + 0x1p-11), 0x3c00); // a tie
  EXPECT_EQ(stored<Float16>(1 + 3 * 0x1p-11), 0x3c02);
  EXPECT_EQ(stored<Float16>(1 + 0x1.01p-11), 0x3c01);
  EXPECT_EQ(stored<Float16>(-0x1p-24), 0x8001); // the least
  EXPECT_EQ(stored<Float16>(0x1p-25), 0);
  EXPECT_EQ(stored<Float16>(65504), 0x7bff); // the largest
  EXPECT_EQ(stored<Float16>(65519), 0x7bff);
  EXPECT_EQ(stored<Float16>(65520), 0x7c00);
  EXPECT_EQ(stored<BFloat16>(1 + 0x1p-8), 0x3f80);
  EXPECT_EQ(stored<BFloat16>(1 + 3 * 0x1p-8), 0x3f82);
  EXPECT_EQ(Float16::largest, 65504);
  EXPECT_EQ(BFloat16::largest, 0x1.fep127);
}
