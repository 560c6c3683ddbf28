// Files of every format with bytes changed, removed, repeated and cut off: they are read or told, and nothing else happens.
#include "Arrays.h"

#include <random>

namespace talweg::data {

struct Mutations : ArrayFiles {
  static std::string mutated(std::string bytes, std::mt19937 &random) {
    const auto below = [&](std::size_t bound) { return std::size_t(random()) % std::max<std::size_t>(bound, 1); };
    for (std::size_t times = 1 + below(4); times > 0 && !bytes.empty(); --times) {
      const std::size_t at = below(bytes.size());
      switch (below(5)) {
      case 0: bytes[at] = char(random()); break;
      case 1: bytes[at] ^= char(1 << below(8)); break;
      case 2: bytes.erase(at, 1 + below(8)); break;
      case 3: bytes.insert(at, bytes.substr(below(bytes.size()), 1 + below(16))); break;
      default: bytes.resize(at); break;
      }
    }
    return bytes;
  }

  void expectAnswers(const char *format, const std::string &bytes, const std::vector<Field> &fields,
                     const Options &options = {}) {
    std::mt19937 random(17);
    int read = 0, told = 0;
    for (int i = 0; i < 500; ++i) {
      Source source = {formatNamed(format), {file("a", mutated(bytes, random))}, selectionOf(options), options};
      Result<Table> table = load(source, fields, {.mostBytes = 1 << 24});
      ++(table ? read : told);
      if (!table) {
        EXPECT_EQ(table.error().code.substr(0, 2), "E0") << table.error().message;
      } else {
        EXPECT_EQ(table->columns[0].size(), table->rows * fields[0].bytes());
      }
      formatOf(source.paths.front(), source.format);
    }
    EXPECT_GT(told, 0) << format;
  }
};

TEST_F(Mutations, of_records_are_read_or_told) {
  const std::string csv = "# c\nx,y,k\n1,2,\"a\"\"b\"\n2.5e3,0,\"c,\nd\"\n?,1,\n7,1,z\n";
  expectAnswers("csv", csv, {f32("x"), label("y", 3)}, {{"missing", "?"}, {"comment", "#"}});
  expectAnswers("csv", gzip(csv), {label("y", 3)}, {{"comment", "#"}});
  expectAnswers("csv", zstd(csv), {label("y", 3)}, {{"comment", "#"}});
  expectAnswers("csv", csv, {label("y", 3)}, {{"encoding", "utf16"}});
  expectAnswers("csv", csv, {label("y", 3)},
                {{"comment", "#"}, {"percent", Range{0, 50}}, {"stratified", "y"}, {"where", "k != z"}});
  expectAnswers("jsonl", "{\"x\": [1, 2.5], \"k\": {\"a\": 3}}\n{\"x\": [4, null], \"k\": {\"a\": \"\\u00e4\"}}\n",
                {f32("x", {2}), at(f32("y"), {"k.a"})});
  expectAnswers("lines", "1\n2\n3.5\n", {f32("x")});
  expectAnswers("words", "1 2\n3.5\t4", {f32("x")}, {{"sorted", "text"}, {"percent", Range{0, 50}}});
  expectAnswers("characters", "1234€", {f32("x")}, {{"where", "text != €"}});
}

TEST_F(Mutations, of_arrays_are_read_or_told) {
  const std::string x = npy("<f4", "(3, 2)", raw<float>({1, 2, 3, 4, 5, 6}));
  expectAnswers("idx", idxHeader(8, {3, 2}) + "\1\2\3\4\5\6", {u8("x", {2})});
  expectAnswers("npy", x, {f32("x", {2})});
  expectAnswers("npz", npz({{"x", x}, {"y", npy("|u1", "(3,)", "\1\2\1")}}), {f32("x", {2}), label("y", 3)},
                {{"where", "y = 1"}});
  expectAnswers(
      "safetensors",
      safetensors(R"({"x": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}})", raw<float>({1, 2, 3, 4})),
      {f32("x", {2})});
}

} // namespace talweg::data
