// Files of every format, changed by chance: they are read or told, in little time and memory, and nothing else happens.
#include "../../Prepare/JpegOf.h"
#include "../../Support/Apart.h"
#include "../../Support/Mutations.h"
#include "../Arrays.h"
#include "../Png.h"

#include "talweg/Data/Summary.h"

#include <fmt/format.h>

namespace talweg::data {

namespace {

using random::Cases;
using random::Chance;

/// A file, by its name in the folder.
struct File {
  std::string name, bytes;
};

/// What a mutation is made of: files, of which each case changes some, and the ways in which they are read.
struct Subject {
  std::string format;
  std::vector<File> files; ///< the first ones are those of the source
  std::size_t paths = 1;   ///< so many of them; 0: the folder
  std::vector<Field> fields;
  std::vector<Options> ways; ///< how they are read, beside `choices`
  bool isPacked = false;     ///< each time with gzip or zstd
};

Field prepared(Field field, std::vector<Step> steps) {
  field.steps = std::move(steps);
  return field;
}
Field category(std::string name, std::vector<std::string> columns, std::vector<Step> steps = {}) {
  Field field{{std::move(name), Element::I32}};
  field.category = true;
  field.columns.assign(columns.begin(), columns.end());
  field.steps = std::move(steps);
  return field;
}

struct Mutations : ArrayFiles {
  /// Choices of rows by the column `key`.
  static std::vector<Options> choices(const std::string &key) {
    const Range half{0, 50}, rest{50, 100};
    return {{},
            {},
            {{"rows", Range{1, 3}}},
            {{"except_every", std::int64_t(3)}, {"offset", std::int64_t(1)}},
            {{"where", key + " != 2"}},
            {{"percent", half}},
            {{"percent", rest}, {"seed", std::int64_t(3)}},
            {{"percent", half}, {"by", key}},
            {{"percent", rest}, {"stratified", key}, {"seed", std::int64_t(1)}},
            {{"percent", half}, {"sorted", key}},
            {{"index", (folderOfFiles() / "index.txt").string()}},
            {{"except_index", (folderOfFiles() / "index.txt").string()}, {"where", key + " != "}}};
  }
  static std::filesystem::path folderOfFiles() { return current->folder / "files"; }

  /// What is wrong with how case `number` is answered.
  std::string answerTo(const Subject &subject, const std::string &key, Chance &chance);
  std::string wrong(const Source &source, const std::vector<Field> &fields, const std::vector<std::string> &names);

  void expectAnswers(const Subject &subject, const std::string &key) {
    current = this;
    const Cases cases = Cases::of("TALWEG_MUTATIONS", 60, 1500);
    EXPECT_EQ(random::wrongApart(cases,
                                 [&](std::uint64_t number) {
                                   Chance chance(cases.seedOf(number));
                                   return answerTo(subject, key, chance);
                                 }),
              "");
  }

