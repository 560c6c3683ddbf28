// A host prepares records as the run did: cells in memory, or lines of text, become the rows that a file with them would.
#include "talweg/Engine/Engine.h"

#include <gtest/gtest.h>

using namespace talweg;

namespace {
const char *const kPeople = R"(
data people {
  size: f32[2] = column("weight", "height")
  age: f32 = column("age") |> filled(30)
  rich: class["no", "yes"] = column("income")
  train = csv("people.csv", delimiter = ";", comment = "#")
}
model M(size: f32[n, 2], age: f32[n]) -> f32[n, 2] {
  param w: f32 = 1
  y[n, k] = w * size[n, k] + age[n]
}
train M on people {
  minimize cross_entropy(M(size, age), rich)
  optimizer sgd
  batch 2
}
)";

class CellsTest : public testing::Test {
protected:
  Program program = *Program::fromText(kPeople, "people.tw", {});
};

template <typename T>
std::string told(const Result<T> &result) {
  return result ? "" : result.error().message;
}

TEST_F(CellsTest, NumbersTextsAndMissingOnesArePrepared) {
  auto data = Dataset::fromCells(program, {"age", "height", "unused", "weight"},
                                 {{40.0, "1.5", "?", 50.0}, {std::monostate(), 1.75, 0.0, "60"}});
  ASSERT_EQ(told(data), "");
  EXPECT_EQ(data->rows(), 2);
  EXPECT_EQ(*data->read("size", 0, 2), (std::vector<double>{50, 1.5, 60, 1.75}));
  EXPECT_EQ(*data->read("age", 0, 2), (std::vector<double>{40, 30}));
  auto session = Session::create(program, {.mode = Mode::Predict});
  ASSERT_EQ(told(session), "");
  auto prediction = session->predict(*data);
  ASSERT_EQ(told(prediction), "");
  EXPECT_EQ(prediction->values, (std::vector<double>{90, 41.5, 90, 31.75}));
}

TEST_F(CellsTest, WhatAModeReadsMustBeThere) {
  EXPECT_EQ(told(Dataset::fromCells(program, {"weight", "height", "age"}, {{50.0, 1.5, 40.0}})), "");
  EXPECT_EQ(told(Dataset::fromCells(program, {"weight", "height", "ages"}, {{50.0, 1.5, 40.0}})),
            "records: error: this has no column `age`\nhelp: did you mean `ages`?");
  EXPECT_EQ(told(Dataset::fromCells(program, {"weight", "height", "age"}, {{50.0, 1.5, 40.0}}, Mode::Train)),
            "records: error: this has no column `income`\nhelp: the columns are `weight`, `height`, `age`");
  EXPECT_EQ(
      told(Dataset::fromCells(program, {"weight", "height", "age", "income"}, {{50.0, 1.5, 40.0, "yes"}}, Mode::Train)),
      "");
}

TEST_F(CellsTest, AWrongCellIsNamed) {
  EXPECT_EQ(told(Dataset::fromCells(program, {"weight", "height", "age"}, {{50.0, 1.5, 40.0}, {50.0, "tall", 40.0}})),
            "records:2: error: `tall` is not a number (field `size: f32[2]`, column `height`)");
  EXPECT_EQ(told(Dataset::fromCells(program, {"weight", "height", "age"}, {{50.0, 1.5}})),
            "error: record 0 has 2 cells, and there are 3 columns");
}

TEST_F(CellsTest, LinesAreReadAsTheDataAreDeclared) {
  auto lines = LineReader::create(program, "", {.keys = {"id"}});
  ASSERT_EQ(told(lines), "");
  EXPECT_FALSE(*lines->take("# people"));
  EXPECT_FALSE(*lines->take("id;weight;height;age"));
  auto first = lines->take("a b;50;1.5;");
  ASSERT_EQ(told(first), "");
  EXPECT_EQ((*first)->key(0, 0), "a b");
  EXPECT_EQ(*(*first)->read("age", 0, 1), (std::vector<double>{30}));
  EXPECT_FALSE(*lines->take(" "));
  EXPECT_EQ(told(lines->take("b;50;tall;40")),
            "-:5:6: error: `tall` is not a number (field `size: f32[2]`, column `height`)");
  auto last = lines->take("c;60;1.75;50");
  ASSERT_EQ(told(last), "");
  EXPECT_EQ(*(*last)->read("size", 0, 1), (std::vector<double>{60, 1.75}));
}

TEST_F(CellsTest, AWindowIsNoLine) {
  Program windows = *Program::fromText(R"(
data series {
  x: f32[3] = column("x") |> window(0..3)
  train = csv("series.csv")
}
model M(x: f32[n, 3]) -> f32[n] { y[n] = x[n, 0] }
train M on series {
  minimize mean(M(x))
  optimizer sgd
  batch 1
}
)",
                                       "series.tw", {});
  EXPECT_EQ(LineReader::create(windows).error().code, "E0849");
  EXPECT_EQ(told(LineReader::create(windows)),
            "error: a record of these data is a window over several rows, so no line is one");
  auto data = Dataset::fromCells(windows, {"x"}, {{1.0}, {2.0}, {3.0}, {4.0}});
  ASSERT_EQ(told(data), "");
  EXPECT_EQ(*data->read("x", 1, 1), (std::vector<double>{2, 3, 4}));
}
} // namespace
