// Text to sequences of labels, and to counts of words.
#include "Prepared.h"

namespace talweg::prepare {

using Names = std::vector<std::string>;

TEST(Bytes, are_their_numbers_behind_the_padding) {
  const Field field = category({4}, {{"bytes"}});
  EXPECT_EQ(created(field).classes(), 257);
  EXPECT_EQ(prepared(field, texts({"AB", "\xff", "abcdef"})), (Numbers{66, 67, 0, 0, 256, 0, 0, 0, 98, 99, 100, 101}));
}

TEST(Bytes, of_a_cell_of_one_have_no_padding) {
  const Field field = category({}, {{"bytes"}});
  EXPECT_EQ(created(field).classes(), 256);
  EXPECT_EQ(prepared(field, texts({"A"})), (Numbers{65}));
  EXPECT_EQ(faultIn(field, {text("AB")}),
            "E0763 `AB` is not one byte | declare how many a sequence has, as in `category[64]`");
}

TEST(Characters, are_learned_behind_padding_and_unknown) {
  const Field field = category({3}, {{"characters", {}, {{"least", std::int64_t(2)}}}});
  const Preparation preparation = learned(field, texts({"aäa", "ä"}));
  EXPECT_EQ(preparation.classes(), 4);
  EXPECT_EQ(preparation.classNames(), (Names{"<padding>", "<unknown>", "a", "ä"}));
  EXPECT_EQ(valuesOf(preparation, field, {text("xä")}), (Numbers{1, 3, 0}));
}

TEST(Characters, of_a_cell_of_one_have_no_padding) {
  const Field field = category({}, {{"characters"}});
  const Preparation preparation = learned(field, texts({"b", "ä", "b"}));
  EXPECT_EQ(preparation.classNames(), (Names{"<unknown>", "b", "ä"}));
  EXPECT_EQ(valuesOf(preparation, field, {text("ä")}), (Numbers{2}));
  EXPECT_EQ(faultIn(field, {none}, texts({"b"})).substr(0, 5), "E0712");
}

TEST(Words, are_letters_marks_and_numbers) {
  const Preparation preparation =
      learned(category({9}, {{"words"}}), texts({"don't -- 'Über' naïve, x_1 日本! it’s O'"}));
  EXPECT_EQ(preparation.classNames(),
            (Names{"<padding>", "<unknown>", "O", "don't", "it’s", "naïve", "x_1", "Über", "日本"}));
}

TEST(Words, are_cut_at_either_end) {
  const Rows rows = texts({"a a a b b c"});
  EXPECT_EQ(prepared(category({4}, {{"words"}}), rows), (Numbers{2, 2, 2, 3}));
  EXPECT_EQ(prepared(category({4}, {{"words", {}, {{"from", "end"}}}}), rows), (Numbers{2, 3, 3, 4}));
  EXPECT_EQ(prepared(category({4}, {{"words", {}, {{"most", std::int64_t(1)}, {"from", "end"}}}}), texts({"a b"})),
            (Numbers{2, 1, 0, 0}));
}

TEST(Words, of_several_columns_are_one_text) {
  Field field = category({4}, {{"words"}});
  field.columns = {"title", "body"};
  EXPECT_EQ(created(field).columns(), 2);
  EXPECT_EQ(prepared(field, {{text("a"), text("b a")}, {none, text("b")}}), (Numbers{2, 3, 2, 0, 3, 0, 0, 0}));
}

TEST(Words, that_are_missing_are_padding) {
  const Field field = category({2}, {{"words"}});
  EXPECT_EQ(prepared(field, {{text("a")}, {{Cell::Missing, 0, "a"}}}), (Numbers{2, 0, 0, 0}));
}

TEST(Words, are_found_or_that_is_said) {
  Preparation preparation = created(category({2}, {{"words", {}, {{"least", std::int64_t(2)}}}}));
  EXPECT_EQ(learn(preparation, texts({"a b", "?"})),
            "E0759 error: `words` finds no word that comes 2 times in the rows that it is to learn from (field `x: "
            "category[2]`)\nhelp: are the right column and the right rows chosen?");
}

TEST(Tokens, join_what_is_often_together) {
  const Field field = category({6}, {{"tokens", {std::int64_t(14)}}});
  const Rows rows = texts({"hello hello help", "hello help"});
  const Preparation preparation = learned(field, rows);
  const Names names = preparation.classNames();
  EXPECT_EQ(preparation.classes(), std::ssize(names));
  EXPECT_LE(names.size(), 14u);
  EXPECT_EQ(Names(names.begin(), names.begin() + 2), (Names{"<padding>", "<unknown>"}));
  const Numbers tokens = valuesOf(preparation, field, {text(" help \n hexx")});
  EXPECT_EQ(names[std::size_t(tokens[0])], "▁help");
  EXPECT_NE(std::ranges::find(tokens, 1.), tokens.end());
  EXPECT_EQ(tokens.back(), 0);
}

TEST(Tokens, are_the_same_whatever_the_order_of_the_rows) {
  const Field field = category({6}, {{"tokens", {std::int64_t(20)}}});
  EXPECT_EQ(learned(field, texts({"the cat", "the dog", "a cat"})).learned(),
            learned(field, texts({"a cat", "the dog", "the cat"})).learned());
}

TEST(Tokens, that_are_too_few_are_an_error) {
  Preparation preparation = created(category({2}, {{"tokens", {std::int64_t(3)}}}));
  EXPECT_EQ(
      learn(preparation, texts({"abc"})),
      "E0761 error: 3 tokens cannot be learned of these texts (field `x: category[2]`)\nhelp: each character that "
      "is frequent is a token: allow more, as in `tokens(8000)`");
}

TEST(Bag, counts_the_most_frequent_words) {
  EXPECT_EQ(prepared(f64({2}, {{"bag"}}), texts({"b a b c", "a b"})), (Numbers{2, 1, 1, 1}));
  EXPECT_EQ(prepared(f64({3}, {{"bag", {}, {{"least", std::int64_t(2)}}}}), texts({"b a b"})), (Numbers{2, 0, 0}));
}

TEST(Bag, has_pairs_of_words) {
  const Field field = f64({5}, {{"bag", {}, {{"ngrams", std::int64_t(2)}}}});
  // a, "a b", b, "b a" in falling count and by their bytes
  EXPECT_EQ(prepared(field, texts({"a b a b"})), (Numbers{2, 2, 2, 1, 0}));
}

TEST(TfIdf, has_rare_words_weigh_more_and_the_length_1) {
  const Field field = f64({2}, {{"tf_idf"}});
  const Preparation preparation = learned(field, texts({"a b", "a", "a"}));
  const double rare = 1.6931471805599454, length = std::sqrt(1 + rare * rare); // of b: log(4 / 2) + 1; of a: 1
  expectNear(valuesOf(preparation, field, {text("a b")}), {1 / length, rare / length});
  EXPECT_EQ(valuesOf(preparation, field, {text("c")}), (Numbers{0, 0}));
  EXPECT_EQ(valuesOf(preparation, field, {none}), (Numbers{0, 0}));
}

} // namespace talweg::prepare
