// A step in which a loss, or a norm that gradients are clipped by, is not finite changes nothing, and the plan says what follows.
#include "../../lib/Engine/SessionImpl.h"
#include "talweg/Engine/Engine.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

using namespace talweg;

namespace {

/// A program on rows of `x`, `mark` and `word`.
std::string text(const std::string &model, const std::string &train) {
  return fmt::format(R"(
data rows {{
  x: f32[3]
  mark: f32
  word: class[7]
}}
{}
train M on rows {{
{}
  epochs 2
}}
)",
                     model, train);
}

constexpr int kRows = 40, kBad = 9;

/// In one row `mark` is so great that its square is infinite.
Dataset rows(const Program &program, bool isBad) {
  std::vector<float> x(kRows * 3), mark(kRows, 1);
  std::vector<std::int32_t> word(kRows);
  for (int i = 0; i < kRows * 3; ++i)
    x[i] = float(i * 7 % 11) / 11 - 0.4f;
  for (int i = 0; i < kRows; ++i)
    word[i] = i * 3 % 7;
  if (isBad)
    mark[kBad] = 1e20f;
  return *Dataset::fromMemory(program, {{"x", x.data()}, {"mark", mark.data()}, {"word", word.data()}}, kRows);
}

struct Trained {
  Program program;
  Session session;

  explicit Trained(const std::string &text, bool isBad = true, int threads = 1)
      : program(*Program::fromText(text, "m.tw", {})),
        session(*Session::create(program, {.threads = threads, .shuffle = false})) {
    EXPECT_TRUE(bool(session.setTrainingData(rows(program, isBad))));
  }

  std::vector<float> state() const {
    std::vector<float> all;
    for (const Variable &variable : session.facts().manifest.variables)
      if (variable.element == ElementType::F32) {
        std::vector<float> values = *session.read(variable.name);
        all.insert(all.end(), values.begin(), values.end());
      }
    return all;
  }
};

const std::string kNormed = "model M(x: f32[n, 3]) -> f32[n, 4] { x |> dense(20) |> batch_norm |> relu |> dense(4) }";
const std::string kDeep =
    "model M(x: f32[n, 3]) -> f32[n, 24] {\n  y = x |> dense(24)\n  repeat 6 { y = y + tanh(dense(y, 24)) }\n  y\n}";
const std::string kLooked = "model M(word: class[7][n]) -> f32[n, 4] { word |> embedding(4) }";
const std::string kPair =
    "layer scaled(x: f32[n, 3]) -> f32[n, 3] {\n  param w: f32 = 1\n  y[n, i] = w * x[n, i]\n  y\n}\n"
    "model M(x: f32[n, 3]) -> f32[n, 3] { x }";
const std::string kLoss = "  minimize mean(M(x)^2) * mean(mark^2)\n", kBatch = "  batch 4\n",
                  kAdam = "  optimizer adam(lr = 0.01)\n";

struct Case {
  const char *name;
  std::string model, train;
  std::int64_t step = 3; ///< in which something is not finite
};
const Case kCases[] = {
    {"Everything", kNormed, kLoss + kAdam + kBatch + "  average ema(0.9)\n"},
    {"Epilogues", "model M(x: f32[n, 3]) -> f32[n, 64] { x |> dense(64) |> relu |> dense(64) }",
     kLoss + "  optimizer sgd(lr = 0.01)\n" + kBatch},
    {"Parts", kNormed, kLoss + kAdam + "  batch 2\n  accumulate 2\n"},
    {"LoopOverLayers", kDeep, kLoss + kAdam + kBatch},
    {"Rows", kLooked, "  minimize mean(M(word)^2) * mean(mark^2)\n  optimizer sgd(lr = 0.01)\n" + kBatch},
    {"Norm", kNormed,
     "  minimize mean(M(x)^2) + mean(100 * (mark - 1) * M(x)[:, 0])\n" + kAdam + kBatch + "  clip norm 1.0\n"},
    {"SecondLoss", kPair,
     "  A = scaled()\n  B = scaled()\n  z = A(M(x))\n  minimize a = mean(z^2) over \"A.*\" with adam(lr = 0.1)\n"
     "  minimize b = mean(B(A(x))^2) * mean(mark^2) over \"B.*\" with sgd(lr = 0.1, momentum = 0.9)\n" +
         kBatch},
    {"EveryTwoSteps", kPair,
     "  A = scaled()\n  B = scaled()\n  z = A(M(x))\n  minimize a = mean(z^2) over \"A.*\" with adam(lr = 0.1)\n"
     "  minimize b = mean(log(B(x)[:, 0] + 1 - step)) over \"B.*\" with sgd(lr = 0.1) every 4 steps\n" +
         kBatch,
     4},
};

