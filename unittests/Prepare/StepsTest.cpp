// The table of steps, and what is wrong with a step by itself.
#include "talweg/Prepare/Steps.h"

#include <gtest/gtest.h>

namespace talweg::prepare {

static std::string said(const Step &step) {
  const Fault fault = faultOf(step);
  return std::string(fault.code) + " " + fault.situation + (fault.help.empty() ? "" : " | " + fault.help);
}

TEST(Steps, are_found_by_name) {
  for (const StepInfo *info : steps())
    EXPECT_EQ(stepNamed(info->name), info);
  EXPECT_EQ(stepNamed("nothing"), nullptr);
}

TEST(Steps, begin_their_examples_with_their_name) {
  for (const StepInfo *info : steps())
    EXPECT_TRUE(info->example.starts_with(info->name)) << info->name;
}

TEST(Steps, accept_what_their_rows_say) {
  for (const Step &step :
       {Step{"filled", {0.5}}, Step{"filled", {"mean"}, {{"indicated", true}}}, Step{"scaled", {std::int64_t(0), 1.5}},
        Step{"number", {}, {{"thousands", "."}, {"decimal", ","}}}, Step{"date", {"year", "unix"}}, Step{"trimmed"},
        Step{"trimmed", {"."}}, Step{"vocabulary", {}, {{"unknown", false}}}, Step{"tokens", {std::int64_t(8000)}},
        Step{"words", {}, {{"from", "end"}}}})
    EXPECT_EQ(said(step), " ");
}

TEST(Steps, of_a_wrong_name_are_suggested) {
  EXPECT_EQ(said({"standardised"}), "E0750 there is no step `standardised` | did you mean `standardized`?");
  EXPECT_TRUE(said({"xyzzy"}).starts_with("E0750 there is no step `xyzzy` | the steps are `filled`, `standardized`, "));
}

TEST(Steps, say_what_they_take_by_position) {
  EXPECT_EQ(said({"filled", {"mode"}}), "E0751 `filled` takes a number, \"mean\" or \"median\", and this is \"mode\" | "
                                        "as in `filled(\"median\")`");
  EXPECT_EQ(said({"filled"}), "E0751 `filled` takes a number, \"mean\" or \"median\", and there are none | as in "
                              "`filled(\"median\")`");
  EXPECT_EQ(said({"lower", {true}}), "E0751 `lower` takes no values by position, and there is 1 | as in `lower`");
  EXPECT_EQ(said({"scaled", {1.5, std::int64_t(0)}}),
            "E0751 the first number is the lower one, by less than 1e308 | as in `scaled(0, 1)`");
}

TEST(Steps, say_which_options_they_have) {
  EXPECT_EQ(said({"vocabulary", {}, {{"lest", std::int64_t(1)}}}),
            "E0751 `vocabulary` has no option `lest` | did you mean `least`?");
  EXPECT_EQ(said({"lower", {}, {{"least", std::int64_t(1)}}}), "E0751 `lower` has no option `least` | it has none");
  EXPECT_EQ(said({"vocabulary", {}, {{"least", std::int64_t(0)}}}),
            "E0751 `least` is a positive integer, and this is 0 | as in `vocabulary(least = 10)`");
  EXPECT_EQ(said({"number", {}, {{"thousands", "."}}}),
            "E0751 `thousands` and `decimal`, which is \".\" if it is not given, differ | as in "
            "`number(thousands = \",\", unit = \"kg\")`");
}

} // namespace talweg::prepare
