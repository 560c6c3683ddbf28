// Images in folders, and files that cells of a table name.
#include "Png.h"
#include "Scratch.h"

#include "talweg/Data/Summary.h"

namespace talweg::data {

struct Images : Scratch {
  /// Writes a file below the folder, and the folders that it is in.
  void put(const std::string &name, const std::string &bytes) {
    std::filesystem::create_directories((folder / name).parent_path());
    file(name, bytes);
  }
  Source images(const std::string &name = "") { return {formatNamed("images"), {(folder / name).string()}}; }

  static Field picture(std::string column = "image") {
    Field field{{"x", Element::U8, {1, 1, 1}}};
    field.columns = {std::move(column)};
    field.steps = {{"image"}};
    return field;
  }
  static Field kind(std::vector<std::string> names) {
    Field field{{"y", Element::I32}};
    field.classes = std::ssize(names);
    field.names = std::move(names);
    field.columns = {"class"};
    return field;
  }
};

using Bytes = std::vector<std::uint8_t>;
using Ints = std::vector<std::int32_t>;

TEST_F(Images, are_the_rows_of_a_folder_in_the_order_of_their_paths) {
  put("b/2.png", pixel(2));
  put("a/10.jpeg", pixel(10)); // the name does not tell
  put("a/sub/a/9.png", pixel(9));
  put("b/1", pixel(1));
  const Table table = loaded(images(), {picture(), kind({"a", "b"})});
  EXPECT_EQ(column<std::uint8_t>(table, 0), (Bytes{10, 9, 1, 2}));
  EXPECT_EQ(column<std::int32_t>(table, 1), (Ints{0, 0, 1, 1}));
}

TEST_F(Images, other_files_are_no_rows) {
  put("a/notes.txt", "of 2026");
  put("a/empty.png", "");
  put("a/1.png", pixel(1));
  EXPECT_EQ(loaded(images(), {picture()}).rows, 1);
}

TEST_F(Images, are_told_by_their_kind) {
  Summarizer summarizer("image");
  for (const int grey : {1, 2, 3})
    summarizer.take(prepare::Cell::of(std::string_view(pixel(grey))));
  EXPECT_EQ(summarizer.finish().frequent, (decltype(ColumnSummary::frequent){{"PNG", 3}}));
}

TEST_F(Images, rows_are_chosen_as_in_every_format) {
  for (int i = 0; i < 10; ++i)
    put(std::string(i % 2 ? "a/" : "b/") + char('0' + i), pixel(i));
  Source source = images();
  source.rows = selectionOf({{"where", "class = a"}, {"percent", Range{0, 60}}});
  EXPECT_EQ(column<std::uint8_t>(loaded(source, {picture()}), 0), (Bytes{1, 3, 5}));
  source.rows = selectionOf({{"where", "path != a/3"}, {"every", std::int64_t(2)}});
  EXPECT_EQ(column<std::uint8_t>(loaded(source, {picture()}), 0), (Bytes{1, 5, 9, 2, 6}));
}

TEST_F(Images, that_are_broken_and_not_chosen_do_no_harm) {
  put("a.png", pixel(1));
  put("b.png", pixel(2).substr(0, 40));
  Source source = images();
  EXPECT_EQ(fault(source, {picture()}), "E0771 b.png: error: this image is broken: the file ends too early (field `x: "
                                        "u8[1, 1, 1]`, column `image`)\nhelp: replace the file, or leave its row out");
  source.rows = selectionOf({{"rows", Range{0, 1}}});
  EXPECT_EQ(loaded(source, {picture()}).rows, 1);
}

TEST_F(Images, beside_the_folders_are_of_no_class) {
  put("1.png", pixel(1));
  EXPECT_EQ(fault(images(), {kind({"a"})}).substr(0, 5), "E0712");
}

TEST_F(Images, a_file_by_itself_is_one_row) {
  put("a/1.png", pixel(1));
  put("a/2.png", pixel(2));
  EXPECT_EQ(column<std::uint8_t>(loaded(images("a/2.png"), {picture()}), 0), (Bytes{2}));
  EXPECT_EQ(formatOf((folder / "a/2.png").string(), nullptr), formatNamed("images"));
}

TEST_F(Images, folders_are_looked_at) {
  put("a.txt", "a");
  put("empty/none", "");
  EXPECT_EQ(fault(images("b"), {picture()}), "E0701 b: error: no such folder");
  EXPECT_EQ(fault(images("a.txt"), {picture()}), "E0796 a.txt: error: this is neither a folder nor a PNG or JPEG file\n"
                                                 "help: `images` takes the folder that the files are in");
  EXPECT_EQ(fault(images("empty"), {picture()}),
            "E0704 empty: error: there is no PNG or JPEG file in this folder, nor in those below it");
}

TEST_F(Images, are_found_by_the_cells_of_a_table) {
  put("files/7.png", pixel(7));
  put("files/8.png", pixel(8));
  Source source = csv(file("a.csv", "n,file\n1,files/8.png\n2,files/7.png\n3,files/8.png\n"));
  source.options["contents"] = "file";
  const Table table = loaded(source, {picture("file"), at(i32("n"), {"n"})});
  EXPECT_EQ(column<std::uint8_t>(table, 0), (Bytes{8, 7, 8}));
  EXPECT_EQ(column<std::int32_t>(table, 1), (Ints{1, 2, 3}));
}

TEST_F(Images, are_found_by_the_values_of_objects) {
  put("7.png", pixel(7));
  put("8.png", pixel(8));
  Source source{formatNamed("jsonl"),
                {file("a.jsonl", "{\"n\": 1, \"file\": \"8.png\"}\n{\"file\": \"7.png\", \"n\": 2}\n")}};
  source.options["contents"] = "file";
  source.rows = selectionOf({{"where", "n != 3"}});
  const Table table = loaded(source, {picture("file"), at(i32("n"), {"n"})});
  EXPECT_EQ(column<std::uint8_t>(table, 0), (Bytes{8, 7}));
  EXPECT_EQ(column<std::int32_t>(table, 1), (Ints{1, 2}));
}

TEST_F(Images, of_rows_that_are_not_kept_are_not_read) {
  put("7.png", pixel(7));
  Source source = csv(file("a.csv", "n,file\n1,7.png\n2,gone.png\n"));
  source.options["contents"] = std::int64_t(1);
  source.rows = selectionOf({{"where", "file = 7.png"}});
  EXPECT_EQ(column<std::uint8_t>(loaded(source, {picture("file")}), 0), (Bytes{7}));
  source.rows = {};
  EXPECT_EQ(fault(source, {picture("file")}), "E0701 a.csv:3:3: error: the file gone.png is not there");
}

TEST_F(Images, a_missing_file_name_is_a_missing_value) {
  Source source = csv(file("a.csv", "n,file\n1,\n"));
  source.options["contents"] = "file";
  EXPECT_EQ(fault(source, {picture("file")}).substr(0, 18), "E0712 a.csv:2:3: e");
}

TEST_F(Images, the_column_of_files_is_there) {
  Source source = csv(file("a.csv", "n,file\n1,7.png\n"));
  source.options["contents"] = "files";
  EXPECT_EQ(fault(source, {picture("file")}).substr(0, 5), "E0720");
}

TEST_F(Images, a_file_that_is_a_cell_is_not_too_large) {
  put("large", "");
  std::filesystem::resize_file(folder / "large", (1 << 28) + 1);
  put("pipe/x", "");
  Source source = csv(file("a.csv", "n,file\n1,large\n"));
  source.options["contents"] = "file";
  EXPECT_EQ(
      fault(source, {picture("file")}),
      "E0795 a.csv:2:3: error: the file large has more than 256 MiB\nhelp: a file that is one cell is smaller: is "
      "this the right one?");
  source = csv(file("b.csv", "n,file\n1,pipe\n"));
  source.options["contents"] = "file";
  EXPECT_EQ(fault(source, {picture("file")}), "E0703 b.csv:2:3: error: the file pipe is no file that holds bytes");
}

} // namespace talweg::data
