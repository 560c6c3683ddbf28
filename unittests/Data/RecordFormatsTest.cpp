// JSONL and the formats of text and bytes: what they give, and what wrong files get.
#include "Scratch.h"

namespace talweg::data {

using Floats = std::vector<float>;
using Ints = std::vector<std::int32_t>;

struct Jsonl : Scratch {
  Source of(const std::string &text) { return {formatNamed("jsonl"), {file("a.jsonl", text)}}; }
};

TEST_F(Jsonl, keys_are_columns) {
  const Source source = of("{\"x\": 1.5, \"y\": 2}\n\n{\"y\": 1, \"z\": \"a\", \"x\": -2}");
  const Table table = loaded(source, {f32("x"), label("y", 3)});
  EXPECT_EQ(column<float>(table, 0), (Floats{1.5, -2}));
  EXPECT_EQ(column<std::int32_t>(table, 1), (Ints{2, 1}));
}

TEST_F(Jsonl, keys_of_objects_are_reached_by_dots) {
  EXPECT_EQ(column<float>(loaded(of("{\"a\": {\"b\": {\"c\": 3}}}\n{\"a.b.c\": 4}\n"), {at(f32("x"), {"a.b.c"})}), 0),
            (Floats{3, 4}));
}

TEST_F(Jsonl, arrays_are_cells) {
  EXPECT_EQ(column<float>(loaded(of("{\"v\": [[1, 2], [3, 4]]}\n"), {f32("v", {2, 2})}), 0), (Floats{1, 2, 3, 4}));
  EXPECT_EQ(column<float>(loaded(of("{\"a\": 1, \"b\": 2}\n"), {at(f32("v", {2}), {"b", "a"})}), 0), (Floats{2, 1}));
}

TEST_F(Jsonl, whole_numbers_are_exact) {
  const Field x{{"x", Element::I64}};
  EXPECT_EQ(column<std::int64_t>(loaded(of("{\"x\": 9007199254740993}\n"), {x}), 0),
            (std::vector<std::int64_t>{9007199254740993}));
}

TEST_F(Jsonl, rows_are_chosen_by_keys) {
  Source source = of("{\"x\": 1, \"k\": \"a\"}\n{\"x\": 2, \"k\": null}\n{\"x\": 3, \"k\": \"a\"}\n");
  source.rows = selectionOf({{"where", "k = a"}});
  EXPECT_EQ(column<float>(loaded(source, {f32("x")}), 0), (Floats{1, 3}));
  source.rows = selectionOf({{"where", "k = "}});
  EXPECT_EQ(column<float>(loaded(source, {f32("x")}), 0), (Floats{2}));
}

TEST_F(Jsonl, what_is_wrong_is_told) {
  EXPECT_EQ(fault(of("{\"x\": 1}\n{\"x\": }\n"), {f32("x")}).substr(0, 54),
            "E0794 a.jsonl:2: error: this line is no JSON object (T");
  EXPECT_EQ(fault(of("[1]\n"), {f32("x")}).substr(0, 51), "E0794 a.jsonl:1: error: this line is no JSON object");
  EXPECT_EQ(fault(of("{\"xx\": 1}\n"), {f32("xy")}).substr(0, 5), "E0712");
  EXPECT_EQ(fault(of("{\"x\": {\"y\": 1}}\n"), {f32("x")}),
            "E0799 a.jsonl:1: error: `x` is an object, and no value; a key of it is `x.key`");
  EXPECT_EQ(fault(of("{\"x\": [1, 2, 3]}\n"), {f32("x", {2})}),
            "E0799 a.jsonl:1: error: `x` is an array of more than 2 values");
  EXPECT_EQ(fault(of("{\"x\": [1]}\n"), {f32("x", {2})}), "E0799 a.jsonl:1: error: `x` has 1 value, and 2 are wanted");
  EXPECT_EQ(fault(of("{\"x\": 1}\n"), {at(f32("x"), {std::int64_t(0)})}),
            "E0722 a.jsonl: error: there is no column 0: the columns of JSONL have names");
  EXPECT_EQ(fault(of("\n"), {f32("x")}), "E0704 a.jsonl: error: the file has no records");
  Source source = of("{\"x\": 1}\n");
  source.rows = selectionOf({{"by", "y"}, {"percent", Range{0, 100}}});
  EXPECT_EQ(fault(source, {f32("x")}), "E0720 a.jsonl: error: no record has a key `y`\n"
                                       "help: the keys of the first one are `x`");
}

struct Texts : Scratch {
  Source of(const char *format, const std::string &text) { return {formatNamed(format), {file("a.txt", text)}}; }
  /// The values of the field x, which reads the rows as numbers.
  Floats numbers(const char *format, const std::string &text) {
    return column<float>(loaded(of(format, text), {f32("x")}), 0);
  }
};

TEST_F(Texts, rows_are_lines_words_characters_or_bytes) {
  EXPECT_EQ(numbers("lines", "\xef\xbb\xbf"
                             "12\r\n3\n4"),
            (Floats{12, 3, 4}));
  EXPECT_EQ(numbers("words", " 12\t3\n\n 4 "), (Floats{12, 3, 4}));
  EXPECT_EQ(numbers("characters", "123"), (Floats{1, 2, 3}));
  EXPECT_EQ(numbers("bytes", "\x01\xff"), (Floats{1, 255}));
}

TEST_F(Texts, their_one_column_is_that_of_every_field) {
  const Table table = loaded(of("characters", "123"), {f32("x"), at(f32("y"), {"text"}), u8("z")});
  EXPECT_EQ(column<float>(table, 1), (Floats{1, 2, 3}));
  EXPECT_EQ(fault(of("lines", "1\n"), {at(f32("x"), {"line"})}).substr(0, 30), "E0720 a.txt:1: error: such a f");
  EXPECT_EQ(fault(of("lines", "1\n"), {f32("x", {2})}),
            "E0719 a.txt: error: a row of this file is one cell, but field `x: f32[2]` takes 2");
}

TEST_F(Texts, characters_are_those_of_unicode) {
  Source source = of("characters", "aä€😀\n");
  source.rows = selectionOf({{"where", "text = €"}});
  EXPECT_EQ(fault(source, {f32("x")}).substr(0, 22), "E0711 a.txt:1: error: ");
  std::string text; // characters at every place of the buffer's end
  for (int i = 0; i < 200000; ++i)
    text += i % 4 == 3 ? "😀" : "1";
  source = of("characters", text);
  source.rows = selectionOf({{"where", "text = 1"}});
  EXPECT_EQ(loaded(source, {f32("x")}).rows, 150000);
}

TEST_F(Texts, in_another_encoding_are_converted_or_told) {
  Source source = of("lines", "1\n\xe4\n");
  EXPECT_EQ(fault(source, {f32("x")}), "E0793 a.txt:2: error: this is not text in UTF-8\n"
                                       "help: say which encoding it has: `encoding = \"latin1\"`");
  source.options = {{"encoding", "latin1"}};
  source.rows = selectionOf({{"where", "text = ä"}});
  EXPECT_EQ(fault(source, {f32("x")}).substr(0, 5), "E0711");
}

TEST_F(Texts, of_nothing_are_told) {
  for (const char *format : {"lines", "words", "characters", "bytes"})
    EXPECT_EQ(fault(of(format, ""), {f32("x")}), "E0704 a.txt: error: the file is empty") << format;
  EXPECT_EQ(fault({formatNamed("lines"), {"a", "b"}}, {f32("x")}),
            "E0743 lines: error: a lines source is one file, not 2");
}

TEST_F(Texts, are_read_so_whatever_they_hold) {
  const Format *lines = formatNamed("lines"), *csv = formatNamed("csv");
  EXPECT_EQ(formatOf(file("a", "{\"x\": 1}\n"), lines), lines);
  EXPECT_EQ(formatOf(file("a", "{\"x\": 1}\n"), csv), formatNamed("jsonl"));
}

} // namespace talweg::data
