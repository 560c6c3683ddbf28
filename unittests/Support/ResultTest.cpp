// Result holds a value or an error, passes errors on across types, and never copies what is moved into it.
#include "talweg/Support/Result.h"
#include "gtest/gtest.h"

#include <memory>

using talweg::Error;
using talweg::Result;

namespace {

Result<int> parseDigit(char c) {
  if (c < '0' || c > '9')
    return Error{"E9999", "not a digit"};
  return c - '0';
}

Result<std::string> describe(char c) {
  Result<int> digit = parseDigit(c);
  if (!digit)
    return digit.error();
  return std::string(*digit, '|');
}

TEST(Result, HoldsAValue) {
  Result<int> r = parseDigit('7');
  ASSERT_TRUE(bool(r));
  EXPECT_EQ(*r, 7);
}

TEST(Result, PassesAnErrorOnToAnotherType) {
  Result<std::string> r = describe('x');
  ASSERT_FALSE(bool(r));
  EXPECT_EQ(r.error().code, "E9999");
  EXPECT_EQ(r.error().message, "not a digit");
  EXPECT_EQ(describe('3')->size(), 3u);
}

TEST(Result, MovesOutWhatCannotBeCopied) {
  Result<std::unique_ptr<int>> r = std::make_unique<int>(5);
  std::unique_ptr<int> taken = *std::move(r);
  EXPECT_EQ(*taken, 5);
}

TEST(Result, OfVoidIsSuccessByDefault) {
  EXPECT_TRUE(bool(Result<void>()));
  EXPECT_FALSE(bool(Result<void>(Error{"E9999", "no"})));
}

} // namespace
