// Fisher–Yates with counter-based random numbers: the number drawn at place i of epoch e is Philox at counter
// (i, try, e, 0x5348) under the seed, so nothing depends on what ran before. The last counter word keeps these numbers apart
// from those of tw.uniform, where it is 0.
#include "Shuffle.h"

#include "talweg/Runtime/Philox.h"

#include <numeric>
#include <utility>

using namespace talweg;

/// A uniform number in [0, bound), by Lemire's multiplication with rejection of the biased part.
static std::uint32_t uniformBelow(std::uint32_t bound, std::uint32_t place, std::uint64_t seed, std::uint32_t epoch) {
  for (std::uint32_t attempt = 0;; ++attempt) {
    for (std::uint32_t word : runtime::philox({place, attempt, epoch, 0x5348u}, seed)) {
      std::uint64_t product = std::uint64_t(word) * bound;
      if (std::uint32_t(product) >= (0u - bound) % bound)
        return std::uint32_t(product >> 32);
    }
  }
}

std::vector<std::int32_t> talweg::identityOrder(std::int64_t rows) {
  std::vector<std::int32_t> order(rows);
  std::iota(order.begin(), order.end(), 0);
  return order;
}

std::vector<std::int32_t> talweg::shuffledOrder(std::int64_t rows, std::uint64_t seed, std::int64_t epoch) {
  std::vector<std::int32_t> order = identityOrder(rows);
  for (std::int64_t i = rows - 1; i > 0; --i)
    std::swap(order[i], order[uniformBelow(std::uint32_t(i + 1), std::uint32_t(i), seed, std::uint32_t(epoch))]);
  return order;
}
