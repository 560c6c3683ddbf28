// What the C API adds to the C++ API: handles, the last error, buffers of the caller.
#include "talweg-c/talweg.h"

#include <gtest/gtest.h>

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

TEST(CApi, TrainsAndPredicts) {
  const char *set[] = {"lr", "0.2", nullptr};
  talweg_options options = {};
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
