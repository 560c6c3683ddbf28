// What the C API adds to the C++ API: handles, the last error, buffers of the caller.
#include "talweg-c/talweg.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

static const char *const kLine = "data points {\n"
                                 "  x: f32[2]\n"
                                 "  y: f32[1]\n"
                                 "}\n"
                                 "config lr = 0.1\n"
                                 "model Line(x: f32[n, 2]) -> f32[n, 1] { out = dense(x, 1) }\n"
                                 "train Line on points {\n"
                                 "  guess = Line(x)\n"
                                 "  minimize mean_squared_error(guess, y)\n"
                                 "  metric off = mean(abs(guess - y))\n"
                                 "  optimizer sgd(lr = lr)\n"
                                 "  batch 4\n"
                                 "  steps 10\n"
                                 "}\n";

TEST(CApi, FailuresAreTold) {
  EXPECT_EQ(talweg_program_from_file("/nowhere/at/all.tw", nullptr), nullptr);
  EXPECT_STREQ(talweg_last_error_code(), "E0801");
  EXPECT_NE(std::string(talweg_last_error()).find("/nowhere/at/all.tw"), std::string::npos);
}

TEST(CApi, LabelsBeyondTheirClassesAreRefused) {
  talweg_program *program = talweg_program_from_text("data marks {\n"
                                                     "  mark: class[2]\n"
                                                     "}\n"
                                                     "model M(mark: class[c][n]) -> f32[n] {\n"
                                                     "  param p: f32[c] = 1\n"
                                                     "  y[n] = p[mark[n]]\n"
                                                     "}\n"
                                                     "train M on marks {\n"
                                                     "  minimize mean(M(mark)^2)\n"
                                                     "  optimizer sgd(lr = 0.1)\n"
                                                     "  batch 3\n"
                                                     "  steps 1\n"
                                                     "}\n",
                                                     "marks.tw", nullptr);
  ASSERT_NE(program, nullptr) << talweg_last_error();
  const std::int32_t marks[] = {0, 1, 2};
  const talweg_field field = {"mark", marks};
  EXPECT_EQ(talweg_dataset_from_memory(program, &field, 1, 3), nullptr);
  EXPECT_STREQ(talweg_last_error_code(), "E0715");
  EXPECT_NE(std::string(talweg_last_error()).find("label 2 of row 2 is not in 0 to 1"), std::string::npos);
  talweg_program_free(program);
}

namespace {
/// A program, six rows for it, and a session that trains on them.
struct Line : testing::Test {
  Line() {
    program = talweg_program_from_text(kLine, "line.tw", nullptr);
    talweg_field fields[] = {{"x", x.data()}, {"y", y.data()}};
    rows = talweg_dataset_from_memory(program, fields, 2, 6);
    session = talweg_session_create(program, nullptr);
    EXPECT_NE(session, nullptr) << talweg_last_error();
    EXPECT_EQ(talweg_session_set_training_data(session, rows), 0);
  }
  ~Line() override {
    talweg_session_free(session);
    talweg_dataset_free(rows);
    talweg_program_free(program);
  }

  std::vector<float> x = std::vector<float>(12, 0.5f), y = std::vector<float>(6, 1.0f);
  talweg_program *program;
  talweg_dataset *rows;
  talweg_session *session;
};
} // namespace

