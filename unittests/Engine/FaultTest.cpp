// Faults at run time: what is required and does not hold is told with its row, and the step in which it occurs has changed nothing.
#include "talweg/Engine/Bench.h"
#include "talweg/Engine/Engine.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <numeric>

using namespace talweg;

namespace {

/// A model with all that a step may write: parameters, states, slots. `minimized` is what varies.
std::string text(const std::string &before, const std::string &minimized) {
  return fmt::format(R"(
data rows {{
  x: f32[3]
  label: i32
  words: u8[5]
}}
model M(x: f32[n, 3]) -> f32[n, 4] {{ x |> dense(20) |> batch_norm |> relu |> dense(4) }}
train M on rows {{
{}
  minimize {}
  optimizer adam(lr = 0.01)
  batch 4
  epochs 2
}}
)",
                     before, minimized);
}

constexpr int kRows = 40; // ten steps an epoch

struct Rows {
  std::vector<float> x = std::vector<float>(kRows * 3);
  std::vector<std::int32_t> label = std::vector<std::int32_t>(kRows);
  std::vector<std::uint8_t> words = std::vector<std::uint8_t>(kRows * 5);
  Rows() {
    for (int i = 0; i < kRows * 3; ++i)
      x[i] = float(i * 7 % 11) / 11 - 0.4f;
    for (int i = 0; i < kRows; ++i)
      label[i] = i % 4;
    for (int i = 0; i < kRows * 5; ++i)
      words[i] = std::uint8_t(i % 6);
  }
  Dataset of(const Program &program) const {
    return *Dataset::fromMemory(program, {{"x", x.data()}, {"label", label.data()}, {"words", words.data()}}, kRows);
  }
};

template <typename T>
std::string told(const Result<T> &result) {
  return result ? "" : result.error().message;
}

struct Trained {
  Program program;
  Session session;

  explicit Trained(const std::string &text, int threads = 1, Mode mode = Mode::Train)
      : program(*Program::fromText(text, "m.tw", {})),
        session(*Session::create(program, {.threads = threads, .shuffle = false, .mode = mode})) {}

  std::vector<float> state() const {
    std::vector<float> all;
    for (const Variable &variable : program.manifest().variables) {
      std::vector<float> values = *session.read(variable.name);
      all.insert(all.end(), values.begin(), values.end());
    }
    return all;
  }
};

const std::string kLabels = text("", "cross_entropy(M(x), label)");

class Fault : public testing::TestWithParam<int> {};

