// IDX files: what they give, and what wrong ones get, word for word.
#include "Scratch.h"

namespace talweg::data {

using Idx = Scratch;
using Floats = std::vector<float>;
using Ints = std::vector<std::int32_t>;
using Bytes = std::vector<std::uint8_t>;

TEST_F(Idx, images_and_labels) {
  const std::string images = file("images", idxHeader(8, {2, 2, 2}) + "\1\2\3\4\5\6\7\xff");
  const std::string labels = file("labels", gzip(idxHeader(8, {2}) + "\2\1"));
  Table table = loaded(idx({images, labels}), {u8("x", {2, 2}), label("y", 3)});
  EXPECT_EQ(table.rows, 2);
  EXPECT_EQ(column<std::uint8_t>(table, 0), (Bytes{1, 2, 3, 4, 5, 6, 7, 255}));
  EXPECT_EQ(column<std::int32_t>(table, 1), (Ints{2, 1}));
}

TEST_F(Idx, values_are_big_endian) {
  const std::string floats = file("f", idxHeader(0x0d, {2, 1}) + bigEndian(1.5f) + bigEndian(-2.f));
  const std::string ints = file("i", idxHeader(0x0c, {2}) + bigEndian(258u) + bigEndian(0xffffffffu));
  Table table = loaded(idx({floats, ints}), {f32("x", {1}), i32("y")});
  EXPECT_EQ(column<float>(table, 0), (Floats{1.5, -2}));
  EXPECT_EQ(column<std::int32_t>(table, 1), (Ints{258, -1}));
}

TEST_F(Idx, integers_of_16_bits_are_read_into_what_holds_them) {
  const std::string path = file("s", idxHeader(0x0b, {2}) + std::string("\1\2\xff\xff", 4));
  EXPECT_EQ(column<std::int32_t>(loaded(idx({path}), {i32("x")}), 0), (Ints{258, -1}));
  EXPECT_EQ(column<float>(loaded(idx({path}), {f32("x")}), 0), (Floats{258, -1}));
  EXPECT_EQ(fault(idx({path}), {u8("x")}).substr(0, 47), "E0716 s: error: value 258 of record 0, element ");
}

TEST_F(Idx, bytes_and_integers_may_be_read_as_f32) {
  const std::string bytes = file("b", idxHeader(8, {2}) + "\x80\1");
  const std::string ints = file("i", idxHeader(0x0c, {2}) + bigEndian(7u) + bigEndian(0xffffffffu));
  Table table = loaded(idx({bytes, ints}), {f32("x"), f32("y")});
  EXPECT_EQ(column<float>(table, 0), (Floats{128, 1}));
  EXPECT_EQ(column<float>(table, 1), (Floats{7, -1}));
}

TEST_F(Idx, extents_of_one_and_flattening_do_not_matter) {
  const std::string images = file("images", idxHeader(8, {1, 2, 2}) + "\1\2\3\4");
  EXPECT_EQ(loaded(idx({images}), {u8("x", {2, 2, 1})}).rows, 1);
  EXPECT_EQ(loaded(idx({images}), {u8("x", {4})}).rows, 1);
}

TEST_F(Idx, rows_are_selected) {
  const std::string bytes = file("b", idxHeader(8, {7}) + std::string("\0\1\2\3\4\5\6", 7));
  Source source = idx({bytes});
  source.rows = {.every = 3, .offset = 2};
  EXPECT_EQ(column<std::uint8_t>(loaded(source, {u8("x")}), 0), (Bytes{2, 5}));
  source.rows.complement = true;
  EXPECT_EQ(column<std::uint8_t>(loaded(source, {u8("x")}), 0), (Bytes{0, 1, 3, 4, 6}));
  source.rows = {.begin = 2, .end = 4};
  EXPECT_EQ(column<std::uint8_t>(loaded(source, {u8("x")}), 0), (Bytes{2, 3}));
  source.rows = {.begin = 9};
  EXPECT_EQ(fault(source, {u8("x")}), "E0723 b: error: the selection (rows 9 to the end) keeps no row of 7\n"
                                      "help: widen the selection; rows count from 0 and the end is not included");
}

TEST_F(Idx, an_unwanted_field_needs_no_file) {
  const std::string images = file("images", idxHeader(8, {2}) + "\1\2");
  EXPECT_EQ(loaded(idx({images}), {u8("x"), unwanted(label("y", 3))}).rows, 2);
}

TEST_F(Idx, many_chunks_and_aligned_columns) {
  std::string bytes = idxHeader(8, {3000, 28, 28});
  for (int i = 0; i < 3000 * 784; ++i)
    bytes += char(i % 251);
  Table table = loaded(idx({file("a", gzip(bytes))}), {u8("x", {28, 28})});
  ASSERT_EQ(table.rows, 3000);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(table.columns[0].data()) % 64, 0u);
  for (int i = 0; i < 3000 * 784; i += 101)
    ASSERT_EQ(table.values<std::uint8_t>(0)[i], i % 251);
}

