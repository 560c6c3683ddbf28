// Tables that a host fills, and the small things that loading rests on.
#include "Scratch.h"

#include <cmath>

namespace talweg::data {

TEST(Table, created_columns_have_their_size_and_alignment) {
  Result<Table> table = Table::create({f32("x", {3}), u8("y"), label("z", 2)}, 5);
  ASSERT_TRUE(table);
  EXPECT_EQ(table->columns[0].size(), 60);
  EXPECT_EQ(table->columns[1].size(), 5);
  EXPECT_EQ(table->bytes(), 85);
  EXPECT_EQ(table->find("z"), 2u);
  EXPECT_FALSE(table->find("w"));
  for (const Buffer &column : table->columns)
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(column.data()) % 64, 0u);
}

TEST(Table, a_size_that_cannot_be_is_an_error) {
  Result<Table> table = Table::create({f32("x", {1 << 20})}, std::int64_t(1) << 50);
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().code, "E0740");
  EXPECT_EQ(table.error().message, "x: error: there is no memory for 1125899906842624 rows of f32[1048576]");
}

TEST(Table, check_finds_labels_and_values_that_loading_would_refuse) {
  Result<Table> table = Table::create({f32("x", {2}), label("y", 3)}, 2);
  ASSERT_TRUE(table);
  for (int i = 0; i < 4; ++i)
    table->values<float>(0)[i] = 1;
  table->values<std::int32_t>(1)[0] = 2;
  table->values<std::int32_t>(1)[1] = 0;
  EXPECT_TRUE(table->check("memory"));
  table->values<std::int32_t>(1)[1] = 3;
  EXPECT_EQ(table->check("memory").error().message,
            "memory: error: label 3 of row 1 is not in 0 to 2 (field `y: class[3]`)");
  table->values<std::int32_t>(1)[1] = 0;
  table->values<float>(0)[3] = INFINITY;
  EXPECT_EQ(table->check("memory").error().message,
            "memory: error: value inf of row 1 is not a finite number (field `x: f32[2]`)");
  ASSERT_TRUE(table->columns[0].resize(12));
  const Error wrongSize = table->check("memory").error();
  EXPECT_EQ(wrongSize.code, "E0741");
  EXPECT_EQ(wrongSize.message, "memory: error: field `x` holds 12 bytes instead of 16");
}

TEST(Buffer, keeps_its_contents_as_it_grows) {
  Buffer buffer;
  for (int i = 0; i < 100000; ++i) {
    ASSERT_TRUE(buffer.resize(i + 1));
    buffer.data()[i] = std::byte(i % 256);
  }
  for (int i = 0; i < 100000; ++i)
    ASSERT_EQ(buffer.data()[i], std::byte(i % 256));
}

TEST(Buffer, refuses_what_cannot_be) {
  Buffer buffer;
  EXPECT_FALSE(buffer.reserve(INT64_MAX));
  EXPECT_FALSE(buffer.resize(INT64_MAX / 2));
  EXPECT_EQ(buffer.size(), 0);
}

} // namespace talweg::data