  static inline Mutations *current = nullptr;
  int told = 0;
};

} // namespace

std::string Mutations::answerTo(const Subject &subject, const std::string &key, Chance &chance) {
  random::Mutator mutator(chance);
  const std::filesystem::path of = folderOfFiles();
  std::filesystem::remove_all(of);
  std::filesystem::create_directories(of / "a");
  const auto packed = [&](const std::string &bytes) { return chance.oneIn(2) ? gzip(bytes) : zstd(bytes); };

  std::vector<File> files = subject.files;
  files.push_back({"index.txt", "0\n2\n"});
  const std::size_t changed = std::size_t(chance.oneIn(3) ? chance.below(std::ssize(files)) : 0);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < files.size(); ++i) {
    std::string bytes = files[i].bytes;
    const bool isPacked = i < subject.paths && (subject.isPacked || chance.oneIn(8)), isInside = chance.oneIn(2);
    if (isPacked && !isInside)
      bytes = packed(bytes);
    if (i == changed || chance.oneIn(16))
      bytes = mutator.mutated(bytes);
    if (bytes.starts_with("\x89PNG") && chance.oneIn(2))
      bytes = withSums(bytes);
    if (isPacked && isInside)
      bytes = packed(bytes);
    names.push_back((of / files[i].name).string());
    std::ofstream(names.back(), std::ios::binary) << bytes;
  }
  Source source{formatNamed(subject.format), {names.begin(), names.begin() + std::ptrdiff_t(subject.paths)}};
  if (subject.paths == 0)
    source.paths = {of.string()};
  if (!subject.ways.empty())
    source.options = subject.ways[std::size_t(chance.below(std::ssize(subject.ways)))];
  const std::vector<Options> ways = choices(key);
  const Options &choice = ways[std::size_t(chance.below(std::ssize(ways)))];
  source.rows = selectionOf(choice);
  for (std::string_view option : {"join", "index"})
    if (const auto found = source.options.find(option); found != source.options.end())
      found->second = (of / std::get<std::string>(found->second)).string();
  if (std::string other = wrong(source, subject.fields, names); !other.empty())
    return other;
  // As a file that is named on the command line: what it is, its contents tell.
  const Format *format = formatOf(source.paths.front(), source.format);
  if (format == source.format)
    return "";
  return wrong({format, source.paths, {}, {}}, subject.fields, names);
}

/// Reads it in all ways in which files are read.
std::string Mutations::wrong(const Source &source, const std::vector<Field> &fields,
                             const std::vector<std::string> &names) {
  const auto named = [&](const Error &error) {
    const bool isNamed = error.message.find(folderOfFiles().string()) != std::string::npos;
    const bool isCoded = error.code.size() == 5 && error.code.starts_with("E07");
    return isNamed && isCoded ? std::string() : fmt::format("told as `{} {}`", error.code, error.message);
  };
  std::vector<prepare::Preparation> preparations;
  for (const Field &field : fields) {
    Result<prepare::Preparation> preparation = prepare::Preparation::create(field);
    if (!preparation)
      return preparation.error().message;
    preparations.push_back(std::move(*preparation));
  }
  if (Result<void> learned = learn(source, fields, preparations); !learned)
    return named(learned.error());
  Result<Table> table =
      load(source, fields, preparations, {.mostBytes = std::int64_t(1) << 22, .folder = folder.string()});
  if (!table)
    if (std::string other = named(table.error()); !other.empty())
      return other;
  if (table)
    if (Result<void> legal = table->check("the table"); !legal)
      return legal.error().message;
  if (Result<FieldSummaries> summaries = summarize(source, fields, preparations); !summaries)
    return named(summaries.error());
  if (source.format->isOfLines)
    if (Result<bool> head = isHead(source, fields, preparations); !head)
      return named(head.error());
  return "";
}

TEST_F(Mutations, of_csv_are_read_or_told) {
  const Subject subject{
      "csv",
      {{"a.csv", "# c\nx,k,t\n1,2,\"a\"\"b\"\n2.5e3,0,\"c,\nd\"\n?,1,\n7,1,zebra\n-0.5,0,b c\n"},
       {"b.csv", "key,name\n0,zero\n1,\"o,ne\"\n2,\n"}},
      1,
      {prepared(f32("x"), {{"filled", {"mean"}}, {"standardized"}}), at(label("y", 3), {"k"}),
       category("t", {"t"}, {{"lower"}})},
      {{{"missing", "?"}, {"comment", "#"}},
       {{"missing", std::vector<std::string>{"?", "z"}}, {"comment", "#"}, {"blank_lines", true}, {"header", true}},
       {{"comment", "#"}, {"quotes", false}, {"missing", "?"}},
       {{"comment", "#"}, {"encoding", "latin1"}, {"missing", "?"}},
       {{"encoding", "utf16"}},
       {{"delimiter", ", "}, {"comment", "# "}},
       {{"header", std::vector<std::string>{"x", "k", "t"}}, {"missing", "?"}, {"comment", "#"}},
       {{"header", false}, {"contents", "t"}},
       {{"comment", "#"},
        {"missing", "?"},
        {"join", "b.csv"},
        {"on", std::vector<std::string>{"k", "key"}},
        {"join_header", true}}}};
  expectAnswers(subject, "k");
}