TEST(CApi, TrainsAndPredicts) {
  const char *set[] = {"lr", "0.2", nullptr};
  talweg_options options = {};
  options.size = sizeof options;
  options.set = set;
  options.steps = 7;
  options.threads = 1;
  talweg_program *program = talweg_program_from_text(kLine, "line.tw", &options);
  ASSERT_NE(program, nullptr) << talweg_last_error();
  EXPECT_EQ(talweg_program_batch(program), 4);
  ASSERT_EQ(talweg_program_metrics(program), 1u);
  EXPECT_STREQ(talweg_program_metric(program, 0), "off");
  EXPECT_EQ(talweg_program_metric(program, 1), nullptr);
  ASSERT_EQ(talweg_program_variables(program), 2u);
  EXPECT_STREQ(talweg_program_variable(program, 0), "Line.out.weight");
  EXPECT_EQ(talweg_program_variable_size(program, "Line.out.weight"), 2);
  int64_t dims[2] = {};
  EXPECT_EQ(talweg_program_variable_shape(program, "Line.out.weight", dims, 2), 2);
  EXPECT_EQ(dims[0], 2);
  EXPECT_EQ(talweg_program_variable_size(program, "Line.out"), -1);
  EXPECT_STREQ(talweg_last_error_code(), "E0857");

  std::vector<float> x(12, 0.5f), y(6, 1.0f);
  talweg_field fields[] = {{"x", x.data()}, {"y", y.data()}};
  talweg_dataset *rows = talweg_dataset_from_memory(program, fields, 2, 6);
  talweg_session *session = talweg_session_create(program, &options);
  ASSERT_NE(session, nullptr) << talweg_last_error();
  ASSERT_EQ(talweg_session_set_training_data(session, rows), 0);
  int steps = 0;
  auto count = [](void *user, const talweg_step *) { return ++*static_cast<int *>(user), 0; };
  ASSERT_EQ(talweg_session_train(session, 0, count, &steps), 0) << talweg_last_error();
  EXPECT_EQ(steps, 7);
  EXPECT_EQ(talweg_session_step(session), 7);

  float weight[2] = {2, 4}, bias[1] = {1}, output[6];
  ASSERT_EQ(talweg_session_write(session, "Line.out.weight", weight, 2), 0);
  ASSERT_EQ(talweg_session_write(session, "Line.out.bias", bias, 1), 0);
  EXPECT_EQ(talweg_session_read(session, "Line.out.weight", weight, 3), -1);
  EXPECT_STREQ(talweg_last_error_code(), "E0859");
  ASSERT_EQ(talweg_session_predict(session, rows, output, 6), 6) << talweg_last_error();
  EXPECT_FLOAT_EQ(output[5], 4);
  EXPECT_EQ(talweg_session_predict(session, rows, output, 5), -1);
  EXPECT_STREQ(talweg_last_error_code(), "E0882");
  double loss = 0, off = 0;
  ASSERT_EQ(talweg_session_evaluate(session, rows, &loss, &off), 0);
  EXPECT_DOUBLE_EQ(loss, 9);
  EXPECT_DOUBLE_EQ(off, 3);
  talweg_session_free(session);
  talweg_dataset_free(rows);
  talweg_program_free(program);
}

TEST_F(Line, KeepsWhatItTrained) {
  auto folder = std::filesystem::temp_directory_path() / ("talweg-capi-" + std::to_string(::getpid()));
  std::string run = (folder / "run").string(), file = (folder / "model.safetensors").string();
  EXPECT_EQ(std::string(talweg_version()).find_first_not_of("0123456789."), std::string::npos);
  ASSERT_EQ(talweg_session_train(session, 4, nullptr, nullptr), 0) << talweg_last_error();
  ASSERT_EQ(talweg_session_save(session, run.c_str(), nullptr), 0) << talweg_last_error();
  ASSERT_EQ(talweg_session_save_model(session, file.c_str()), 0) << talweg_last_error();
  float then[2], now[2];
  ASSERT_EQ(talweg_session_read(session, "Line.out.weight", then, 2), 0);

  ASSERT_EQ(talweg_session_set_hyper(session, "lr", 0), 0);
  ASSERT_EQ(talweg_session_train(session, 1, nullptr, nullptr), 0);
  ASSERT_EQ(talweg_session_read(session, "Line.out.weight", now, 2), 0);
  EXPECT_EQ(std::vector(now, now + 2), std::vector(then, then + 2));
  EXPECT_EQ(talweg_session_set_hyper(session, "lr", NAN), -1);
  EXPECT_STREQ(talweg_last_error_code(), "E0846");

  for (bool isModel : {false, true}) {
    float other[2] = {7, 7};
    ASSERT_EQ(talweg_session_write(session, "Line.out.weight", other, 2), 0);
    ASSERT_EQ(isModel ? talweg_session_load_model(session, run.c_str())
                      : talweg_session_load(session, run.c_str(), nullptr),
              0)
        << talweg_last_error();
    ASSERT_EQ(talweg_session_read(session, "Line.out.weight", now, 2), 0);
    EXPECT_EQ(std::vector(now, now + 2), std::vector(then, then + 2));
  }
  EXPECT_EQ(talweg_session_step(session), 4);
  talweg_snapshot *snapshot = talweg_session_snapshot(session);
  ASSERT_NE(snapshot, nullptr) << talweg_last_error();
  std::string bytes(size_t(talweg_session_save_to(session, nullptr, nullptr, 0)), 0);
  ASSERT_EQ(talweg_session_save_to(session, nullptr, bytes.data(), bytes.size()), int64_t(bytes.size()));
  for (bool fromBytes : {true, false}) {
    float other[2] = {7, 7};
    ASSERT_EQ(talweg_session_write(session, "Line.out.weight", other, 2), 0);
    ASSERT_EQ(fromBytes ? talweg_session_load_from(session, bytes.data(), bytes.size(), nullptr)
                        : talweg_session_restore(session, snapshot),
              0)
        << talweg_last_error();
    ASSERT_EQ(talweg_session_read(session, "Line.out.weight", now, 2), 0);
    EXPECT_EQ(std::vector(now, now + 2), std::vector(then, then + 2));
  }
  talweg_snapshot_free(snapshot);
  EXPECT_EQ(talweg_session_load_from(session, bytes.data(), bytes.size() / 2, nullptr), -1);
  EXPECT_EQ(talweg_session_claim(session, run.c_str()), 0);
  EXPECT_EQ(talweg_session_save(session, run.c_str(), nullptr), 0);
  EXPECT_EQ(talweg_session_load(session, file.c_str(), nullptr), -1);
  EXPECT_EQ(talweg_session_load_model(session, file.c_str()), 0);

  std::ofstream(folder / "rows.csv") << "x0,x1,y\n1,2,3\n4,5,6\n";
  talweg_dataset *loaded = talweg_dataset_load(program, "more", (folder / "rows.csv").c_str());
  ASSERT_NE(loaded, nullptr) << talweg_last_error();
  EXPECT_EQ(talweg_dataset_rows(loaded), 2);
  EXPECT_EQ(talweg_session_evaluate(session, loaded, nullptr, nullptr), 0);
  talweg_dataset_free(loaded);
  EXPECT_EQ(talweg_dataset_load(program, "more", nullptr), nullptr);
  EXPECT_STREQ(talweg_last_error_code(), "E0840");
  std::filesystem::remove_all(folder);
}

