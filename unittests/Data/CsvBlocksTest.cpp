// CSV in blocks: wherever a text is cut, and however many threads read it, the rows are those of a file that is read at once, and so is what
// is told of a wrong one.
#include "Scratch.h"

#include "../../lib/Data/CsvReader.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <random>

namespace talweg::data {

namespace {

struct CsvBlocks : Scratch {
  ~CsvBlocks() override { csvBlockBytes = usual; }

  /// All that is read, or what is told.
  std::string outcome(const Source &source, const std::vector<Field> &fields) {
    Result<Table> table = load(source, fields);
    if (!table)
      return fault(source, fields);
    std::string text = std::to_string(table->rows) + " rows\n";
    for (std::size_t f = 0; f < table->fields.size(); ++f)
      for (const float value : column<float>(*table, f))
        text += std::to_string(value) + " ";
    for (const TextColumn &column : table->texts)
      for (std::int64_t row = 0; row < table->rows; ++row)
        text += "[" + std::string(column[row]) + "]";
    return text;
  }

  /// The same for blocks of every size from one byte on, and on three threads.
  void expectTheSame(Source source, const std::vector<Field> &fields, const std::string &text) {
    csvBlockBytes = usual;
    source.threads = 1;
    const std::string whole = outcome(source, fields);
    for (std::size_t bytes = 1; bytes <= text.size() + 1; bytes += 1 + bytes / 8)
      for (const int threads : {1, 3}) {
        csvBlockBytes = bytes;
        source.threads = threads;
        ASSERT_EQ(outcome(source, fields), whole) << "blocks of " << bytes << ", " << threads << " threads:\n" << text;
      }
  }

  const std::size_t usual = csvBlockBytes;
};

/// How many files by chance a test takes.
int casesOfEach() {
  const char *cases = std::getenv("TALWEG_CSV_CASES");
  return cases ? std::atoi(cases) : 200;
}

/// A file by chance: mostly right, or with something wrong.
struct Writer {
  std::mt19937 random;
  bool isRight = false;

  std::size_t below(std::size_t end) { return random() % end; }
  bool chance(std::size_t of) { return below(of) == 0; }
  std::string cell(std::string_view delimiter) {
    static const std::string_view parts[] = {"a", "\"\"", ",", ":", "\n", "\r\n", " ", "#", "long enough to go over",
                                             "7"};
    std::string inside;
    for (std::size_t i = below(5); i-- > 0;)
      inside += parts[below(std::size(parts))];
    if (chance(2))
      return '"' + inside + '"' + (chance(8) ? " " : "");
    static const std::string_view plain[] = {"", "x", " y ", "5\"", "it's", "\"\"", "NA"};
    std::string text(plain[below(std::size(plain))]);
    if (!isRight && chance(60))
      text = std::string(chance(2) ? "\"" : "\"a\"b") + std::string(chance(2) ? delimiter : "");
    return text;
  }
  std::string file(std::string_view delimiter) {
    isRight = chance(2);
    std::string text = chance(4) ? "\xef\xbb\xbf" : "";
    if (chance(2))
      text += "n" + std::string(delimiter) + "t" + std::string(delimiter) + "u\n";
    for (std::size_t row = 1 + below(12); row-- > 0;) {
      if (chance(6))
        text += "# a \"comment\"" + std::string(chance(2) ? "\"" : "") + "\n";
      if (!isRight && chance(20))
        text += chance(2) ? "\n" : " \r\n";
      text += !isRight && chance(20) ? "wrong" : std::to_string(below(100));
      for (int i = !isRight && chance(20) ? 1 : 0; i < 2; ++i)
        text += std::string(delimiter) + cell(delimiter);
      text += chance(3) ? "\r\n" : "\n";
    }
    for (std::size_t blank = chance(3) ? below(4) : 0; blank-- > 0;)
      text += chance(2) ? "\n" : " \n";
    if (chance(3))
      text.pop_back();
    return text;
  }
};

/// Right rows of a number and two texts, with line breaks, quotes and delimiters in them, and what they are.
struct Rows {
  std::string text = {};
  std::vector<float> numbers = {};
  std::vector<std::int32_t> classes = {}; ///< of the numbers, as they come
  std::vector<std::string> words[2] = {};

  static std::string written(Writer &writer, const std::string &word, std::string_view delimiter) {
    const bool isPlain = word.find_first_of("\r\n") == std::string::npos && !word.starts_with('"') &&
                         word.find(delimiter.front()) == std::string::npos && trimmed(word) == word;
    if (isPlain && !writer.chance(3))
      return writer.chance(4) ? " " + word + "\t" : word;
    std::string quoted = "\"";
    for (const char c : word)
      quoted += c == '"' ? "\"\"" : std::string(1, c);
    return quoted + "\"";
  }

