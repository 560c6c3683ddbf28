// Columns of another table that rows find by a key.
#include "Scratch.h"

namespace talweg::data {

using Ints = std::vector<std::int32_t>;

struct Join : Scratch {
  Source joined(const std::string &table, const std::string &other, Options options = {{"on", "movie"}}) {
    Source source = csv(file("a.csv", table));
    source.options = std::move(options);
    source.options["join"] = file("b.csv", other);
    return source;
  }
  static Field year() {
    Field field = at(i32("x"), {"year"});
    field.steps = {{"filled", {std::int64_t(0)}}};
    return field;
  }
  Ints years(const Source &source) { return column<std::int32_t>(loaded(source, {year()}), 0); }
};

TEST_F(Join, rows_find_theirs_by_the_key) {
  EXPECT_EQ(years(joined("user,movie\n1,m2\n2,m1\n3,m2\n", "movie,year\nm1,1951\nm2,1962\n")),
            (Ints{1962, 1951, 1962}));
}

TEST_F(Join, cells_are_missing_where_there_is_no_such_key) {
  EXPECT_EQ(years(joined("user,movie\n1,m2\n2,\n3,m3\n", "movie,year\nm2,1962\n,7\n")), (Ints{1962, 0, 0}));
  EXPECT_EQ(fault(joined("user,movie\n1,m3\n", "movie,year\nm2,1962\n"), {at(i32("x"), {"year"})}),
            "E0712 a.csv:2:3: error: this cell is empty (field `x: i32`, column `year`)\nhelp: say what stands for a "
            "missing value, as in `|> filled(\"median\")`, or remove the row");
}

TEST_F(Join, rows_are_chosen_by_joined_columns) {
  Source source = joined("user,movie\n1,m2\n2,m1\n3,m2\n", "movie,year\nm1,1951\nm2,1962\n");
  source.rows = selectionOf({{"where", "year = 1951"}});
  EXPECT_EQ(years(source), (Ints{1951}));
}

TEST_F(Join, the_key_may_have_two_names_or_a_number) {
  EXPECT_EQ(
      years(joined("user,movie\n1,m2\n", "year,id\n1962,m2\n", {{"on", std::vector<std::string>{"movie", "id"}}})),
      (Ints{1962}));
  EXPECT_EQ(years(joined("movie,user\nm2,1\n", "id,year\nm2,1962\n", {{"on", std::int64_t(0)}})), (Ints{1962}));
}

TEST_F(Join, names_that_both_have_are_told_apart) {
  const Source source = joined("year,movie\n1,m2\n", "movie,year\nm2,1962\n");
  EXPECT_EQ(years(source), (Ints{1}));
  EXPECT_EQ(column<std::int32_t>(loaded(source, {at(i32("x"), {"join.year"})}), 0), (Ints{1962}));
}

TEST_F(Join, the_other_table_has_a_header_of_its_own) {
  const std::vector<std::string> own = {"user", "movie"}, theirs = {"movie", "year"};
  EXPECT_EQ(years(joined("1,m2\n", "m2,1962\n", {{"on", "movie"}, {"header", own}, {"join_header", theirs}})),
            (Ints{1962}));
  EXPECT_EQ(years(joined("1,m2\n", "movie,year\nm2,1962\n", {{"on", "movie"}, {"header", own}})), (Ints{1962}));
  EXPECT_EQ(
      fault(joined("user,movie\n1,m2\n", "m2,1962\n", {{"on", std::int64_t(1)}}), {year()}),
      "E0798 b.csv: error: the columns of this table have no names, and those that it is joined to have\nhelp: name "
      "them, as in `join_header = [\"id\", \"title\"]`");
}

TEST_F(Join, a_key_is_there_once) {
  EXPECT_EQ(
      fault(joined("user,movie\n1,m2\n", "movie,year\nm2,1962\nm2,1963\n"), {year()}),
      "E0797 b.csv:3:1: error: the key `m2` is there twice, before in line 2\nhelp: a row finds one row of the other "
      "table: are these the right columns?");
}

TEST_F(Join, a_joined_cell_that_is_wrong_is_in_the_other_table) {
  EXPECT_EQ(fault(joined("user,movie\n1,m2\n", "movie,year\nm1,1\nm2,old\n"), {year()}).substr(0, 20),
            "E0711 b.csv:3: error");
}

TEST_F(Join, both_tables_have_the_key) {
  EXPECT_EQ(fault(joined("user,film\n1,m2\n", "movie,year\nm2,1962\n"), {year()}).substr(0, 13), "E0720 a.csv:1");
  EXPECT_EQ(fault(joined("user,movie\n1,m2\n", "id,year\nm2,1962\n"), {year()}).substr(0, 13), "E0720 b.csv:1");
}

} // namespace talweg::data
