// Sessions as a host uses them: a linear model on rows in memory, where every number can be computed by hand.
#include "State.h"
#include "talweg/Engine/Engine.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>

using namespace talweg;

namespace {
const char *const kLine = R"(
data points {
  x: f32[2]
  y: f32[1]
}
model Line(x: f32[n, 2]) -> f32[n, 1] { out = dense(x, 1) }
train Line on points {
  guess = Line(x)
  minimize mean_squared_error(guess, y)
  metric off = mean(abs(guess - y))
  optimizer sgd(lr = 0.1, momentum = 0.9)
  batch 8
  epochs 3
}
)";

constexpr int kRows = 29; // three full batches and one of five rows

struct Points {
  std::vector<float> x, y;
  Points() {
    for (int row = 0; row < kRows; ++row) {
      x.insert(x.end(), {float(row % 7) / 7, float(row % 5) / 5});
      y.push_back(float(row % 3) - 1);
    }
  }
};

class SessionTest : public testing::Test {
protected:
  void SetUp() override {
    folder = std::filesystem::temp_directory_path() / fmt::format("talweg-session-{}", ::getpid());
    std::filesystem::create_directories(folder);
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  Program program(CompileOptions options = {}) {
    Result<Program> result = Program::fromText(kLine, "line.tw", options);
    EXPECT_TRUE(bool(result)) << result.error().message;
    return *result;
  }
  Dataset rows(const Program &program) {
    Points points;
    return *Dataset::fromMemory(program, {{"x", points.x.data()}, {"y", points.y.data()}}, kRows);
  }
  Session session(const Program &program, SessionOptions options = {}) {
    Result<Session> result = Session::create(program, options);
    EXPECT_TRUE(bool(result)) << result.error().message;
    EXPECT_TRUE(bool(result->setTrainingData(rows(program))));
    return std::move(*result);
  }
  std::string file(const char *name) { return (folder / name).string(); }

  std::filesystem::path folder;
};
} // namespace

TEST_F(SessionTest, EvaluationCountsEveryRowOnce) {
  Program p = program();
  Session s = session(p);
  std::vector<float> weight{0.5f, -1.25f}, bias{0.25f};
  ASSERT_TRUE(bool(s.write("Line.out.weight", weight)));
  ASSERT_TRUE(bool(s.write("Line.out.bias", bias)));
  Points points;
  double loss = 0, off = 0;
  for (int row = 0; row < kRows; ++row) {
    double error = points.x[2 * row] * weight[0] + points.x[2 * row + 1] * weight[1] + bias[0] - points.y[row];
    loss += error * error / kRows;
    off += std::abs(error) / kRows;
  }
  Result<Evaluation> result = s.evaluate(rows(p));
  ASSERT_TRUE(bool(result)) << result.error().message;
  EXPECT_EQ(result->rows, kRows);
  EXPECT_NEAR(result->loss, loss, 1e-6);
  EXPECT_NEAR(result->metrics.at(0), off, 1e-6);
  EXPECT_EQ(*s.read("Line.out.weight"), weight);
}

TEST_F(SessionTest, PredictionHasOneOutputForEachRow) {
  Program p = program();
  Session s = session(p);
  ASSERT_TRUE(bool(s.write("Line.out.weight", {2, 3})));
  ASSERT_TRUE(bool(s.write("Line.out.bias", {1})));
  Points points;
  Result<Dataset> inputs = Dataset::fromMemory(p, {{"x", points.x.data()}}, kRows);
  ASSERT_TRUE(bool(inputs));
  Result<Prediction> result = s.predict(*inputs);
  ASSERT_TRUE(bool(result)) << result.error().message;
  EXPECT_EQ(result->shape, std::vector<std::int64_t>{1});
  ASSERT_EQ(result->values.size(), std::size_t(kRows));
  for (int row = 0; row < kRows; ++row)
    EXPECT_NEAR(result->values[row], 2 * points.x[2 * row] + 3 * points.x[2 * row + 1] + 1, 1e-5);
  EXPECT_EQ(s.evaluate(*inputs).error().code, "E0852");
}

