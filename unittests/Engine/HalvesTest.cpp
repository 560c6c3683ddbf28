// A parameter of bf16 and the slot of its lower half are an f32 number together, which is updated as such by gradients taken at the upper
// half.
#include "../Support/ValueOf.h"

#include "talweg/Engine/Engine.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <bit>
#include <cmath>
#include <filesystem>

using namespace talweg;

namespace {

constexpr int kWidth = 37;

/// Pulls `w` to the data. Half the derivative of the square and a rate that is a power of two: no product is rounded.
constexpr const char *kPull = R"(
data points {
  x: f32[37]
}
model Pull(x: f32[n, 37]) -> f32[n, 37] {
  param w: bf16[37] = uniform(-1, 1)
  d[n, k] = w[k] - x[n, k]
}
train Pull on points {
  minimize sum(0.5 * Pull(x)^2)
  optimizer sgd(lr = 0.0078125)
  batch 1
  steps 1000
}
)";

/// Each step takes 1e-6 off.
constexpr const char *kCreep = R"(
data points {
  x: f32[37]
}
model Creep(x: f32[n, 37]) -> f32[n, 37] {
  param w: bf16[37] = 1
  y[n, k] = w[k] * x[n, k]
}
train Creep on points {
  minimize sum(Creep(x))
  optimizer sgd(lr = 1e-6)
  batch 1
  steps 1000
}
)";

Session sessionOf(const char *text, const std::vector<float> &x, int threads) {
  Session session = valueOf(Session::create(valueOf(Program::fromText(text, "test.tw", {})), {.threads = threads}));
  EXPECT_TRUE(session.setTrainingData(valueOf(Dataset::fromMemory(session.program(), {{"x", x.data()}}, 1))));
  return session;
}

/// The numbers that both halves of the model's `w` are.
std::vector<float> whole(const Session &session, const std::string &name) {
  std::vector<float> numbers = valueOf(session.read(name)), low = valueOf(session.read(name + ".low"));
  for (std::size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = std::bit_cast<float>(std::bit_cast<std::uint32_t>(numbers[i]) | std::uint32_t(low[i]));
  return numbers;
}

float upperHalf(float x) { return std::bit_cast<float>(std::bit_cast<std::uint32_t>(x) & 0xffff0000u); }

} // namespace

TEST(Halves, AreAnF32MasterCopyTogether) {
  std::vector<float> x;
  for (int i = 0; i < kWidth; ++i)
    x.push_back(std::sin(float(i)));
  for (int threads : {1, 2}) {
    Session session = sessionOf(kPull, x, threads);
    std::vector<float> master = whole(session, "Pull.w");
    EXPECT_NE(master[1], upperHalf(master[1]));
    ASSERT_TRUE(session.train({.maxSteps = 300}));
    for (int step = 0; step < 300; ++step)
      for (int i = 0; i < kWidth; ++i)
        master[i] -= 0.0078125f * (upperHalf(master[i]) - x[i]);
    EXPECT_EQ(whole(session, "Pull.w"), master);
  }
}

TEST(Halves, KeepSmallUpdates) {
  Session session = sessionOf(kCreep, std::vector<float>(kWidth, 1), 1);
  ASSERT_TRUE(session.train({}));
  float moved = 1;
  for (int step = 0; step < 1000; ++step)
    moved -= 1e-6f;
  EXPECT_NEAR(moved, 0.999, 2e-5);
  EXPECT_EQ(whole(session, "Creep.w"), std::vector<float>(kWidth, moved));
}

TEST(Halves, AreWrittenTogether) {
  Session session = sessionOf(kPull, std::vector<float>(kWidth, 1), 1);
  std::vector<float> numbers;
  for (int i = 0; i < kWidth; ++i)
    numbers.push_back(std::cos(float(i)));
  ASSERT_TRUE(session.write("Pull.w", numbers));
  EXPECT_EQ(whole(session, "Pull.w"), numbers);
  EXPECT_EQ(valueOf(session.read("Pull.w"))[1], upperHalf(numbers[1]));
}

TEST(Halves, AreUpperOnesAloneOfAModelFile) {
  const std::filesystem::path file =
      std::filesystem::temp_directory_path() / fmt::format("talweg-halves-{}.safetensors", ::getpid());
  Session session = sessionOf(kPull, std::vector<float>(kWidth, 1), 1);
  const std::vector<float> upper = valueOf(session.read("Pull.w"));
  ASSERT_TRUE(session.saveModel(file.string()));
  EXPECT_NE(whole(session, "Pull.w"), upper);
  ASSERT_TRUE(session.loadModel(file.string()));
  EXPECT_EQ(whole(session, "Pull.w"), upper);
  std::filesystem::remove(file);
}
