// The order in which the factors of a sum are multiplied costs what the cheapest of all orders costs, and computes the sum: of sums by chance.
// TALWEG_ORDERS_CASES asks for more of them, TALWEG_ORDERS_SEED for others.
#include "ContractionOrder.h"
#include "../Support/Chance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

using namespace talweg;
using namespace talweg::random;

namespace {

using Bits = llvm::SmallBitVector;
using Mask = std::uint32_t; ///< of indices

/// As the test sees a sum: numbers instead of sets.
struct Plain {
  std::vector<std::int64_t> extents;
  std::vector<Mask> reads;
  Mask kept = 0;

  Mask all() const {
    Mask all = 0;
    for (Mask read : reads)
      all |= read;
    return all;
  }
  double places(Mask indices) const {
    double product = 1;
    for (std::size_t i = 0; i < extents.size(); ++i)
      product *= indices >> i & 1 ? double(extents[i]) : 1;
    return product;
  }

  Bits bits(Mask indices) const {
    Bits set(unsigned(extents.size()));
    for (unsigned i = 0; i < extents.size(); ++i)
      if (indices >> i & 1)
        set.set(i);
    return set;
  }
  SumOfFactors sum() const {
    SumOfFactors sum;
    sum.extents.assign(extents.begin(), extents.end());
    for (Mask read : reads)
      sum.reads.push_back(bits(read));
    sum.kept = bits(kept);
    return sum;
  }
};

Mask maskOf(const Bits &set) {
  Mask mask = 0;
  for (unsigned index : set.set_bits())
    mask |= Mask(1) << index;
  return mask;
}

/// Indices of extents from 1 to 9, factors of some of them; some are equal, some read nothing, and some indices are kept that no factor reads.
Plain drawSum(Chance &chance, std::int64_t factors) {
  Plain sum;
  for (std::int64_t more = 1 + chance.below(7); more > 0; --more)
    sum.extents.push_back(1 + chance.below(9));
  const auto end = std::int64_t(1) << sum.extents.size();
  for (; factors > 0; --factors)
    sum.reads.push_back(!sum.reads.empty() && chance.oneIn(5) ? sum.reads.back()
                        : chance.oneIn(2)                     ? Mask(chance.below(end) & chance.below(end))
                                                              : Mask(chance.below(end)));
  sum.kept = Mask(chance.below(end) & chance.below(end));
  return sum;
}

/// The least that multiplying takes, tried in every way: of each factor the indices are summed that nothing else reads, and two values are multiplied then.
class EveryOrder {
public:
  explicit EveryOrder(const Plain &sum) : sum(sum) {
    std::vector<Mask> values = sum.reads;
    for (std::size_t f = 0; f < values.size(); ++f) {
      const Mask rest = left(values[f], without(sum.reads, f));
      if (rest != values[f]) {
        own.operations += sum.places(values[f]);
        own.elements += sum.places(rest);
      }
      values[f] = rest;
    }
    tryAll(values, own);
  }

  struct Cost {
    double operations = 0, elements = 0;
    bool operator<(const Cost &other) const {
      return operations != other.operations ? operations < other.operations : elements < other.elements;
    }
  };
  Cost least{1e300, 0}, own;

private:
  const Plain &sum;

  /// What is left of `indices` where these values are there beside it.
  Mask left(Mask indices, const std::vector<Mask> &others) const {
    Mask needed = sum.kept;
    for (Mask other : others)
      needed |= other;
    return indices & needed;
  }

  static std::vector<Mask> without(std::vector<Mask> values, std::size_t place) {
    values.erase(values.begin() + std::ptrdiff_t(place));
    return values;
  }

  void goOn(std::vector<Mask> values, Mask runs, Cost before) {
    const Mask result = left(runs, values);
    before.operations += sum.places(runs);
    before.elements += sum.places(result);
    values.push_back(result);
    if (before < least)
      tryAll(values, before);
  }

