// See ContractionOrder.h. Of few factors, the best order of each subset follows from those of its parts: the subset is a value that has the indices
// which are kept or read outside of it.
#include "ContractionOrder.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"

#include <optional>

namespace talweg {
namespace {

using Set = std::uint64_t; ///< of factors
using Bits = llvm::SmallBitVector;

constexpr unsigned kMostExhaustive = 8;

struct Cost {
  double operations = 0, elements = 0;
  bool operator<(const Cost &other) const {
    return operations != other.operations ? operations < other.operations : elements < other.elements;
  }
  Cost operator+(const Cost &other) const { return {operations + other.operations, elements + other.elements}; }
};

/// How a value of some factors comes about.
struct Way {
  Cost cost;
  Set a = 0, b = 0; ///< b = 0: it is one factor
};

class Planner {
public:
  explicit Planner(const SumOfFactors &sum) : sum(sum), count(unsigned(sum.reads.size())) {}

  ContractionOrder run() {
    const Set all = (Set(1) << count) - 1;
    if (count <= kMostExhaustive)
      exhaust(all);
    else
      greedy();
    emit(all);
    return std::move(order);
  }

private:
  double places(const Bits &indices) const {
    double product = 1;
    for (unsigned index : indices.set_bits())
      product *= double(sum.extents[index]);
    return product;
  }
  Bits readBy(Set factors) const {
    Bits all(unsigned(sum.extents.size()));
    for (unsigned f = 0; f < count; ++f)
      if (factors >> f & 1)
        all |= sum.reads[f];
    return all;
  }
  Bits leftOf(Set factors) const {
    const Set all = (Set(1) << count) - 1;
    Bits left = sum.kept;
    left |= readBy(all & ~factors);
    left &= readBy(factors);
    return left;
  }
  bool isFactor(Set set) const { return llvm::has_single_bit(set); }

  bool hasOwn(unsigned factor) const { return leftOf(Set(1) << factor) != sum.reads[factor]; }

  Way multiply(Set a, Set b) const;
  void exhaust(Set all);
  void greedy();
  unsigned emit(Set set);
  unsigned emitStep(unsigned a, unsigned b, Bits runs, Bits left);
  const SumOfFactors &sum;
  const unsigned count;
  llvm::DenseMap<Set, Way> ways;
  ContractionOrder order;
};

Way Planner::multiply(Set a, Set b) const {
  Bits runs = leftOf(a);
  runs |= leftOf(b);
  return {ways.lookup(a).cost + ways.lookup(b).cost + Cost{places(runs), places(leftOf(a | b))}, a, b};
}

void Planner::exhaust(Set all) {
  for (Set set = 1; set <= all; ++set) {
    if (isFactor(set))
      continue;
    std::optional<Way> best;
    for (Set a = (set - 1) & set; a > 0; a = (a - 1) & set) {
      if (a < (set ^ a)) // each pair once
        continue;
      Way way = multiply(set ^ a, a);
      if (!best || way.cost < best->cost)
        best = way;
    }
    ways[set] = *best;
  }
}

void Planner::greedy() {
  llvm::SmallVector<Set> values;
  for (unsigned f = 0; f < count; ++f)
    values.push_back(Set(1) << f);
  while (values.size() > 1) {
    std::optional<Way> best;
    for (Set a : values)
      for (Set b : values) {
        if (a >= b)
          continue;
        Way way = multiply(a, b);
        const Cost before = ways.lookup(a).cost + ways.lookup(b).cost;
        way.cost = {way.cost.operations - before.operations, way.cost.elements - before.elements};
        if (!best || way.cost < best->cost)
          best = way;
      }
    const Set both = best->a | best->b;
    ways[both] = multiply(best->a, best->b);
    llvm::erase_if(values, [&](Set value) { return (value & both) != 0; });
    values.push_back(both);
  }
}

unsigned Planner::emitStep(unsigned a, unsigned b, Bits runs, Bits left) {
  order.operations += places(runs);
  order.elements += places(left);
  order.steps.push_back({a, b, std::move(runs), std::move(left)});
  return count + unsigned(order.steps.size()) - 1;
}

unsigned Planner::emit(Set set) {
  if (isFactor(set)) {
    const unsigned factor = unsigned(llvm::countr_zero(set));
    return hasOwn(factor) ? emitStep(factor, factor, readBy(set), leftOf(set)) : factor;
  }
  const Way way = ways.lookup(set);
  const unsigned a = emit(way.a), b = emit(way.b);
  Bits runs = leftOf(way.a);
  runs |= leftOf(way.b);
  return emitStep(a, b, std::move(runs), leftOf(set));
}

} // namespace

ContractionOrder orderOf(const SumOfFactors &sum) { return Planner(sum).run(); }

} // namespace talweg
