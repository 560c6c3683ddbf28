// The order in which an epoch visits the rows.
#ifndef TALWEG_ENGINE_SHUFFLE_H
#define TALWEG_ENGINE_SHUFFLE_H

#include <cstdint>
#include <vector>

namespace talweg {

/// 0 … rows-1.
std::vector<std::int32_t> identityOrder(std::int64_t rows);

/// A uniform permutation of 0 … rows-1, a function of its arguments alone. rows <= 2^31 - 1.
std::vector<std::int32_t> shuffledOrder(std::int64_t rows, std::uint64_t seed, std::int64_t epoch);

} // namespace talweg

#endif
