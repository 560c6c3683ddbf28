// A whole number known at compile time, such as a dimension's size or the number of a loop's turns.
#ifndef TALWEG_LIB_FRONTEND_COUNT_H
#define TALWEG_LIB_FRONTEND_COUNT_H

#include <cstdint>

namespace talweg::frontend {

/// The number, and beside it what it would be if the batch had one row more: so it is known what depends on the batch.
struct Count {
  std::int64_t value, next;

  constexpr Count(std::int64_t value = 0) : value(value), next(value) {}
  constexpr Count(std::int64_t value, std::int64_t next) : value(value), next(next) {}
  constexpr operator std::int64_t() const { return value; }
  bool dependsOnBatch() const { return value != next; }
};

} // namespace talweg::frontend

#endif
