// The value of a result that a test does not expect to fail.
#ifndef TALWEG_UNITTESTS_SUPPORT_VALUEOF_H
#define TALWEG_UNITTESTS_SUPPORT_VALUEOF_H

#include "talweg/Support/Result.h"

#include <gtest/gtest.h>

#include <utility>

namespace talweg {

/// A failure of the test, with its message, where there is none.
template <typename T>
T valueOf(Result<T> result) {
  EXPECT_TRUE(result) << (result ? "" : result.error().message);
  return std::move(*result);
}

} // namespace talweg

#endif