TEST_F(SessionTest, StepsAreToldInOrderWithTheirRows) {
  Program p = program();
  Session s = session(p);
  std::vector<StepRecord> records;
  TrainOptions options;
  options.onChunk = [&](const Chunk &chunk) {
    records.insert(records.end(), chunk.steps.begin(), chunk.steps.end());
    return true;
  };
  Result<Stopped> stopped = s.train(options);
  ASSERT_TRUE(bool(stopped)) << stopped.error().message;
  EXPECT_EQ(*stopped, Stopped::PlanDone);
  EXPECT_EQ(s.stepsPerEpoch(), 4);
  ASSERT_EQ(records.size(), 12u);
  for (std::size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ(records[i].step, std::int64_t(i + 1));
    EXPECT_EQ(records[i].epoch, std::int64_t(i / 4 + 1));
    EXPECT_EQ(records[i].rows, i % 4 == 3 ? 5 : 8);
    EXPECT_EQ(records[i].metrics.size(), 1u);
    EXPECT_NEAR(records[i].reports.at(0), 0.1, 1e-12);
  }
  EXPECT_EQ(s.epoch(), 3);
}

TEST_F(SessionTest, ResumingGivesTheSameBits) {
  Program p = program();
  Session whole = session(p), first = session(p), second = session(p);
  ASSERT_TRUE(bool(whole.train({})));
  TrainOptions part;
  part.maxSteps = 6;
  ASSERT_EQ(*first.train(part), Stopped::StepsDone);
  ASSERT_TRUE(bool(first.save(file("half"))));
  ASSERT_TRUE(bool(second.load(file("half"))));
  EXPECT_EQ(second.step(), 6);
  EXPECT_EQ(*second.train({}), Stopped::PlanDone);
  EXPECT_EQ(state(second), state(whole));
}

TEST_F(SessionTest, ThreadsDoNotChangeBits) {
  Program p = program();
  SessionOptions one, three;
  one.threads = 1;
  three.threads = 3;
  Session a = session(p, one), b = session(p, three);
  ASSERT_TRUE(bool(a.train({})));
  ASSERT_TRUE(bool(b.train({})));
  EXPECT_EQ(state(a), state(b));
}

TEST_F(SessionTest, HyperParametersChangeBetweenSteps) {
  Program p = program();
  Session s = session(p);
  std::vector<float> before = *s.read("Line.out.weight");
  ASSERT_TRUE(bool(s.setHyper("lr", 0)));
  TrainOptions one;
  one.maxSteps = 1;
  ASSERT_TRUE(bool(s.train(one)));
  EXPECT_EQ(*s.read("Line.out.weight"), before);
  EXPECT_EQ(s.setHyper("speed", 1).error().code, "E0851");
}

TEST_F(SessionTest, ARequestStopsOneCall) {
  Program p = program();
  Session s = session(p);
  s.requestStop();
  EXPECT_EQ(*s.train({}), Stopped::ByRequest);
  EXPECT_EQ(s.step(), 0);
  TrainOptions options;
  options.onChunk = [](const Chunk &) { return false; };
  EXPECT_EQ(*s.train(options), Stopped::ByCallback);
  EXPECT_GT(s.step(), 0);

  s.requestStop();
  EXPECT_EQ(s.evaluate(rows(p)).error().code, "E0855");
  EXPECT_TRUE(bool(s.evaluate(rows(p))));
  s.requestStop();
  s.clearStop();
  options.onChunk = [&](const Chunk &) { return s.requestStop(), true; }; // also during the last steps
  while (s.step() < s.totalSteps())
    ASSERT_TRUE(bool(s.train(options)));
  EXPECT_TRUE(bool(s.predict(rows(p))));
}

TEST_F(SessionTest, ARequestDuringACallFromACallbackStopsBoth) {
  Program p = program();
  Session s = session(p);
  TrainOptions options;
  options.onChunk = [&](const Chunk &) {
    s.requestStop();
    EXPECT_EQ(s.evaluate(rows(p)).error().code, "E0855");
    return true;
  };
  EXPECT_EQ(*s.train(options), Stopped::ByRequest);
  EXPECT_EQ(*s.train({}), Stopped::PlanDone);
}

