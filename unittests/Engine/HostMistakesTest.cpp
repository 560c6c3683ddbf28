// What hosts get wrong is an Error, and leaves the session as it was.
#include "talweg/Engine/Bench.h"
#include "talweg/Engine/Engine.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

using namespace talweg;

namespace {
/// A model of `x: f32[2]` and `side`, one of so many classes, which are among the `fields` of its data.
Program programWith(const std::string &fields, int classes = 3) {
  std::string text = "data points {\n" + fields + "\n}\nconfig classes = " + std::to_string(classes) + R"(
config lr = 0.1
model Line(x: f32[n, 2]) -> f32[n, classes] { x |> dense(classes) }
train Line on points {
  minimize cross_entropy(Line(x), side)
  optimizer sgd(lr = lr)
  batch 4
  epochs 2
}
)";
  Result<Program> program = Program::fromText(text, "points.tw", {});
  EXPECT_TRUE(bool(program)) << program.error().message;
  return *program;
}

const char *const kFields = "x: f32[2]\n side: class[3]";

/// Zeros for every field.
Dataset zeros(const Program &program, std::int64_t rows) {
  std::vector<char> bytes(std::size_t(rows) * 64);
  std::vector<FieldView> views;
  for (const Field &field : program.manifest().fields)
    views.push_back({field.name, bytes.data()});
  Result<Dataset> data = Dataset::fromMemory(program, views, rows);
  EXPECT_TRUE(bool(data)) << data.error().message;
  return *data;
}

Session sessionOf(const Program &program) {
  Result<Session> session = Session::create(program, {.threads = 1});
  EXPECT_TRUE(bool(session)) << session.error().message;
  return std::move(*session);
}

template <typename T>
std::string codeOf(const Result<T> &result) {
  return result ? "" : result.error().code;
}
} // namespace

TEST(HostMistakes, DataOfAnotherProgramIsRefused) {
  Program program = programWith(kFields);
  Session session = sessionOf(program);
  for (auto [fields, classes] : {std::pair("x: f32[2]\n side: class[4]", 4),
                                 {"x: f32[2]\n side: class[3]\n more: f32[1]", 3},
                                 {"side: class[3]\n x: f32[2]", 3}}) {
    Dataset data = zeros(programWith(fields, classes), 4);
    EXPECT_EQ(codeOf(session.setTrainingData(data)), "E0845") << fields;
    EXPECT_EQ(codeOf(session.evaluate(data)), "E0845") << fields;
    EXPECT_EQ(codeOf(session.predict(data)), "E0845") << fields;
    EXPECT_EQ(codeOf(BatchRunner::create(session, data)), "E0845") << fields;
    EXPECT_EQ(codeOf(program.gradcheck({.data = &data})), "E0845") << fields;
  }
  Dataset same = zeros(programWith(kFields), 4);
  EXPECT_TRUE(bool(session.setTrainingData(same)));
  EXPECT_TRUE(bool(session.evaluate(same)));
}

TEST(HostMistakes, FieldsAreGivenOnceWithTheirValues) {
  Program program = programWith(kFields);
  std::vector<float> x(8);
  std::vector<std::int32_t> side(4);
  EXPECT_EQ(codeOf(Dataset::fromMemory(program, {{"x", x.data()}, {"side", side.data()}, {"x", x.data()}}, 4)),
            "E0844");
  EXPECT_EQ(codeOf(Dataset::fromMemory(program, {{"x", x.data()}, {"side", nullptr}}, 4)), "E0844");
  EXPECT_EQ(codeOf(Dataset::fromMemory(program, {{"x", x.data()}, {"size", side.data()}}, 4)), "E0843");
  EXPECT_EQ(codeOf(Dataset::fromMemory(program, {}, -1)), "E0842");
  EXPECT_EQ(codeOf(Dataset::fromMemory(program, {}, std::int64_t(1) << 40)), "E0842");
  EXPECT_TRUE(bool(Dataset::fromMemory(program, {{"x", nullptr}, {"side", nullptr}}, 0)));
}

TEST(HostMistakes, LabelsAreThoseOfTheirClasses) {
  Program program = programWith("x: f32[2]\n side: class[3]\n words: class[5][2]");
  const std::vector<float> x(8);
  const auto told = [&](std::vector<std::int32_t> side, std::vector<std::int32_t> words) {
    auto data = Dataset::fromMemory(program, {{"x", x.data()}, {"side", side.data()}, {"words", words.data()}}, 4);
    return data ? "" : data.error().code + ": " + data.error().message;
  };
  EXPECT_EQ(told({0, 1, 2, 0}, {0, 1, 2, 3, 4, 0, 1, 2}), "");
  EXPECT_EQ(told({0, 1, 3, 0}, {0, 1, 2, 3, 4, 0, 1, 2}),
            "E0715: memory: error: label 3 of row 2 is not in 0 to 2 (field `side: class[3]`)");
  EXPECT_EQ(told({0, 1, 2, 0}, {0, 1, 2, -1, 4, 0, 1, 2}),
            "E0715: memory: error: label -1 of row 1, element 1 is not in 0 to 4 (field `words: class[5][2]`)");
}

TEST(HostMistakes, NumbersAreChecked) {
  Program program = programWith(kFields);
  for (int threads : {-1, kMostThreads + 1, 1000000})
    EXPECT_EQ(codeOf(Session::create(program, {.threads = threads})), "E0805") << threads;
  Session session = sessionOf(program);
  Dataset data = zeros(program, 8);
  ASSERT_TRUE(bool(session.setTrainingData(data)));
  EXPECT_EQ(codeOf(session.train({.maxSteps = -1})), "E0805");
  EXPECT_EQ(session.step(), 0);
  for (double value : {double(NAN), double(INFINITY), -double(INFINITY), 1e39})
    EXPECT_EQ(codeOf(session.setHyper("lr", value)), "E0846") << value;
  EXPECT_EQ(*session.hyper("lr"), 0.1);
  EXPECT_EQ(codeOf(program.emit(Stage::Graph, Mode::Train, -1)), "E0805");
  EXPECT_EQ(codeOf(program.gradcheck({.step = NAN})), "E0805");
  EXPECT_EQ(codeOf(program.gradcheck({.maxElements = -1})), "E0805");
  EXPECT_EQ(codeOf(generatedRows(program, -1, 1)), "E0842");
  EXPECT_EQ(codeOf(MachineProbe::create(0)), "E0805");
  Result<BatchRunner> runner = BatchRunner::create(session, data);
  ASSERT_TRUE(bool(runner));
  EXPECT_EQ(codeOf(runner->run(0)), "E0805");
  EXPECT_EQ(codeOf(runner->run(INT64_MAX / 2)), "E0805");
}
