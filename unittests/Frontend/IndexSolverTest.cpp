// Index positions and the ranges of index variables, as numbers alone.
#include "IndexSolver.h"
#include "gtest/gtest.h"

#include <limits>

using namespace talweg;
using namespace talweg::frontend;

namespace {

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();

IndexVar variable(std::string name, std::int64_t extent = -1) { return {std::move(name), false, extent, {}, {}}; }

/// A position in a dimension of `extent`, found at the offset `at` of the text.
IndexUse sum(IndexTerms terms, std::int64_t offset, std::int64_t extent, int at = 0) {
  return {std::move(terms), offset, extent, false, {0, at, at + 1}};
}

bool solve(IndexSolver &solver, std::vector<IndexVar *> vars) {
  while (solver.takeIn() && solver.stretch()) {
  }
  return solver.faults().empty() && solver.check(vars);
}

TEST(IndexSum, AddsTermByTermInOrderOfAppearance) {
  IndexVar i = variable("i"), u = variable("u");
  IndexSum at = IndexSum::variable(&u), other = IndexSum::variable(&i);
  other.scale(2);
  at.add(other);
  at.add(IndexSum::constant(3));
  at.add(IndexSum::variable(&u));
  EXPECT_EQ(at.terms, (IndexTerms{{&u, 2}, {&i, 2}}));
  EXPECT_EQ(at.offset, 3);
  EXPECT_FALSE(at.overflow);
}

TEST(IndexSum, LeavesOutOfAPositionWhatCancels) {
  IndexVar i = variable("i"), u = variable("u");
  IndexSum at = IndexSum::variable(&i), less = IndexSum::variable(&i);
  less.scale(-1);
  at.add(IndexSum::variable(&u));
  at.add(less);
  EXPECT_EQ(IndexUse::of(at, 8, false, {}).terms, (IndexTerms{{&u, 1}}));
}

TEST(IndexSum, RemembersAnOverflow) {
  IndexVar i = variable("i");
  IndexSum at = IndexSum::constant(most), far = IndexSum::variable(&i);
  at.add(IndexSum::constant(1));
  EXPECT_TRUE(at.overflow);
  far.scale(most);
  EXPECT_FALSE(far.overflow);
  far.scale(2);
  EXPECT_TRUE(far.overflow);
  IndexSum total = IndexSum::constant(0);
  total.add(at);
  EXPECT_TRUE(total.overflow);
}

TEST(IndexSolver, TakesTheRangeOfADimensionIndexedByTheVariableItself) {
  IndexVar i = variable("i");
  IndexSolver solver;
  EXPECT_FALSE(solver.isTold());
  solver.add(IndexUse::of(&i, 7, {}));
  EXPECT_TRUE(solver.isTold());
  EXPECT_TRUE(solve(solver, {&i}));
  EXPECT_EQ(i.extent, 7);
}

TEST(IndexSolver, TakesTheBeginningOfADimensionLongerThanALimit) {
  IndexVar i = variable("i");
  i.isLimited = true;
  IndexSolver solver;
  solver.fix(&i, 5, {});
  solver.add(IndexUse::of(&i, 7, {}));
  EXPECT_TRUE(solve(solver, {&i}));
  EXPECT_EQ(i.extent, 5);
  solver.add(IndexUse::of(&i, 4, {}));
  EXPECT_FALSE(solve(solver, {&i}));
  ASSERT_EQ(solver.faults().size(), 1u);
  EXPECT_EQ(solver.faults()[0].kind, IndexFault::Outside);
}

TEST(IndexSolver, TellsEachPlaceThatDisagrees) {
  IndexVar i = variable("i");
  IndexSolver solver;
  solver.add(IndexUse::of(&i, 7, {0, 10, 11}));
  solver.add(IndexUse::of(&i, 8, {0, 20, 21}));
  solver.fix(&i, 6, {0, 30, 31}); // what is told outside of all positions comes first
  EXPECT_FALSE(solve(solver, {&i}));
  ASSERT_EQ(solver.faults().size(), 2u);
  EXPECT_EQ(solver.faults()[1].kind, IndexFault::Disagree);
  EXPECT_EQ(solver.faults()[1].place.begin, 20);
  EXPECT_EQ(solver.faults()[1].extent, 8);
  EXPECT_EQ(i.extent, 6);
  EXPECT_EQ(i.fixedAt.begin, 30);
}

TEST(IndexSolver, GivesTheGreatestRangeThatFits) {
  IndexVar i = variable("i"), u = variable("u", 3);
  IndexSolver solver;
  solver.add(sum({{&i, 2}, {&u, 1}}, 0, 12)); // 2i + 2 <= 11
  EXPECT_TRUE(solve(solver, {&i, &u}));
  EXPECT_EQ(i.extent, 5);
}

TEST(IndexSolver, GivesTheLeastOfWhatSeveralSumsLeave) {
  IndexVar i = variable("i");
  IndexSolver solver;
  solver.add(sum({{&i, 1}}, 1, 12));
  solver.add(sum({{&i, 1}}, 4, 12, 50));
  solver.add(sum({{&i, 1}}, 2, 12));
  EXPECT_TRUE(solve(solver, {&i}));
  EXPECT_EQ(i.extent, 8);
  EXPECT_EQ(i.fixedAt.begin, 50);
}

TEST(IndexSolver, CountsDownWhereTheFactorIsNegative) {
  IndexVar i = variable("i");
  IndexSolver solver;
  solver.add(sum({{&i, -3}}, 7, 8)); // 7, 4, 1
  EXPECT_TRUE(solve(solver, {&i}));
  EXPECT_EQ(i.extent, 3);
}

TEST(IndexSolver, GoesFromOneSumToTheNext) {
  IndexVar i = variable("i"), j = variable("j"), k = variable("k");
  IndexSolver solver;
  solver.add(sum({{&j, 1}, {&k, 1}}, 0, 10));
  solver.add(sum({{&i, 1}, {&j, 1}}, 0, 6));
  solver.add(IndexUse::of(&i, 4, {}));
  EXPECT_TRUE(solve(solver, {&i, &j, &k}));
  EXPECT_EQ(j.extent, 3);
  EXPECT_EQ(k.extent, 8);
}

TEST(IndexSolver, TakesInWhatIsToldLater) {
  IndexVar i = variable("i"), j = variable("j");
  IndexSolver solver;
  solver.add(IndexUse::of(&i, 4, {}));
  EXPECT_TRUE(solver.takeIn());
  solver.add(IndexUse::of(&j, i.extent, {}));
  EXPECT_TRUE(solve(solver, {&i, &j}));
  EXPECT_EQ(j.extent, 4);
}

TEST(IndexSolver, RefusesADimensionWithoutPlace) {
  IndexVar i = variable("i"), u = variable("u", 5);
  IndexSolver solver;
  solver.add(sum({{&i, 1}, {&u, 1}}, 0, 4, 30));
  EXPECT_FALSE(solve(solver, {&i, &u}));
  ASSERT_EQ(solver.faults().size(), 1u);
  EXPECT_EQ(solver.faults()[0].kind, IndexFault::TooSmall);
  EXPECT_EQ(solver.faults()[0].place.begin, 30);
}

TEST(IndexSolver, TellsTheFirstRangeThatIsNotKnown) {
  IndexVar i = variable("i"), j = variable("j"), k = variable("k");
  IndexSolver solver;
  solver.add(sum({{&j, 1}, {&k, 1}}, 0, 10)); // two unknowns tell nothing
  solver.add(IndexUse::of(&i, 4, {}));
  EXPECT_FALSE(solve(solver, {&i, &k, &j}));
  ASSERT_EQ(solver.faults().size(), 1u);
  EXPECT_EQ(solver.faults()[0].kind, IndexFault::Unknown);
  EXPECT_EQ(solver.faults()[0].var, &k);
}

TEST(IndexSolver, TellsEachPositionOutside) {
  IndexVar i = variable("i", 4), j = variable("j", 0);
  IndexSolver solver;
  solver.add(sum({{&i, 2}}, -1, 10)); // -1 to 5
  solver.add(sum({}, 10, 10));
  solver.add(sum({{&i, most}}, 0, 10));
  solver.add(sum({{&j, 1}}, 99, 10)); // for no value of j
  EXPECT_FALSE(solve(solver, {&i, &j}));
  ASSERT_EQ(solver.faults().size(), 3u);
  EXPECT_EQ(solver.faults()[0].kind, IndexFault::Outside);
  EXPECT_EQ(solver.faults()[0].least, -1);
  EXPECT_EQ(solver.faults()[0].greatest, 5);
  EXPECT_TRUE(solver.faults()[1].terms.empty());
}

} // namespace
