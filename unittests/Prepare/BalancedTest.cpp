// The step `balanced`: what rows of a class weigh.
#include "Prepared.h"

namespace talweg::prepare {

TEST(Balanced, all_classes_weigh_the_same) {
  // 6 rows of 3 classes: 6 / (3 * 3), 6 / (3 * 2), 6 / (3 * 1).
  expectNear(prepared(f64({}, {{"balanced"}}), texts({"a", "b", "a", "c", "b", "a"})),
             {2. / 3, 1, 2. / 3, 2, 1, 2. / 3});
  expectNear(prepared(f64({}, {{"balanced"}}), numbers({0, 1, 1, 1})), {2, 2. / 3, 2. / 3, 2. / 3});
}

TEST(Balanced, steps_before_it_tell_what_a_class_is) {
  expectNear(prepared(f64({}, {{"trimmed", {"."}}, {"balanced"}}), texts({"a", "a.", "b", "b."})), {1, 1, 1, 1});
}

TEST(Balanced, another_class_weighs_one_and_a_missing_one_is_missing) {
  const Field field = f64({}, {{"balanced"}});
  const Preparation preparation = learned(field, texts({"a", "b", "a"}));
  expectNear(valuesOf(preparation, field, {text("c")}), {1});
  EXPECT_EQ(faultIn(field, {none}, texts({"a"})).substr(0, 5), "E0712");
}

TEST(Balanced, what_was_learned_is_all_that_counts) {
  const Field field = f64({}, {{"balanced"}});
  Preparation other = created(field);
  ASSERT_TRUE(other.take(learned(field, texts({"a", "b", "a"})).learned()));
  expectNear(valuesOf(other, field, {text("b")}), {1.5});
  for (const LearnedStep &wrong : {LearnedStep{}, LearnedStep{{1}, {}, ""}, LearnedStep{{1, 0}, {"a", "b"}, ""},
                                   LearnedStep{{1, 1}, {"a", "a"}, ""}, LearnedStep{{1}, {"a"}, "m"}})
    EXPECT_FALSE(created(field).take({wrong}));
}

TEST(Balanced, there_are_classes_to_learn_of) {
  Preparation preparation = created(f64({}, {{"balanced"}}));
  EXPECT_EQ(learn(preparation, {{none}}).substr(0, 5), "E0759");
}

TEST(Balanced, weights_are_fractions) {
  EXPECT_EQ(refused(stored(ElementType::I32, {{"balanced"}})).substr(0, 5), "E0752");
}

} // namespace talweg::prepare
