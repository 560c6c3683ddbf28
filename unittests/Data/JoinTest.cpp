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

struct JoinOfObjects : Join {
  Source joined(const std::string &table, const std::string &other, Options options = {{"on", "movie"}}) {
    Source source{formatNamed("jsonl"), {file("a.jsonl", table)}};
    source.options = std::move(options);
    source.options["join"] = file("b.jsonl", other);
    return source;
  }
  static Field filled(Field field) {
    field.steps = {{"filled", {std::int64_t(0)}}};
    return field;
  }
};

TEST_F(JoinOfObjects, the_other_is_that_of_join) {
  const Source source = joined("{\"year\": 1, \"movie\": \"m2\"}\n{\"movie\": \"m1\", \"year\": 2}\n",
                               "{\"movie\": \"m1\", \"year\": 1951}\n\n{\"year\": 1962, \"movie\": \"m2\"}\n");
  const Table table = loaded(source, {i32("year"), at(i32("x"), {"join.year"})});
  EXPECT_EQ(column<std::int32_t>(table, 0), (Ints{1, 2}));
  EXPECT_EQ(column<std::int32_t>(table, 1), (Ints{1962, 1951}));
}

TEST_F(JoinOfObjects, keys_and_columns_are_reached_by_dots) {
  const Source source =
      joined("{\"movie\": {\"id\": 7}}\n", "{\"key\": 7, \"at\": {\"years\": [1962, 1963]}, \"stars\": 5}\n",
             {{"on", std::vector<std::string>{"movie.id", "key"}}});
  EXPECT_EQ(column<std::int32_t>(loaded(source, {at(i32("x", {2}), {"join.at.years"})}), 0), (Ints{1962, 1963}));
  EXPECT_EQ(column<std::int32_t>(loaded(source, {at(i32("x", {2}), {"join.stars", "movie.id"})}), 0), (Ints{5, 7}));
}

TEST_F(JoinOfObjects, values_are_missing_where_there_is_no_such_key) {
  const Source source = joined("{\"movie\": \"m3\"}\n{\"x\": 1}\n{\"movie\": \"m1\"}\n",
                               "{\"movie\": \"m1\", \"year\": 1951}\n{\"year\": 7}\n");
  EXPECT_EQ(column<std::int32_t>(loaded(source, {filled(at(i32("x"), {"join.year"}))}), 0), (Ints{0, 0, 1951}));
  EXPECT_EQ(fault(source, {at(i32("x"), {"join.year"})}).substr(0, 22), "E0712 a.jsonl:1: error");
}

TEST_F(JoinOfObjects, rows_are_chosen_and_kept_by_joined_keys) {
  Source source = joined("{\"movie\": 1, \"x\": 5}\n{\"movie\": 2, \"x\": 6}\n",
                         "{\"movie\": 1, \"name\": \"a\"}\n{\"movie\": 2, \"name\": \"b\"}\n");
  source.rows = selectionOf({{"where", "join.name = b"}});
  source.keys = {"join.name", "movie"};
  const Table table = loaded(source, {i32("x")});
  EXPECT_EQ(column<std::int32_t>(table, 0), (Ints{6}));
  EXPECT_EQ(table.texts[0].name, "join.name");
  EXPECT_EQ(table.texts[0][0], "b");
  EXPECT_EQ(table.texts[1][0], "2");
}

TEST_F(JoinOfObjects, what_is_wrong_is_told) {
  const Field x = at(i32("x"), {"join.year"});
  const std::string own = "{\"movie\": 1}\n";
  EXPECT_EQ(fault(joined(own, "{\"movie\": 1, \"year\": 2}\n{\"movie\": 1}\n"), {x}).substr(0, 61),
            "E0797 b.jsonl:2: error: the key `1` is there twice, before in");
  EXPECT_EQ(fault(joined(own, "{\"id\": 1, \"year\": 2}\n"), {x}).substr(0, 53),
            "E0720 b.jsonl: error: no record has a key `movie`\nhel");
  EXPECT_EQ(fault(joined(own, "{\"movie\": 1, \"years\": 2}\n"), {x}),
            "E0720 b.jsonl: error: no record has a key `year`\nhelp: did you mean `years`?");
  EXPECT_EQ(fault(joined(own, "{\"movie\": 1, \"year\": \"old\"}\n"), {x}).substr(0, 22), "E0711 b.jsonl:1: error");
  EXPECT_EQ(fault(joined(own, own, {{"on", std::int64_t(0)}}), {x}).substr(0, 40),
            "E0722 a.jsonl: error: there is no column");
}

} // namespace talweg::data
