// What CSV files give when nothing is wrong with them.
#include "Scratch.h"

namespace talweg::data {

using Csv = Scratch;
using Floats = std::vector<float>;
using Ints = std::vector<std::int32_t>;
using Bytes = std::vector<std::uint8_t>;

TEST_F(Csv, fields_take_columns_in_order_without_a_header) {
  Table table = loaded(csv(file("a.csv", "1,2.5,3\n4,-5e-1,+6\n")), {f32("x", {2}), i32("y")});
  EXPECT_EQ(table.rows, 2);
  EXPECT_EQ(column<float>(table, 0), (Floats{1, 2.5, 4, -0.5}));
  EXPECT_EQ(column<std::int32_t>(table, 1), (Ints{3, 6}));
}

TEST_F(Csv, scalars_are_found_by_name_in_a_header) {
  Table table = loaded(csv(file("a.csv", "skip,y,x\n9,1,2\n9,3,4\n")), {f32("x"), label("y", 4)});
  EXPECT_EQ(column<float>(table, 0), (Floats{2, 4}));
  EXPECT_EQ(column<std::int32_t>(table, 1), (Ints{1, 3}));
}

TEST_F(Csv, a_vector_follows_the_field_before_it_under_a_header) {
  Table table = loaded(csv(file("a.csv", "p0,p1,label,p2\n1,2,0,9\n")), {f32("pixels", {2}), label("label", 2)});
  EXPECT_EQ(column<float>(table, 0), (Floats{1, 2}));
  EXPECT_EQ(column<std::int32_t>(table, 1), (Ints{0}));
}

TEST_F(Csv, order_counts_under_a_header_that_knows_no_field) {
  Table table = loaded(csv(file("a.csv", "height,weight\n1,2\n")), {f32("x"), f32("y")});
  EXPECT_EQ(column<float>(table, 0), (Floats{1}));
  EXPECT_EQ(column<float>(table, 1), (Floats{2}));
}

TEST_F(Csv, columns_are_chosen_by_number_and_by_name) {
  const std::string path = file("a.csv", "a,b,c,d\n1,2,3,4\n5,6,7,8\n");
  Table table = loaded(csv(path), {at(f32("x", {2}), {std::int64_t(3), "a"}), at(f32("y", {2}), {"b"})});
  EXPECT_EQ(column<float>(table, 0), (Floats{4, 1, 8, 5}));
  EXPECT_EQ(column<float>(table, 1), (Floats{2, 3, 6, 7}));
}

TEST_F(Csv, a_first_row_with_a_number_is_data_unless_told) {
  const std::string path = file("a.csv", "1,2\n3,4\n");
  EXPECT_EQ(loaded(csv(path), {f32("x"), f32("y")}).rows, 2);
  Source source = csv(path);
  source.options = {{"header", true}};
  EXPECT_EQ(loaded(source, {f32("x"), f32("y")}).rows, 1);
}

TEST_F(Csv, quotes_line_ends_blank_end_and_byte_order_mark) {
  const std::string text = "\xef\xbb\xbf\"x\",\"a \"\"b\"\", c\"\r\n\"1\" , 2 \r\n\"3\",\"4\"\r\n\r\n  \n";
  Table table = loaded(csv(file("a.csv", text)), {f32("x"), at(f32("y"), {"a \"b\", c"})});
  EXPECT_EQ(column<float>(table, 0), (Floats{1, 3}));
  EXPECT_EQ(column<float>(table, 1), (Floats{2, 4}));
}

TEST_F(Csv, a_quoted_cell_may_hold_line_breaks) {
  Table table = loaded(csv(file("a.csv", "t,x\n\"one\ntwo\",1\n\"\",2\n")), {f32("x")});
  EXPECT_EQ(column<float>(table, 0), (Floats{1, 2}));
}

TEST_F(Csv, the_last_line_needs_no_line_break) {
  EXPECT_EQ(column<float>(loaded(csv(file("a.csv", "1\n2")), {f32("x")}), 0), (Floats{1, 2}));
  EXPECT_EQ(column<float>(loaded(csv(file("b.csv", "1\r\n2\r")), {f32("x")}), 0), (Floats{1, 2}));
}

TEST_F(Csv, bytes_stay_bytes_and_whole_numbers_may_have_a_fraction_of_zero) {
  Table table = loaded(csv(file("a.csv", "255,7.0\n0,1e1\n")), {u8("x"), i32("y")});
  EXPECT_EQ(column<std::uint8_t>(table, 0), (Bytes{255, 0}));
  EXPECT_EQ(column<std::int32_t>(table, 1), (Ints{7, 10}));
}

TEST_F(Csv, integers_reach_their_limits) {
  Table table = loaded(csv(file("a.csv", "2147483647\n-2147483648\n")), {i32("x")});
  EXPECT_EQ(column<std::int32_t>(table, 0), (Ints{2147483647, INT32_MIN}));
}

TEST_F(Csv, numbers_are_rounded_correctly) {
  Table table = loaded(csv(file("a.csv", "0.1\n16777217\n1e-46\n3.4028234e38\n")), {f32("x")});
  EXPECT_EQ(column<float>(table, 0), (Floats{0.1f, 16777216.f, 0.f, 3.4028234e38f}));
}

TEST_F(Csv, another_delimiter) {
  Source source = csv(file("a.tsv", "x\ty\n1\t\"2\"\n"));
  source.options = {{"delimiter", "\t"}};
  EXPECT_EQ(column<float>(loaded(source, {f32("y")}), 0), (Floats{2}));
}

TEST_F(Csv, gzip_is_told_by_contents) {
  EXPECT_EQ(column<float>(loaded(csv(file("a.csv", gzip("1\n2\n"))), {f32("x")}), 0), (Floats{1, 2}));
  EXPECT_EQ(column<float>(loaded(csv(file("plain.csv.gz", "1\n2\n")), {f32("x")}), 0), (Floats{1, 2}));
}

TEST_F(Csv, a_selection_and_its_complement_part_the_file) {
  std::string text;
  for (int i = 0; i < 12; ++i)
    text += std::to_string(i) + "\n";
  Source source = csv(file("a.csv", text));
  source.rows.every = 5;
  source.rows.offset = 4;
  EXPECT_EQ(column<std::int32_t>(loaded(source, {i32("x")}), 0), (Ints{4, 9}));
  source.rows.complement = true;
  EXPECT_EQ(column<std::int32_t>(loaded(source, {i32("x")}), 0), (Ints{0, 1, 2, 3, 5, 6, 7, 8, 10, 11}));
  source.rows.begin = 3;
  source.rows.end = 7;
  EXPECT_EQ(column<std::int32_t>(loaded(source, {i32("x")}), 0), (Ints{3, 5, 6}));
  source.rows = {.begin = 10, .end = 100};
  EXPECT_EQ(column<std::int32_t>(loaded(source, {i32("x")}), 0), (Ints{10, 11}));
}

TEST_F(Csv, an_unwanted_field_may_be_there_or_not) {
  const std::vector<Field> fields = {unwanted(label("y", 2)), f32("x", {2})};
  EXPECT_EQ(column<float>(loaded(csv(file("with.csv", "1,2,3\n")), fields), 1), (Floats{2, 3}));
  EXPECT_EQ(column<float>(loaded(csv(file("without.csv", "2,3\n")), fields), 1), (Floats{2, 3}));
  const std::vector<Field> named = {f32("x"), unwanted(label("y", 2))};
  Table table = loaded(csv(file("header.csv", "z,x\n7,8\n")), named);
  EXPECT_EQ(column<float>(table, 0), (Floats{8}));
  EXPECT_EQ(table.columns[1].size(), 0);
}

TEST_F(Csv, rows_longer_than_the_buffer) {
  std::string text;
  for (int row = 0; row < 3; ++row) {
    for (int i = 0; i < 200000; ++i)
      text += (i ? "," : "") + std::to_string((i + row) % 100);
    text += "\n";
  }
  Table table = loaded(csv(file("a.csv", gzip(text))), {u8("x", {200000})});
  ASSERT_EQ(table.rows, 3);
  for (int row = 0; row < 3; ++row)
    for (int i = 0; i < 200000; i += 997)
      EXPECT_EQ(table.values<std::uint8_t>(0)[row * 200000 + i], (i + row) % 100);
}

/// The buffer's end may fall anywhere: inside a quoted cell, between \r and \n, between two quotes.
TEST_F(Csv, every_place_of_the_buffers_end) {
  const std::string row = "\"a\"\"b\r\n\",1,\"2\"\r\n";
  std::string text;
  while (text.size() < (std::size_t(1) << 18) * 3)
    text += row;
  const std::int64_t rows = std::int64_t(text.size() / row.size());
  for (std::size_t shift = 0; shift <= row.size(); ++shift) {
    const std::string head = std::string(shift, ' ') + "9,9,9\n";
    Table table = loaded(csv(file("a.csv", head + text)), {at(f32("x", {2}), {std::int64_t(1)})});
    ASSERT_EQ(table.rows, rows + 1);
    EXPECT_EQ(table.values<float>(0)[2 * rows], 1);
    EXPECT_EQ(table.values<float>(0)[2 * rows + 1], 2);
  }
}

} // namespace talweg::data
