// What becomes of the last numbers of a chain, or of cells without steps: the field's type.
#include "Prepared.h"

namespace talweg::prepare {

TEST(Stored, cells_without_steps_are_read_as_they_are) {
  EXPECT_EQ(prepared(stored(ElementType::I64), texts({"9007199254740993"})), (Numbers{9007199254740992.}));
  EXPECT_EQ(prepared(stored(ElementType::U8), numbers({0, 255})), (Numbers{0, 255}));
  EXPECT_EQ(prepared(stored(ElementType::F32), numbers({0.5})), (Numbers{0.5}));
}

TEST(Stored, numbers_that_do_not_fit_are_faults) {
  EXPECT_EQ(faultIn(stored(ElementType::U8), {number(256)}),
            "E0716 `256` is not in 0 to 255 | declare the field as i32 or f32");
  EXPECT_EQ(faultIn(stored(ElementType::I32), {number(0.5)}),
            "E0714 `0.5` is not an integer | declare the field as f32");
  EXPECT_EQ(faultIn(stored(ElementType::F32), {number(1e300)}),
            "E0713 `1e+300` is too large for f32 | the largest is about 3.4e38: scale the column");
  EXPECT_EQ(faultIn(stored(ElementType::F64), {number(INFINITY)}),
            "E0713 `inf` is not a finite number | fill in a value, or remove the row");
}

TEST(Stored, what_is_still_missing_is_a_fault) {
  const std::string help = " | say what stands for a missing value, as in `|> filled(\"median\")`, or remove the row";
  EXPECT_EQ(faultIn(stored(ElementType::F32), {none}), "E0712 this cell is empty" + help);
  EXPECT_EQ(faultIn(stored(ElementType::F32), {{Cell::Missing, 0, "?"}}),
            "E0712 `?` stands for a missing value" + help);
  EXPECT_EQ(faultIn(stored(ElementType::F32), {text("")}), "E0712 this cell is empty" + help);
  EXPECT_EQ(faultIn(f64({2}, {{"standardized"}}), {number(1), none}, {{number(1), number(1)}}),
            "E0712 this value is missing" + help + " (cell 1)");
}

TEST(Stored, usual_marks_of_missing_values_are_told) {
  EXPECT_EQ(
      faultIn(stored(ElementType::F32), {text("?")}),
      "E0711 `?` is not a number | if that is what the file has for missing values, write `missing = \"?\"` behind "
      "its name");
}

TEST(Stored, a_fault_names_the_cell_that_a_value_is_of) {
  Field field = f64({6}, {{"date", {"year", "month", "unix"}}});
  field.element = ElementType::I32;
  EXPECT_EQ(faultIn(field, {text("2024-01-01"), text("2140-01-01")}),
            "E0716 `5364662400` is not in -2147483648 to 2147483647 | declare the field as f32 (cell 1)");
  const Field filled = f64({4}, {{"filled", {0.5}, {{"indicated", true}}}, {"log1p"}});
  EXPECT_EQ(faultIn(filled, {number(0), number(-3)}).substr(0, 5), "E0764");
  EXPECT_TRUE(faultIn(filled, {number(0), number(-3)}).ends_with("(cell 1)"));
}

TEST(Stored, numbers_read_before_a_step_must_be_finite) {
  EXPECT_EQ(faultIn(f64({}, {{"log1p"}}), {text("nan")}),
            "E0713 `nan` is not a finite number | fill in a value, or remove the row");
  EXPECT_EQ(faultIn(f64({}, {{"log1p"}}), {text("x")}), "E0711 `x` is not a number");
}

} // namespace talweg::prepare