TEST_F(SessionTest, EachDataIsTrainedOnFromItsFirstRowForThePlansEpochs) {
  Program p = program();
  Session s = session(p, {.shuffle = false});
  ASSERT_TRUE(bool(s.train({.maxSteps = 6}))); // in the middle of the second epoch
  std::vector<float> x(2 * 48, 0.5f), y(48, 1);
  Dataset next = *Dataset::fromMemory(p, {{"x", x.data()}, {"y", y.data()}}, 48);
  for (int chunk = 0; chunk < 2; ++chunk) {
    std::int64_t before = s.step(), trained = 0;
    TrainOptions options;
    options.stopAtEpochEnd = true;
    options.onChunk = [&](const Chunk &chunk) {
      for (const StepRecord &step : chunk.steps)
        trained += step.rows;
      return true;
    };
    ASSERT_TRUE(bool(s.setTrainingData(next)));
    EXPECT_EQ(s.totalSteps(), before + 3 * 6);
    EXPECT_EQ(*s.train(options), Stopped::EpochDone);
    EXPECT_EQ(trained, 48);
    EXPECT_EQ(*s.train({}), Stopped::PlanDone);
    EXPECT_EQ(s.step(), before + 3 * 6);
  }
  EXPECT_EQ(s.epoch(), 1 + 3 + 3);
}

TEST_F(SessionTest, APlanInStepsGoesOnOverAllData) {
  CompileOptions options;
  options.steps = 10;
  Program p = program(options);
  Session s = session(p);
  EXPECT_EQ(*s.train({.stopAtEpochEnd = true}), Stopped::EpochDone);
  ASSERT_TRUE(bool(s.setTrainingData(rows(p))));
  EXPECT_EQ(s.totalSteps(), 10);
  EXPECT_EQ(*s.train({}), Stopped::PlanDone);
  EXPECT_EQ(s.step(), 10);
}

TEST_F(SessionTest, ModelFilesMustFitTheProgram) {
  Program p = program();
  Session s = session(p);
  ASSERT_TRUE(bool(s.saveModel(file("m.safetensors"))));
  std::vector<float> weight = *s.read("Line.out.weight");
  ASSERT_TRUE(bool(s.write("Line.out.weight", {7, 7})));
  ASSERT_TRUE(bool(s.loadModel(file("m.safetensors"))));
  EXPECT_EQ(*s.read("Line.out.weight"), weight);

  auto load = [&](const std::string &header, std::size_t bytes) {
    std::string text(8, '\0');
    text[0] = char(header.size());
    text[1] = char(header.size() >> 8);
    std::ofstream(file("wrong.safetensors")) << text << header << std::string(bytes, '\0');
    auto loaded = s.loadModel(file("wrong.safetensors"));
    return loaded ? std::string("accepted") : loaded.error().code;
  };
  std::string weightEntry = R"("Line.out.weight":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]})";
  std::string biasEntry = R"("Line.out.bias":{"dtype":"F32","shape":[1],"data_offsets":[8,12]})";
  EXPECT_EQ(load("{" + weightEntry + "," + biasEntry + "}", 12), "accepted");
  EXPECT_EQ(load("{" + weightEntry + "}", 8), "E0861");
  EXPECT_EQ(load(R"({"Line.out.weight":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},)" + biasEntry + "}", 12),
            "E0862");
  EXPECT_EQ(load(R"({"Line.out.weight":{"dtype":"I32","shape":[2,1],"data_offsets":[0,8]},)" + biasEntry + "}", 12),
            "E0863");
  EXPECT_EQ(
      load("{" + weightEntry + "," + biasEntry + R"(,"z":{"dtype":"F32","shape":[1],"data_offsets":[12,16]}})", 16),
      "E0864");
  EXPECT_EQ(s.loadModel(file("absent.safetensors")).error().code, "E0801");
}

TEST_F(SessionTest, VariablesAreCheckedByNameAndSize) {
  Program p = program();
  Session s = session(p);
  EXPECT_EQ(s.read("Line.out.weights").error().code, "E0857");
  EXPECT_EQ(s.write("Line.out.weight", {1}).error().code, "E0859");
  EXPECT_EQ(Dataset::fromMemory(p, {{"z", nullptr}}, 1).error().code, "E0843");
}

TEST_F(SessionTest, GradientsAgreeWithCentralDifferences) {
  Result<GradcheckResult> result = program().gradcheck({});
  ASSERT_TRUE(bool(result)) << result.error().message;
  EXPECT_EQ(result->variables.size(), 2u);
  EXPECT_LT(result->maxError, 1e-6);
}