class NotFinite : public testing::TestWithParam<std::tuple<Case, int>> {};

TEST_P(NotFinite, ChangesNothing) {
  const auto &[each, threads] = GetParam();
  const std::string whole = text(each.model, each.train);
  Trained before(whole, false), found(whole, true, threads),
      skipping(text(each.model, each.train + "  on nan skip\n"), true, threads);
  ASSERT_TRUE(bool(before.session.train({.maxSteps = each.step - 2})));
  const std::vector<float> good = before.state();
  ASSERT_TRUE(bool(before.session.train({.maxSteps = 1})));
  ASSERT_TRUE(bool(skipping.session.train({.maxSteps = each.step})));
  EXPECT_EQ(skipping.state(), before.state());
  Result<Stopped> stopped = found.session.train();
  ASSERT_TRUE(bool(stopped)) << stopped.error().message;
  ASSERT_EQ(*stopped, Stopped::NotFinite);
  ASSERT_TRUE(found.session.notFinite().has_value());
  EXPECT_EQ(found.session.notFinite()->code, "E0858");
  EXPECT_EQ(found.session.step(), each.step - 2) << "the newest behind which a loss was finite";
  EXPECT_EQ(found.state(), good);
  ASSERT_TRUE(bool(found.session.train({.maxSteps = 1})));
  // Whoever goes on on other rows has lost nothing.
  ASSERT_TRUE(bool(found.session.setTrainingData(rows(found.program, false))));
  ASSERT_TRUE(bool(before.session.setTrainingData(rows(before.program, false))));
  ASSERT_EQ(*found.session.train({.maxSteps = 1}), *before.session.train({.maxSteps = 1}));
  EXPECT_EQ(found.state(), before.state());
}

std::string nameOfCase(const testing::TestParamInfo<std::tuple<Case, int>> &info) {
  return fmt::format("{}On{}", std::get<0>(info.param).name, std::get<1>(info.param));
}
INSTANTIATE_TEST_SUITE_P(Models, NotFinite, testing::Combine(testing::ValuesIn(kCases), testing::Values(1, 2)),
                         nameOfCase);

TEST(OnNan, TellsWhereAndWhatMayHelp) {
  Trained trained(text(kNormed, kLoss + kAdam + kBatch));
  ASSERT_EQ(*trained.session.train(), Stopped::NotFinite);
  EXPECT_EQ(trained.session.notFinite()->message, "m.tw:9:3: error: the loss is inf [E0858]\n"
                                                  "   9 |   minimize mean(M(x)^2) * mean(mark^2)\n"
                                                  "     |   ^\n"
                                                  "note: at step 3, which has changed nothing\n"
                                                  "help: a smaller learning rate may prevent it");
}

TEST(OnNan, ANormIsNamed) {
  Trained trained(text(kNormed, kCases[5].train));
  ASSERT_EQ(*trained.session.train(), Stopped::NotFinite);
  const std::string &message = trained.session.notFinite()->message;
  EXPECT_NE(message.find("the loss is"), message.find("`gradient_norm`, the norm that gradients are clipped by, is"))
      << message;
}

/// The steps that train() tells.
std::vector<StepRecord> stepsOf(Session &session, std::int64_t most) {
  std::vector<StepRecord> steps;
  TrainOptions options;
  options.maxSteps = most;
  options.onChunk = [&](const Chunk &chunk) {
    steps.insert(steps.end(), chunk.steps.begin(), chunk.steps.end());
    return true;
  };
  EXPECT_TRUE(bool(session.train(options)));
  return steps;
}

class Skip : public testing::TestWithParam<std::string> {};

