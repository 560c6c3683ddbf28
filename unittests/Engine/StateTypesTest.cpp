// A state is kept in the type that it is declared in, also in checkpoints, and computes as a field of that type does.
#include "../Support/ValueOf.h"

#include "talweg/Engine/Engine.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

using namespace talweg;
namespace fs = std::filesystem;

namespace {

/// Each step adds `{1}` to a state of type `{0}`.
constexpr const char *kModel = R"(
data points {{
  x: f32[1]
}}
model Sum(x: f32[n, 1]) -> f32[n, 1] {{
  param w: f32 = 1
  state s: {0}[3] = 4
  s = s + {1}
  y[n, k] = w * x[n, k]
}}
train Sum on points {{
  minimize mean(Sum(x))
  optimizer sgd(lr = 0.1)
  batch 1
  steps 10
}}
)";

Session sessionOf(std::string_view type, const char *addend) {
  const Program program = valueOf(Program::fromText(fmt::format(kModel, type, addend), "sum.tw", {}));
  Session session = valueOf(Session::create(program, {.threads = 1}));
  static const float x = 1;
  EXPECT_TRUE(session.setTrainingData(valueOf(Dataset::fromMemory(program, {{"x", &x}}, 1))));
  return session;
}

/// The state after `steps` steps.
double after(std::string_view type, const char *addend, int steps) {
  Session session = sessionOf(type, addend);
  EXPECT_TRUE(session.train({.maxSteps = steps}));
  return valueOf(session.readDouble("Sum.s"))[2];
}

std::string contentsOf(const fs::path &file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

} // namespace

TEST(StateTypes, HoldWhatTheirTypesHold) {
  for (const ElementInfo &info : kElementTypes) {
    if (!info.isOfFields())
      continue;
    const double most = info.isFloat() ? info.largest : double(info.most);
    EXPECT_EQ(after(info.text, "100", 5), std::min(most, 504.0)) << info.text; // beyond the range: its end
    if (info.computes != ElementType::I32)
      EXPECT_EQ(after(info.text, "0.75", 1), info.isFloat() ? 4.75 : 4) << info.text; // cut off
  }
}

TEST(StateTypes, RoundToTheNearestAndOfTwoToTheEven) {
  EXPECT_EQ(after("bf16", "0.015625", 1), 4); // half of the last place
  EXPECT_EQ(after("bf16", "0.016", 1), 4.03125);
  EXPECT_EQ(after("bf16", "0.046875", 1), 4.0625); // three halves
  EXPECT_EQ(after("f16", "0.001953125", 1), 4);
  EXPECT_EQ(after("f16", "0.005859375", 1), 4.0078125);
}

TEST(StateTypes, AreKeptInCheckpoints) {
  const fs::path folder = fs::temp_directory_path() / fmt::format("talweg-states-{}", ::getpid());
  for (const ElementInfo &info : kElementTypes) {
    if (!info.isOfFields())
      continue;
    Session once = sessionOf(info.text, "7"), first = sessionOf(info.text, "7"), second = sessionOf(info.text, "7");
    ASSERT_TRUE(once.train({.maxSteps = 6}));
    ASSERT_TRUE(first.train({.maxSteps = 4}));
    ASSERT_TRUE(first.save(folder.string()));
    EXPECT_NE(contentsOf(folder / "last" / "model.safetensors")
                  .find(fmt::format(R"("Sum.s":{{"dtype":"{}")", info.safetensors)),
              std::string::npos);
    ASSERT_TRUE(second.load(folder.string()));
    ASSERT_TRUE(second.train({.maxSteps = 2}));
    EXPECT_EQ(valueOf(once.readDouble("Sum.s")), valueOf(second.readDouble("Sum.s"))) << info.text;
  }
  fs::remove_all(folder);
}
