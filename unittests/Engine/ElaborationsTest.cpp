// The file is elaborated once for each batch size, whatever modes are asked for.
#include "talweg/Engine/Engine.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

using namespace talweg;

static const char *const kModel = R"(
data points {
  x: f32[3]
  y: f32
}
model Line(x: f32[n, 3]) -> f32[n, 1] {
  dense(dropout(x, 0.25), 1)
}
train Line on points {
  minimize mean[n]((Line(x)[n, 0] - y[n])^2)
  optimizer adam(lr = 0.01)
  batch 4
  epochs 2
}
)";

TEST(Elaborations, AreOneForEachBatchSize) {
  setenv("TALWEG_CACHE", "off", 1);
  Result<Program> program = Program::fromText(kModel, "line.tw", {});
  ASSERT_TRUE(bool(program)) << program.error().message;
  EXPECT_EQ(program->elaborations(), 1);
  std::vector<float> x(33, 1), y(11, 1);
  auto rows = [&](std::int64_t count) {
    return *Dataset::fromMemory(*program, {{"x", x.data()}, {"y", y.data()}}, count);
  };
  Result<Session> session = Session::create(*program);
  ASSERT_TRUE(bool(session)) << session.error().message;
  ASSERT_TRUE(bool(session->setTrainingData(rows(10))));
  ASSERT_TRUE(bool(session->train({})));
  EXPECT_EQ(program->elaborations(), 2); // batches of 4 and of 2
  ASSERT_TRUE(bool(session->evaluate(rows(10))));
  ASSERT_TRUE(bool(session->predict(rows(10))));
  EXPECT_EQ(program->elaborations(), 2);
  ASSERT_TRUE(bool(session->evaluate(rows(11))));
  ASSERT_TRUE(bool(session->predict(rows(11))));
  EXPECT_EQ(program->elaborations(), 3); // and of 3
}

TEST(Elaborations, AreNoneWhereAllIsKept) {
  char folder[] = "/tmp/talweg-elaborations-XXXXXX";
  ASSERT_TRUE(mkdtemp(folder));
  setenv("TALWEG_CACHE", folder, 1);
  for (int expected : {2, 0}) {
    Result<Program> program = Program::fromText(kModel, "line.tw", {});
    ASSERT_TRUE(bool(program)) << program.error().message;
    std::vector<float> x(30, 1), y(10, 1);
    Result<Dataset> rows = Dataset::fromMemory(*program, {{"x", x.data()}, {"y", y.data()}}, 10);
    Result<Session> session = Session::create(*program);
    ASSERT_TRUE(bool(session)) << session.error().message;
    ASSERT_TRUE(bool(session->setTrainingData(*rows)));
    ASSERT_TRUE(bool(session->train({})));
    ASSERT_TRUE(bool(session->evaluate(*rows)));
    ASSERT_TRUE(bool(session->predict(*rows)));
    EXPECT_EQ(program->elaborations(), expected);
  }
  setenv("TALWEG_CACHE", "off", 1);
  std::filesystem::remove_all(folder);
}
