// What was learned: kept as text, and taken again.
#include "talweg/Prepare/Learned.h"

#include "../Support/ValueOf.h"
#include "Prepared.h"

#include <limits>

namespace talweg::prepare {

TEST(Learned, is_text_of_numbers_words_and_models) {
  EXPECT_EQ(learnedText({{"age", "f32", {{}, {{0.1, 2}, {}, {}}}},
                         {"job", "j", {{{}, {"a", "ä\"\n"}, {}}}},
                         {"text", "", {{{}, {}, "\xff\x00z"}}}}),
            "[{\"chain\":\"f32\",\"field\":\"age\",\"steps\":[{},{\"numbers\":[0.1,2.0]}]},{\"chain\":\"j\",\"field\":"
            "\"job\",\"steps\":[{\"words\":[\"a\","
            "\"ä\\\"\\n\"]}]},{\"chain\":\"\",\"field\":\"text\",\"steps\":[{\"model\":\"/w==\"}]}]");
}

TEST(Learned, comes_back_bit_for_bit) {
  using Limits = std::numeric_limits<double>;
  const std::vector<LearnedField> fields = {
      {"a",
       "f32 = column(1)",
       {{{0.1, -0.0, Limits::min(), Limits::denorm_min(), Limits::max(), 1. / 3, 1e22, 123456789012345678.}, {}, {}},
        {}}},
      {"b", "category", {{{}, {"x", "日本"}, std::string("\0\1\2\3\xff", 5)}}},
      {"c", "", {{{}, {}, "1"}, {{}, {}, "12"}, {{}, {}, "123"}}}};
  const std::vector<LearnedField> again = valueOf(learnedOf(learnedText(fields)));
  EXPECT_EQ(again, fields);
  EXPECT_TRUE(std::signbit(again[0].steps[0].numbers[1]));
}

TEST(Learned, of_another_text_is_an_error) {
  for (std::string_view wrong : {"", "{}", "[", "[1]", "[{\"field\":1,\"steps\":[]}]", "[{\"field\":\"a\"}]",
                                 "[{\"field\":\"a\",\"chain\":\"\",\"steps\":[1]}]",
                                 "[{\"field\":\"a\",\"chain\":\"\",\"steps\":[{\"numbers\":[\"1\"]}]}]",
                                 "[{\"field\":\"a\",\"chain\":\"\",\"steps\":[{\"number\":[1]}]}]",
                                 "[{\"field\":\"a\",\"chain\":\"\",\"steps\":[{\"words\":[1]}]}]",
                                 "[{\"field\":\"a\",\"chain\":\"\",\"steps\":[{\"model\":\"/w=\"}]}]",
                                 "[{\"field\":\"a\",\"chain\":\"\",\"steps\":[{\"model\":\"/x==\"}]}]",
                                 "[{\"field\":\"a\",\"chain\":\"\",\"steps\":[{\"model\":\"=w==\"}]}]"}) {
    const Result<std::vector<LearnedField>> read = learnedOf(wrong);
    ASSERT_FALSE(read) << wrong;
    EXPECT_EQ(read.error().code, "E0762");
    EXPECT_EQ(read.error().message, "error: this is not what the steps of fields have learned");
  }
}

TEST(Learned, is_taken_where_the_steps_learn_such) {
  const Field field = f64({2}, {{"filled", {"mean"}}, {"standardized"}});
  const Rows rows = {{number(1), none}, {none, number(2)}, {number(2), number(4)}};
  Preparation other = created(field);
  const Preparation preparation = learned(field, rows);
  ASSERT_TRUE(other.take(preparation.learned()));
  for (const Cells &row : rows)
    EXPECT_EQ(valuesOf(other, field, row), valuesOf(preparation, field, row));
}

TEST(Learned, is_refused_where_they_learn_something_else) {
  const auto refuses = [](const Field &field, std::vector<LearnedStep> learned) {
    const Result<void> taken = created(field).take(std::move(learned));
    return taken ? "" : taken.error().code;
  };
  EXPECT_EQ(refuses(f64({}, {{"standardized"}}), {{{0, 1}, {}, {}}}), "");
  for (const std::vector<LearnedStep> &wrong : {std::vector<LearnedStep>{},
                                                {{}},
                                                {{{0}, {}, {}}},
                                                {{{0, 0}, {}, {}}},
                                                {{{0, NAN}, {}, {}}},
                                                {{{0, 1}, {"a"}, {}}},
                                                {{{0, 1}, {}, {}}, {}}})
    EXPECT_EQ(refuses(f64({}, {{"standardized"}}), wrong), "E0762");
  for (const std::vector<double> &wrong : {std::vector<double>{}, {1}, {2, 1}, {2, 2, 1}, {0.5, 1}, {1, 1, 1}, {-1, 1}})
    EXPECT_EQ(refuses(f64({}, {{"ranks"}}), {{wrong, {}, {}}}), "E0762");
  for (const std::vector<std::string> &wrong : {std::vector<std::string>{"a", "a"}, {""}, {"\xff"}})
    EXPECT_EQ(refuses(category({}, {}), {{{}, wrong, {}}}), "E0762");
  EXPECT_EQ(refuses(f64({1}, {{"bag"}}), {{{}, {"a", "b"}, {}}}), "E0762");
  EXPECT_EQ(refuses(f64({2}, {{"tf_idf"}}), {{{1}, {"a", "b"}, {}}}), "E0762");
  EXPECT_EQ(refuses(category({2}, {{"tokens", {std::int64_t(9)}}}), {{{}, {}, "no model"}}), "E0762");
  EXPECT_EQ(refuses(f64({}, {{"log1p"}}), {{{1}, {}, {}}}), "E0762");
}

TEST(Learned, a_model_with_a_token_of_nothing_is_refused) {
  const Field field = category({2}, {{"tokens", {std::int64_t(14)}}});
  std::vector<LearnedStep> steps = learned(field, texts({"a cat", "a dog"})).learned();
  steps.front().model += "\x0a\x02\x18\x04"; // a piece that has a type alone: one that is never parted
  const Result<void> taken = created(field).take(steps);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, "E0762");
}

TEST(Learned, that_is_refused_says_of_which_field) {
  const Result<void> taken = created(f64({}, {{"standardized"}})).take({});
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().message, "error: what was learned is not what the steps of this field learn (field `x: "
                                   "f64`)\nhelp: go by what a run has learned with the same declaration of the data");
}

} // namespace talweg::prepare
