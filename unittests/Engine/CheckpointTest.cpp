// A run goes on only from files that were saved together, at a place where it can be.
#include "State.h"
#include "talweg/Engine/Engine.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

using namespace talweg;
namespace fs = std::filesystem;

namespace {
const char *const kLine = R"(
data points {
  x: f32[2]
  y: f32[1]
}
config rate = 0.1
model Line(x: f32[n, 2]) -> f32[n, 1] { x |> dense(1) }
train Line on points {
  minimize mean_squared_error(Line(x), y)
  optimizer sgd(lr = rate, momentum = 0.9)
  batch 8
  epochs 3
}
)";

class CheckpointTest : public testing::Test {
protected:
  void SetUp() override {
    folder = fs::temp_directory_path() / fmt::format("talweg-checkpoint-{}", ::getpid());
    fs::create_directories(folder);
  }
  void TearDown() override { fs::remove_all(folder); }

  std::string path(const std::string &name) { return (folder / name).string(); }

  Session session(const CompileOptions &options = {}, bool shuffle = true) {
    Result<Program> program = Program::fromText(kLine, "line.tw", options);
    EXPECT_TRUE(bool(program)) << program.error().message;
    Result<Session> session = Session::create(*program, {.threads = 1, .shuffle = shuffle});
    EXPECT_TRUE(bool(session)) << session.error().message;
    return std::move(*session);
  }

  /// Rows that differ.
  static Dataset rows(const Session &session, int count) {
    std::vector<float> x, y;
    for (int row = 0; row < count; ++row) {
      x.insert(x.end(), {float(row % 7) / 7, float(row % 5) / 5});
      y.push_back(float(row % 3) - 1);
    }
    return *Dataset::fromMemory(session.program(), {{"x", x.data()}, {"y", y.data()}}, count);
  }

  /// The folder of a run over 29 rows that stands after `steps` steps.
  std::string saved(const std::string &name, std::int64_t steps, const CompileOptions &options = {}) {
    Session run = session(options);
    EXPECT_TRUE(bool(run.setTrainingData(rows(run, 29))));
    EXPECT_TRUE(bool(run.train({.maxSteps = steps})));
    EXPECT_TRUE(bool(run.save(path(name))));
    return path(name);
  }

  static std::string codeOf(const Result<void> &result) { return result ? "" : result.error().code; }

  fs::path folder;
};
} // namespace

TEST_F(CheckpointTest, DataMayBeSetBeforeOrAfter) {
  Session whole = session(), before = session(), after = session();
  ASSERT_TRUE(bool(whole.setTrainingData(rows(whole, 29))));
  ASSERT_TRUE(bool(whole.train({})));
  std::string half = saved("half", 6);
  ASSERT_TRUE(bool(before.setTrainingData(rows(before, 29))));
  ASSERT_TRUE(bool(before.load(half)));
  ASSERT_TRUE(bool(after.load(half)));
  EXPECT_EQ(codeOf(after.setTrainingData(rows(after, 30))), "E0867");
  ASSERT_TRUE(bool(after.setTrainingData(rows(after, 29))));
  for (Session *session : {&before, &after}) {
    EXPECT_EQ(session->step(), 6);
    EXPECT_EQ(*session->train({}), Stopped::PlanDone);
    EXPECT_EQ(session->step(), 12);
    EXPECT_EQ(state(*session), state(whole));
  }
}

TEST_F(CheckpointTest, ASaveThatFailsLeavesTheLastOne) {
  std::string run = saved("run", 6);
  Session further = session(), again = session();
  ASSERT_TRUE(bool(further.load(run)));
  ASSERT_TRUE(bool(further.setTrainingData(rows(further, 29))));
  ASSERT_TRUE(bool(further.train({.maxSteps = 2})));
  for (const char *file : {"optimizer.safetensors", "state.json"}) {
    fs::path inTheWay = fs::path(run) / fmt::format("{}.{}.part", file, ::getpid());
    fs::create_directory(inTheWay);
    EXPECT_EQ(further.save(run).error().code, "E0802");
    fs::remove(inTheWay);
    ASSERT_TRUE(bool(again.load(run)));
    EXPECT_EQ(again.step(), 6);
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(run), {}), 3) << "nothing is left aside";
}

TEST_F(CheckpointTest, APlaceSavedBeforeThereWasDataFitsAny) {
  ASSERT_TRUE(bool(session().save(path("fresh"))));
  Session before = session(), after = session();
  ASSERT_TRUE(bool(before.setTrainingData(rows(before, 29))));
  ASSERT_TRUE(bool(before.load(path("fresh"))));
  ASSERT_TRUE(bool(after.load(path("fresh"))));
  ASSERT_TRUE(bool(after.setTrainingData(rows(after, 29))));
  for (Session *each : {&before, &after})
    EXPECT_EQ(*each->train({}), Stopped::PlanDone);
  EXPECT_EQ(before.step(), 12);
  EXPECT_EQ(state(before), state(after));
}

