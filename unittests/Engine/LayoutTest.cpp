// A matrix that lies in panels inside a session is in row-major order for everyone outside.
#include "talweg/Engine/Engine.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

using namespace talweg;

namespace {

constexpr int kRows = 100, kInputs = 96, kOutputs = 256; // a full batch and one of 36 rows

const char *const kWide = R"(
data points {
  x: f32[96]
  y: f32[256]
}
model Wide(x: f32[n, 96]) -> f32[n, 256] { out = dense(x, 256) }
train Wide on points {
  minimize mean_squared_error(Wide(x), y)
  optimizer sgd(lr = 0.5, momentum = 0.9)
  batch 64
  epochs 1
}
)";

/// Element [k, n] of the weight, exact in f32.
float weightAt(int k, int n) { return float(k) + float(n) / 256; }

struct Data {
  std::vector<float> x = std::vector<float>(kRows * kInputs), y = std::vector<float>(kRows * kOutputs);
  Data() {
    for (int row = 0; row < kRows; ++row)
      x[row * kInputs + row % kInputs] = 1; // so that a prediction is a row of the weight
  }
};

Dataset rowsFor(const Program &program) {
  Data data;
  return *Dataset::fromMemory(program, {{"x", data.x.data()}, {"y", data.y.data()}}, kRows);
}

void expectWeightPredicted(Session &session, const Dataset &rows) {
  Result<Prediction> result = session.predict(rows);
  ASSERT_TRUE(bool(result)) << result.error().message;
  ASSERT_EQ(result->values.size(), std::size_t(kRows * kOutputs));
  for (int row = 0; row < kRows; ++row)
    for (int n = 0; n < kOutputs; ++n)
      ASSERT_EQ(result->values[row * kOutputs + n], weightAt(row % kInputs, n)) << row << ", " << n;
}

TEST(Layout, IsNotSeenOutside) {
  Result<Program> program = Program::fromText(kWide, "wide.tw", {});
  ASSERT_TRUE(bool(program)) << program.error().message;
  // What this test is about: a panel of the weight is a dimension of its own.
  Result<std::string> vector = program->emit(Stage::Vector, Mode::Train, 64);
  ASSERT_TRUE(bool(vector));
  EXPECT_NE(vector->find("block "), std::string::npos);

  Session session = std::move(*Session::create(*program, {}));
  Dataset rows = rowsFor(*program);
  ASSERT_TRUE(bool(session.setTrainingData(rows)));
  std::vector<float> weight(kInputs * kOutputs);
  for (int k = 0; k < kInputs; ++k)
    for (int n = 0; n < kOutputs; ++n)
      weight[k * kOutputs + n] = weightAt(k, n);
  ASSERT_TRUE(bool(session.write("Wide.out.weight", weight)));
  EXPECT_EQ(*session.read("Wide.out.weight"), weight);
  // Modules for prediction follow the session's layout, for a full batch and for the rest.
  expectWeightPredicted(session, rows);

  auto file = std::filesystem::temp_directory_path() / fmt::format("talweg-layout-{}.safetensors", ::getpid());
  ASSERT_TRUE(bool(session.saveModel(file.string())));
  SessionOptions options;
  options.mode = Mode::Predict; // chooses by itself
  Session other = std::move(*Session::create(*program, options));
  ASSERT_TRUE(bool(other.loadModel(file.string())));
  EXPECT_EQ(*other.read("Wide.out.weight"), weight);
  expectWeightPredicted(other, rows);
  std::filesystem::remove(file);
}

} // namespace
