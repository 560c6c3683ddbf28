// Whatever bytes a file has, each step gives a fault or finite values of the field's type; and what was learned is all that counts.
#include "../Support/Chance.h"
#include "Prepared.h"
#include "talweg/Prepare/Learned.h"

namespace talweg::prepare {

using random::Chance;

/// Bytes of all kinds, and what is nearly right.
static std::string bytesByChance(Chance &chance) {
  static constexpr std::string_view pieces[] = {"1",          "-0.5",    "1e308", "nan",  "inf",
                                                ",",          "1,234.5", " kg",   "yes",  "F",
                                                "abc",        " ",       "é",     "日本", "'",
                                                "2024-02-29", "T12:30",  "Z",     "+01",  "\xff",
                                                "\0",         "\n",      "ﬁ",     "e",    "99999999999999999999"};
  std::string bytes;
  for (std::int64_t count = chance.below(6); count > 0; --count)
    if (chance.oneIn(4))
      bytes += char(chance.below(256));
    else
      bytes += pieces[chance.below(std::ssize(pieces))];
  return bytes;
}

static Cell cellByChance(Chance &chance, std::vector<std::string> &kept) {
  if (chance.oneIn(10))
    return {};
  if (chance.oneIn(5))
    return number(chance.pick({0., 1., -1., 0.1, 1e308, -1e308, 5e-324, double(INFINITY), double(NAN), 1709209815.}));
  return text(kept.emplace_back(bytesByChance(chance)));
}

static std::vector<Field> fieldsOfAllSteps() {
  std::vector<Field> fields = {
      f64({2}, {}),
      f64({2}, {{"standardized"}}),
      f64({2}, {{"filled", {"mean"}}, {"standardized"}}),
      f64({4}, {{"filled", {"median"}, {{"indicated", true}}}, {"ranks"}}),
      f64({2}, {{"filled", {0.5}}, {"scaled", {std::int64_t(0), std::int64_t(1)}}}),
      f64({2}, {{"filled", {0.5}}, {"clipped", {std::int64_t(-3), 1e9}}, {"log1p"}}),
      f64({2}, {{"clipped", {-1e6, 1e6}}, {"standardized"}, {"filled", {std::int64_t(0)}}}),
      f64({2}, {{"number", {}, {{"thousands", ","}, {"unit", "kg"}}}, {"filled", {std::int64_t(0)}}}),
      f64({2}, {{"yes_no"}, {"filled", {std::int64_t(0)}}}),
      f64({8}, {{"date", {"year", "weekday", "week", "unix"}}, {"filled", {std::int64_t(0)}}}),
      f64({2}, {{"date", {"unix"}, {{"format", "%Y-%m-%dT%H:%M%z"}}}}),
      f64({4}, {{"cycles", {"day_of_year"}}, {"filled", {std::int64_t(0)}}}),
      category({2}, {}),
      category({2}, {{"lower"}, {"normalized"}, {"trimmed"}}),
      category({2}, {{"trimmed", {"日é "}}, {"vocabulary", {}, {{"least", std::int64_t(2)}}}}),
      category({2}, {{"vocabulary", {}, {{"unknown", false}}}}),
      category({2}, {{"hashed", {std::int64_t(7)}}}),
      category({6}, {{"bytes"}}),
      category({}, {{"bytes"}}),
      category({6}, {{"characters", {}, {{"from", "end"}}}}),
      category({}, {{"characters"}}),
      category({6}, {{"words", {}, {{"most", std::int64_t(5)}}}}),
      category({6}, {{"tokens", {std::int64_t(60)}}}),
      f64({6}, {{"bag", {}, {{"ngrams", std::int64_t(2)}}}}),
      f64({6}, {{"lower"}, {"tf_idf"}}),
      f64({2}, {{"balanced"}, {"filled", {std::int64_t(1)}}}),
      f64({2, 2, 3}, {{"image"}}),
      classes({"abc", "1", "é"}),
  };
  Field numbers = classes({"a", "b"}, {{"yes_no"}});
  numbers.names.clear();
  fields.push_back(numbers);
  for (const ElementInfo &info : kElementTypes)
    if (info.isOfFields())
      fields.push_back(stored(info.type, {{"filled", {std::int64_t(1)}}}));
  return fields;
}

static void expectInRange(const Field &field, const Numbers &values, std::optional<std::int64_t> classes) {
  for (const double value : values) {
    EXPECT_TRUE(std::isfinite(value));
    if (classes) {
      EXPECT_TRUE(value >= 0 && value < double(*classes)) << value;
    }
  }
}

static void prepareByChance(const Field &field, Chance &chance, int count) {
  const auto columns = std::size_t(created(field).columns());
  std::vector<std::string> kept;
  kept.reserve(columns * std::size_t(count));
  Rows rows;
  for (int i = 0; i < count; ++i)
    for (Cells &cells = rows.emplace_back(); cells.size() < columns;)
      cells.push_back(cellByChance(chance, kept));

  // Of the rows that all steps can read.
  Rows legal = rows;
  Preparation preparation = created(field);
  for (int pass = 0, passes = preparation.passes(); pass < passes; ++pass) {
    std::erase_if(legal, [&](const Cells &row) {
      const Fault fault = preparation.see(row);
      EXPECT_LE(fault.cell, row.size());
      return bool(fault);
    });
    if (!preparation.finishPass())
      return;
  }
  Preparation other = created(field);
  const auto again = learnedOf(learnedText({{"x", "", preparation.learned()}}));
  ASSERT_TRUE(again);
  ASSERT_TRUE(other.take((*again)[0].steps));
  std::vector<std::byte> bytes(std::size_t(field.bytes())), bytesAgain(bytes.size());
  for (const Cells &row : rows) {
    const Fault fault = preparation.prepare(row, bytes.data());
    EXPECT_EQ(said(fault), said(other.prepare(row, bytesAgain.data())));
    EXPECT_LT(fault.cell, row.size());
    EXPECT_NE(fault.code, "internal");
    if (fault)
      continue;
    EXPECT_EQ(bytes, bytesAgain);
    expectInRange(field, valuesOf(preparation, field, row), preparation.classes());
  }
}

TEST(Chance, of_bytes_gives_faults_or_finite_values) {
  const random::Cases cases = random::Cases::of("TALWEG_PREPARE", 2'000, 200'000);
  constexpr int rows = 100;
  for (std::uint64_t number = cases.first; number < cases.end && !testing::Test::HasFailure(); number += rows) {
    Chance chance(cases.seedOf(number));
    for (const Field &field : fieldsOfAllSteps()) {
      SCOPED_TRACE(cases.again(number) + ": " + (field.steps.empty() ? "no step" : field.steps.back().name));
      prepareByChance(field, chance, rows);
    }
  }
}

TEST(Chance, of_what_was_learned_is_taken_or_refused) {
  const random::Cases cases = random::Cases::of("TALWEG_PREPARE_LEARNED", 300, 30'000);
  for (std::uint64_t number = cases.first; number < cases.end && !testing::Test::HasFailure(); ++number) {
    SCOPED_TRACE(cases.again(number));
    Chance chance(cases.seedOf(number));
    const std::vector<Field> fields = fieldsOfAllSteps();
    const Field &field = fields[std::size_t(chance.below(std::ssize(fields)))];
    Preparation preparation = created(field);
    const Cells seen(std::size_t(preparation.columns()), text("1"));
    if (!learn(preparation, {seen, seen}).empty())
      continue;
    std::string changed = learnedText({{"x", "", preparation.learned()}});
    for (std::int64_t count = 1 + chance.below(3); count > 0; --count)
      changed[std::size_t(chance.below(std::ssize(changed)))] = char(32 + chance.below(95));
    const auto read = learnedOf(changed);
    if (!read || read->size() != 1 || !preparation.take((*read)[0].steps))
      continue;
    std::vector<std::byte> bytes(std::size_t(field.bytes()));
    if (!preparation.prepare(seen, bytes.data()))
      expectInRange(field, valuesOf(preparation, field, seen), preparation.classes());
  }
}

} // namespace talweg::prepare
