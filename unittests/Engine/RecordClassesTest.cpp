// Records that are drawn by classes: equally often, each record of a class as often as another, by seed and epoch alone.
#include "../../lib/Engine/RecordClasses.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

using namespace talweg;

using Order = std::vector<std::int32_t>;

/// 100 records: of every ten one is of class 1; the last three are of class 2.
static std::vector<std::int32_t> rareClasses() {
  std::vector<std::int32_t> classes(100);
  for (int i = 0; i < 100; ++i)
    classes[std::size_t(i)] = i >= 97 ? 2 : i % 10 == 0;
  return classes;
}

static std::map<std::int32_t, int> counts(const Order &order, const std::vector<std::int32_t> *classes = nullptr) {
  std::map<std::int32_t, int> counts;
  for (const std::int32_t record : order)
    ++counts[classes ? (*classes)[std::size_t(record)] : record];
  return counts;
}

TEST(RecordClasses, an_epoch_has_as_many_of_each) {
  const std::vector<std::int32_t> classes = rareClasses();
  const RecordClasses drawn(classes, 3);
  std::map<std::int32_t, int> all;
  for (int epoch = 0; epoch < 3; ++epoch) {
    const Order order = drawn.shuffledOrder(1, epoch);
    ASSERT_EQ(order.size(), 100u);
    for (const auto &[number, count] : counts(order, &classes)) {
      EXPECT_TRUE(count == 33 || count == 34) << number;
      all[number] += count;
    }
  }
  EXPECT_EQ(all, (std::map<std::int32_t, int>{{0, 100}, {1, 100}, {2, 100}}));
}

TEST(RecordClasses, a_record_comes_as_often_as_others_of_its_class) {
  const std::vector<std::int32_t> classes = rareClasses();
  const RecordClasses drawn(classes, 3);
  Order all;
  for (int epoch = 0; epoch < 9; ++epoch) {
    const Order order = drawn.shuffledOrder(1, epoch);
    all.insert(all.end(), order.begin(), order.end());
    std::map<std::int32_t, std::set<int>> times; // of each class, how often a record has come until now
    const std::map<std::int32_t, int> seen = counts(all);
    for (std::int32_t record = 0; record < 100; ++record)
      times[classes[std::size_t(record)]].insert(seen.contains(record) ? seen.at(record) : 0);
    for (const auto &[number, different] : times)
      EXPECT_LE(*different.rbegin() - *different.begin(), 1) << number << " in epoch " << epoch;
  }
}

TEST(RecordClasses, depend_on_seed_and_epoch_alone) {
  const RecordClasses drawn(rareClasses(), 3);
  EXPECT_EQ(drawn.shuffledOrder(3, 5), RecordClasses(rareClasses(), 3).shuffledOrder(3, 5));
  EXPECT_NE(drawn.shuffledOrder(3, 5), drawn.shuffledOrder(4, 5));
  EXPECT_NE(drawn.shuffledOrder(3, 5), drawn.shuffledOrder(3, 6));
  Order one = drawn.shuffledOrder(3, 5), other = drawn.shuffledOrder(4, 5);
  std::ranges::sort(one);
  std::ranges::sort(other);
  EXPECT_NE(one, other) << "which records are drawn is by chance, too";
}

TEST(RecordClasses, records_are_drawn_about_equally_often) {
  // Of 20 records of class 0, four are drawn in the first epoch: by 6000 seeds each 1200 times, with a standard deviation of 31.
  std::vector<std::int32_t> classes(20, 0);
  for (int other = 1; other < 8; ++other)
    classes.push_back(other);
  std::map<std::int32_t, int> times;
  const RecordClasses drawn(classes, 8);
  for (int seed = 0; seed < 6000; ++seed)
    for (const std::int32_t record : drawn.shuffledOrder(std::uint64_t(seed), 0))
      times[record] += record < 20;
  for (std::int32_t record = 0; record < 20; ++record)
    EXPECT_NEAR(times[record], 6000 * 4 / 20, 150);
}

TEST(RecordClasses, without_chance_classes_take_turns) {
  const RecordClasses drawn({0, 0, 0, 1, 1, 0}, 2);
  EXPECT_EQ(drawn.orderInTurn(0), (Order{0, 3, 1, 4, 2, 3}));
  EXPECT_EQ(drawn.orderInTurn(1), (Order{5, 4, 0, 3, 1, 4}));
}

TEST(RecordClasses, that_have_no_record_have_no_turn) {
  const RecordClasses drawn({4, 4, 1, 4}, 6);
  EXPECT_EQ(drawn.count(), 2);
  EXPECT_EQ(drawn.sizeOf(0), 1);
  EXPECT_EQ(counts(drawn.shuffledOrder(1, 0))[2], 2);
}

TEST(RecordClasses, as_many_as_records_are_a_shuffle) {
  std::vector<std::int32_t> classes(70000);
  for (std::size_t i = 0; i < classes.size(); ++i)
    classes[i] = std::int32_t(i);
  Order order = RecordClasses(classes, 70000).shuffledOrder(1, 3);
  std::ranges::sort(order);
  EXPECT_EQ(order, classes);
}
