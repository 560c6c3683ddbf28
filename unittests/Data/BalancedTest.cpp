// The classes of a balanced source: a number for each row that is kept.
#include "Scratch.h"

namespace talweg::data {

using Ints = std::vector<std::int32_t>;

static Ints classesOf(const Table &table) {
  const auto *numbers = reinterpret_cast<const std::int32_t *>(table.classes.data());
  return {numbers, numbers + table.classes.size() / std::int64_t(sizeof(std::int32_t))};
}

struct Balanced : Scratch {
  Source source(const std::string &text, ColumnRef column = "kind") {
    Source source = csv(file("a.csv", text));
    source.balanced = column;
    return source;
  }
};

TEST_F(Balanced, cells_are_numbered_as_they_come) {
  const Table table = loaded(source("x,kind\n1,b\n2,a\n3,b\n4,c\n"), {i32("x")});
  EXPECT_EQ(classesOf(table), (Ints{0, 1, 0, 2}));
  EXPECT_EQ(table.classCount, 3);
  EXPECT_EQ(table.bytes(), 4 * 4 + 4 * 4);
}

TEST_F(Balanced, a_column_may_have_a_number) {
  EXPECT_EQ(classesOf(loaded(source("x,kind\n1,b\n2,a\n", 0), {i32("x")})), (Ints{0, 1}));
}

TEST_F(Balanced, rows_that_are_not_kept_have_no_class) {
  Source some = source("x,kind\n1,b\n2,a\n3,b\n4,c\n");
  some.rows.where = {*Condition::of("kind != b")};
  EXPECT_EQ(classesOf(loaded(some, {i32("x")})), (Ints{0, 1}));
}

TEST_F(Balanced, a_source_that_is_not_has_none) {
  const Table table = loaded(csv(file("a.csv", "x,kind\n1,b\n2,a\n")), {i32("x")});
  EXPECT_EQ(table.classCount, 0);
  EXPECT_EQ(table.classes.size(), 0);
}

TEST_F(Balanced, arrays_have_classes_by_their_fields) {
  const std::string numbers = idxHeader(8, {5}) + std::string{1, 2, 3, 4, 5};
  const std::string labels = idxHeader(8, {5}) + std::string{7, 7, 0, 7, 0};
  Source source = idx({file("x", numbers), file("y", labels)});
  source.balanced = "y";
  source.rows.begin = 1;
  const Table table = loaded(source, {u8("x"), label("y", 10)});
  EXPECT_EQ(classesOf(table), (Ints{0, 1, 0, 1}));
}

TEST_F(Balanced, keys_of_objects_are_columns) {
  Source source{formatNamed("jsonl"),
                {file("a.jsonl", "{\"x\": 1, \"kind\": 2}\n{\"x\": 2, \"kind\": 3}\n{\"x\": 3, \"kind\": 2}\n")}};
  source.balanced = "kind";
  EXPECT_EQ(classesOf(loaded(source, {i32("x")})), (Ints{0, 1, 0}));
}

TEST_F(Balanced, classes_may_be_many) {
  std::string text = "x,kind\n";
  for (int i = 0; i < 70000; ++i)
    text += "1,k" + std::to_string(i) + "\n";
  const Table table = loaded(source(text), {u8("x")});
  EXPECT_EQ(table.classCount, 70000);
  EXPECT_EQ(classesOf(table).back(), 69999);
}

TEST_F(Balanced, classes_beyond_memory_are_mapped) {
  std::string text = "x,kind\n";
  for (int i = 0; i < 5000; ++i)
    text += std::to_string(i) + (i % 3 ? ",a\n" : ",b\n");
  Result<Table> table = load(source(text), {i32("x")}, Limits{24000, folder.string()});
  ASSERT_TRUE(table);
  EXPECT_GT(table->storage->inFiles, 0);
  EXPECT_EQ(classesOf(*table)[4998], 0);
  EXPECT_EQ(classesOf(*table)[4999], 1);
}

TEST_F(Balanced, a_missing_cell_is_told) {
  EXPECT_EQ(fault(source("x,kind\n1,b\n2,\n"), {i32("x")}),
            "E0785 a.csv:3:3: error: this cell is missing, and rows are drawn by their classes in its column\n"
            "help: leave such rows out by `where`");
}

TEST_F(Balanced, one_class_is_told) {
  EXPECT_EQ(fault(source("x,kind\n1,b\n2,b\n"), {i32("x")}),
            "E0729 a.csv: error: all rows have `b` in the column by which classes are drawn equally often\n"
            "help: `balanced` names a column that has two different cells at least");
}

TEST_F(Balanced, a_column_that_is_not_there_is_told) {
  EXPECT_EQ(fault(source("x,kind\n1,b\n2,a\n", "knd"), {i32("x")}),
            "E0720 a.csv:1: error: the header has no column `knd`\nhelp: did you mean `kind`?");
  EXPECT_EQ(fault(source("x,kind\n1,b\n2,a\n", 2), {i32("x")}),
            "E0722 a.csv:1: error: there is no column 2: this file has 2 columns, counted from 0");
}

} // namespace talweg::data
