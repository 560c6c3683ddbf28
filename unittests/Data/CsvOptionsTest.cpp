// What the options of CSV make of a file.
#include "Scratch.h"

namespace talweg::data {

using Floats = std::vector<float>;
using Ints = std::vector<std::int32_t>;

struct CsvOptions : Scratch {
  Source with(const std::string &text, Options options) {
    Source source = csv(file("a.csv", text));
    source.options = std::move(options);
    return source;
  }
};

TEST_F(CsvOptions, a_list_names_the_columns_of_a_file_without_a_header) {
  const Source source = with("1,2\n3,4\n", {{"header", std::vector<std::string>{"a", "b"}}});
  EXPECT_EQ(column<float>(loaded(source, {f32("b")}), 0), (Floats{2, 4}));
  EXPECT_EQ(fault(source, {f32("c")}), "E0720 a.csv:1: error: the list of `header` has no column `c`\n"
                                       "help: the columns are `a`, `b`");
  EXPECT_EQ(fault(with("1,2\n3,4\n", {{"header", std::vector<std::string>{"a"}}}), {f32("a")}),
            "E0787 a.csv:1: error: this file has 2 columns, but `header` names 1\n"
            "help: name all of them, in their order");
}

TEST_F(CsvOptions, a_delimiter_has_several_characters) {
  EXPECT_EQ(column<float>(loaded(with("1::2\n3::4:\n", {{"delimiter", "::"}}), {at(f32("x"), {std::int64_t(0)})}), 0),
            (Floats{1, 3}));
  EXPECT_EQ(column<float>(loaded(with("\"1\", 2\n3,\"4\"\n", {{"delimiter", ","}}), {f32("x", {2})}), 0),
            (Floats{1, 2, 3, 4}));
  EXPECT_EQ(fault(with("1:2\n", {{"delimiter", "::"}}), {f32("x", {2})}).substr(0, 5), "E0719");
}

/// The buffer's end may fall anywhere in a delimiter.
TEST_F(CsvOptions, a_delimiter_at_every_place_of_the_buffers_end) {
  const std::string row = "1 ::\"2\" :: 3\n";
  std::string text;
  while (text.size() < (std::size_t(1) << 18) * 2)
    text += row;
  const std::size_t rows = text.size() / row.size();
  for (std::size_t shift = 0; shift <= row.size(); ++shift) {
    const Table table = loaded(with(std::string(shift, ' ') + text, {{"delimiter", "::"}}), {f32("x", {3})});
    ASSERT_EQ(table.rows, std::int64_t(rows));
    EXPECT_EQ(table.values<float>(0)[3 * rows - 1], 3);
  }
}

TEST_F(CsvOptions, comments_are_no_rows) {
  const Source source = with("# x\n#y\nx\n1\n#2\n3\n# end", {{"comment", "#"}});
  EXPECT_EQ(column<float>(loaded(source, {f32("x")}), 0), (Floats{1, 3}));
  EXPECT_EQ(fault(with("# x\n1\nz\n", {{"comment", "#"}}), {f32("x")}).substr(0, 15), "E0711 a.csv:3:1");
}

TEST_F(CsvOptions, blank_lines_are_no_rows_where_the_options_say_so) {
  const Source source = with("x\n\n1\n  \n\n3\n\n", {{"blank_lines", true}});
  EXPECT_EQ(column<float>(loaded(source, {f32("x")}), 0), (Floats{1, 3}));
  EXPECT_EQ(fault(with("1\n\nz\n", {{"blank_lines", true}}), {f32("x")}).substr(0, 15), "E0711 a.csv:3:1");
}

TEST_F(CsvOptions, quotes_may_be_characters_as_others) {
  const Source source = with("1\t\"a\n2\tb \"c\" \"\n", {{"delimiter", "\t"}, {"quotes", false}});
  EXPECT_EQ(column<float>(loaded(source, {at(f32("x"), {std::int64_t(0)})}), 0), (Floats{1, 2}));
  EXPECT_EQ(fault(source, {at(f32("x"), {std::int64_t(1)})}).substr(0, 42),
            "E0711 a.csv:1:3: error: `\"a` is not a numb");
}

TEST_F(CsvOptions, missing_cells_of_plain_numbers_are_errors_that_show_them) {
  EXPECT_EQ(fault(with("1\n?\n", {{"missing", "?"}}), {f32("x")}).substr(0, 57),
            "E0712 a.csv:2:1: error: `?` stands for a missing value (f");
}

TEST_F(CsvOptions, cells_are_missing_where_the_options_say_so) {
  Source source = with("x,k\n1,a\n2,?\n3,\n4,NA\n", {{"missing", std::vector<std::string>{"?", "NA"}}});
  source.rows = selectionOf({{"where", "k = "}});
  EXPECT_EQ(column<std::int32_t>(loaded(source, {i32("x")}), 0), (Ints{2, 3, 4}));
}

struct Encodings : CsvOptions {
  std::int64_t rowsWhere(const std::string &text, std::string encoding, const std::string &word) {
    Source source = with(text, {{"encoding", encoding}});
    source.rows = selectionOf({{"where", "k = " + word}});
    return loaded(source, {i32("x")}).rows;
  }
  static std::string utf16(const std::string &latin1) {
    std::string text = "\xff\xfe";
    for (const char c : latin1)
      text += {c, '\0'};
    return text;
  }
};

TEST_F(Encodings, are_converted) {
  EXPECT_EQ(rowsWhere("x,k\n1,\xe4\n2,a\n", "latin1", "ä"), 1);
  EXPECT_EQ(rowsWhere("x,k\n1,\x80\n", "windows-1252", "€"), 1);
  EXPECT_EQ(rowsWhere("x,k\n1,ä\n", "utf8", "ä"), 1);
  EXPECT_EQ(rowsWhere(utf16("x,k\n1,\xe4\n2,a\n"), "utf16", "ä"), 1);
}

TEST_F(Encodings, are_converted_whatever_the_buffers_hold) {
  std::string text = "x,k\n";
  int rows = 0;
  for (; text.size() < 700000; ++rows)
    text += "1," + std::string(std::size_t(rows % 23), '\xe4') + "\n";
  EXPECT_EQ(rowsWhere(text, "latin1", "ääääääääää"), rows / 23 + (rows % 23 > 10));
  EXPECT_EQ(rowsWhere(utf16(text), "utf16", "ääääääääää"), rows / 23 + (rows % 23 > 10));
}

TEST_F(Encodings, that_a_text_does_not_have_are_told) {
  EXPECT_EQ(fault(with("x\n1,\x81\n", {{"encoding", "windows-1252"}}), {f32("x")}),
            "E0786 a.csv:1: error: this text is not windows-1252\n"
            "help: say which encoding it has: `encoding = \"latin1\"`");
  EXPECT_EQ(fault(with("\xff\xfe" + std::string("1\0\n", 3), {{"encoding", "utf16"}}), {f32("x")}),
            "E0786 a.csv:1: error: this text is not utf16\nhelp: the file ends within a character: is it truncated?");
}

struct Zstd : Scratch {};

TEST_F(Zstd, is_told_by_contents) {
  std::string text;
  for (int i = 0; i < 1000; ++i)
    text += std::to_string(i) + "\n";
  const std::string bytes = zstd(text);
  EXPECT_EQ(loaded(csv(file("a", bytes)), {f32("x")}).rows, 1000);
  EXPECT_EQ(loaded(csv(file("a", bytes + bytes)), {f32("x")}).rows, 2000);
  EXPECT_EQ(fault(csv(file("a", bytes.substr(0, bytes.size() - 1))), {f32("x")}),
            "E0705 a:1: error: the zstd stream ends before its data does: the file is truncated\n"
            "help: fetch or compress the file again");
  std::string broken = bytes;
  broken.back() ^= 1; // the checksum
  EXPECT_EQ(fault(csv(file("a", broken)), {f32("x")}),
            "E0706 a:1: error: the zstd stream is corrupt (Restored data doesn't match checksum)\n"
            "help: fetch or compress the file again");
  EXPECT_EQ(fault(csv(file("a", bytes + "1\n")), {f32("x")}).substr(0, 9), "E0708 a:1");
}

} // namespace talweg::data
