// What holds for fields of every type of the table: numbers are stored, and those beyond the range are refused.
#include "Scratch.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

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

TEST_F(Types, are_read_from_every_type_of_idx) {
  const auto of = [&](int mark, int count, const std::string &values) {
    return idx({file(std::to_string(mark), idxHeader(mark, {std::uint32_t(count)}) + values)});
  };
  const Source bytes = of(0x08, 3, std::string("\0\1\x64", 3)), negative = of(0x09, 2, "\1\x80");
  const Source ints = of(0x0c, 2, bigEndian(1u) + bigEndian(100u));
  const Source floats = of(0x0d, 2, bigEndian(1.5f) + bigEndian(-2.f));
  const Source doubles = of(0x0e, 2, bigEndian(0x3ff80000u) + bigEndian(0u) + bigEndian(0xc0000000u) + bigEndian(0u));
  for (const ElementInfo &info : ofFields()) {
    EXPECT_EQ(numbers(loaded(bytes, {field(info)})), (std::vector<double>{0, 1, 100})) << info.text;
    EXPECT_EQ(numbers(loaded(ints, {field(info)})), (std::vector<double>{1, 100})) << info.text;
    if (info.kind != ElementKind::Unsigned)
      EXPECT_EQ(numbers(loaded(negative, {field(info)})), (std::vector<double>{1, -128})) << info.text;
    else
      EXPECT_NE(fault(negative, {field(info)}).find("value -128 of record 1, element 0 is not in 0 to"),
                std::string::npos);
    for (const Source *source : {&floats, &doubles})
      if (info.isFloat())
        EXPECT_EQ(numbers(loaded(*source, {field(info)})), (std::vector<double>{1.5, -2})) << info.text;
      else
        EXPECT_EQ(fault(*source, {field(info)}).substr(0, 5), "E0731") << info.text;
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
            "help: the largest is about 65504: scale the column");
}

TEST_F(Types, of_several_labels_keep_each_below_their_classes) {
  Field token;
  token.name = "t";
  token.element = Element::I32;
  token.shape = {2};
  token.classes = 3;
  EXPECT_EQ(column<std::int32_t>(loaded(csv(file("a.csv", "0,2\n1,1\n")), {token}), 0),
            (std::vector<std::int32_t>{0, 2, 1, 1}));
  EXPECT_EQ(fault(csv(file("b.csv", "0,2\n1,4\n")), {token}),
            "E0715 b.csv:2:3: error: label `4` is not in 0 to 2 (field `t: class[3][2]`, column 1)");
  EXPECT_EQ(fault(idx({file("c", idxHeader(0x08, {2, 2}) + std::string("\0\2\1\3", 4))}), {token}),
            "E0715 c: error: label 3 of record 1, element 1 is not in 0 to 2 (field `t: class[3][2]`)");
  EXPECT_EQ(fault(idx({file("d", idxHeader(0x0d, {1, 2}) + bigEndian(1.f) + bigEndian(2.f))}), {token}),
            "E0731 d: error: the values are f32, but field `t: class[3][2]` is wanted\n"
            "help: labels are whole numbers: write the file with u8 or i32");
  Result<Table> memory = Table::create({token}, 2);
  std::ranges::copy(std::array{0, 2, 1, -1}, memory->values<std::int32_t>(0));
  EXPECT_EQ(memory->check("memory").error().message,
            "memory: error: label -1 of row 1, element 1 is not in 0 to 2 (field `t: class[3][2]`)");
}

TEST_F(Types, of_narrow_floats_are_rounded_once) {
  // 1 + 2^-11 is in the middle of two numbers of f16; the double nearest to a little more is the middle itself.
  const std::string text = file("a.csv", "1.00048828125\n1.00048828125000000000001\n-1.00048828124999999999999\n"
                                         "65519.99999999999999999999\n");
  EXPECT_EQ(numbers(loaded(csv(text), {{{"x", Element::F16}}})), (std::vector<double>{1, 1 + 0x1p-10, -1, 65504}));
}

TEST_F(Types, of_whole_numbers_are_exact_however_they_are_written) {
  const std::string text = file("a.csv", "9007199254740993.0\n-9007199254740993e0\n9.007199254740993e15\n0.0e7\n");
  const Table table = loaded(csv(text), {{{"x", Element::I64}}});
  EXPECT_EQ(column<std::int64_t>(table, 0),
            (std::vector<std::int64_t>{9007199254740993, -9007199254740993, 9007199254740993, 0}));
  EXPECT_EQ(fault(csv(file("b.csv", "1\n9007199254740993.5\n")), {{{"x", Element::I64}}}).substr(0, 5), "E0714");
}

} // namespace talweg::data