TEST_F(Idx, not_idx) {
  const std::vector<Field> fields = {u8("x")};
  EXPECT_EQ(fault(idx({file("a", "1,2\n3,4\n")}), fields),
            "E0730 a: error: this is not an IDX file: it begins with `1,2\\x0a`, not with two zero bytes\n"
            "help: text is declared with `csv(…)`");
  EXPECT_EQ(fault(idx({file("a", "\x89PNG\r\n")}), fields),
            "E0730 a: error: this is not an IDX file: it begins with `\\x89PNG`, not with two zero bytes");
  EXPECT_EQ(fault(idx({file("a", idxHeader(7, {1}) + "a")}), fields),
            "E0730 a: error: this is not an IDX file: 0x07 is no type of IDX");
  EXPECT_EQ(fault(idx({file("a", idxHeader(8, {}))}), fields),
            "E0730 a: error: this IDX file has rank 0: it holds no records");
  EXPECT_EQ(fault(idx({file("a", "")}), fields), "E0704 a: error: the file is empty");
  EXPECT_EQ(fault(idx({file("a", idxHeader(8, {0}))}), fields), "E0704 a: error: the file has no records");
}

TEST_F(Idx, another_type_or_shape_than_the_fields) {
  const std::string images = file("a", idxHeader(8, {1, 2, 3}) + "abcdef");
  EXPECT_EQ(fault(idx({images}), {u8("x", {3, 2})}),
            "E0732 a: error: each record is u8[2, 3], but field `x: u8[3, 2]` is wanted\nhelp: declare `x: u8[2, 3]`");
  EXPECT_EQ(
      fault(idx({images}), {f32("x", {28, 28})}),
      "E0732 a: error: each record is u8[2, 3], but field `x: f32[28, 28]` is wanted\nhelp: declare `x: f32[2, 3]`");
  EXPECT_EQ(fault(idx({file("f", idxHeader(0x0d, {1}) + bigEndian(1.f))}), {u8("x")}),
            "E0731 f: error: the values are f32, but field `x: u8` is wanted\nhelp: declare the field as f32");
}

TEST_F(Idx, truncated_or_too_long) {
  const std::vector<Field> fields = {u8("x", {2})};
  EXPECT_EQ(fault(idx({file("a", idxHeader(8, {3, 2}).substr(0, 9))}), fields),
            "E0734 a: error: the file ends in its header: it is truncated\nhelp: fetch or write it again");
  EXPECT_EQ(fault(idx({file("a", idxHeader(8, {3, 2}) + "abc")}), fields),
            "E0734 a: error: the file ends in record 1 of 3: it is truncated\nhelp: fetch or write it again");
  EXPECT_EQ(fault(idx({file("a", idxHeader(8, {1, 2}) + "abc")}), fields),
            "E0735 a: error: the file goes on after its 1 record\n"
            "help: its header and its contents disagree: fetch or write it again");
  const std::string whole = gzip(idxHeader(8, {4, 2}) + "abcdefgh");
  EXPECT_EQ(fault(idx({file("a.gz", whole.substr(0, whole.size() - 10))}), fields),
            "E0705 a.gz: error: the gzip stream ends before its data does: the file is truncated\n"
            "help: fetch or compress the file again");
}

TEST_F(Idx, a_count_that_the_file_cannot_hold_reserves_nothing) {
  EXPECT_EQ(fault(idx({file("a", idxHeader(8, {0xffffffff, 0x10000}) + "abc")}), {u8("x", {0x10000})}),
            "E0734 a: error: the file ends in record 0 of 4294967295: it is truncated\nhelp: fetch or write it again");
}

TEST_F(Idx, values_outside_the_field) {
  EXPECT_EQ(fault(idx({file("a", idxHeader(8, {2}) + "\1\3")}), {label("y", 3)}),
            "E0715 a: error: label 3 of record 1 is not in 0 to 2 (field `y: class[3]`)");
  EXPECT_EQ(fault(idx({file("a", idxHeader(0x0c, {1, 2}) + bigEndian(1u) + bigEndian(256u))}), {u8("x", {2})}),
            "E0716 a: error: value 256 of record 0, element 1 is not in 0 to 255 (field `x: u8[2]`)");
  EXPECT_EQ(fault(idx({file("a", idxHeader(0x0c, {1}) + bigEndian(16777217u))}), {f32("x")}),
            "E0716 a: error: value 16777217 of record 0, element 0 is not exact in f32 (field `x: f32`)\n"
            "help: declare the field as i32");
  EXPECT_EQ(fault(idx({file("a", idxHeader(0x0d, {1}) + bigEndian(0x7fc00000u))}), {f32("x")}),
            "E0713 a: error: value nan of record 0, element 0 is not a finite number (field `x: f32`)\n"
            "help: fill in a value, or remove the record");
}

TEST_F(Idx, files_that_do_not_belong_together) {
  const std::string three = file("three", idxHeader(8, {3}) + "\1\2\3"), two = file("two", idxHeader(8, {2}) + "\1\2");
  EXPECT_EQ(fault(idx({three, two}), {u8("x"), label("y", 4)}).substr(0, 55),
            "E0733 two: error: this file has 2 records, but `three` ");
  EXPECT_EQ(fault(idx({three}), {u8("x"), label("y", 4)}),
            "E0736 three: error: there is no IDX file for field `y`: 1 file for 2 fields\n"
            "help: IDX takes one file for each field, in the order of the fields");
  EXPECT_EQ(fault(idx({three, two}), {u8("x")}), "E0736 two: error: 2 IDX files for 1 field\n"
                                                 "help: IDX takes one file for each field, in the order of the fields");
}

} // namespace talweg::data
