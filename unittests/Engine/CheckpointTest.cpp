// A run goes on only from files that were saved together, at a place where it can be.
#include "../../lib/Engine/SessionImpl.h"
#include "../../lib/Engine/VariableFiles.h"
#include "State.h"
#include "talweg/Engine/Engine.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
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

  static std::set<std::string> names(const std::string &folder) {
    std::set<std::string> result;
    for (const auto &entry : fs::directory_iterator(folder))
      result.insert(entry.path().filename().string());
    return result;
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

namespace {
/// The system refuses to make any file longer than some bytes while it lives, as a full disk would.
struct ShortFiles {
  explicit ShortFiles(rlim_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before);
    const rlimit now{bytes, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  ~ShortFiles() { ::setrlimit(RLIMIT_FSIZE, &before); }
  rlimit before{};
};
} // namespace

TEST_F(CheckpointTest, ASaveThatFailsLeavesTheLastOne) {
  std::string run = saved("run", 6);
  Session further = session(), again = session();
  ASSERT_TRUE(bool(further.load(run)));
  ASSERT_TRUE(bool(further.setTrainingData(rows(further, 29))));
  ASSERT_TRUE(bool(further.train({.maxSteps = 2})));
  for (rlim_t bytes : {0, 100, 300}) {
    ShortFiles full(bytes);
    EXPECT_EQ(further.save(run).error().code, "E0802") << bytes;
    ASSERT_TRUE(bool(again.load(run)));
    EXPECT_EQ(again.step(), 6);
  }
  EXPECT_EQ(names(run), (std::set<std::string>{"last", "step-6"})) << "nothing is left aside";
  ASSERT_TRUE(bool(further.save(run)));
  EXPECT_EQ(names(run), (std::set<std::string>{"last", "step-8"}));
}

TEST_F(CheckpointTest, TheNewestAndTheBestAreKept) {
  Session run = session();
  ASSERT_TRUE(bool(run.setTrainingData(rows(run, 29))));
  for (int step = 1; step <= 6; ++step) {
    ASSERT_TRUE(bool(run.train({.maxSteps = 1})));
    ASSERT_TRUE(bool(run.save(path("run"), {.keep = 2, .best = step == 2})));
  }
  EXPECT_EQ(names(path("run")), (std::set<std::string>{"last", "best", "step-2", "step-5", "step-6"}));
  EXPECT_EQ(fs::read_symlink(path("run/best")), "step-2");
  EXPECT_EQ(Moment::read(path("run/best"))->step, 2);
  fs::remove(path("run/best"));
  fs::create_directory(path("run/step-9.part"));
  ASSERT_TRUE(bool(run.save(path("run"), {.keep = 2})));
  EXPECT_EQ(fs::read_symlink(path("run/best")), "step-2") << "the last moment says which is the best";
  EXPECT_FALSE(fs::exists(path("run/step-6.2"))) << "the same moment is not written twice";
  EXPECT_FALSE(fs::exists(path("run/step-9.part"))) << "what a killed writer left is cleared";
}

TEST_F(CheckpointTest, OneWriterAtATime) {
  Session one = session(), other = session();
  ASSERT_TRUE(bool(one.claim(path("run"))));
  const auto refused = other.save(path("run"));
  EXPECT_EQ(codeOf(refused), "E0868");
  EXPECT_NE(refused.error().message.find(fmt::format("process {} on ", ::getpid())), std::string::npos);
  EXPECT_TRUE(bool(one.save(path("run"))));
  ASSERT_TRUE(bool(one.claim(path("elsewhere"))));
  EXPECT_TRUE(bool(other.save(path("run"))));
  EXPECT_FALSE(fs::exists(path("run/lock")));
  std::ofstream(path("run/lock")) << "process 1 on a host that died\n";
  EXPECT_TRUE(bool(other.save(path("run"))));
}

TEST_F(CheckpointTest, MomentsInMemoryGoOnWithTheSameBits) {
  Session whole = session(), half = session(), next = session();
  for (Session *session : {&whole, &half, &next})
    ASSERT_TRUE(bool(session->setTrainingData(rows(*session, 29))));
  ASSERT_TRUE(bool(whole.train({})));
  ASSERT_TRUE(bool(half.train({.maxSteps = 6})));
  const std::string bytes = *half.saveTo("a note");
  const Snapshot snapshot = *half.snapshot();
  EXPECT_EQ(snapshot.step(), 6);
  ASSERT_TRUE(bool(next.loadFrom(bytes)));
  ASSERT_TRUE(bool(next.train({})));
  EXPECT_EQ(state(next), state(whole));
  for (int again = 0; again < 2; ++again) {
    ASSERT_TRUE(bool(half.train({})));
    EXPECT_EQ(state(half), state(whole));
    ASSERT_TRUE(bool(half.restore(snapshot)));
    EXPECT_EQ(half.step(), 6);
  }
  for (std::size_t length : {std::size_t(0), std::size_t(7), bytes.size() / 2, bytes.size() - 1})
    EXPECT_FALSE(bool(next.loadFrom(bytes.substr(0, length)))) << length;
  EXPECT_EQ(codeOf(next.loadFrom(bytes + "x")), "E0865");
}

TEST_F(CheckpointTest, AFileThatChangesWhileItIsReadIsRefused) {
  const Session fresh = session();
  for (bool isCut : {true, false}) {
    const std::string run = saved(isCut ? "cut" : "written", 6), file = run + "/last/model.safetensors";
    Session next = session();
    ASSERT_TRUE(bool(next.load(run)));
    const auto model = readModel(run);
    ASSERT_TRUE(bool(model)) << model.error().message;
    const auto matched = match(*next.impl, model->model, file, false, true, {});
    ASSERT_TRUE(bool(matched)) << matched.error().message;
    if (isCut)
      fs::resize_file(file, fs::file_size(file) - 1);
    else
      std::fstream(file, std::ios::in | std::ios::out | std::ios::binary).seekp(-1, std::ios::end).put('x');
    const auto refused = putInPlace(*next.impl, *matched);
    EXPECT_EQ(codeOf(refused), "E0801");
    EXPECT_NE(refused.error().message.find(isCut ? "became shorter" : "changed while"), std::string::npos);
    EXPECT_EQ(next.step(), 0);
    EXPECT_EQ(state(next), state(fresh)) << "it begins anew";
    const auto again = next.load(run);
    EXPECT_EQ(codeOf(again), isCut ? "E0810" : "E0866");
  }
}

TEST_F(CheckpointTest, AMomentTellsOfItsProgram) {
  CompileOptions options;
  options.set = {{"rate", "0.2"}};
  const std::string run = saved("run", 6, options);
  const Result<Moment> moment = Moment::read(run);
  ASSERT_TRUE(bool(moment)) << moment.error().message;
  EXPECT_EQ(moment->folder, run + "/step-6");
  EXPECT_EQ(moment->step, 6);
  EXPECT_EQ(moment->totalSteps, 12);
  EXPECT_EQ(moment->source, kLine);
  EXPECT_EQ(moment->options.set, options.set);
  EXPECT_EQ(Moment::read(path("nowhere")).error().code, "E0869");
}

TEST_F(CheckpointTest, OtherBatchesAndRowsGoOnWhereThatIsAccepted) {
  const std::string run = saved("run", 6);
  CompileOptions otherBatch;
  otherBatch.batch = 4;
  Session small = session(otherBatch), more = session();
  ASSERT_TRUE(bool(small.setTrainingData(rows(small, 29))));
  ASSERT_TRUE(bool(small.load(run, {.otherBatch = true})));
  EXPECT_EQ(small.totalSteps(), 6 + 2 * 8) << "one of three epochs was complete";
  EXPECT_EQ(*small.train({}), Stopped::PlanDone);
  EXPECT_EQ(small.epoch(), 3);
  ASSERT_TRUE(bool(more.setTrainingData(rows(more, 61))));
  ASSERT_TRUE(bool(more.load(run, {.otherData = true})));
  EXPECT_EQ(more.totalSteps(), 6 + 2 * 8);
  ASSERT_TRUE(bool(more.train({.maxSteps = 3})));
  ASSERT_TRUE(bool(more.save(path("more"))));
  Session again = session();
  ASSERT_TRUE(bool(again.setTrainingData(rows(again, 61))));
  ASSERT_TRUE(bool(again.load(path("more"))));
  EXPECT_EQ(again.step(), 9);
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
    fs::copy_file(one + "/last/" + name, path("kept"), fs::copy_options::overwrite_existing);
    fs::copy_file(other + "/last/" + name, one + "/last/" + name, fs::copy_options::overwrite_existing);
    auto loaded = session.load(one);
    EXPECT_EQ(codeOf(loaded), "E0866") << name;
    EXPECT_NE(loaded.error().message.find(std::string(name) + ": error:"), std::string::npos) << name;
    fs::copy_file(path("kept"), one + "/last/" + name, fs::copy_options::overwrite_existing);
  }
  EXPECT_EQ(state(session), before);
  EXPECT_EQ(session.step(), 0);
  EXPECT_TRUE(bool(session.load(one)));
}

TEST_F(CheckpointTest, AChangedStateIsRefused) {
  std::string run = saved("run", 6), file = run + "/last/state.json";
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  Session session = this->session();
  ASSERT_TRUE(bool(session.setTrainingData(rows(session, 29))));
  for (auto [from, to, code] : {std::tuple("\"step\": 6", "\"step\": 5", "E0866"),
                                {"\"step_in_epoch\": 2", "\"step_in_epoch\": 3", "E0866"},
                                {"\"epochs\": 1", "\"epochs\": 2", "E0866"},
                                {"\"rows\": 29", "\"rows\": 30", "E0866"},
                                {"\"batch\": 8", "\"batch\": 4", "E0866"},
                                {"\"shuffle\": true", "\"shuffle\": false", "E0866"},
                                {"\"seed\": 0", "\"seed\": 7", "E0866"},
                                {"\"rate\": 0.1", "\"rate\": 0.3", "E0866"},
                                {"sgd", "adam", "E0866"},
                                {"\"rate\": 0.1", "\"rate\": null", "E0865"},
                                {"\"batch\": 8", "\"batch\": 0", "E0865"},
                                {"\"step\": 6", "\"step\": -6", "E0865"},
                                {"\"format\": 3", "\"format\": 2", "E0865"}}) {
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