TEST_F(Mutations, of_csv_without_steps_are_read_or_told) {
  const Subject subject{"csv",
                        {{"a.csv", "1;2;30000\n-4;0;7e2\n0.25;1;9\n8;2;10\n"}},
                        1,
                        {f32("x"), label("y", 3), Field{{"z", Element::U16}}},
                        {{{"delimiter", ";"}}, {{"delimiter", ";"}, {"quotes", false}}}};
  expectAnswers(subject, "1");
}

TEST_F(Mutations, of_text_in_sixteen_bits_are_read_or_told) {
  std::string text = "\xff\xfe";
  for (const char c : std::string_view("x,k\n1,2\n3,0\n5,1\n"))
    text += std::string{c, '\0'};
  expectAnswers({"csv", {{"a.csv", text}}, 1, {f32("x"), at(label("y", 3), {"k"})}, {{{"encoding", "utf16"}}}}, "k");
}

TEST_F(Mutations, of_jsonl_are_read_or_told) {
  const Subject subject{
      "jsonl",
      {{"a.jsonl", "{\"x\": [1, 2.5], \"k\": 0, \"o\": {\"a\": 3}, \"t\": \"\\u00e4 b\"}\n{\"x\": [[4], null], \"k\": "
                   "2, \"o\": {\"a\": 4}}\n\n{\"k\": 1, \"x\": [7, -9007199254740993], \"o\": {\"a\": null}, \"t\": "
                   "true}\n"},
       {"b", "b"}},
      1,
      {prepared(f32("x", {2}), {{"filled", {0.}}, {"scaled", {0., 1.}}}), at(label("y", 5), {"k"}),
       prepared(at(f32("z"), {"o.a"}), {{"filled", {"median"}}, {"ranks"}}),
       category("t", {"t"}, {{"trimmed"}, {"vocabulary", {}, {{"least", std::int64_t(1)}}}})},
      {{}, {{"contents", "t"}}}};
  expectAnswers(subject, "k");
}

TEST_F(Mutations, of_lines_words_and_characters_are_read_or_told) {
  for (const char *format : {"lines", "words", "characters"})
    expectAnswers({format,
                   {{"a.txt", "\xef\xbb\xbf"
                              "one 2\r\n€ two\n\n1 one 日本\n"}},
                   1,
                   {category("t", {}, {{"normalized"}, {"characters", {}, {{"least", std::int64_t(1)}}}})},
                   {{}, {}, {{"encoding", "windows-1252"}}}},
                  "text");
  Field field = category("t", {}, {{"words"}});
  field.shape = {3};
  expectAnswers({"lines", {{"a.txt", "one two\nthree one\ntwo\n"}}, 1, {field}, {}}, "text");
}

TEST_F(Mutations, of_bytes_are_read_or_told) {
  expectAnswers({"bytes", {{"a.bin", std::string("ab\0\xff\n01", 7)}}, 1, {u8("t")}, {}}, "text");
}

TEST_F(Mutations, of_images_are_read_or_told) {
  const Field image = prepared(at(u8("x", {4, 4, 3}), {"image"}), {{"image"}});
  const Subject folderOfImages{"images",
                               {{"a/1.png", pixel(9)},
                                {"a/2.jpg", prepare::jpegOf(20, 17, prepare::slope(20, 17, 3), true)},
                                {"3.png", pixel(3)}},
                               0,
                               {image, category("y", {"class"})},
                               {}};
  expectAnswers(folderOfImages, "class");
  Subject one = folderOfImages;
  one.paths = 1;
  expectAnswers(one, "path");
}