TEST_P(Skip, CountsTheStepAndGoesOn) {
  Trained trained(text(kNormed, kLoss + kAdam + GetParam() + "  on nan skip\n  metric size = mean(M(x))\n"));
  Session &session = trained.session;
  ASSERT_EQ(stepsOf(session, 2).size(), 2u);
  const std::vector<float> before = trained.state();
  std::vector<StepRecord> skipped = stepsOf(session, 1);
  ASSERT_EQ(skipped.size(), 1u);
  EXPECT_EQ(skipped[0].step, 3);
  EXPECT_TRUE(skipped[0].skipped);
  EXPECT_TRUE(std::isinf(skipped[0].loss));
  EXPECT_EQ(trained.state(), before);
  EXPECT_EQ(session.step(), 3);
  const std::vector<StepRecord> rest = stepsOf(session, 0);
  EXPECT_EQ(session.step(), 20);
  EXPECT_EQ(rest.size(), 17u);
  EXPECT_EQ(std::count_if(rest.begin(), rest.end(), [](const StepRecord &step) { return step.skipped; }),
            1); // of the second epoch
  Figures figures;
  for (const StepRecord &step : skipped)
    figures.take(session.facts().manifest, step);
  EXPECT_EQ(figures.rows, 0);
  for (const StepRecord &step : rest)
    figures.take(session.facts().manifest, step);
  EXPECT_TRUE(std::isfinite(**session.tell(figures)->begin()));
}

INSTANTIATE_TEST_SUITE_P(Batches, Skip, testing::Values("  batch 4\n", "  batch 2\n  accumulate 2\n"));

TEST(OnNan, AStepWhoseLossIsFiniteKeepsWhatWasInFrontOfIt) {
  Trained trained(text(kNormed, kLoss + kAdam + kBatch), false);
  const GoodMoment &good = trained.session.impl->good;
  TrainOptions options;
  options.onChunk = [&](const Chunk &chunk) {
    EXPECT_TRUE(good.isThere);
    EXPECT_LT(good.step, chunk.steps.front().step);
    return true;
  };
  EXPECT_EQ(*trained.session.train(options), Stopped::PlanDone);
}

TEST(OnNan, IgnoredNothingIsLookedAt) {
  Trained trained(text(kNormed, kLoss + kAdam + kBatch + "  on nan ignore\n"));
  EXPECT_EQ(*trained.session.train(), Stopped::PlanDone);
  EXPECT_TRUE(trained.session.facts().manifest.faults.empty());
}

TEST(OnNan, RollbackLowersEveryRate) {
  const std::string two =
      "  A = scaled()\n  B = scaled()\n  z = A(M(x))\n  minimize a = mean(z^2) over \"A.*\" with sgd(lr = @)\n"
      "  minimize b = mean(B(x)^2) * mean(mark^2) over \"B.*\" with adam(lr = linear_warmup(@, 2))\n" +
      kBatch;
  auto withRate = [&](const char *rate) {
    std::string whole = two;
    for (std::size_t at; (at = whole.find('@')) != std::string::npos;)
      whole.replace(at, 1, rate);
    return whole;
  };
  Trained lowered(text(kPair, withRate("0.5") + "  on nan rollback\n"), false),
      lower(text(kPair, withRate("0.125")), false);
  EXPECT_EQ(*lowered.session.hyper("lr_factor"), 1);
  ASSERT_TRUE(bool(lowered.session.setHyper("lr_factor", 0.25)));
  const std::vector<StepRecord> steps = stepsOf(lowered.session, 5), others = stepsOf(lower.session, 5);
  EXPECT_EQ(steps.back().reports, others.back().reports);
  EXPECT_EQ(lowered.state(), lower.state());
}

TEST(OnNan, OnlyASchedulesOwnEndIsKnown) {
  auto knowsEnd = [](const char *rate) {
    Trained trained(text(kNormed, fmt::format("{}{}  optimizer sgd(lr = {})\n", kLoss, kBatch, rate)), false);
    EXPECT_EQ(trained.program.manifest().knowsEnd, trained.session.facts().manifest.knowsEnd);
    return trained.session.facts().manifest.knowsEnd;
  };
  EXPECT_TRUE(knowsEnd("cosine(0.1)"));
  EXPECT_FALSE(knowsEnd("cosine(0.1, total = 100)"));
  EXPECT_FALSE(knowsEnd("step_decay(0.1, every = 10)"));
  EXPECT_FALSE(knowsEnd("0.1"));
}

} // namespace