TEST_F(Line, NullIsAnErrorWhereverSomethingIsNeeded) {
  auto failed = [](bool failure) {
    bool told = std::string(talweg_last_error_code()) == "E0883";
    talweg_program_from_file("/nowhere/at/all.tw", nullptr); // another error
    return failure && told;
  };
  float values[6];
  int64_t dims[2];
  EXPECT_TRUE(failed(!talweg_program_from_file(nullptr, nullptr)));
  EXPECT_TRUE(failed(!talweg_program_from_text(nullptr, "line.tw", nullptr)));
  EXPECT_TRUE(failed(!talweg_program_from_text(kLine, nullptr, nullptr)));
  EXPECT_TRUE(failed(talweg_program_batch(nullptr) == -1));
  EXPECT_TRUE(failed(talweg_program_metrics(nullptr) == 0));
  EXPECT_TRUE(failed(!talweg_program_metric(nullptr, 0)));
  EXPECT_TRUE(failed(talweg_program_variables(nullptr) == 0));
  EXPECT_TRUE(failed(!talweg_program_variable(nullptr, 0)));
  EXPECT_TRUE(failed(talweg_program_variable_size(nullptr, "Line.out.bias") == -1));
  EXPECT_TRUE(failed(talweg_program_variable_size(program, nullptr) == -1));
  EXPECT_TRUE(failed(talweg_program_variable_shape(nullptr, "Line.out.bias", dims, 2) == -1));
  EXPECT_TRUE(failed(talweg_program_variable_shape(program, nullptr, dims, 2) == -1));
  EXPECT_TRUE(failed(talweg_program_variable_shape(program, "Line.out.bias", nullptr, 2) == -1));
  EXPECT_EQ(talweg_program_variable_shape(program, "Line.out.bias", nullptr, 0), 1);

  talweg_field nameless[] = {{nullptr, x.data()}};
  EXPECT_TRUE(failed(!talweg_dataset_load(nullptr, "train", nullptr)));
  EXPECT_TRUE(failed(!talweg_dataset_load(program, nullptr, nullptr)));
  EXPECT_TRUE(failed(!talweg_dataset_from_memory(nullptr, nameless, 1, 1)));
  EXPECT_TRUE(failed(!talweg_dataset_from_memory(program, nullptr, 1, 1)));
  EXPECT_TRUE(failed(!talweg_dataset_from_memory(program, nameless, 1, 1)));
  EXPECT_TRUE(failed(talweg_dataset_rows(nullptr) == -1));

  EXPECT_TRUE(failed(!talweg_session_create(nullptr, nullptr)));
  EXPECT_TRUE(failed(talweg_session_set_training_data(nullptr, rows) == -1));
  EXPECT_TRUE(failed(talweg_session_set_training_data(session, nullptr) == -1));
  EXPECT_TRUE(failed(talweg_session_train(nullptr, 1, nullptr, nullptr) == -1));
  EXPECT_TRUE(failed(talweg_session_step(nullptr) == -1));
  EXPECT_TRUE(failed(talweg_session_evaluate(nullptr, rows, nullptr, nullptr) == -1));
  EXPECT_TRUE(failed(talweg_session_evaluate(session, nullptr, nullptr, nullptr) == -1));
  EXPECT_TRUE(failed(talweg_session_predict(nullptr, rows, values, 6) == -1));
  EXPECT_TRUE(failed(talweg_session_predict(session, nullptr, values, 6) == -1));
  EXPECT_TRUE(failed(talweg_session_predict(session, rows, nullptr, 6) == -1));
  EXPECT_EQ(talweg_session_predict(session, rows, nullptr, 0), -1);
  EXPECT_STREQ(talweg_last_error_code(), "E0882");
  EXPECT_TRUE(failed(talweg_session_read(nullptr, "Line.out.bias", values, 1) == -1));
  EXPECT_TRUE(failed(talweg_session_read(session, nullptr, values, 1) == -1));
  EXPECT_TRUE(failed(talweg_session_read(session, "Line.out.bias", nullptr, 1) == -1));
  EXPECT_TRUE(failed(talweg_session_write(nullptr, "Line.out.bias", values, 1) == -1));
  EXPECT_TRUE(failed(talweg_session_write(session, nullptr, values, 1) == -1));
  EXPECT_TRUE(failed(talweg_session_write(session, "Line.out.bias", nullptr, 1) == -1));
  EXPECT_TRUE(failed(talweg_session_set_hyper(nullptr, "lr", 1) == -1));
  EXPECT_TRUE(failed(talweg_session_set_hyper(session, nullptr, 1) == -1));
  EXPECT_TRUE(failed(talweg_session_save(nullptr, "/tmp", nullptr) == -1));
  EXPECT_TRUE(failed(talweg_session_save(session, nullptr, nullptr) == -1));
  EXPECT_TRUE(failed(talweg_session_load(nullptr, "/tmp", nullptr) == -1));
  EXPECT_TRUE(failed(talweg_session_load(session, nullptr, nullptr) == -1));
  EXPECT_TRUE(failed(talweg_session_save_model(session, nullptr) == -1));
  EXPECT_TRUE(failed(talweg_session_load_model(session, nullptr) == -1));
  EXPECT_TRUE(failed(talweg_session_save_model(nullptr, "/tmp") == -1));
  EXPECT_TRUE(failed(talweg_session_load_model(nullptr, "/tmp") == -1));
  EXPECT_TRUE(failed(talweg_session_save_to(nullptr, nullptr, values, 6) == -1));
  EXPECT_TRUE(failed(talweg_session_load_from(session, nullptr, 1, nullptr) == -1));
  EXPECT_TRUE(failed(talweg_session_on_rollback(nullptr, nullptr, nullptr) == -1));
  EXPECT_TRUE(failed(talweg_session_stopped(nullptr) == -1));
  EXPECT_TRUE(failed(!talweg_session_not_finite(nullptr)));
  EXPECT_TRUE(failed(!talweg_moment_read(nullptr)));
  EXPECT_TRUE(failed(talweg_moment_step(nullptr) == -1));
  EXPECT_TRUE(failed(talweg_moment_total_steps(nullptr) == -1));
  for (auto text : {talweg_moment_folder, talweg_moment_notes, talweg_moment_best})
    EXPECT_TRUE(failed(!text(nullptr)));
  talweg_moment_free(nullptr);
  talweg_session_stop(nullptr);
  talweg_session_free(nullptr);
  talweg_dataset_free(nullptr);
  talweg_program_free(nullptr);
}

