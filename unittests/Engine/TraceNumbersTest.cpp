// Where numbers that are not finite come from: what is looked for on the way, and what stays as it is meanwhile.
#include "talweg/Engine/TraceNumbers.h"
#include "State.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

using namespace talweg;

namespace {

/// What is learnt with this rate, and with more said of the training.
std::string text(const std::string &rate, const std::string &more = "") {
  return fmt::format(R"(
data points {{
  x: f32[2]
  y: f32
}}
model Line(x: f32[n, 2]) -> f32[n] {{
  param w: f32[2] = 1
  y[n] = sum[j](x[n, j] * w[j])
  y
}}
train Line on points {{
  minimize mean((Line(x) - y)^2)
  optimizer sgd(lr = {})
  batch 2
  epochs 200
  {}
}}
)",
                     rate, more);
}

struct Trained {
  Program program;
  Session session;
};

Trained runOf(const std::string &rate, const std::string &more = "") {
  Program program = *Program::fromText(text(rate, more), "line.tw", {});
  Session session = *Session::create(program);
  const std::vector<float> x{1, 0.5, 0.25, 2, 1, 1, 0.5, 0.5}, y{1, 2, 3, 4};
  Dataset data = *Dataset::fromMemory(program, {{"x", x.data()}, {"y", y.data()}}, 4);
  EXPECT_TRUE(session.setTrainingData(data));
  return {program, std::move(session)};
}

std::int64_t firstBadStep(Trained run) {
  std::int64_t bad = 0;
  EXPECT_TRUE(run.session.train({.onChunk = [&](const Chunk &chunk) {
    for (const StepRecord &step : chunk.steps)
      if (bad == 0 && !std::isfinite(step.loss))
        bad = step.step;
    return true;
  }}));
  return bad;
}

class TraceNumbersOnNan : public testing::TestWithParam<const char *> {};

TEST_P(TraceNumbersOnNan, TheStepIsFound) {
  const std::int64_t bad = firstBadStep(runOf("100", "on nan ignore"));
  ASSERT_GT(bad, 2);
  Trained run = runOf("100", GetParam());
  ASSERT_TRUE(*trainToNotFinite(run.session));
  EXPECT_EQ(run.session.step() + 1, bad);
  auto trace = *traceStep(run.session);
  ASSERT_TRUE(trace);
  EXPECT_EQ(trace->step, bad);
  EXPECT_TRUE(trace->isLoss);
  EXPECT_EQ(trace->first.what, "multiply");
  EXPECT_EQ(trace->first.line, 12);
  EXPECT_EQ(trace->first.expression, "(Line(x) - y)^2");
}

INSTANTIATE_TEST_SUITE_P(Plans, TraceNumbersOnNan,
                         testing::Values("on nan stop", "on nan skip", "on nan rollback 3", "on nan ignore"));

TEST(TraceNumbersTest, AnInfiniteNormIsFound) {
  Trained run = runOf("1e-30", "clip norm 1");
  ASSERT_TRUE(run.session.write("Line.w", {5e18, 5e18}));
  ASSERT_TRUE(*trainToNotFinite(run.session));
  auto trace = *traceStep(run.session);
  ASSERT_TRUE(trace);
  EXPECT_TRUE(trace->isLoss);
  EXPECT_EQ(trace->outcome, "gradient_norm");
  EXPECT_EQ(trace->first.what, "multiply");
  EXPECT_EQ(trace->first.part, Part::Backward);
}

TEST(TraceNumbersTest, ThenTrainingGoesBackAsBefore) {
  Trained run = runOf("100");
  ASSERT_TRUE(*trainToNotFinite(run.session));
  ASSERT_TRUE(run.session.initialize(run.session.seed()));
  const std::int64_t bad = firstBadStep(runOf("100", "on nan ignore"));
  ASSERT_EQ(*run.session.train(), Stopped::NotFinite);
  EXPECT_LT(run.session.step(), bad - 1);
}

TEST(TraceNumbersTest, WhatIsFiniteIsTrainedToItsEnd) {
  Trained run = runOf("0.01");
  EXPECT_FALSE(*trainToNotFinite(run.session));
  EXPECT_EQ(run.session.step(), run.session.totalSteps());
}

TEST(TraceNumbersTest, ATraceChangesNothing) {
  Trained run = runOf("0.01"), other = runOf("0.01");
  for (Session *session : {&run.session, &other.session})
    ASSERT_TRUE(session->train({.maxSteps = 3}));
  const auto trace = *traceStep(run.session);
  EXPECT_FALSE(trace);
  EXPECT_EQ(run.session.step(), 3);
  EXPECT_EQ(state(run.session), state(other.session));
  for (Session *session : {&run.session, &other.session})
    ASSERT_TRUE(session->train({.maxSteps = 3}));
  EXPECT_EQ(state(run.session), state(other.session));
}

TEST(TraceNumbersTest, AParameterThatIsNotFiniteIsNamed) {
  Trained run = runOf("0.01");
  ASSERT_TRUE(run.session.write("Line.w", {1, INFINITY}));
  const auto trace = *traceStep(run.session);
  ASSERT_TRUE(trace);
  EXPECT_EQ(trace->first.kind, TracedValue::Kind::Variable);
  EXPECT_EQ(trace->first.what, "Line.w");
  EXPECT_EQ(trace->first.line, 7);
}

TEST(TraceNumbersTest, BehindThePlanThereIsNoStep) {
  Trained run = runOf("0.01");
  ASSERT_TRUE(run.session.train());
  EXPECT_FALSE(*traceStep(run.session));
}

TEST(TraceNumbersTest, WithoutDataThereIsNone) {
  Program program = *Program::fromText(text("1"), "line.tw", {});
  Session session = *Session::create(program);
  EXPECT_EQ(traceStep(session).error().code, "E0854");
}

} // namespace
