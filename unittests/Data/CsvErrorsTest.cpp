// What wrong CSV files get, word for word.
#include "Scratch.h"

namespace talweg::data {

using CsvErrors = Scratch;

static std::vector<Field> pair() { return {f32("x"), label("y", 3)}; }

TEST_F(CsvErrors, missing_file_with_a_similar_name) {
  file("digits.csv.gz", "");
  file("other.txt", "");
  EXPECT_EQ(fault(csv((folder / "digits.csv").string()), pair()),
            "E0701 digits.csv: error: no such file\nhelp: did you mean `digits.csv.gz`?");
  EXPECT_EQ(fault(csv((folder / "oter.txt").string()), pair()),
            "E0701 oter.txt: error: no such file\nhelp: did you mean `other.txt`?");
  EXPECT_EQ(fault(csv((folder / "zzzzzz").string()), pair()),
            "E0701 zzzzzz: error: no such file\nhelp: check the path, or name another file with `--data SPLIT=PATH`");
  EXPECT_EQ(fault(csv((folder / "none/a.csv").string()), pair()).substr(0, 66),
            "E0701 none/a.csv: error: no such file\nhelp: there is no folder `no");
}

TEST_F(CsvErrors, a_folder) {
  std::filesystem::create_directory(folder / "d");
  EXPECT_EQ(fault(csv((folder / "d").string()), pair()),
            "E0702 d: error: this is a folder, not a file\nhelp: name a file in it");
}

TEST_F(CsvErrors, what_cannot_be_opened) {
  std::filesystem::create_symlink("loop", folder / "loop");
  EXPECT_EQ(fault(csv((folder / "loop").string()), pair()),
            "E0703 loop: error: cannot be read: Too many levels of symbolic links");
  EXPECT_EQ(fault({formatNamed("csv"), {"a.csv", "b.csv"}}, pair()),
            "E0743 csv: error: a CSV source is one file, not 2");
}

TEST_F(CsvErrors, empty) {
  EXPECT_EQ(fault(csv(file("a.csv", "")), pair()), "E0704 a.csv: error: the file is empty");
  EXPECT_EQ(fault(csv(file("a.csv", "\n \n")), pair()), "E0704 a.csv: error: the file is empty");
  EXPECT_EQ(fault(csv(file("a.csv", "\xef\xbb\xbf")), pair()), "E0704 a.csv: error: the file is empty");
  EXPECT_EQ(fault(csv(file("a.csv", "x,y\n")), pair()), "E0704 a.csv: error: the file has a header, but no rows\n"
                                                        "help: if the first row is data, write `header = false`");
}

TEST_F(CsvErrors, what_follows_a_gzip_stream) {
  const std::string rows = gzip("1,2\n3,1\n");
  EXPECT_EQ(loaded(csv(file("a.gz", rows + rows)), pair()).rows, 4);
  const char *message = "E0708 a.gz:1: error: the file goes on after its gzip stream, with what is no gzip stream\n"
                        "help: was something appended to it? fetch or compress the file again";
  for (const std::string &rest : {std::string("5,0\n"), std::string("\n"), std::string("\x1f"), std::string(512, '\0')})
    EXPECT_EQ(fault(csv(file("a.gz", rows + rest)), pair()), message);
  EXPECT_EQ(fault(csv(file("a.gz", rows + rows.substr(0, 15))), pair()).substr(0, 11), "E0705 a.gz:");
}

TEST_F(CsvErrors, broken_gzip) {
  std::string text;
  for (int i = 0; i < 20000; ++i)
    text += std::to_string(i * 7919 % 1000) + "," + std::to_string(i % 3) + "\n";
  std::string bytes = gzip(text);
  EXPECT_EQ(fault(csv(file("a.gz", bytes.substr(0, 12))), pair()),
            "E0705 a.gz:1: error: the gzip stream ends before its data does: the file is truncated\n"
            "help: fetch or compress the file again");
  EXPECT_EQ(fault(csv(file("a.gz", bytes.substr(0, bytes.size() - 4))), pair()).substr(0, 11), "E0705 a.gz:");
  bytes[bytes.size() - 6] ^= 1; // the checksum
  EXPECT_EQ(fault(csv(file("a.gz", bytes)), pair()).substr(0, 11), "E0706 a.gz:");
  bytes[10] = char(0xff); // the first block's head
  EXPECT_EQ(fault(csv(file("a.gz", bytes)), pair()),
            "E0706 a.gz:1: error: the gzip stream is corrupt (invalid block type)\n"
            "help: fetch or compress the file again");
}

TEST_F(CsvErrors, not_text) {
  EXPECT_EQ(fault(csv(file("a.csv", idxHeader(8, {2}) + "ab")), pair()),
            "E0707 a.csv: error: this is not text, so not CSV\nhelp: an IDX file is declared with `idx(…)`");
  EXPECT_EQ(fault(csv(file("a.csv", std::string("\xff\xfe\x31\x00", 4))), pair()),
            "E0707 a.csv: error: this is UTF-16 text, not UTF-8\nhelp: write `encoding = \"utf16\"`");
}

TEST_F(CsvErrors, ragged_rows) {
  const std::string help = "\nhelp: every row has the same number of cells; text with a comma in it stands in quotes";
  EXPECT_EQ(fault(csv(file("a.csv", "1,2\n3\n")), pair()),
            "E0710 a.csv:2:2: error: this row has 1 cell where the first has 2" + help);
  EXPECT_EQ(fault(csv(file("a.csv", "1,2\n3,1,5,6\n")), pair()),
            "E0710 a.csv:2:5: error: this row has 4 cells where the first has 2" + help);
  EXPECT_EQ(fault(csv(file("a.csv", "1,2\n\n3,1\n")), pair()),
            "E0727 a.csv:2:1: error: blank line between rows\nhelp: remove it, or write `blank_lines = true`");
}

TEST_F(CsvErrors, not_numbers) {
  EXPECT_EQ(fault(csv(file("a.csv", "1,2\n 4,1\nabc,1\n")), pair()),
            "E0711 a.csv:3:1: error: `abc` is not a number (field `x: f32`, column 0)");
  EXPECT_EQ(fault(csv(file("a.csv", "time,x,y\n0, 1x,2\n")), pair()),
            "E0711 a.csv:2:4: error: `1x` is not a number (field `x: f32`, column `x`)");
  EXPECT_EQ(fault(csv(file("a.csv", "1x,2\n")), pair()),
            "E0711 a.csv:1:1: error: `1x` is not a number (field `x: f32`, column 0)\n"
            "help: if this row is a header, write `header = true`");
  EXPECT_EQ(fault(csv(file("a.csv", "1,2\n?,1\n")), pair()),
            "E0711 a.csv:2:1: error: `?` is not a number (field `x: f32`, column 0)\n"
            "help: if that is what the file has for missing values, write `missing = \"?\"` behind its name");
  EXPECT_EQ(fault(csv(file("a.csv", "1,2\n\"1,5\",1\n")), pair()),
            "E0711 a.csv:2:1: error: `1,5` is not a number (field `x: f32`, column 0)\n"
            "help: decimals are written with a point: `1.5`");
  EXPECT_EQ(fault(csv(file("a.csv", "1,2\n" + std::string(100, 'a') + "\x01\xc3,1\n")), pair()),
            "E0711 a.csv:2:1: error: `" + std::string(40, 'a') + "…` is not a number (field `x: f32`, column 0)");
  EXPECT_EQ(fault(csv(file("a.csv", "1,2\n\x01\xc3,1\n")), pair()),
            "E0711 a.csv:2:1: error: `\\x01\\xc3` is not a number (field `x: f32`, column 0)");
}

TEST_F(CsvErrors, empty_cells_and_values_that_are_not_finite) {
  EXPECT_EQ(fault(csv(file("a.csv", "1,2\n,1\n")), pair()),
            "E0712 a.csv:2:1: error: this cell is empty (field `x: f32`, column 0)\n"
            "help: say what stands for a missing value, as in `|> filled(\"median\")`, or remove the row");
  for (const char *text : {"nan", "NaN", "inf", "-inf", "Infinity"})
    EXPECT_EQ(fault(csv(file("a.csv", std::string("1,2\n") + text + ",1\n")), pair()),
              std::string("E0713 a.csv:2:1: error: `") + text +
                  "` is not a finite number (field `x: f32`, column 0)\nhelp: fill in a value, or remove the row");
  EXPECT_EQ(fault(csv(file("a.csv", "1,2\n1e39,1\n")), pair()),
            "E0713 a.csv:2:1: error: `1e39` is too large for f32 (field `x: f32`, column 0)\n"
            "help: the largest is about 3.4e38: scale the column");
}

TEST_F(CsvErrors, labels) {
  EXPECT_EQ(fault(csv(file("a.csv", "1,2\n1,3\n")), pair()),
            "E0715 a.csv:2:3: error: label `3` is not in 0 to 2 (field `y: class[3]`, column 1)\n"
            "help: labels count from 0; if the file's count from 1, declare class[4]");
  EXPECT_EQ(fault(csv(file("a.csv", "1,2\n1,-1\n")), pair()),
            "E0715 a.csv:2:3: error: label `-1` is not in 0 to 2 (field `y: class[3]`, column 1)");
  EXPECT_EQ(fault(csv(file("a.csv", "1,2\n1,99999999999999999999\n")), pair()),
            "E0715 a.csv:2:3: error: label `99999999999999999999` is not in 0 to 2 (field `y: class[3]`, column 1)");
  EXPECT_EQ(fault(csv(file("a.csv", "1,2\n1,1.5\n")), pair()),
            "E0714 a.csv:2:3: error: label `1.5` is not an integer (field `y: class[3]`, column 1)\n"
            "help: labels are the numbers 0 to 2");
  EXPECT_EQ(fault(csv(file("a.csv", "1,2\n1,cat\n")), pair()),
            "E0711 a.csv:2:3: error: `cat` is not a number (field `y: class[3]`, column 1)\n"
            "help: labels are the numbers 0 to 2");
}

TEST_F(CsvErrors, integers_outside_their_type) {
  EXPECT_EQ(fault(csv(file("a.csv", "255\n256\n")), {u8("x")}),
            "E0716 a.csv:2:1: error: `256` is not in 0 to 255 (field `x: u8`, column 0)\n"
            "help: declare the field as i32 or f32");
  EXPECT_EQ(
      fault(csv(file("a.csv", "1\n0.5\n")), {u8("x")}),
      "E0714 a.csv:2:1: error: `0.5` is not an integer (field `x: u8`, column 0)\nhelp: declare the field as f32");
  EXPECT_EQ(fault(csv(file("a.csv", "1\n2147483648\n")), {i32("x")}),
            "E0716 a.csv:2:1: error: `2147483648` is not in -2147483648 to 2147483647 (field `x: i32`, column 0)\n"
            "help: declare the field as f32");
}

TEST_F(CsvErrors, quotes) {
  EXPECT_EQ(fault(csv(file("a.csv", "1,2\n\"3,1\n4,1\n")), pair()),
            "E0717 a.csv:2:1: error: the quote that opens here is never closed");
  EXPECT_EQ(fault(csv(file("a.csv", "1,2\n\"3\"4,1\n")), pair()),
            "E0718 a.csv:2:4: error: text after the closing quote of a cell\n"
            "help: a quote inside a quoted cell is written twice: `\"\"`");
}

TEST_F(CsvErrors, places_after_line_breaks_in_quotes) {
  EXPECT_EQ(fault(csv(file("a.csv", "t,x\n\"1\n2\",oops\n")), {f32("x")}),
            "E0711 a.csv:3:4: error: `oops` is not a number (field `x: f32`, column `x`)");
  EXPECT_EQ(fault(csv(file("a.csv", "t,x\n\"1\n2\",0\na,oops\n")), {f32("x")}),
            "E0711 a.csv:4:3: error: `oops` is not a number (field `x: f32`, column `x`)");
}

TEST_F(CsvErrors, columns_that_do_not_fit_the_fields) {
  EXPECT_EQ(fault(csv(file("a.csv", "1\n")), pair()),
            "E0719 a.csv:1: error: this file has 1 column, but the fields take 2");
  EXPECT_EQ(fault(csv(file("a.csv", "1;2\n")), pair()),
            "E0719 a.csv:1: error: this file has 1 column, but the fields take 2\n"
            "help: its cells seem to be separated by `;`: write `delimiter = \";\"`");
  EXPECT_EQ(fault(csv(file("a.csv", "1\t2\n")), pair()),
            "E0719 a.csv:1: error: this file has 1 column, but the fields take 2\n"
            "help: its cells seem to be separated by tabs: write `delimiter = \"\\t\"`");
  EXPECT_EQ(fault(csv(file("a.csv", "1,2,3\n")), pair()),
            "E0721 a.csv:1: error: this file has 3 columns, but the fields take 2\n"
            "help: say where each field is, such as `label: class[10] = column(64)`");
  EXPECT_EQ(fault(csv(file("a.csv", "1,2,3\n")), {at(f32("x", {3}), {std::int64_t(1)})}),
            "E0719 a.csv:1: error: this file has 3 columns, and `x: f32[3]` reaches to column 3");
  EXPECT_EQ(fault(csv(file("a.csv", "1,2,3\n")), {at(f32("x"), {std::int64_t(3)})}),
            "E0722 a.csv:1: error: there is no column 3 (field `x`): this file has 3 columns, counted from 0");
  EXPECT_EQ(fault(csv(file("a.csv", "1,2,3\n")), {at(f32("x", {3}), {std::int64_t(0), std::int64_t(1)})}),
            "E0726 a.csv:1: error: field `x: f32[3]` has 3 elements, but 2 columns are given\n"
            "help: name the first column, or all of them");
}

TEST_F(CsvErrors, a_delimiter_is_only_named_where_it_gives_the_wanted_columns) {
  const std::string few = "E0719 a.csv:1: error: this file has 1 column, but the fields take 2";
  const std::string semicolon = "\nhelp: its cells seem to be separated by `;`: write `delimiter = \";\"`";
  EXPECT_EQ(fault(csv(file("a.csv", "1;2;3\n")), pair()), few);
  EXPECT_EQ(fault(csv(file("a.csv", "1|2 3 4\n")), {f32("x", {2})}),
            few + "\nhelp: its cells seem to be separated by `|`: write `delimiter = \"|\"`");
  EXPECT_EQ(fault(csv(file("a.csv", "1;\"2;3\"\n")), pair()), few + semicolon);
  EXPECT_EQ(fault(csv(file("a.csv", "id;y;x\n7;1;2\n")), pair()), few + semicolon);
  EXPECT_EQ(fault(csv(file("a.csv", "id;y;z\n7;1;2\n")), pair()), few);
}

TEST_F(CsvErrors, names_that_the_header_does_not_have) {
  EXPECT_EQ(fault(csv(file("a.csv", "x,labels,z\n1,2,3\n")), {f32("x"), label("label", 3)}),
            "E0720 a.csv:1: error: the header has no column `label`\n"
            "help: did you mean `labels`? write `label: class[3] = column(\"labels\")`");
  EXPECT_EQ(fault(csv(file("a.csv", "x,labels,z\n1,2,3\n")), {f32("x"), at(label("y", 3), {"label"})}),
            "E0720 a.csv:1: error: the header has no column `label`\nhelp: did you mean `labels`?");
  EXPECT_EQ(fault(csv(file("a.csv", "x,b,z\n1,2,3\n")), {f32("x"), label("target", 3)}),
            "E0720 a.csv:1: error: the header has no column `target`\nhelp: the columns are `x`, `b`, `z`");
  EXPECT_EQ(fault(csv(file("a.csv", "1,2\n")), {f32("x"), at(label("y", 3), {"label"})}),
            "E0725 a.csv:1: error: field `y` is the column `label`, but this file has no header\n"
            "help: if its first row is a header, write `header = true`; else give the column's number");
}

TEST_F(CsvErrors, selections) {
  Source source = csv(file("a.csv", "1,2\n1,2\n"));
  source.rows = {.begin = 2};
  EXPECT_EQ(fault(source, pair()), "E0723 a.csv: error: the selection (rows 2 to the end) keeps no row of 2\n"
                                   "help: widen the selection; rows count from 0 and the end is not included");
  source.rows = {.end = 2, .every = 5, .offset = 4};
  EXPECT_EQ(fault(source, pair()), "E0723 a.csv: error: the selection (rows 0 to 2, every 5 from 4) keeps no row of 2\n"
                                   "help: widen the selection; rows count from 0 and the end is not included");
  source.rows = {.every = 0};
  EXPECT_EQ(fault(source, pair()), "E0728 a.csv: error: `every = 0` with `offset = 0` is no selection\n"
                                   "help: choose `every` at least 1 and its offset from 0 to `every` - 1");
  source.rows = {.begin = 4, .end = 2};
  EXPECT_EQ(fault(source, pair()), "E0728 a.csv: error: the rows from 4 to 2 are no range\n"
                                   "help: rows count from 0; the end comes after the beginning");
}

TEST_F(CsvErrors, rows_without_end) {
  EXPECT_EQ(fault(csv(file("a.csv", gzip(std::string(std::size_t(65) << 20, '1')))), pair()),
            "E0724 a.csv:1: error: this row is longer than 64 MiB\n"
            "help: is a quote not closed, or is this not a CSV file?");
}

TEST_F(CsvErrors, fields_too_large_to_hold) {
  EXPECT_EQ(fault(csv(file("a.csv", "1\n")), {f32("x", {1 << 30, 1 << 30, 1 << 30})}).substr(0, 5), "E0740");
  EXPECT_EQ(fault(csv(file("a.csv", "1\n")), {f32("x", {1 << 30})}).substr(0, 5), "E0742");
}

} // namespace talweg::data
