// Hosts with several threads: programs, sessions and compilation side by side give what each gives alone. The tsan preset
// looks for races in what these tests run (docs/Testing.md).
#include "talweg/Engine/Engine.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <latch>
#include <thread>
#include <vector>

using namespace talweg;

namespace {

constexpr int kHosts = 3, kRows = 29; // with batches of 8 there is a remainder

/// A model of so many hidden units: another program for each number.
Program programOf(int width, std::int64_t steps = 40) {
  std::string text = fmt::format(R"(
data points {{
  x: f32[4]
  y: f32[1]
}}
model Curve(x: f32[n, 4]) -> f32[n, 1] {{ x |> dense({}) |> tanh |> dense(1) }}
train Curve on points {{
  guess = Curve(x)
  minimize mean_squared_error(guess, y)
  metric off = mean(abs(guess - y))
  optimizer adam(lr = 0.01)
  batch 8
  steps {}
}}
)",
                                 width, steps);
  Result<Program> program = Program::fromText(text, "curve.tw", {});
  EXPECT_TRUE(bool(program)) << program.error().message;
  return *program;
}

Dataset rowsOf(const Program &program) {
  std::vector<float> x, y;
  for (int row = 0; row < kRows; ++row) {
    x.insert(x.end(), {float(row % 7) / 7, float(row % 5) / 5, float(row % 3), 1});
    y.push_back(float(row % 4) - 1);
  }
  return *Dataset::fromMemory(program, {{"x", x.data()}, {"y", y.data()}}, kRows);
}

/// What training, evaluation and prediction come to. The code of the latter two is compiled while the first runs.
std::vector<double> run(const Program &program, int threads) {
  Dataset rows = rowsOf(program);
  Result<Session> session = Session::create(program, {.threads = threads});
  EXPECT_TRUE(bool(session)) << session.error().message;
  session->prepare(Mode::Eval, rows);
  session->prepare(Mode::Predict, rows);
  EXPECT_TRUE(bool(session->setTrainingData(rows)));
  EXPECT_EQ(*session->train(), Stopped::PlanDone);
  Result<Evaluation> evaluation = session->evaluate(rows);
  Result<Prediction> prediction = session->predict(rows);
  EXPECT_TRUE(evaluation && prediction);
  std::vector<double> numbers = prediction->values;
  numbers.push_back(evaluation->loss);
  numbers.push_back(evaluation->metrics[0]);
  return numbers;
}

/// Calls `body` with 0, 1, … on so many host threads at once.
void onHosts(const std::function<void(int)> &body) {
  std::vector<std::thread> hosts;
  for (int host = 0; host < kHosts; ++host)
    hosts.emplace_back(body, host);
  for (std::thread &host : hosts)
    host.join();
}

TEST(HostThreads, SessionsOfOneProgramRunSideBySide) {
  Program program = programOf(6);
  std::vector<std::vector<double>> numbers(kHosts);
  onHosts([&](int host) { numbers[std::size_t(host)] = run(program, 1 + host % 2); });
  const std::vector<double> alone = run(program, 1);
  for (const std::vector<double> &each : numbers)
    EXPECT_EQ(each, alone);
}

TEST(HostThreads, AProgramIsAskedSideBySide) {
  Program program = programOf(5);
  std::latch start(kHosts); // nothing orders them from here on
  std::vector<std::int64_t> bytes(kHosts);
  onHosts([&](int host) {
    start.arrive_and_wait();
    bytes[std::size_t(host)] = program.check()->manifest.arenaBytes;
  });
  EXPECT_EQ(bytes, std::vector<std::int64_t>(kHosts, program.check()->manifest.arenaBytes));
}

TEST(HostThreads, ProgramsAreCompiledSideBySide) {
  std::vector<std::vector<double>> numbers(kHosts);
  std::vector<std::string> objects(kHosts);
  onHosts([&](int host) {
    Program program = programOf(7 + host);
    numbers[std::size_t(host)] = run(program, 1);
    objects[std::size_t(host)] = *program.emit(Stage::Object);
  });
  for (int host = 0; host < kHosts; ++host) {
    Program program = programOf(7 + host);
    EXPECT_EQ(numbers[std::size_t(host)], run(program, 1));
    EXPECT_EQ(objects[std::size_t(host)], *program.emit(Stage::Object));
  }
}

TEST(HostThreads, ARequestComesFromAnotherThread) {
  Program program = programOf(6, 1000000000);
  Dataset rows = rowsOf(program);
  Result<Session> session = Session::create(program, {.threads = 1});
  ASSERT_TRUE(bool(session));
  ASSERT_TRUE(bool(session->setTrainingData(rows)));
  std::thread other([&] { session->requestStop(); });
  EXPECT_EQ(*session->train(), Stopped::ByRequest);
  other.join();
}

TEST(HostThreads, ASessionMayEndBeforeWhatItPrepares) {
  Program program = programOf(10);
  Dataset rows = rowsOf(program);
  Result<Session> session = Session::create(program, {.threads = 1});
  ASSERT_TRUE(bool(session));
  session->prepare(Mode::Eval, rows);
}

} // namespace
