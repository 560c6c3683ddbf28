// NPY, NPZ and safetensors: what they give, and what wrong files get.
#include "Arrays.h"

#include "Scratch.h"

namespace talweg::data {

using Floats = std::vector<float>;
using Ints = std::vector<std::int32_t>;

struct Npy : ArrayFiles {
  Source of(const std::string &bytes) { return {formatNamed("npy"), {file("a.npy", bytes)}}; }
};

TEST_F(Npy, records_are_read_by_their_type_and_order) {
  EXPECT_EQ(column<float>(loaded(of(npy("<f4", "(2, 2)", raw<float>({1, 2, 3, 4}))), {f32("x", {2})}), 0),
            (Floats{1, 2, 3, 4}));
  EXPECT_EQ(column<float>(loaded(of(npy("<f8", "(2,)", raw<double>({1.5, -2}))), {f32("x")}), 0), (Floats{1.5, -2}));
  EXPECT_EQ(column<std::int32_t>(loaded(of(npy("<i8", "(2,)", raw<std::int64_t>({7, -1}))), {i32("x")}), 0),
            (Ints{7, -1}));
  EXPECT_EQ(column<std::int32_t>(loaded(of(npy(">i4", "(2,)", bigEndian(7u) + bigEndian(258u))), {i32("x")}), 0),
            (Ints{7, 258}));
  EXPECT_EQ(column<float>(loaded(of(npy("|b1", "(2,)", std::string("\0\1", 2))), {f32("x")}), 0), (Floats{0, 1}));
}

TEST_F(Npy, files_are_those_of_the_fields) {
  const std::string x = file("x.npy", npy("<f4", "(2, 1)", raw<float>({1, 2})));
  const std::string y = file("y.npy", npy("|u1", "(2,)", "\1\2"));
  Source source = {formatNamed("npy"), {x, y}};
  const Table table = loaded(source, {f32("x", {1}), label("y", 3)});
  EXPECT_EQ(column<std::int32_t>(table, 1), (Ints{1, 2}));
  source.rows = selectionOf({{"where", "y = 2"}});
  EXPECT_EQ(column<float>(loaded(source, {f32("x", {1}), label("y", 3)}), 0), (Floats{2}));
  source.rows = selectionOf({{"percent", Range{0, 50}}});
  EXPECT_EQ(column<float>(loaded(source, {f32("x", {1}), label("y", 3)}), 0), (Floats{1}));
}

TEST_F(Npy, keys_are_those_of_fields_by_name_or_number) {
  const std::string x = file("x.npy", npy("<f4", "(3, 2)", raw<float>({1, 2, 3, 4, 5, 6})));
  const std::string y = file("y.npy", npy("<u8", "(3,)", raw<std::uint64_t>({7, 18446744073709551615u, 9})));
  Source source = {formatNamed("npy"), {x, y}};
  source.rows = selectionOf({{"where", "y != 7"}});
  source.keys = {"y", std::int64_t(1)};
  const Table table = loaded(source, {f32("x", {2}), unwanted(i32("y"))});
  EXPECT_EQ(column<float>(table, 0), (Floats{3, 4, 5, 6}));
  EXPECT_EQ(table.texts[0].name, "y");
  EXPECT_EQ(table.texts[0][0], "18446744073709551615");
  EXPECT_EQ(table.texts[1][1], "9");

  source.rows = {};
  source.keys = {"x"};
  EXPECT_EQ(fault(source, {f32("x", {2}), unwanted(i32("y"))}),
            "E0788 x.npy: error: each record of `x` is f32[2], and a key is one value, as is what rows are chosen by");
  source.keys = {"y"};
  source.paths.pop_back();
  EXPECT_EQ(fault(source, {f32("x", {2}), unwanted(i32("y"))}),
            "E0736 x.npy: error: there is no NPY file for field `y`: 1 file for 2 fields\n"
            "help: NPY takes one file for each field, in the order of the fields");
  source.keys = {"z"};
  EXPECT_EQ(fault(source, {f32("x", {2}), unwanted(i32("y"))}),
            "E0720 x.npy: error: there is no array `z`\nhelp: the arrays are `x`, `y`");
}

TEST_F(Npy, has_too_many_rows_to_choose_among) {
  Source source = of(npy("|u1", "(3000000000,)", ""));
  std::filesystem::resize_file(source.paths[0], std::filesystem::file_size(source.paths[0]) + 3000000000); // sparse
  source.rows = selectionOf({{"percent", Range{0, 50}}});
  EXPECT_EQ(fault(source, {u8("x")}),
            "E0783 a.npy: error: the file has more than 2147483647 rows, of which some are chosen\n"
            "help: choose them by `rows` or `every`");
}

TEST_F(Npy, what_is_wrong_is_told) {
  EXPECT_EQ(fault(of("1,2\n3,4,5\n"), {f32("x")}),
            "E0789 a.npy: error: this is not an NPY file: it does not begin with its mark");
  EXPECT_EQ(fault(of(npy("<f4", "(2, 2)", raw<float>({1, 2, 3, 4}), "True")), {f32("x", {2})}),
            "E0790 a.npy: error: the array is stored column by column, and not record by record\n"
            "help: save `numpy.ascontiguousarray(array)`");
  EXPECT_EQ(fault(of(npy("<U5", "(2,)", "")), {f32("x")}),
            "E0731 a.npy: error: NPY values of type `<U5` are not supported\n"
            "help: save the array with a type of whole numbers or floats");
  EXPECT_EQ(fault(of(npy("<f4", "(3,)", raw<float>({1, 2}))), {f32("x")}),
            "E0734 a.npy: error: the file ends in record 2 of 3: it is truncated\nhelp: fetch or write it again");
  EXPECT_EQ(fault(of(npy("<f4", "(1,)", raw<float>({1, 2}))), {f32("x")}).substr(0, 19), "E0735 a.npy: error:");
  EXPECT_EQ(fault(of(npy("<f4", "()", raw<float>({1}))), {f32("x")}),
            "E0789 a.npy: error: this is not an NPY file: it holds one value, and no records");
  EXPECT_EQ(fault(of(npy("<u8", "(1,)", std::string(8, '\xff'))), {i32("x")}).substr(0, 71),
            "E0716 a.npy: error: value 18446744073709551615 of record 0, element 0 i");
}

struct Npz : ArrayFiles {
  const std::string x = npy("<f4", "(3, 2)", raw<float>({1, 2, 3, 4, 5, 6})),
                    y = npy("<i8", "(3,)", raw<std::int64_t>({0, 1, 2}));
  Source source() { return {formatNamed("npz"), {file("a.npz", npz({{"x", x}, {"label", y}}))}}; }
};

TEST_F(Npz, arrays_are_found_by_their_names) {
  const Table table = loaded(source(), {at(label("y", 3), {"label"}), f32("x", {2})});
  EXPECT_EQ(column<std::int32_t>(table, 0), (Ints{0, 1, 2}));
  EXPECT_EQ(column<float>(table, 1), (Floats{1, 2, 3, 4, 5, 6}));
}

TEST_F(Npz, several_names_are_a_number_of_each) {
  EXPECT_EQ(column<float>(loaded(source(), {at(f32("p", {2}), {"label", "label"})}), 0), (Floats{0, 0, 1, 1, 2, 2}));
}

TEST_F(Npz, rows_are_chosen_by_arrays_of_single_values) {
  Source part = source();
  part.rows = selectionOf({{"where", "label != 1"}});
  EXPECT_EQ(column<float>(loaded(part, {f32("x", {2})}), 0), (Floats{1, 2, 5, 6}));
  part.rows = selectionOf({{"where", "x = 1"}});
  EXPECT_EQ(
      fault(part, {f32("x", {2})}),
      "E0788 a.npz:x: error: each record of `x` is f32[2], and a key is one value, as is what rows are chosen by");
}

TEST_F(Npz, keys_are_arrays_by_name) {
  Source part = source();
  part.rows = selectionOf({{"rows", Range{1, 3}}});
  part.keys = {"label"};
  const Table table = loaded(part, {f32("x", {2})});
  EXPECT_EQ(column<float>(table, 0), (Floats{3, 4, 5, 6}));
  EXPECT_EQ(table.texts[0][0], "1");
  EXPECT_EQ(table.texts[0][1], "2");
}

TEST_F(Npz, what_is_wrong_is_told) {
  EXPECT_EQ(fault(source(), {f32("labl")}),
            "E0720 a.npz: error: there is no array `labl`\nhelp: did you mean `label`?");
  EXPECT_EQ(fault(source(), {at(f32("x"), {std::int64_t(2)})}),
            "E0722 a.npz: error: there is no array 2: there are 2, counted from 0");
  EXPECT_EQ(fault({formatNamed("npz"), {file("b.npz", "PK\3\4 and more")}}, {f32("x")}).substr(0, 68),
            "E0791 b.npz: error: this is not an NPZ file, which is a zip archive ");
  EXPECT_EQ(fault({formatNamed("npz"), {file("b.npz", npz({{"x", x}, {"y", npy("|u1", "(1,)", "a")}}))}},
                  {f32("x", {2}), u8("y")})
                .substr(0, 54),
            "E0733 b.npz:y: error: this array has 1 record, but `b.");
}

struct Safetensors : ArrayFiles {
  Source of(const std::string &header, const std::string &values) {
    return {formatNamed("safetensors"), {file("a.safetensors", safetensors(header, values))}};
  }
};

TEST_F(Safetensors, tensors_are_found_by_their_names) {
  const std::string header = R"({"__metadata__": {"a": "b"}, "y": {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]},
    "x": {"dtype": "F32", "shape": [2, 2], "data_offsets": [2, 18]}})";
  const Table table = loaded(of(header, "\1\2" + raw<float>({1, 2, 3, 4})), {f32("x", {2}), label("y", 3)});
  EXPECT_EQ(column<float>(table, 0), (Floats{1, 2, 3, 4}));
  EXPECT_EQ(column<std::int32_t>(table, 1), (Ints{1, 2}));
}

TEST_F(Safetensors, what_is_wrong_is_told) {
  EXPECT_EQ(fault(of("[]", ""), {f32("x")}),
            "E0792 a.safetensors: error: this is not a safetensors file: its header is no JSON object\n"
            "help: fetch or write it again");
  EXPECT_EQ(fault(of(R"({"x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 7]}})", "1234567"), {f32("x")}),
            "E0792 a.safetensors: error: its tensor `x` has other bytes than its shape takes\n"
            "help: fetch or write it again");
  EXPECT_EQ(fault(of(R"({"x": {"dtype": "C64", "shape": [1], "data_offsets": [0, 8]}})", "12345678"), {f32("x")})
                .substr(0, 26),
            "E0731 a.safetensors: error");
  EXPECT_EQ(fault(of(R"({"x": {"dtype": "U8", "shape": [3], "data_offsets": [0, 3]}})", "12"), {u8("x")}).substr(0, 26),
            "E0734 a.safetensors: error");
}

} // namespace talweg::data
