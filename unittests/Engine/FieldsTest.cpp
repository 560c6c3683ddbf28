// Data in memory may leave out what a mode's steps do not read, and nothing else: no field is ever made up.
#include "talweg/Engine/Bench.h"
#include "talweg/Engine/Engine.h"

#include <gtest/gtest.h>

using namespace talweg;

namespace {
const char *const kShifted = R"(
data points {
  x: f32[2]
  shift: f32[2]
  noted: f32
  weight: f32
  y: f32
}
model Line(x: f32[n, 2]) -> f32[n] {
  out = dense(x, 1)
  out[:, 0]
}
train Line on points {
  z = x
  repeat 2 { z = z + shift }
  guess = Line(z)
  minimize mean_squared_error(guess, y)
  metric weighed = mean(weight * guess)
  optimizer sgd
  batch 2
}
)";

const std::vector<float> kZeros(8);

class FieldsTest : public testing::Test {
protected:
  Dataset only(std::vector<const char *> names) {
    std::vector<FieldView> views;
    for (const char *name : names)
      views.push_back({name, kZeros.data()});
    return *Dataset::fromMemory(program, views, 2);
  }
  Session session(Mode mode = Mode::Train) {
    SessionOptions options;
    options.mode = mode;
    return std::move(*Session::create(program, options));
  }

  Program program = *Program::fromText(kShifted, "shifted.tw", {});
};

template <typename T>
std::string told(const Result<T> &result) {
  return result ? "" : result.error().message;
}

TEST_F(FieldsTest, PredictionReadsWhatTheModelDependsOn) {
  Session s = session(Mode::Predict);
  EXPECT_EQ(told(s.predict(only({"x", "shift"}))), "");
  EXPECT_EQ(told(s.predict(only({"x"}))), "error: the data has no values for `shift`, which prediction reads");
  // A session of another mode knows it, too.
  Session trains = session();
  EXPECT_EQ(told(trains.predict(only({"x"}))), "error: the data has no values for `shift`, which prediction reads");
}

TEST_F(FieldsTest, TrainingAndEvaluationReadMore) {
  Session s = session();
  EXPECT_EQ(told(s.setTrainingData(only({"x", "shift", "weight"}))),
            "error: the data has no values for `y`, which training reads");
  EXPECT_EQ(told(s.setTrainingData(only({"x", "shift", "weight", "y"}))), ""); // `noted` is read by nothing
  EXPECT_EQ(told(s.train()), "");
  EXPECT_EQ(told(s.evaluate(only({"x", "shift", "y"}))),
            "error: the data has no values for `weight`, which evaluation reads");
  EXPECT_EQ(told(s.evaluate(only({"x", "shift", "weight", "y"}))), "");
}

TEST_F(FieldsTest, TimedStepsReadTheirFieldsToo) {
  Session s = session();
  EXPECT_EQ(told(BatchRunner::create(s, only({"x", "y", "weight"}))),
            "error: the data has no values for `shift`, which training reads");
}
} // namespace
