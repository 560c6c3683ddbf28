// Permutations by seeds: the one way in which rows are shuffled.
//
// Fisher–Yates with counter-based random numbers: the number drawn at place i of permutation e is Philox at counter (i, try, e, purpose)
// under the seed, so nothing depends on what ran before. The last counter word keeps these numbers apart from those of tw.uniform, where it
// is 0.
#ifndef TALWEG_RUNTIME_SHUFFLE_H
#define TALWEG_RUNTIME_SHUFFLE_H

#include "talweg/Runtime/Philox.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

namespace talweg {

/// What a permutation is for; of the same seed, they are independent.
enum class Shuffling : std::uint32_t { Epoch = 0x5348, Split = 0x5350, Fold = 0x464f, Class = 0x434c };

/// A uniform number in [0, bound), by Lemire's multiplication with rejection of the biased part.
inline std::uint32_t uniformBelow(std::uint32_t bound, std::uint32_t place, std::uint64_t seed, std::uint32_t number,
                                  Shuffling purpose) {
  for (std::uint32_t attempt = 0;; ++attempt) {
    for (std::uint32_t word : runtime::philox({place, attempt, number, static_cast<std::uint32_t>(purpose)}, seed)) {
      std::uint64_t product = std::uint64_t(word) * bound;
      if (std::uint32_t(product) >= (0u - bound) % bound)
        return std::uint32_t(product >> 32);
    }
  }
}

/// 0 … rows-1.
inline std::vector<std::int32_t> identityOrder(std::int64_t rows) {
  std::vector<std::int32_t> order(rows);
  std::iota(order.begin(), order.end(), 0);
  return order;
}

/// Rows that are read as `series` series side by side: series i is row i of all batches. The first are longer by one row where they are not all
/// as long, and so the last batch has what is left.
inline std::vector<std::int32_t> sideBySide(std::int64_t rows, std::int64_t series) {
  std::vector<std::int32_t> order;
  order.reserve(std::size_t(rows));
  const std::int64_t length = rows / series, longer = rows % series;
  for (std::int64_t place = 0; place <= length; ++place)
    for (std::int64_t i = 0; i < (place < length ? series : longer); ++i)
      order.push_back(std::int32_t(i * length + std::min(i, longer) + place));
  return order;
}

/// A uniform permutation of 0 … rows-1, a function of its arguments alone. rows <= 2^31 - 1. `number` is that of the epoch.
inline std::vector<std::int32_t> shuffledOrder(std::int64_t rows, std::uint64_t seed, std::int64_t number,
                                               Shuffling purpose = Shuffling::Epoch) {
  std::vector<std::int32_t> order = identityOrder(rows);
  for (std::int64_t i = rows - 1; i > 0; --i)
    std::swap(order[i],
              order[uniformBelow(std::uint32_t(i + 1), std::uint32_t(i), seed, std::uint32_t(number), purpose)]);
  return order;
}

} // namespace talweg

#endif
