// Text to labels: one for each cell.
#include "Prepared.h"

namespace talweg::prepare {

using Names = std::vector<std::string>;

TEST(Vocabulary, is_in_falling_count_behind_unknown_and_missing) {
  const Field field = category({}, {});
  const Preparation preparation = learned(field, texts({"b", "c", "a", "c", "", "b", "c"}));
  EXPECT_EQ(preparation.classes(), 5);
  EXPECT_EQ(preparation.classNames(), (Names{"<unknown>", "<missing>", "c", "b", "a"}));
  for (const auto &[word, label] : {std::pair(text("c"), 2), {text("b"), 3}, {text("a"), 4}, {text("d"), 0}, {none, 1}})
    EXPECT_EQ(valuesOf(preparation, field, {word}), (Numbers{double(label)}));
}

TEST(Vocabulary, orders_equal_counts_by_their_bytes) {
  EXPECT_EQ(learned(category({}, {}), texts({"b", "ä", "B", "a"})).classNames(),
            (Names{"<unknown>", "<missing>", "B", "a", "b", "ä"}));
}

TEST(Vocabulary, has_those_that_come_often_enough_and_the_most_frequent) {
  const Rows rows = texts({"a", "b", "b", "c", "c", "c"});
  const auto words = [&](std::map<std::string, StepValue> named) {
    return learned(category({}, {{"vocabulary", {}, std::move(named)}}), rows).classNames();
  };
  EXPECT_EQ(words({{"least", std::int64_t(2)}}), (Names{"<unknown>", "<missing>", "c", "b"}));
  EXPECT_EQ(words({{"most", std::int64_t(1)}}), (Names{"<unknown>", "<missing>", "c"}));
  EXPECT_EQ(words({{"unknown", false}}), (Names{"c", "b", "a"}));
}

TEST(Vocabulary, without_unknown_takes_only_its_words) {
  const Field field = category({}, {{"vocabulary", {}, {{"unknown", false}}}});
  const Rows rows = texts({"spam", "ham"});
  EXPECT_EQ(prepared(field, rows), (Numbers{1, 0}));
  EXPECT_EQ(faultIn(field, {text("span")}, rows),
            "E0755 `span` is none of the words that were learned | did you mean `spam`?");
  EXPECT_EQ(faultIn(field, {text("xyzzy")}, rows), "E0755 `xyzzy` is none of the words that were learned | without "
                                                   "`unknown = false`, unknown is a class of its own");
  EXPECT_EQ(faultIn(field, {none}, rows),
            "E0712 this value is missing | remove the row, or leave out `unknown = false`");
}

TEST(Vocabulary, of_several_columns_is_one) {
  const Field field = category({2}, {});
  EXPECT_EQ(prepared(field, {{text("a"), text("b")}, {text("b"), none}}), (Numbers{3, 2, 2, 1}));
}

TEST(Vocabulary, of_numbers_is_of_their_text) {
  EXPECT_EQ(learned(category({}, {}), numbers({1, 0.5, 1})).classNames(),
            (Names{"<unknown>", "<missing>", "1", "0.5"}));
}

TEST(Vocabulary, sees_what_the_steps_before_it_give) {
  EXPECT_EQ(learned(category({}, {{"trimmed"}, {"lower"}}), texts({" A", "a ", "B"})).classNames(),
            (Names{"<unknown>", "<missing>", "a", "b"}));
}

TEST(Vocabulary, that_is_larger_than_the_field_is_an_error) {
  Field field = classes({"x", "y", "z"}, {{"vocabulary"}});
  field.names.clear();
  Preparation preparation = created(field);
  EXPECT_EQ(
      learn(preparation, texts({"a", "b"})),
      "E0760 error: the rows to learn from have 4 classes, and the field 3 (field `x: class[3]`)\nhelp: declare the "
      "field as `category`, or learn fewer, as in `vocabulary(most = 8)`");
  const Preparation fits = learned(field, texts({"a"}));
  EXPECT_EQ(fits.classes(), 3);
  EXPECT_EQ(learned(field, {}).classNames(), (Names{"<unknown>", "<missing>", ""}));
}

TEST(NamedClasses, are_what_a_cell_says) {
  const Field field = classes({"<=50K", ">50K"}, {{"trimmed", {"."}}});
  EXPECT_EQ(prepared(field, texts({">50K.", "<=50K"})), (Numbers{1, 0}));
  EXPECT_EQ(created(field).classes(), 2);
  EXPECT_EQ(created(field).classNames(), (Names{"<=50K", ">50K"}));
  EXPECT_EQ(created(field).passes(), 0);
}

TEST(NamedClasses, are_nothing_else) {
  EXPECT_EQ(faultIn(classes({"spam", "ham"}), {text("Spam")}),
            "E0755 `Spam` is none of the classes | did you mean `spam`?");
  EXPECT_EQ(faultIn(classes({"spam", "ham"}), {text("other")}),
            "E0755 `other` is none of the classes | they are `spam`, `ham`");
  EXPECT_EQ(
      faultIn(classes({"spam", "ham"}), {none}),
      "E0712 this value is missing | remove the row, or declare the field as `category`, in which missing is a class "
      "of its own");
}

TEST(Hashed, is_fnv_1a_behind_missing) {
  const Field field = category({}, {{"hashed", {std::int64_t(101)}}});
  EXPECT_EQ(created(field).classes(), 101);
  // 64-bit FNV-1a: of "a" 0xaf63dc4c8601ec8c, of "foobar" 0x85944171f73967e8.
  EXPECT_EQ(prepared(field, {{none}, {text("a")}, {text("foobar")}}),
            (Numbers{0, double(1 + 0xaf63dc4c8601ec8c % 100), double(1 + 0x85944171f73967e8 % 100)}));
}

TEST(Texts, are_lowered_normalized_and_trimmed) {
  const auto word = [](std::vector<Step> steps, std::string_view of) {
    return learned(category({}, std::move(steps)), texts({of})).classNames()[2];
  };
  EXPECT_EQ(word({{"lower"}}, "ÄÉ SZ"), "äé sz");
  EXPECT_EQ(word({{"normalized"}}, "ﬁ e\u0301 ①"), "fi é 1");
  EXPECT_EQ(word({{"trimmed"}}, "\u00a0\t a b \n"), "a b");
  EXPECT_EQ(word({{"trimmed", {"«».»"}}}, "«a.b»."), "a.b");
  EXPECT_EQ(word({{"lower"}, {"normalized"}, {"trimmed"}}, " ＡB "), "ab");
}

TEST(Texts, that_are_trimmed_away_are_missing) {
  EXPECT_EQ(prepared(category({}, {{"trimmed", {"."}}}), texts({"..."})), (Numbers{1}));
}

TEST(Texts, are_utf_8) {
  for (const std::vector<Step> &steps : {std::vector<Step>{{"lower"}},
                                         {{"normalized"}},
                                         {{"trimmed"}},
                                         {{"vocabulary"}},
                                         {{"hashed", {std::int64_t(9)}}}}) {
    const Preparation preparation = learned(category({}, steps), texts({"x"}));
    std::int32_t label;
    EXPECT_EQ(said(preparation.prepare(Cells{text("caf\xe9")}, reinterpret_cast<std::byte *>(&label))),
              "E0754 `caf\\xe9` is not UTF-8: its byte 4 is \\xe9 | say how the file is encoded, as in `encoding = "
              "\"latin1\"`");
  }
}

} // namespace talweg::prepare