  void tryAll(const std::vector<Mask> &values, Cost before) {
    bool isDone = values.size() == 1;
    for (std::size_t a = 0; a < values.size(); ++a) {
      const std::vector<Mask> others = without(values, a);
      for (std::size_t b = 0; b < a; ++b)
        goOn(without(others, b), values[a] | values[b], before);
    }
    if (isDone && before < least)
      least = before;
  }
};

/// Each value is used once and after it was made; a step runs over what its operands have, keeps what is still needed, and the last what is kept.
void expectWellFormed(const Plain &sum, const ContractionOrder &order) {
  std::vector<Mask> values = sum.reads;
  std::vector<bool> isUsed(values.size() + order.steps.size());
  EveryOrder::Cost cost;
  for (const ContractionOrder::Step &step : order.steps) {
    ASSERT_LT(step.a, values.size());
    ASSERT_LT(step.b, values.size());
    ASSERT_FALSE(isUsed[step.a] || isUsed[step.b]);
    isUsed[step.a] = isUsed[step.b] = true;
    const Mask runs = values[step.a] | values[step.b];
    Mask needed = sum.kept;
    for (std::size_t other = 0; other < values.size(); ++other)
      needed |= isUsed[other] ? 0 : values[other];
    ASSERT_EQ(maskOf(step.runs), runs);
    ASSERT_EQ(maskOf(step.left), runs & needed);
    ASSERT_TRUE(step.a != step.b || step.runs != step.left) << "a step that does nothing";
    cost.operations += sum.places(runs);
    cost.elements += sum.places(runs & needed);
    values.push_back(runs & needed);
  }
  isUsed.pop_back(); // the last value is the sum
  EXPECT_TRUE(std::all_of(isUsed.begin(), isUsed.end(), [](bool used) { return used; }));
  EXPECT_EQ(values.back(), sum.all() & sum.kept);
  EXPECT_EQ(order.operations, cost.operations);
  EXPECT_EQ(order.elements, cost.elements);
}

void forSums(const char *what, std::int64_t fewest, std::int64_t most, std::uint64_t usual, std::uint64_t all,
             void (*check)(const Plain &sum, const ContractionOrder &order)) {
  const Cases cases = Cases::of("TALWEG_ORDERS", usual, all);
  for (std::uint64_t number = cases.first; number < cases.end && !testing::Test::HasFailure(); ++number) {
    Chance chance(cases.seedOf(number));
    const Plain sum = drawSum(chance, fewest + chance.below(most - fewest + 1));
    check(sum, orderOf(sum.sum()));
    if (testing::Test::HasFailure()) {
      std::string text = what + std::string(" by ") + cases.again(number) + "; extents";
      for (std::int64_t extent : sum.extents)
        text += " " + std::to_string(extent);
      for (Mask read : sum.reads)
        text += "; reads " + std::to_string(read);
      ADD_FAILURE() << text << "; kept " << sum.kept;
    }
  }
}

TEST(ContractionOrder, IsTheBestOfAll) {
  forSums("of few factors", 1, 6, 300, 10000, [](const Plain &sum, const ContractionOrder &order) {
    expectWellFormed(sum, order);
    const EveryOrder every(sum);
    EXPECT_EQ(order.operations, every.least.operations);
    EXPECT_EQ(order.elements, every.least.elements);
  });
}

TEST(ContractionOrder, OfManyFactorsIsNoMoreThanElementByElement) {
  forSums("of many factors", 9, 14, 300, 10000, [](const Plain &sum, const ContractionOrder &order) {
    expectWellFormed(sum, order);
    EXPECT_LE(order.operations, double(sum.reads.size()) * sum.places(sum.all()));
  });
}

/// x[i] a[i, j] b[j, k] c[k]: vectors times matrices, from one end to the other.
TEST(ContractionOrder, OfAChain) {
  const Plain sum{{8, 9, 7}, {1, 3, 6, 4}, 0};
  EXPECT_EQ(orderOf(sum.sum()).operations, 8 * 9 + 9 * 7 + 7);
}

} // namespace