TEST_F(Mutations, of_idx_are_read_or_told) {
  const std::string labels = idxHeader(8, {4}) + std::string("\1\2\0\2", 4);
  expectAnswers(
      {"idx", {{"a", idxHeader(8, {4, 2}) + "\1\2\3\4\5\6\7\1"}, {"b", labels}}, 2, {u8("x", {2}), label("y", 3)}, {}},
      "y");
  std::string floats = idxHeader(13, {4, 2});
  for (const float value : {1.f, 2.f, -3.f, 1e30f, 0.f, 5.f, 6.f, 7.f})
    floats += bigEndian(value);
  expectAnswers({"idx",
                 {{"a", floats}, {"b", labels}},
                 2,
                 {prepared(f32("x", {2}), {{"filled", {0.}}, {"standardized"}}), label("y", 3)},
                 {}},
                "y");
}

TEST_F(Mutations, of_npy_are_read_or_told) {
  const std::string labels = npy("<i8", "(4,)", raw<std::int64_t>({1, 0, 2, 1}));
  for (const bool isPrepared : {false, true})
    expectAnswers(
        {"npy",
         {{"a", npy(">f4", "(4, 2)", raw<float>({1, 2, 3, 4, 5, 6, 7, 8}))}, {"b", labels}},
         2,
         {isPrepared ? prepared(f32("x", {2}), {{"filled", {"mean"}}, {"ranks"}}) : f32("x", {2}), label("y", 3)},
         {}},
        "y");
}

TEST_F(Mutations, of_npz_are_read_or_told) {
  const std::string x = npy("<f8", "(4, 2)", raw<double>({1, 2, 3, 4, 5, 6, 7, 8}));
  const Subject subject{"npz",
                        {{"a", npz({{"x", x}, {"y", npy("|u1", "(4,)", std::string("\1\2\0\1", 4))}})}},
                        1,
                        {prepared(f32("x", {2}), {{"filled", {0.}}, {"standardized"}}), label("y", 3),
                         at(Field{{"z", Element::F64, {2}}}, {"x"})},
                        {}};
  expectAnswers(subject, "y");
}

TEST_F(Mutations, of_what_is_in_an_npz_are_read_or_told) {
  const Cases cases = Cases::of("TALWEG_MUTATIONS", 60, 1500);
  current = this;
  const std::string x = npy("<f4", "(4, 2)", raw<float>({1, 2, 3, 4, 5, 6, 7, 8}));
  const auto check = [&](std::uint64_t number) {
    Chance chance(cases.seedOf(number));
    const std::string archive = npz({{"x", random::Mutator(chance).mutated(x)}, {"y", npy("|b1", "(4,)", "\1\1\1\1")}});
    std::filesystem::create_directories(folderOfFiles());
    const std::string path = file("files/a", archive);
    return wrong({formatNamed("npz"), {path}, selectionOf(chance.oneIn(2) ? Options() : choices("y")[5]), {}},
                 {f32("x", {2}), label("y", 2)}, {path});
  };
  EXPECT_EQ(random::wrongApart(cases, check), "");
}

TEST_F(Mutations, of_safetensors_are_read_or_told) {
  const Subject subject{"safetensors",
                        {{"a", safetensors(R"({"__metadata__": {"a": "b"}, "x": {"dtype": "F32", "shape": [3, 2], )"
                                           R"("data_offsets": [0, 24]}, "y": {"dtype": "I64", "shape": [3], )"
                                           R"("data_offsets": [24, 48]}})",
                                           raw<float>({1, 2, 3, 4, 5, 6}) + raw<std::int64_t>({2, 0, 1}))}},
                        1,
                        {prepared(f32("x", {2}), {{"filled", {0.}}, {"scaled", {0., 1.}}}), label("y", 3),
                         at(Field{{"z", Element::F64, {2}}}, {"x"})},
                        {}};
  expectAnswers(subject, "y");
}

TEST_F(Mutations, of_compressed_files_are_read_or_told) {
  std::string rows = "x,y\n";
  for (int i = 0; i < 300; ++i)
    rows += fmt::format("{},{}\n", i * i, i % 3);
  const Subject subject{"csv", {{"a", rows}}, 1, {f32("x"), label("y", 3)}, {}, true};
  expectAnswers(subject, "y");
}

} // namespace talweg::data