TEST_P(Fault, LeavesWhatTheStepsBeforeHaveMade) {
  Rows good, bad;
  bad.label[9] = 4; // step 3, and further ones behind it
  bad.label[10] = -1;
  bad.label[21] = 77;
  Trained before(kLabels), faulted(kLabels, GetParam());
  ASSERT_TRUE(bool(before.session.setTrainingData(good.of(before.program))));
  ASSERT_TRUE(bool(faulted.session.setTrainingData(bad.of(faulted.program))));
  TrainOptions two;
  two.maxSteps = 2;
  ASSERT_TRUE(bool(before.session.train(two)));

  std::vector<std::int64_t> steps;
  TrainOptions noted;
  noted.onChunk = [&](const Chunk &chunk) {
    for (const StepRecord &step : chunk.steps)
      steps.push_back(step.step);
    return true;
  };
  Result<Stopped> stopped = faulted.session.train(noted);
  ASSERT_FALSE(bool(stopped));
  EXPECT_EQ(stopped.error().code, "E0856");
  EXPECT_EQ(stopped.error().message,
            "m.tw:10:12: error: `label` is 4, which is not in 0 to 3, in the call to `cross_entropy` [E0856]\n"
            "  10 |   minimize cross_entropy(M(x), label)\n"
            "     |            ^\n"
            "note: in row 9 of the data, at step 3, which has changed nothing\n"
            "help: labels are the numbers of the classes, counted from 0");
  EXPECT_EQ(steps, (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(faulted.session.step(), 2);
  EXPECT_EQ(faulted.state(), before.state());

  // It goes on as one that was told to stop there.
  for (Trained *trained : {&before, &faulted}) {
    ASSERT_TRUE(bool(trained->session.setTrainingData(good.of(trained->program))));
    EXPECT_EQ(told(trained->session.train()), "");
  }
  EXPECT_EQ(faulted.state(), before.state());
}

TEST_P(Fault, OfTheLowestRowIsTold) {
  // Two requirements of one batch, and a field in which the rows are not the first dimension.
  std::string seen = text("  t[j, n] = words[n, j]\n  require t in 0..6\n  require label in 0..4", "mean(M(x)^2)");
  auto rowOf = [&](const Rows &rows) {
    Trained trained(seen, GetParam());
    EXPECT_TRUE(bool(trained.session.setTrainingData(rows.of(trained.program))));
    std::string text = told(trained.session.train());
    std::size_t begin = text.find('`'), end = text.find(','), note = text.find("row");
    return text.substr(begin, end - begin) + ": " + text.substr(note, text.find(" of", note) - note);
  };
  Rows words = {}, both = {}, same = {};
  words.words[5 * 6 + 1] = 9; // column 1 comes before column 2 in memory, row 5 before row 6 in the batch
  words.words[5 * 5 + 2] = 8;
  EXPECT_EQ(rowOf(words), "`t` is 8: row 5");
  both.words[5 * 7] = 9;
  both.label[6] = 5;
  EXPECT_EQ(rowOf(both), "`label` is 5: row 6");
  same.words[5 * 6] = 9;
  same.label[6] = 5;
  EXPECT_EQ(rowOf(same), "`t` is 9: row 6");
}

INSTANTIATE_TEST_SUITE_P(Threads, Fault, testing::Values(1, 2), testing::PrintToStringParamName());

TEST(Faults, OfEvaluationAndPredictionAreTold) {
  Rows bad;
  bad.label[30] = 4;
  Trained labels(kLabels);
  EXPECT_EQ(told(labels.session.evaluate(bad.of(labels.program))),
            "m.tw:10:12: error: `label` is 4, which is not in 0 to 3, in the call to `cross_entropy` [E0856]\n"
            "  10 |   minimize cross_entropy(M(x), label)\n"
            "     |            ^\n"
            "note: in row 30 of the data\n"
            "help: labels are the numbers of the classes, counted from 0");
  EXPECT_EQ(told(labels.session.predict(bad.of(labels.program))), ""); // it reads no label

  Trained inputs(text("  require x > -0.5, \"lengths\"\n", "mean(M(x)^2)"));
  bad.x[3 * 33 + 2] = -0.75f;
  EXPECT_EQ(told(inputs.session.predict(bad.of(inputs.program))),
            "m.tw:9:11: error: `x` is -0.75, and `x > -0.5` is required [E0856]\n"
            "   9 |   require x > -0.5, \"lengths\"\n"
            "     |           ^\n"
            "note: in row 33 of the data\n"
            "help: lengths");
}

TEST(Faults, MayComeOfWhatIsLearnt) {
  Trained trained(text("  y = M(x)\n  size = mean(y^2)\n  require size < 0.02", "-size"));
  Rows rows;
  ASSERT_TRUE(bool(trained.session.setTrainingData(rows.of(trained.program))));
  std::vector<float> before;
  std::string text;
  TrainOptions one;
  one.maxSteps = 1;
  while (text.empty()) {
    before = trained.state();
    Result<Stopped> stopped = trained.session.train(one);
    ASSERT_TRUE(!stopped || *stopped == Stopped::StepsDone) << "the size grows until it is too great";
    text = told(stopped);
  }
  EXPECT_EQ(trained.state(), before);
  EXPECT_NE(text.find("note: in a batch of 4 rows, at step"), std::string::npos) << text;
}

TEST(Faults, OfGradientsLeaveTheSlots) {
  Rows good, bad;
  std::fill(bad.label.begin(), bad.label.end(), 4);
  Trained trained(kLabels, 1, Mode::Gradient);
  auto slot = [&] {
    std::vector<float> values = *trained.session.read("M.dense_1.bias.grad");
    return std::accumulate(values.begin(), values.end(), 0.0, [](double sum, double x) { return sum + x * x; });
  };
  auto faulted = BatchRunner::create(trained.session, bad.of(trained.program));
  ASSERT_TRUE(bool(faulted)) << told(faulted);
  EXPECT_FALSE(bool(faulted->run(1)));
  EXPECT_EQ(slot(), 0);
  auto runner = BatchRunner::create(trained.session, good.of(trained.program));
  EXPECT_TRUE(bool(runner->run(1)));
  EXPECT_GT(slot(), 0);
}

TEST(Faults, AreNotMadeByGeneratedRows) {
  Program program = *Program::fromText(text("  require words in 2..6", "cross_entropy(M(x), label)"), "m.tw", {});
  auto checked = program.gradcheck({});
  EXPECT_EQ(told(checked), "");
  Session session = std::move(*Session::create(program));
  auto runner = BatchRunner::createProfiled(session, *generatedRows(program, 400, 1));
  ASSERT_TRUE(bool(runner)) << told(runner);
  EXPECT_EQ(told(runner->run(100)), "");
  // A step that looks for faults is timed by its parts, as any other.
  auto isProduct = [](const StepRegion &region) { return region.kind == "product"; };
  EXPECT_TRUE(std::any_of(runner->regions().begin(), runner->regions().end(), isProduct));
}

} // namespace