TEST_F(CheckpointTest, NewDataAfterAFinishedPlanIsTrainedOn) {
  Session next = session();
  ASSERT_TRUE(bool(next.load(saved("done", 12))));
  ASSERT_TRUE(bool(next.setTrainingData(rows(next, 29))));
  EXPECT_EQ(*next.train({}), Stopped::PlanDone);
  EXPECT_EQ(next.step(), 24);
  ASSERT_TRUE(bool(next.save(path("further"))));
  Session further = session();
  ASSERT_TRUE(bool(further.setTrainingData(rows(further, 29))));
  ASSERT_TRUE(bool(further.load(path("further"))));
  EXPECT_EQ(further.totalSteps(), 24);
}

TEST_F(CheckpointTest, FilesThatWereNotSavedTogetherAreRefused) {
  CompileOptions faster;
  faster.set = {{"rate", "0.2"}};
  std::string one = saved("one", 6), other = saved("other", 6, faster);
  Session session = this->session();
  ASSERT_TRUE(bool(session.setTrainingData(rows(session, 29))));
  std::vector<float> before = state(session);
  for (const char *name : {"model.safetensors", "optimizer.safetensors"}) {
    fs::copy_file(one + "/" + name, path("kept"), fs::copy_options::overwrite_existing);
    fs::copy_file(other + "/" + name, one + "/" + name, fs::copy_options::overwrite_existing);
    auto loaded = session.load(one);
    EXPECT_EQ(codeOf(loaded), "E0866") << name;
    EXPECT_NE(loaded.error().message.find(std::string(name) + ": error:"), std::string::npos) << name;
    fs::copy_file(path("kept"), one + "/" + name, fs::copy_options::overwrite_existing);
  }
  EXPECT_EQ(state(session), before);
  EXPECT_EQ(session.step(), 0);
  EXPECT_TRUE(bool(session.load(one)));
}

TEST_F(CheckpointTest, AChangedStateIsRefused) {
  std::string run = saved("run", 6), file = run + "/state.json";
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  Session session = this->session();
  ASSERT_TRUE(bool(session.setTrainingData(rows(session, 29))));
  for (auto [from, to, code] : {std::tuple("\"step\": 6", "\"step\": 13", "E0867"),
                                {"\"step\": 6", "\"step\": 5", "E0866"},
                                {"\"step_in_epoch\": 2", "\"step_in_epoch\": 4", "E0867"},
                                {"\"step_in_epoch\": 2", "\"step_in_epoch\": 3", "E0866"},
                                {"\"epochs\": 1", "\"epochs\": 2", "E0866"},
                                {"\"rows\": 29", "\"rows\": 30", "E0867"},
                                {"\"batch\": 8", "\"batch\": 4", "E0867"},
                                {"\"shuffle\": true", "\"shuffle\": false", "E0867"},
                                {"\"seed\": ", "\"seed\": 7", "E0866"},
                                {"\"rate\": 0.1", "\"rate\": 0.3", "E0866"},
                                {"\"rate\": 0.1", "\"speed\": 0.1", "E0866"},
                                {"\"rate\": 0.1", "\"rate\": null", "E0865"},
                                {"\"step\": 6", "\"step\": -6", "E0865"},
                                {"\"format\": 2", "\"format\": 1", "E0865"}}) {
    std::string changed = text.str();
    std::size_t at = changed.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    std::ofstream(file) << changed.replace(at, std::string(from).size(), to);
    EXPECT_EQ(codeOf(session.load(run)), code) << to;
  }
  std::ofstream(file) << text.str();
  EXPECT_TRUE(bool(session.load(run)));
}

TEST_F(CheckpointTest, AnotherPlanCannotGoOn) {
  std::string run = saved("run", 6);
  CompileOptions shorter, otherBatch;
  shorter.epochs = 1;
  otherBatch.batch = 4;
  Session few = session(shorter), small = session(otherBatch), ordered = session({}, /*shuffle=*/false),
          more = session();
  EXPECT_TRUE(bool(few.setTrainingData(rows(few, 29))));
  EXPECT_TRUE(bool(more.setTrainingData(rows(more, 30))));
  for (Session *session : {&few, &small, &ordered, &more})
    EXPECT_EQ(codeOf(session->load(run)), "E0867");
  EXPECT_TRUE(bool(small.loadModel(run)));
}