  Rows(Writer &writer, std::string_view delimiter) {
    static const std::string_view parts[] = {"a", "\"", ",", ":", "\n", "\r\n", " ", "#", "long enough to go over",
                                             "7"};
    std::vector<std::size_t> seen;
    for (std::size_t row = 0, rows = 2 + writer.below(30); row < rows; ++row) {
      if (writer.chance(8))
        text += "# it is \"so\"" + std::string(writer.chance(2) ? "\"" : "") + "\n";
      const std::size_t number = row < 2 ? row : writer.below(6);
      const auto found = std::ranges::find(seen, number);
      classes.push_back(std::int32_t(found - seen.begin()));
      if (found == seen.end())
        seen.push_back(number);
      numbers.push_back(float(number));
      text += std::to_string(number);
      for (std::vector<std::string> &of : words) {
        std::string word;
        for (std::size_t i = writer.below(6); i-- > 0;)
          word += parts[writer.below(std::size(parts))];
        text += std::string(delimiter) + written(writer, word, delimiter);
        of.push_back(word);
      }
      text += writer.chance(3) ? "\r\n" : "\n";
    }
  }
};

TEST_F(CsvBlocks, have_the_cells_that_were_written) {
  for (int i = 0; i < casesOfEach(); ++i) {
    Writer writer{std::mt19937(unsigned(i))};
    const std::string_view delimiter = writer.chance(3) ? "::" : ",";
    const Rows rows(writer, delimiter);
    Source source = csv(file("a.csv", rows.text));
    source.options["delimiter"] = std::string(delimiter);
    source.options["comment"] = std::string("#");
    source.keys = {std::int64_t(1), std::int64_t(2)};
    source.balanced = std::int64_t(0);
    for (std::size_t bytes = 1; bytes <= rows.text.size() + 1; bytes += 1 + bytes / 4)
      for (const int threads : {1, 3}) {
        csvBlockBytes = bytes;
        source.threads = threads;
        const Table table = loaded(source, {at(f32("n"), {std::int64_t(0)})});
        ASSERT_EQ(table.rows, std::int64_t(rows.numbers.size())) << rows.text;
        ASSERT_EQ(column<float>(table, 0), rows.numbers) << rows.text;
        std::vector<std::int32_t> classes(rows.classes.size());
        ASSERT_EQ(table.classes.size(), std::int64_t(classes.size() * sizeof(std::int32_t)));
        std::memcpy(classes.data(), table.classes.data(), classes.size() * sizeof(std::int32_t));
        ASSERT_EQ(classes, rows.classes) << rows.text;
        for (std::size_t k = 0; k < 2; ++k)
          for (std::int64_t row = 0; row < table.rows; ++row)
            ASSERT_EQ(table.texts[k][row], rows.words[k][std::size_t(row)])
                << "row " << row << ", blocks of " << bytes << ", " << threads << " threads:\n"
                << rows.text;
      }
  }
}

TEST_F(CsvBlocks, do_not_show) {
  for (int i = 0; i < casesOfEach(); ++i) {
    Writer writer{std::mt19937(unsigned(i))};
    const std::string_view delimiter = writer.chance(3) ? "::" : ",";
    const std::string text = writer.file(delimiter);
    Source source = csv(file("a.csv", writer.chance(4) ? gzip(text) : text));
    source.options["delimiter"] = std::string(delimiter);
    if (writer.chance(2))
      source.options["comment"] = std::string("#");
    if (writer.chance(3))
      source.options["blank_lines"] = true;
    if (writer.chance(6))
      source.options["quotes"] = false;
    if (writer.chance(3))
      source.options["missing"] = std::string("NA");
    if (writer.chance(4))
      source.rows.end = std::int64_t(1 + writer.below(8));
    if (writer.chance(4))
      source.rows.every = 2;
    source.keys = {std::int64_t(1), std::int64_t(2)};
    expectTheSame(source, {at(f32("n"), {std::int64_t(0)})}, text);
    if (HasFatalFailure())
      return;
  }
}

TEST_F(CsvBlocks, learn_the_same) {
  std::string text = "n,word\n";
  for (int i = 0; i < 5000; ++i)
    text += std::to_string(i * 7919 % 1000) + ",\"word " + std::to_string(i * 31 % 17) + "\"\n";
  Source source = csv(file("a.csv", text));
  std::vector<Field> fields = {at(f32("n"), {std::string("n")}), at(i32("w"), {std::string("word")})};
  fields[0].steps = {{"standardized"}};
  fields[1].category = true;
  std::vector<std::vector<LearnedStep>> learned;
  for (const auto &[bytes, threads] :
       {std::pair(usual, 1), std::pair(std::size_t(100), 1), std::pair(std::size_t(100), 3)}) {
    csvBlockBytes = bytes;
    source.threads = threads;
    std::vector<prepare::Preparation> preparations;
    for (const Field &field : fields)
      preparations.push_back(std::move(*prepare::Preparation::create(field)));
    ASSERT_TRUE(learn(source, fields, preparations));
    learned.push_back(preparations[0].learned());
    learned.push_back(preparations[1].learned());
  }
  for (std::size_t i = 2; i < learned.size(); ++i)
    EXPECT_EQ(learned[i], learned[i % 2]);
}

TEST_F(CsvBlocks, tell_of_the_first_wrong_cell) {
  std::string text = "a,b\n";
  for (int i = 0; i < 3000; ++i)
    text += i == 2000 ? "1,two\n" : i == 2001 ? "one,2\n" : i == 2002 ? "3\n" : "1,2\n";
  Source source = csv(file("a.csv", text));
  source.threads = 3;
  csvBlockBytes = 64;
  for (int i = 0; i < 20; ++i)
    ASSERT_EQ(fault(source, {f32("a"), f32("b")}),
              "E0711 a.csv:2002:3: error: `two` is not a number (field `b: f32`, column `b`)");
}

} // namespace

} // namespace talweg::data
