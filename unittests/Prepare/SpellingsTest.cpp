// Numbers and truths in the spellings of a file.
#include "Prepared.h"

namespace talweg::prepare {

static Field declared(std::map<std::string, StepValue> named) { return f64({}, {{"number", {}, std::move(named)}}); }

TEST(Number, has_thousands_a_decimal_mark_and_a_unit) {
  EXPECT_EQ(prepared(declared({{"thousands", ","}}), texts({"1,234,567.5", "12", "-1,000", "1e3"})),
            (Numbers{1234567.5, 12, -1000, 1000}));
  EXPECT_EQ(prepared(declared({{"decimal", ","}, {"thousands", "."}}), texts({"1.234,5", "0,25", ",5"})),
            (Numbers{1234.5, 0.25, 0.5}));
  EXPECT_EQ(prepared(declared({{"unit", "kg"}}), texts({"12 kg", "12.5kg", "3", " 4 "})), (Numbers{12, 12.5, 3, 4}));
  EXPECT_EQ(prepared(declared({{"unit", "$"}, {"thousands", " "}}), texts({"$1 000", "-$5", "$-5"})),
            (Numbers{1000, -5, -5}));
}

TEST(Number, takes_numbers_and_leaves_missing_ones) {
  EXPECT_EQ(prepared(f64({2}, {{"number"}, {"filled", {std::int64_t(0)}}}), {{number(3), none}}), (Numbers{3, 0}));
}

TEST(Number, in_another_spelling_is_a_fault) {
  for (std::string_view wrong :
       {"1,5", "12,34,567", ",123", "1,234,", "1,2345", "1.5.5", "12 lb", "kg", "-", "--5", "1 2"})
    EXPECT_EQ(faultIn(declared({{"thousands", ","}, {"unit", "kg"}}), {text(wrong)}),
              "E0758 `" + std::string(wrong) +
                  "` is not a number as it is declared | decimals are written with `.`, and groups of three digits are "
                  "separated by `,`; the unit is `kg`");
}

TEST(YesNo, has_the_usual_spellings) {
  EXPECT_EQ(
      prepared(f64({}, {{"yes_no"}}), texts({"yes", "No", "Y", "n", "TRUE", "false", "T", "f", "1", "0", "on", "Off"})),
      (Numbers{1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0}));
  EXPECT_EQ(prepared(stored(ElementType::U8, {{"yes_no"}}), {{number(1)}, {text("no")}}), (Numbers{1, 0}));
  EXPECT_EQ(prepared(classes({"no", "yes"}, {{"yes_no"}}), texts({"t", "f"})), (Numbers{1, 0}));
}

TEST(YesNo, takes_nothing_else) {
  for (const Cell &wrong : {text("maybe"), number(2)})
    EXPECT_TRUE(faultIn(f64({}, {{"yes_no"}}), {wrong}).starts_with("E0757 ")) << wrong.text;
  EXPECT_EQ(
      faultIn(f64({}, {{"yes_no"}}), {text("yesterday")}),
      "E0757 `yesterday` is neither yes nor no | in any case, yes, y, true, t, on and 1 are 1, and no, n, false, f, "
      "off and 0 are 0");
}

} // namespace talweg::prepare
