// A step by hand: rows come in any parts, and the finish updates as one batch of all of them does.
#include "State.h"
#include "talweg/Engine/Engine.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

using namespace talweg;

namespace {
std::string text(int batch, int accumulate) {
  return fmt::format(R"(
data points {{
  x: f32[2]
  y: f32[1]
}}
model Line(x: f32[n, 2]) -> f32[n, 1] {{ out = dense(x, 1) }}
train Line on points {{
  guess = Line(x)
  minimize mean_squared_error(guess, y)
  optimizer sgd(lr = 0.1, momentum = 0.9)
  batch {}
  accumulate {}
}}
)",
                     batch, accumulate);
}

struct Line {
  Program program;
  Session session;
  Dataset data;
};

constexpr int kRows = 11;

Line runOf(int batch, int accumulate) {
  Program program = *Program::fromText(text(batch, accumulate), "line.tw", {});
  Session session = *Session::create(program);
  std::vector<float> x, y;
  for (int row = 0; row < kRows; ++row) {
    x.insert(x.end(), {float(row % 7) / 7, float(row % 5) / 5});
    y.push_back(float(row % 3) - 1);
  }
  Dataset data = *Dataset::fromMemory(program, {{"x", x.data()}, {"y", y.data()}}, kRows);
  return {program, std::move(session), data};
}

TEST(StepTest, PartsOfAnySizeAreOneStep) {
  Line whole = runOf(kRows, 1), parts = runOf(4, 2);
  ASSERT_TRUE(whole.session.setTrainingData(whole.data));
  std::vector<double> losses;
  ASSERT_TRUE(whole.session.train({.maxSteps = 1, .onChunk = [&](const Chunk &chunk) {
                                     losses.push_back(chunk.steps[0].loss);
                                     return true;
                                   }}));
  ASSERT_TRUE(parts.session.beginStep(kRows));
  ASSERT_TRUE(parts.session.addRows(parts.data, 0, 1));
  ASSERT_TRUE(parts.session.addRows(parts.data, 1, 9)); // two batches and one of a single row
  ASSERT_TRUE(parts.session.addRows(parts.data, 10, 1));
  Result<StepRecord> record = parts.session.finishStep();
  ASSERT_TRUE(record) << record.error().message;
  EXPECT_EQ(record->step, 1);
  EXPECT_EQ(record->rows, kRows);
  EXPECT_NEAR(record->loss, losses[0], 1e-6);
  for (const char *name : {"Line.out.weight", "Line.out.bias"}) {
    std::vector<float> a = *whole.session.read(name), b = *parts.session.read(name);
    for (std::size_t i = 0; i < a.size(); ++i)
      EXPECT_NEAR(a[i], b[i], 1e-6);
  }
}

/// Rows of a table are looked up.
std::string textOfTable(int batch, int accumulate) {
  return fmt::format(R"(
data marks {{
  mark: class[30]
  y: f32
}}
model Table(mark: class[m][n]) -> f32[n] {{
  param rows: f32[m, 3] = start
  v[n] = sum[k]((k + 1) * rows[mark[n], k])
}}
fn start(shape) {{ v[i < 30, k < 3] = float((7 * i + 5 * k) % 11) / 10 }}
train Table on marks {{
  minimize mean_squared_error(Table(mark), y)
  optimizer adam(lr = 0.05) lazy
  clip norm 1
  batch {}
  accumulate {}
  steps 3
}}
)",
                     batch, accumulate);
}

TEST(StepTest, RowsOfATableAreThoseOfAllParts) {
  std::vector<std::int32_t> marks;
  std::vector<float> y;
  for (int row = 0; row < kRows; ++row) {
    marks.push_back(row * row % 29);
    y.push_back(float(row % 3) - 1);
  }
  auto runOfTable = [&](int batch, int accumulate) -> Line {
    Program program = *Program::fromText(textOfTable(batch, accumulate), "table.tw", {});
    Dataset data = *Dataset::fromMemory(program, {{"mark", marks.data()}, {"y", y.data()}}, kRows);
    return {program, *Session::create(program), data};
  };
  Line whole = runOfTable(kRows, 1), parts = runOfTable(2, 2);
  ASSERT_TRUE(whole.session.setTrainingData(whole.data));
  for (int step = 0; step < 3; ++step) {
    ASSERT_TRUE(whole.session.train({.maxSteps = 1}));
    ASSERT_TRUE(parts.session.beginStep(kRows));
    for (auto [first, count] : {std::pair(0, 1), {1, 9}, {10, 1}}) // more rows, and more parts, than the plan has
      ASSERT_TRUE(parts.session.addRows(parts.data, first, count));
    Result<StepRecord> record = parts.session.finishStep();
    ASSERT_TRUE(record) << record.error().message;
    std::vector<float> a = *whole.session.read("Table.rows"), b = *parts.session.read("Table.rows");
    for (std::size_t i = 0; i < a.size(); ++i)
      EXPECT_NEAR(a[i], b[i], 1e-6) << "step " << step << ", element " << i;
  }
}

TEST(StepTest, WhatIsNotFinishedChangesNothing) {
  Line run = runOf(4, 2);
  const std::vector<float> before = state(run.session);
  EXPECT_EQ(run.session.addRows(run.data, 0, 1).error().code, "E0854");
  EXPECT_EQ(run.session.finishStep().error().code, "E0854");
  EXPECT_EQ(run.session.beginStep(0).error().code, "E0805");
  ASSERT_TRUE(run.session.beginStep(5));
  ASSERT_TRUE(run.session.addRows(run.data, 0, 3));
  EXPECT_EQ(run.session.addRows(run.data, 3, 3).error().code, "E0805"); // more than were announced
  EXPECT_EQ(run.session.finishStep().error().code, "E0854");
  ASSERT_TRUE(run.session.beginStep(5));
  ASSERT_TRUE(run.session.addRows(run.data, 0, 3));
  EXPECT_EQ(run.session.finishStep().error().code, "E0805"); // fewer than were announced
  ASSERT_TRUE(run.session.beginStep(1));
  EXPECT_EQ(run.session.addRows(run.data, kRows, 1).error().code, "E0805");
  EXPECT_EQ(state(run.session), before);
  EXPECT_EQ(run.session.step(), 0);
}

TEST(StepTest, AStepOfOneBatchIsTakenWhole) {
  Line run = runOf(4, 1);
  EXPECT_EQ(run.session.beginStep(4).error().code, "E0854");
}
} // namespace
