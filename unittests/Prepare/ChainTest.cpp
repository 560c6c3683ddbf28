// Steps that do not fit to each other or to their field are refused, with a way out.
#include "Prepared.h"

namespace talweg::prepare {

TEST(Chain, numbers_do_not_follow_labels) {
  EXPECT_EQ(
      refused(category({}, {{"vocabulary"}, {"standardized"}})),
      "E0752 error: `standardized` takes numbers, and `vocabulary` gives labels\nhelp: labels end the preparation: "
      "nothing comes after `vocabulary`");
}

TEST(Chain, text_does_not_follow_numbers) {
  EXPECT_EQ(
      refused(f64({}, {{"standardized"}, {"lower"}})),
      "E0752 error: `lower` takes text, and `standardized` gives numbers\nhelp: put `lower` before `standardized`");
}

TEST(Chain, steps_by_themselves_are_checked_first) {
  EXPECT_EQ(refused(f64({}, {{"lowered"}, {"scaled"}})),
            "E0750 error: there is no step `lowered`\nhelp: did you mean `lower`?");
}

TEST(Chain, labels_need_a_field_of_labels) {
  EXPECT_EQ(refused(f64({8}, {{"words"}})),
            "E0752 error: `words` gives labels, and the field is `f64[8]`\nhelp: declare the field as `category[8]`");
  EXPECT_EQ(refused(classes({"a", "b"}, {{"vocabulary"}})),
            "E0752 error: `vocabulary` makes classes, and the field is `class[\"a\", \"b\"]`, whose classes are "
            "named\nhelp: leave out `vocabulary`: each cell is one of the names");
}

TEST(Chain, a_category_needs_labels) {
  EXPECT_EQ(
      refused(category({}, {{"date", {"month"}}})),
      "E0752 error: `date` gives numbers, and the field is `category`\nhelp: declare the field as `f32` or, if these "
      "are labels from 0, as `class[…]` with their number");
}

TEST(Chain, fractions_need_floats) {
  for (const Step &step : {Step{"standardized"}, Step{"log1p"}, Step{"ranks"}, Step{"filled", {"mean"}},
                           Step{"scaled", {std::int64_t(0), std::int64_t(1)}}})
    EXPECT_EQ(refused(stored(ElementType::U8, {step})),
              "E0752 error: `" + step.name +
                  "` gives fractions, and the field is `u8`\nhelp: declare the field as `f32`");
  EXPECT_EQ(refused(stored(ElementType::U8, {{"filled", {std::int64_t(1)}}})), "no error");
}

TEST(Chain, sequences_and_bags_need_one_dimension) {
  EXPECT_EQ(
      refused(category({}, {{"words"}})),
      "E0753 error: `words` fills one dimension, and the field is `category`\nhelp: declare how long a sequence is, "
      "as in `category[64]`");
  EXPECT_EQ(refused(f64({2, 3}, {{"bag"}})),
            "E0753 error: `bag` fills one dimension, and the field is `f64[2, 3]`\nhelp: declare how many words it has "
            "room for, as in `f32[1000]`");
}

TEST(Chain, one_label_is_of_one_column) {
  Field field = category({}, {{"characters"}});
  field.columns = {"a", "b"};
  EXPECT_EQ(refused(field),
            "E0753 error: `characters` makes one label of one cell, and 2 columns are named\nhelp: name "
            "one column, or declare how long a sequence is, as in `category[64]`");
}

TEST(Chain, values_are_as_many_as_the_shape_has) {
  EXPECT_EQ(
      refused(f64({5}, {{"date", {"year", "month", "day"}}})),
      "E0753 error: `date` makes 3 values of each, and the field is `f64[5]`\nhelp: declare a multiple of 3, as in "
      "`f64[6]`");
  Field field = f64({6}, {{"date", {"year", "month"}}});
  field.columns = {"a", "b"};
  EXPECT_EQ(refused(field), "E0753 error: 2 columns are named, and the field is `f64[6]`, which takes 3 columns\nhelp: "
                            "name 3, or the first alone, or declare [4]");
}

TEST(Chain, known_classes_fit_into_the_field) {
  Field field = classes({"a", "b"}, {{"hashed", {std::int64_t(3)}}});
  field.names.clear();
  EXPECT_EQ(refused(field),
            "E0753 error: `hashed` gives 3 classes, and the field is `class[2]`\nhelp: declare the field "
            "as `class[3]`, or as `category`");
}

TEST(Chain, names_of_classes_differ) {
  EXPECT_EQ(refused(classes({"a", "a"})), "E0753 error: the field is `class[\"a\", \"a\"]`, in which a name is there "
                                          "twice\nhelp: each class has its own name");
}

TEST(Chain, columns_are_what_the_steps_make_the_values_of) {
  EXPECT_EQ(created(f64({6}, {})).columns(), 6);
  EXPECT_EQ(created(f64({12}, {{"cycles", {"hour", "month"}}})).columns(), 3);
  EXPECT_EQ(created(f64({12}, {{"date", {"hour", "month"}}, {"filled", {0.5}, {{"indicated", true}}}})).columns(), 3);
  EXPECT_EQ(created(f64({12}, {{"bag"}})).columns(), 1);
  EXPECT_EQ(created(category({12}, {})).columns(), 12);
}

TEST(Chain, prepares_nothing_before_it_has_learned) {
  const Field field = f64({}, {{"standardized"}});
  double value;
  EXPECT_EQ(created(field).prepare(Cells{number(1)}, reinterpret_cast<std::byte *>(&value)).code, "internal");
  EXPECT_EQ(created(category({}, {})).classes(), std::nullopt);
}

} // namespace talweg::prepare
