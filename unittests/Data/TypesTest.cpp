// What holds for fields of every type of the table: numbers are stored, and those beyond the range are refused.
#include "Scratch.h"

#include <fmt/format.h>

namespace talweg::data {

struct Types : Scratch {
  static std::vector<ElementInfo> ofFields() {
    std::vector<ElementInfo> types;
    for (const ElementInfo &info : kElementTypes)
      if (info.isOfFields())
        types.push_back(info);
    return types;
  }
  static Field field(const ElementInfo &info) { return {{"x", info.type}}; }
  static std::vector<double> numbers(const Table &table) {
    std::vector<double> numbers;
    withStored(table.fields[0].element, [&](auto stored) {
      for (auto number : column<decltype(stored)>(table, 0))
        numbers.push_back(double(number));
    });
    return numbers;
  }
};

TEST_F(Types, are_read_from_csv) {
  const std::string text = file("a.csv", "0\n1\n100\n");
  for (const ElementInfo &info : ofFields())
    EXPECT_EQ(numbers(loaded(csv(text), {field(info)})), (std::vector<double>{0, 1, 100})) << info.text;
}

TEST_F(Types, are_read_from_idx) {
  const std::string bytes = file("a", idxHeader(8, {3}) + std::string("\0\1\x64", 3));
  const std::string ints = file("b", idxHeader(0x0c, {2}) + bigEndian(1u) + bigEndian(100u));
  const std::string floats = file("c", idxHeader(0x0d, {2}) + bigEndian(1.5f) + bigEndian(-2.f));
  for (const ElementInfo &info : ofFields()) {
    EXPECT_EQ(numbers(loaded(idx({bytes}), {field(info)})), (std::vector<double>{0, 1, 100})) << info.text;
    EXPECT_EQ(numbers(loaded(idx({ints}), {field(info)})), (std::vector<double>{1, 100})) << info.text;
    if (info.isFloat())
      EXPECT_EQ(numbers(loaded(idx({floats}), {field(info)})), (std::vector<double>{1.5, -2})) << info.text;
  }
}

TEST_F(Types, have_their_ranges_and_refuse_what_is_beyond) {
  for (const ElementInfo &info : ofFields()) {
    SCOPED_TRACE(info.text);
    if (info.isFloat()) {
      EXPECT_NE(fault(csv(file("a.csv", "1e400\n")), {field(info)}).find(fmt::format("is too large for {}", info.text)),
                std::string::npos);
      continue;
    }
    const Table ends = loaded(csv(file("a.csv", fmt::format("{}\n{}\n", info.least, info.most))), {field(info)});
    EXPECT_EQ(numbers(ends), (std::vector<double>{double(info.least), double(info.most)}));
    const std::string beyond = info.most == INT64_MAX ? "9223372036854775808" : std::to_string(info.most + 1);
    EXPECT_NE(
        fault(csv(file("a.csv", beyond + "\n")), {field(info)})
            .find(fmt::format("`{}` is not in {} to {} (field `x: {}`", beyond, info.least, info.most, info.text)),
        std::string::npos);
  }
}

TEST_F(Types, of_narrow_floats_say_so) {
  const std::string large = file("a", idxHeader(0x0d, {1}) + bigEndian(1e5f));
  EXPECT_EQ(fault(idx({large}), {{{"x", Element::F16}}}),
            "E0713 a: error: value 100000 of record 0, element 0 is too large for f16 (field `x: f16`)\n"
            "help: declare the field as f32");
  const std::string inexact = file("b", idxHeader(0x0c, {1}) + bigEndian(257u));
  EXPECT_EQ(fault(idx({inexact}), {{{"x", Element::BF16}}}),
            "E0716 b: error: value 257 of record 0, element 0 is not exact in bf16 (field `x: bf16`)\n"
            "help: declare the field as i32");
  EXPECT_EQ(fault(csv(file("a.csv", "65504\n65520\n")), {{{"x", Element::F16}}}),
            "E0713 a.csv:2:1: error: `65520` is too large for f16 (field `x: f16`, column 0)\n"
            "help: the largest is about 6.6e04: scale the column");
}

} // namespace talweg::data
