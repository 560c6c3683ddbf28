// Which rows of a file a selection keeps.
#include "Scratch.h"

#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <set>

namespace talweg::data {

using Ints = std::vector<std::int32_t>;

struct Selection : Scratch {
  /// `rows` rows with their number in x, in y its remainder by 7, in t a time that falls.
  std::string numbered(int rows) {
    std::string text = "x,y,t,w\n";
    for (int i = 0; i < rows; ++i)
      text += std::to_string(i) + "," + std::to_string(i % 7) + "," + std::to_string(1000 - i) + ",w" +
              std::to_string(1000 - i) + "\n";
    return file("a.csv", text);
  }
  Source source(const Options &options, int rows = 103) {
    Source source = csv(numbered(rows));
    source.rows = selectionOf(options);
    return source;
  }
  Ints kept(const Options &options, int rows = 103) { return keptBy(source(options, rows)); }
  static Ints keptBy(const Source &source) { return column<std::int32_t>(loaded(source, {i32("x")}), 0); }

  /// The options with three parts of `percent`, in which each row lies once.
  void expectParts(Options options) {
    Ints all;
    for (const Range part : {Range{0, 33}, Range{33, 90}, Range{90, 100}}) {
      options["percent"] = part;
      const Ints rows = kept(options);
      EXPECT_TRUE(std::ranges::is_sorted(rows));
      all.insert(all.end(), rows.begin(), rows.end());
    }
    std::ranges::sort(all);
    ASSERT_EQ(all.size(), 103u);
    for (int i = 0; i < 103; ++i)
      EXPECT_EQ(all[i], i);
  }
};

TEST_F(Selection, percent_is_of_places_in_the_file) {
  EXPECT_EQ(kept({{"percent", Range{0, 50}}}, 5), (Ints{0, 1, 2}));
  EXPECT_EQ(kept({{"percent", Range{50, 100}}}, 5), (Ints{3, 4}));
  EXPECT_EQ(kept({{"percent", Range{20, 40}}}, 10), (Ints{2, 3}));
}

TEST_F(Selection, parts_of_percent_part_a_file) {
  expectParts({});
  expectParts({{"seed", std::int64_t(3)}});
  expectParts({{"by", "x"}});
  expectParts({{"by", "x"}, {"seed", std::int64_t(3)}});
  expectParts({{"sorted", "t"}});
  expectParts({{"stratified", "y"}});
  expectParts({{"stratified", "y"}, {"seed", std::int64_t(3)}});
}

TEST_F(Selection, a_seed_is_another_choice_of_as_many_rows) {
  const Ints one = kept({{"percent", Range{0, 40}}, {"seed", std::int64_t(1)}}, 100);
  const Ints two = kept({{"percent", Range{0, 40}}, {"seed", std::int64_t(2)}}, 100);
  EXPECT_EQ(one.size(), 40u);
  EXPECT_EQ(two.size(), 40u);
  EXPECT_NE(one, two);
  EXPECT_EQ(one, kept({{"percent", Range{0, 40}}, {"seed", std::int64_t(1)}}, 100));
}

TEST_F(Selection, percent_is_of_what_the_other_options_keep) {
  EXPECT_EQ(kept({{"percent", Range{50, 100}}, {"rows", Range{10, 14}}}), (Ints{12, 13}));
  EXPECT_EQ(kept({{"percent", Range{0, 10}}, {"every", std::int64_t(5)}}, 100), (Ints{0, 5}));
  EXPECT_EQ(kept({{"percent", Range{0, 20}}, {"where", "y = 3"}}), (Ints{3, 10, 17}));
}

TEST_F(Selection, by_a_column_keeps_equal_cells_together) {
  const Ints part = kept({{"by", "y"}, {"percent", Range{0, 50}}});
  std::set<int> values;
  for (const int row : part)
    values.insert(row % 7);
  for (int row = 0; row < 103; ++row)
    EXPECT_EQ(std::ranges::find(part, row) != part.end(), values.contains(row % 7));
}

TEST_F(Selection, by_a_column_keeps_rows_in_their_part_when_others_are_added) {
  const Options options = {{"by", "x"}, {"percent", Range{20, 70}}};
  const Ints few = kept(options, 60);
  Ints more = kept(options, 500);
  EXPECT_NEAR(double(more.size()), 250, 40);
  std::erase_if(more, [](int row) { return row >= 60; });
  EXPECT_EQ(few, more);
}

TEST_F(Selection, hashes_are_the_same_forever) {
  EXPECT_EQ(kept({{"by", "x"}, {"percent", Range{0, 20}}}, 40), (Ints{1, 10, 22, 25, 26, 29}));
}

TEST_F(Selection, sorted_places_are_those_of_the_column) {
  EXPECT_EQ(kept({{"sorted", "t"}, {"percent", Range{0, 10}}}, 100).front(), 90);
  EXPECT_EQ(kept({{"sorted", "t"}, {"percent", Range{90, 100}}}, 100), (Ints{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  // As text, w1000 is before w901.
  EXPECT_EQ(kept({{"sorted", "w"}, {"percent", Range{0, 1}}}, 100), (Ints{0}));
}

TEST_F(Selection, stratified_parts_have_so_much_of_each_value) {
  std::map<int, int> counts;
  for (const int row : kept({{"stratified", "y"}, {"percent", Range{0, 50}}, {"seed", std::int64_t(9)}}, 140))
    ++counts[row % 7];
  for (int value = 0; value < 7; ++value)
    EXPECT_EQ(counts[value], 10);
}

TEST_F(Selection, where_compares_numbers_as_numbers_and_the_rest_as_text) {
  EXPECT_EQ(kept({{"where", "x = 5.0"}}), (Ints{5}));
  EXPECT_EQ(kept({{"where", "w = w1000"}}), (Ints{0}));
  EXPECT_EQ(kept({{"where", std::vector<std::string>{"y = 3", "x != 10"}}}, 18), (Ints{3, 17}));
  Source source = csv(file("b.csv", "x,k\n1,a\n2,\n3,b\n"));
  source.rows = selectionOf({{"where", "k != "}});
  EXPECT_EQ(keptBy(source), (Ints{1, 3}));
  source.rows = selectionOf({{"where", "k="}});
  EXPECT_EQ(keptBy(source), (Ints{2}));
}

TEST_F(Selection, an_index_and_its_complement_part_a_file) {
  const std::string index = file("index.txt", "4\n1\n2\n");
  EXPECT_EQ(kept({{"index", index}}, 6), (Ints{1, 2, 4}));
  EXPECT_EQ(kept({{"except_index", index}}, 6), (Ints{0, 3, 5}));
  EXPECT_EQ(kept({{"index", index}, {"rows", Range{2, 6}}}, 6), (Ints{2, 4}));
}

TEST_F(Selection, folds_part_what_a_split_keeps) {
  for (const Options &options :
       {Options{{"percent", Range{0, 80}}}, Options{{"by", "y"}}, Options{{"stratified", "y"}}}) {
    Source split = source(options);
    const Ints all = split.rows.percent ? keptBy(split) : kept(Options{});
    std::vector<Ints> folds;
    Ints together;
    const int count = split.rows.by ? 2 : 4;
    for (int i = 0; i < count; ++i) {
      split.rows.fold = Fold{i, count};
      const Ints in = keptBy(split);
      split.rows.fold->complement = true;
      const Ints out = keptBy(split);
      EXPECT_EQ(in.size() + out.size(), all.size());
      for (const int row : in)
        EXPECT_TRUE(std::ranges::find(out, row) == out.end());
      together.insert(together.end(), in.begin(), in.end());
      if (split.rows.by)
        for (const int row : in)
          EXPECT_EQ(std::ranges::count_if(in, [&](int other) { return other % 7 == row % 7; }),
                    std::ranges::count_if(all, [&](int other) { return other % 7 == row % 7; }));
      else
        EXPECT_NEAR(double(in.size()), double(all.size()) / 4, 1);
    }
    std::ranges::sort(together);
    EXPECT_EQ(together, all);
  }
}

TEST_F(Selection, a_table_knows_which_rows_of_the_file_it_has) {
  const Source part = source({{"percent", Range{30, 60}}, {"seed", std::int64_t(4)}});
  const Table table = loaded(part, {i32("x")});
  for (std::int64_t row = 0; row < table.rows; ++row)
    EXPECT_EQ(table.kept.inFile(row), table.values<std::int32_t>(0)[row]);
  const Table every = loaded(source({{"every", std::int64_t(5)}, {"offset", std::int64_t(2)}}), {i32("x")});
  EXPECT_EQ(every.kept.inFile(3), 17);
}

TEST_F(Selection, columns_are_names_or_numbers) {
  EXPECT_EQ(kept({{"sorted", std::int64_t(2)}, {"percent", Range{0, 10}}}),
            kept({{"sorted", "t"}, {"percent", Range{0, 10}}}));
  EXPECT_EQ(fault(source({{"by", "z"}, {"percent", Range{0, 10}}}), {i32("x")}),
            "E0720 a.csv:1: error: the header has no column `z`\nhelp: the columns are `x`, `y`, `t`, `w`");
}

TEST_F(Selection, an_index_with_a_fault_is_told) {
  const auto of = [this](const std::string &text) {
    return fault(source({{"index", file("index.txt", text)}}, 6), {i32("x")});
  };
  EXPECT_EQ(of("1\n-2\n"), "E0781 index.txt:2:1: error: `-2` is no number of a row\n"
                           "help: an index has one number a line; rows count from 0");
  EXPECT_EQ(of("1\n2,3\n"), "E0781 index.txt:2:1: error: `2,3` is no number of a row\n"
                            "help: an index has one number a line; rows count from 0");
  EXPECT_EQ(of("1\n5\n1\n"), "E0782 index.txt:3: error: row 1 is here for the second time: line 1 has it, too\n"
                             "help: a row is kept once");
  EXPECT_EQ(of("6\n").substr(0, 45), "E0782 index.txt:1: error: there is no row 6: ");
}

TEST_F(Selection, rows_without_an_order_are_told) {
  Source part = csv(file("b.csv", "x,t\n1,2\n2,\n"));
  part.rows = selectionOf({{"sorted", "t"}, {"percent", Range{0, 10}}});
  EXPECT_EQ(fault(part, {i32("x")}),
            "E0785 b.csv:3:3: error: this cell is missing, and rows are ordered by its column\n"
            "help: leave such rows out by `where`");
}

TEST_F(Selection, what_keeps_nothing_is_told) {
  EXPECT_EQ(
      fault(source({{"where", "y = 9"}, {"percent", Range{0, 10}}}), {i32("x")}),
      "E0723 a.csv: error: the selection (rows 0 to the end, where `y` = `9`, 0 to 10 percent) keeps no row of 103\n"
      "help: widen the selection; rows count from 0 and the end is not included");
  Source part = source({});
  part.rows.percent = Range{40, 30};
  EXPECT_EQ(fault(part, {i32("x")}),
            "E0728 a.csv: error: 40 to 30 percent are no part\nhelp: choose a range within 0..100");
  part.rows = {.fold = Fold{3, 3}};
  EXPECT_EQ(fault(part, {i32("x")}), "E0728 a.csv: error: there is no fold 3 of 3\n"
                                     "help: choose two folds at least; they count from 0");
}

TEST_F(Selection, a_pipe_cannot_be_read_twice) {
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  Source part = csv((folder / "pipe").string());
  part.rows = selectionOf({{"percent", Range{0, 10}}});
  EXPECT_EQ(fault(part, {i32("x")}),
            "E0784 pipe: error: this is no file that can be read more than once, which this selection of rows takes\n"
            "help: write it to a file first");
}

} // namespace talweg::data
