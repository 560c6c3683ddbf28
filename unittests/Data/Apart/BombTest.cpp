// Small files that claim much, or become much: they are told before they take the memory.
#include "../../Support/Apart.h"
#include "../Arrays.h"
#include "../Png.h"

namespace talweg::data {

struct Bombs : ArrayFiles {
  /// That this is said of the file, by a process that takes no more than so many MiB for it.
  static void expectTold(std::string_view code, const Source &source, const std::vector<Field> &fields,
                         const Limits &limits = {}, std::int64_t most = 64) {
    const auto check = [&](std::uint64_t) -> std::string {
      const Result<Table> table = load(source, fields, limits);
      const std::string told = table ? "no error" : table.error().code;
      return told == code ? "" : "told as " + told;
    };
    EXPECT_EQ(random::wrongApart({"", 0, 1, 0}, check, {30, most << 20}), "") << source.paths.front();
  }
  /// Little memory, and none on a disk.
  Limits little() const { return {.mostBytes = 1 << 20, .folder = (folder / "none").string()}; }
  Source chosen(const char *format, const std::string &path, const Options &options = {{"percent", Range{0, 50}}}) {
    return {formatNamed(format), {path}, selectionOf(options)};
  }
  /// `bytes`, so many times, in gzip.
  static std::string repeated(const std::string &head, const std::string &bytes, std::int64_t times) {
    std::string text = head;
    for (std::int64_t i = 0; i < times; ++i)
      text += bytes;
    return gzip(text);
  }
};

static Field image() {
  Field field{{"x", Element::U8, {4, 4, 1}}};
  field.steps = {{"image"}};
  field.columns = {"image"};
  return field;
}

TEST_F(Bombs, records_that_a_header_claims_are_not_counted_on) {
  const std::string most = file("a.npy", npy("|u1", "(1152921504606846976,)", "\1\2"));
  expectTold("E0734", {formatNamed("npy"), {most}}, {u8("x")});
  expectTold("E0734", chosen("npy", most), {u8("x")});
  expectTold("E0734", chosen("npy", file("b.npy", npy("|u1", "(2000000000,)", "\1\2"))), {u8("x")});
  expectTold("E0734", chosen("idx", file("c", idxHeader(8, {0x7fffffff}) + "\1")), {u8("x")});
  const std::string tensor = R"({"x": {"dtype": "U8", "shape": [2000000000], "data_offsets": [0, 2000000000]}})";
  expectTold("E0734", chosen("safetensors", file("d", safetensors(tensor, "\1\2"))), {u8("x")});
}

TEST_F(Bombs, records_of_a_small_file_are_told_before_they_are_chosen) {
  const std::string path = file("a.npy", gzip(npy("|u1", "(30000000,)", std::string(30000000, '\1'))));
  EXPECT_LT(std::filesystem::file_size(path), 30000);
  expectTold("E0780", chosen("npy", path), {u8("x")}, little());
}

TEST_F(Bombs, values_of_a_record_that_a_header_claims_are_not_counted_on) {
  const std::string path = file("a.npy", npy("<f4", "(2, 1073741824)", "abcdefgh"));
  Field field = f32("x", {2});
  field.steps = {{"filled", {0.}}};
  expectTold("E0732", {formatNamed("npy"), {path}}, {field});
  expectTold("E0788", chosen("npy", path, {{"percent", Range{0, 50}}, {"by", "x"}}), {f32("x")});
  expectTold("E0734", chosen("npy", path), {f32("x")});
}

TEST_F(Bombs, a_row_of_millions_of_cells_is_told) {
  expectTold("E0724", csv(file("a.csv.gz", repeated("", std::string(1 << 20, ','), 16))), {f32("x")}, {}, 512);
}

TEST_F(Bombs, a_line_without_an_end_is_told) {
  const std::string path = file("a.gz", repeated("{", std::string(1 << 20, 'a'), 66));
  expectTold("E0724", {formatNamed("jsonl"), {path}}, {f32("x")}, {}, 256);
}

TEST_F(Bombs, rows_that_do_not_fit_are_told) {
  const std::string path = file("a.csv.gz", repeated("x\n", "1\n2\n3\n4\n", 1 << 17));
  expectTold("E0780", csv(path), {f32("x")}, little());
  for (const Options &options :
       {Options{{"percent", Range{0, 50}}}, Options{{"percent", Range{0, 50}}, {"sorted", "x"}},
        Options{{"percent", Range{0, 90}}, {"by", "x"}}, Options{{"percent", Range{0, 50}}, {"stratified", "x"}},
        Options{{"where", "x != 7"}}}) {
    SCOPED_TRACE(options.rbegin()->first);
    expectTold("E0780", chosen("csv", path, options), {f32("x")}, little());
  }
}

TEST_F(Bombs, texts_that_are_kept_are_counted) {
  Source source = csv(file("a.csv.gz", repeated("k,x\n", std::string(1 << 14, 'a') + ",1\n", 1000)));
  EXPECT_EQ(loaded(source, {f32("x")}).rows, 1000);
  source.keys = {"k"};
  expectTold("E0780", source, {f32("x")}, little());
}

TEST_F(Bombs, words_that_are_learned_are_counted) {
  std::string rows = "x\n";
  for (int i = 0; i < 100'000; ++i)
    rows += std::to_string(i) + "\n";
  Field field = f32("x");
  field.category = true;
  const Source source = csv(file("a.csv", rows));
  const auto learned = [&](const Limits &limits) {
    std::vector<prepare::Preparation> preparations;
    preparations.push_back(std::move(*prepare::Preparation::create(field)));
    return learn(source, {field}, preparations, limits);
  };
  EXPECT_TRUE(learned({}));
  const Result<void> told = learned(little());
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().code, "E0780");
}

TEST_F(Bombs, a_table_that_is_joined_is_counted) {
  std::string rows = "k,y\n";
  for (int i = 0; i < 100'000; ++i)
    rows += std::to_string(i) + ",1\n";
  const Options options = {{"join", file("b.csv", rows)}, {"on", "k"}};
  const std::string path = file("a.csv", "k,x\n1,2\n");
  const Source source{formatNamed("csv"), {path}, {}, options};
  EXPECT_EQ(loaded(source, {f32("y")}).rows, 1);
  expectTold("E0780", source, {f32("y")}, little());
}

TEST_F(Bombs, numbers_of_an_index_are_counted) {
  const std::string index = file("index.gz", repeated("", "1\n2\n3\n4\n", 1 << 16));
  expectTold("E0780", chosen("csv", file("a.csv", "x\n1\n2\n"), {{"index", index}}), {f32("x")}, little());
}

TEST_F(Bombs, an_archive_that_claims_more_than_the_file_has_is_told) {
  std::string archive = npz({{"x", npy("<f4", "(1000000000,)", "abcd")}});
  expectTold("E0734", {formatNamed("npz"), {file("a.npz", archive)}}, {f32("x")});
  const std::size_t entry = archive.rfind("PK\1\2"); // both sizes, in the table of contents
  archive.replace(entry + 20, 8, "\xfe\xff\xff\xfe\xfe\xff\xff\xfe");
  expectTold("E0734", {formatNamed("npz"), {file("b.npz", archive)}}, {f32("x")});
}

TEST_F(Bombs, huge_pictures_are_told_by_their_headers) {
  std::filesystem::create_directories(folder / "images");
  const auto expectOf = [&](std::string_view code, std::uint32_t width, std::uint32_t height) {
    const std::string header = bigEndian(width) + bigEndian(height) + std::string("\10\6\0\0\1", 5);
    file("images/a.png", "\x89PNG\r\n\x1a\n" + chunk("IHDR", header) + chunk("IDAT", "x") + chunk("IEND", ""));
    expectTold(code, {formatNamed("images"), {(folder / "images").string()}}, {image()});
  };
  expectOf("E0771", 0x7fffffff, 1); // the library has limits of its own
  expectOf("E0771", 1, 0x7fffffff);
  expectOf("E0772", 20000, 20000);
  expectOf("E0772", 900000, 80);
}

} // namespace talweg::data
