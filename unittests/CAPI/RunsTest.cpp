// Runs through the C API: how a moment is saved and read, why training stopped, and where it went back.
#include "talweg-c/talweg.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <vector>

namespace {

/// A program with `mark`, whose square the loss contains, and what its train block says besides.
std::string text(const std::string &train) {
  return "data points {\n  x: f32[2]\n  mark: f32\n}\n"
         "model Line(x: f32[n, 2]) -> f32[n, 1] { out = dense(x, 1) }\n"
         "train Line on points {\n"
         "  minimize mean(Line(x)^2) * mean(mark^2)\n" +
         train + "}\n";
}

/// A session of such a program, which trains on rows of which one, if any, has a mark whose square is infinite.
struct Trained {
  talweg_program *program;
  talweg_dataset *rows = nullptr;
  talweg_session *session = nullptr;

  explicit Trained(const std::string &train, int count = 40, int bad = -1)
      : program(talweg_program_from_text(text(train).c_str(), "line.tw", nullptr)) {
    std::vector<float> x(size_t(count) * 2, 0.5f), mark(size_t(count), 1);
    for (int i = 0; i < count * 2; ++i)
      x[size_t(i)] = float(i * 7 % 11) / 11;
    if (bad >= 0)
      mark[size_t(bad)] = 1e20f;
    const talweg_field fields[] = {{"x", x.data()}, {"mark", mark.data()}};
    talweg_options options = {};
    options.size = sizeof options;
    options.no_shuffle = 1;
    rows = talweg_dataset_from_memory(program, fields, 2, count);
    session = talweg_session_create(program, &options);
    EXPECT_EQ(talweg_session_set_training_data(session, rows), 0) << talweg_last_error();
  }
  Trained(const Trained &) = delete;
  ~Trained() {
    talweg_session_free(session);
    talweg_dataset_free(rows);
    talweg_program_free(program);
  }
};

struct CApiRuns : testing::Test {
  ~CApiRuns() override { std::filesystem::remove_all(folder); }
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("talweg-capi-runs-" + std::to_string(::getpid()));
  std::string run = (folder / "run").string();
};

const char *const kSgd = "  optimizer sgd(lr = 0.1)\n  batch 4\n  steps 20\n";

/// Trains one step and saves.
int saveNext(talweg_session *session, const std::string &folder, const talweg_save_options &options) {
  const int failed = talweg_session_train(session, 1, nullptr, nullptr);
  return failed ? failed : talweg_session_save(session, folder.c_str(), &options);
}

} // namespace

TEST_F(CApiRuns, NotesAreReadWithoutCompiling) {
  Trained trained(kSgd);
  talweg_save_options options = {};
  options.size = sizeof options;
  options.notes = "of the host";
  ASSERT_EQ(saveNext(trained.session, run, options), 0) << talweg_last_error();
  talweg_moment *moment = talweg_moment_read(run.c_str());
  ASSERT_NE(moment, nullptr) << talweg_last_error();
  EXPECT_EQ(talweg_moment_step(moment), 1);
  EXPECT_EQ(talweg_moment_total_steps(moment), 20);
  EXPECT_STREQ(talweg_moment_notes(moment), "of the host");
  EXPECT_STREQ(talweg_moment_best(moment), "");
  EXPECT_EQ(std::filesystem::path(talweg_moment_folder(moment)).filename(), "step-1");
  talweg_moment_free(moment);
  EXPECT_EQ(talweg_moment_read((folder / "none").c_str()), nullptr);
  EXPECT_STREQ(talweg_last_error_code(), "E0869");
}

TEST_F(CApiRuns, TheNewestMomentsAndTheBestStay) {
  Trained trained(kSgd);
  for (int step = 1; step <= 5; ++step) {
    talweg_save_options options = {};
    options.size = sizeof options;
    options.keep = 2;
    options.best = step == 2;
    ASSERT_EQ(saveNext(trained.session, run, options), 0) << talweg_last_error();
  }
  for (int step = 1; step <= 5; ++step)
    EXPECT_EQ(std::filesystem::exists(run + "/step-" + std::to_string(step)), step == 2 || step >= 4) << step;
  talweg_moment *moment = talweg_moment_read((run + "/best").c_str());
  ASSERT_NE(moment, nullptr) << talweg_last_error();
  EXPECT_EQ(talweg_moment_step(moment), 2);
  talweg_moment_free(moment);
}

TEST_F(CApiRuns, AnotherRunIsReplacedWhereThatIsAskedFor) {
  Trained first(kSgd), second(kSgd);
  talweg_save_options options = {};
  options.size = sizeof options;
  options.keep = 10;
  ASSERT_EQ(saveNext(first.session, run, options), 0) << talweg_last_error();
  ASSERT_EQ(talweg_session_train(second.session, 1, nullptr, nullptr), 0);
  options.replace = 1;
  ASSERT_EQ(saveNext(second.session, run, options), 0) << talweg_last_error();
  EXPECT_FALSE(std::filesystem::exists(run + "/step-1"));
  EXPECT_TRUE(std::filesystem::exists(run + "/step-2"));
}