TEST_F(Line, SizesAndPlacesAreChecked) {
  float one = 0;
  EXPECT_EQ(talweg_session_write(session, "Line.out.bias", &one, SIZE_MAX), -1);
  EXPECT_STREQ(talweg_last_error_code(), "E0859");
  EXPECT_EQ(talweg_session_read(session, "Line.out.bias", &one, SIZE_MAX), -1);
  EXPECT_STREQ(talweg_last_error_code(), "E0859");
  EXPECT_EQ(talweg_program_variable(program, SIZE_MAX), nullptr);
  EXPECT_STREQ(talweg_last_error_code(), "E0885");
  EXPECT_EQ(talweg_session_train(session, -1, nullptr, nullptr), -1);
  EXPECT_STREQ(talweg_last_error_code(), "E0805");
  EXPECT_EQ(talweg_session_step(session), 0);
}

TEST_F(Line, AStopIsForOneCall) {
  talweg_session_stop(session);
  ASSERT_EQ(talweg_session_train(session, 3, nullptr, nullptr), 0);
  EXPECT_EQ(talweg_session_step(session), 0);
  ASSERT_EQ(talweg_session_train(session, 3, nullptr, nullptr), 0);
  EXPECT_EQ(talweg_session_step(session), 3);
}

TEST(CApi, EachThreadHasItsSessionAndItsError) {
  talweg_program *program = talweg_program_from_text(kLine, "line.tw", nullptr);
  ASSERT_NE(program, nullptr) << talweg_last_error();
  auto use = [&](const char *name) {
    std::vector<float> x(12, 0.5f), y(6, 1.0f);
    talweg_field fields[] = {{"x", x.data()}, {"y", y.data()}};
    talweg_dataset *rows = talweg_dataset_from_memory(program, fields, 2, 6);
    talweg_session *session = talweg_session_create(program, nullptr);
    EXPECT_EQ(talweg_session_set_training_data(session, rows), 0);
    EXPECT_EQ(talweg_session_train(session, 5, nullptr, nullptr), 0) << talweg_last_error();
    EXPECT_EQ(talweg_session_set_hyper(session, name, 1), -1);
    EXPECT_NE(std::string(talweg_last_error()).find(name), std::string::npos);
    talweg_session_free(session);
    talweg_dataset_free(rows);
  };
  std::thread one(use, "one"), two(use, "two");
  one.join();
  two.join();
  talweg_program_free(program);
}

