// Numbers to numbers, by literals.
#include "Prepared.h"

namespace talweg::prepare {

TEST(Scaling, standardized_has_mean_0_and_deviation_1) {
  expectNear(prepared(f64({}, {{"standardized"}}), texts({"1", "2", "3", "4"})),
             {-1.3416407864998738, -0.4472135954999579, 0.4472135954999579, 1.3416407864998738});
}

TEST(Scaling, standardized_counts_a_deviation_of_0_as_1) {
  const Preparation preparation = learned(f64({}, {{"standardized"}}), numbers({5, 5}));
  EXPECT_EQ(valuesOf(preparation, f64({}, {}), {number(7)}), (Numbers{2}));
}

TEST(Scaling, standardized_takes_each_column_by_itself_and_leaves_out_what_is_missing) {
  const Field field = f64({2}, {{"standardized"}, {"filled", {std::int64_t(9)}}});
  EXPECT_EQ(prepared(field, {{number(1), number(10)}, {none, number(30)}, {number(3), none}}),
            (Numbers{-1, -1, 9, 1, 1, 9}));
}

TEST(Scaling, scaled_goes_beyond_its_ends) {
  const Field field = f64({}, {{"scaled", {std::int64_t(-1), std::int64_t(1)}}});
  const Preparation preparation = learned(field, numbers({10, 20}));
  for (const auto &[value, expected] : {std::pair(10, -1), {15, 0}, {20, 1}, {30, 3}})
    EXPECT_EQ(valuesOf(preparation, field, {number(value)}), (Numbers{double(expected)}));
}

TEST(Scaling, log1p_and_clipped_learn_nothing) {
  EXPECT_EQ(prepared(f64({}, {{"clipped", {std::int64_t(0), 1.5}}}), numbers({-1, 1, 2})), (Numbers{0, 1, 1.5}));
  expectNear(prepared(f64({}, {{"log1p"}}), numbers({0, 1})), {0, 0.6931471805599453});
  EXPECT_EQ(created(f64({}, {{"log1p"}})).passes(), 0);
}

TEST(Scaling, log1p_takes_numbers_above_minus_1) {
  EXPECT_EQ(faultIn(f64({2}, {{"log1p"}}), {number(0), number(-1)}),
            "E0764 `log1p` takes numbers above -1, and this is -1 | clip them before, as in `|> clipped(0, 1e6) |> "
            "log1p` (cell 1)");
}

TEST(Scaling, ranks_are_from_0_to_1_and_linear_between) {
  const Field field = f64({}, {{"ranks"}});
  const Preparation preparation = learned(field, numbers({1, 2, 2, 4, 8}));
  for (const auto &[value, expected] :
       {std::pair(0., 0.), {1., 0.}, {1.5, 0.125}, {2., 0.375}, {3., 0.625}, {6., 0.875}, {8., 1.}, {9., 1.}})
    expectNear(valuesOf(preparation, field, {number(value)}), {expected});
}

TEST(Scaling, ranks_of_one_value_are_0) { EXPECT_EQ(prepared(f64({}, {{"ranks"}}), numbers({3, 3})), (Numbers{0, 0})); }

TEST(Filled, puts_a_number_the_mean_or_the_median) {
  const Rows rows = {{number(1)}, {none}, {text("")}, {text("2")}, {number(9)}};
  EXPECT_EQ(prepared(f64({}, {{"filled", {0.5}}}), rows), (Numbers{1, 0.5, 0.5, 2, 9}));
  EXPECT_EQ(prepared(f64({}, {{"filled", {"mean"}}}), rows), (Numbers{1, 4, 4, 2, 9}));
  EXPECT_EQ(prepared(f64({}, {{"filled", {"median"}}}), rows), (Numbers{1, 2, 2, 2, 9}));
}

TEST(Filled, median_is_in_the_middle_of_two) {
  EXPECT_EQ(prepared(f64({}, {{"filled", {"median"}}}), {{number(1)}, {number(4)}, {none}}), (Numbers{1, 4, 2.5}));
}

TEST(Filled, indicates_each_column_behind_all_values) {
  const Field field = f64({4}, {{"filled", {std::int64_t(7)}, {{"indicated", true}}}});
  EXPECT_EQ(created(field).columns(), 2);
  EXPECT_EQ(prepared(field, {{number(1), none}, {none, number(2)}}), (Numbers{1, 7, 0, 1, 7, 2, 1, 0}));
}

TEST(Filled, before_others_gives_them_what_it_has_learned) {
  const Field field = f64({}, {{"filled", {"mean"}}, {"standardized"}});
  EXPECT_EQ(created(field).passes(), 2);
  const double side = 1.2247448713915890; // of 1, 2, 3
  expectNear(prepared(field, {{number(1)}, {none}, {number(3)}}), {-side, 0, side});
}

TEST(Filled, finds_a_value_or_says_so) {
  Preparation preparation = created(f64({2}, {{"filled", {"mean"}}}));
  EXPECT_EQ(learn(preparation, {{number(1), none}}),
            "E0759 error: `filled` finds no value as value 2 of 2 in any row that it is to learn from (field `x: "
            "f64[2]`)\nhelp: are the right column and the right rows chosen?");
}

TEST(Scaling, of_too_large_values_says_so) {
  Preparation preparation = created(f64({}, {{"standardized"}}));
  EXPECT_EQ(
      learn(preparation, numbers({1e308, -1e308})),
      "E0759 error: `standardized` finds values that are too large to calculate with (field `x: f64`)\nhelp: clip "
      "them before, as in `|> clipped(-1e6, 1e6)`");
}

} // namespace talweg::prepare