TEST_F(CApiRuns, WhatHasChangedIsAccepted) {
  Trained trained(kSgd), fewer(kSgd, 20), batches("  optimizer sgd(lr = 0.1)\n  batch 5\n  steps 20\n");
  ASSERT_EQ(talweg_session_train(trained.session, 3, nullptr, nullptr), 0);
  ASSERT_EQ(talweg_session_save(trained.session, run.c_str(), nullptr), 0) << talweg_last_error();
  talweg_load_options data = {}, batch = {};
  data.size = batch.size = sizeof data;
  data.other_data = batch.other_batch = 1;
  for (auto [session, options] : {std::pair(fewer.session, &data), {batches.session, &batch}}) {
    EXPECT_EQ(talweg_session_load(session, run.c_str(), nullptr), -1);
    EXPECT_EQ(talweg_session_step(session), 0);
    EXPECT_EQ(talweg_session_load(session, run.c_str(), options), 0) << talweg_last_error();
    EXPECT_EQ(talweg_session_step(session), 3);
  }
}

TEST_F(CApiRuns, OptionsAreChecked) {
  Trained trained(kSgd);
  const auto refused = [](int status) { return status == -1 && std::string(talweg_last_error_code()) == "E0884"; };
  talweg_save_options save = {};
  EXPECT_TRUE(refused(talweg_session_save(trained.session, run.c_str(), &save)));
  save.size = sizeof save;
  save.keep = -1;
  EXPECT_TRUE(refused(talweg_session_save(trained.session, run.c_str(), &save)));
  talweg_load_options load = {};
  EXPECT_TRUE(refused(talweg_session_load(trained.session, run.c_str(), &load)));
  load.size = sizeof load;
  load.end = 7;
  EXPECT_TRUE(refused(talweg_session_load(trained.session, run.c_str(), &load)));
  EXPECT_FALSE(std::filesystem::exists(run));
}

TEST_F(CApiRuns, ANumberThatIsNotFiniteIsAWayToStop) {
  Trained trained(kSgd, 40, 22);
  EXPECT_EQ(talweg_session_stopped(trained.session), -1);
  EXPECT_EQ(talweg_session_not_finite(trained.session), nullptr);
  ASSERT_EQ(talweg_session_train(trained.session, 0, nullptr, nullptr), 0) << talweg_last_error();
  EXPECT_EQ(talweg_session_stopped(trained.session), TALWEG_NOT_FINITE);
  const char *told = talweg_session_not_finite(trained.session);
  ASSERT_NE(told, nullptr);
  EXPECT_NE(std::string(told).find("step 6"), std::string::npos) << told;
  EXPECT_LE(talweg_session_step(trained.session), 5);
  const std::int64_t stands = talweg_session_step(trained.session);
  ASSERT_EQ(talweg_session_save(trained.session, run.c_str(), nullptr), 0) << talweg_last_error();
  talweg_moment *moment = talweg_moment_read(run.c_str());
  EXPECT_EQ(talweg_moment_step(moment), stands);
  talweg_moment_free(moment);
}

TEST_F(CApiRuns, WhyTrainingStoppedIsTold) {
  Trained trained(kSgd);
  const auto after = [&](std::int64_t steps, talweg_on_step onStep = nullptr) {
    EXPECT_EQ(talweg_session_train(trained.session, steps, onStep, nullptr), 0) << talweg_last_error();
    return talweg_session_stopped(trained.session);
  };
  EXPECT_EQ(after(2), TALWEG_STEPS_DONE);
  EXPECT_EQ(after(1, [](void *, const talweg_step *) { return 1; }), TALWEG_BY_CALLBACK);
  talweg_session_stop(trained.session);
  EXPECT_EQ(after(0), TALWEG_BY_REQUEST);
  EXPECT_EQ(after(0), TALWEG_PLAN_DONE);
  EXPECT_EQ(talweg_session_train(trained.session, -1, nullptr, nullptr), -1);
  EXPECT_EQ(talweg_session_stopped(trained.session), -1);
}

TEST_F(CApiRuns, ARunThatGoesBackTellsIt) {
  Trained trained(std::string(kSgd) + "  on nan rollback 2\n", 40, 22);
  std::vector<double> factors;
  const auto note = [](void *user, const talweg_rollback *rollback) {
    EXPECT_LE(rollback->to, rollback->from);
    EXPECT_NE(std::string(rollback->reason), "");
    static_cast<std::vector<double> *>(user)->push_back(rollback->rate_factor);
    return 0;
  };
  ASSERT_EQ(talweg_session_on_rollback(trained.session, note, &factors), 0);
  ASSERT_EQ(talweg_session_train(trained.session, 0, nullptr, nullptr), 0) << talweg_last_error();
  EXPECT_EQ(talweg_session_stopped(trained.session), TALWEG_NOT_FINITE);
  EXPECT_EQ(factors, (std::vector<double>{0.5, 0.25}));
}

TEST_F(CApiRuns, AStepThatIsSkippedSaysSo) {
  Trained trained(std::string(kSgd) + "  on nan skip\n", 40, 22);
  std::vector<std::int64_t> skipped;
  const auto note = [](void *user, const talweg_step *step) {
    if (step->skipped)
      static_cast<std::vector<std::int64_t> *>(user)->push_back(step->step);
    return 0;
  };
  ASSERT_EQ(talweg_session_train(trained.session, 10, note, &skipped), 0) << talweg_last_error();
  EXPECT_EQ(skipped, std::vector<std::int64_t>{6});
}