TEST(CApi, OptionsMayGrow) {
  struct Later {
    talweg_options known;
    int64_t more;
  } later = {};
  later.known.size = sizeof later;
  talweg_program *program = talweg_program_from_text(kLine, "line.tw", &later.known);
  EXPECT_NE(program, nullptr) << talweg_last_error();
  auto refused = [&](const talweg_options &options) {
    bool nothing = !talweg_program_from_text(kLine, "line.tw", &options) && !talweg_session_create(program, &options);
    return nothing && std::string(talweg_last_error_code()) == "E0884";
  };
  later.more = 1;
  EXPECT_TRUE(refused(later.known));
  later.known.size = offsetof(talweg_options, target);
  later.known.target = "none, and not looked at";
  talweg_program *earlier = talweg_program_from_text(kLine, "line.tw", &later.known);
  EXPECT_NE(earlier, nullptr) << talweg_last_error();
  talweg_program_free(earlier);
  for (size_t size : {size_t(0), sizeof(talweg_options) - 1}) {
    later.known.size = size;
    EXPECT_TRUE(refused(later.known));
  }
  talweg_program_free(program);
}

TEST(CApi, ATargetIsAName) {
  talweg_options options = {};
  options.size = sizeof options;
  options.target = "no-such-processor";
  EXPECT_EQ(talweg_program_from_text(kLine, "line.tw", &options), nullptr);
  EXPECT_STREQ(talweg_last_error_code(), "E0806");
  options.target = "native";
  talweg_program *program = talweg_program_from_text(kLine, "line.tw", &options);
  EXPECT_NE(program, nullptr) << talweg_last_error();
  talweg_program_free(program);
}

TEST(CApi, EachNameThatIsSetHasAValue) {
  const char *set[] = {"lr", nullptr};
  talweg_options options = {};
  options.size = sizeof options;
  options.set = set;
  EXPECT_EQ(talweg_program_from_text(kLine, "line.tw", &options), nullptr);
  EXPECT_STREQ(talweg_last_error_code(), "E0884");
  options.set = nullptr;
  options.threads = 1000000;
  talweg_program *program = talweg_program_from_text(kLine, "line.tw", &options);
  EXPECT_EQ(talweg_session_create(program, &options), nullptr);
  EXPECT_STREQ(talweg_last_error_code(), "E0805");
  talweg_program_free(program);
}
