// What the preparation of the data has learned, as a host sees it; and windows over rows of its own.
#include "talweg/Engine/Engine.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

using namespace talweg;

namespace {

const char *const kShop = R"(
data shop {
  word: category = column("word")
  x: f32 = column("x") |> standardized
  kind: class["no", "yes"] = column("kind")
  train = csv("train.csv")
}
model Net(word: class[v][n], x: f32[n]) -> f32[n, 2] {
  concat(embedding(word, 2), reshape(x, [n, 1])) |> dense(2)
}
train Net on shop {
  minimize cross_entropy(Net(word, x), kind)
  optimizer sgd
  batch 2
}
)";

const char *const kSeries = R"(
data series {
  past: f32[3] = column("y") |> window(-3..0)
  next: f32[1] = column("y") |> window(0..1)
}
model Net(past: f32[n, 3]) -> f32[n, 1] {
  dense(past, 1)
}
train Net on series {
  minimize mean_squared_error(Net(past), next)
  optimizer sgd
  batch 2
}
)";

class LearnedTest : public testing::Test {
protected:
  LearnedTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "talweg-learned-XXXXXX").string();
    folder = mkdtemp(pattern.data());
    std::ofstream(folder / "train.csv") << "word,x,kind\ntea,1,no\nmilk,3,yes\ntea,5,no\n";
  }
  ~LearnedTest() override { std::filesystem::remove_all(folder); }
  Result<Program> program(const CompileOptions &options = {}) const {
    return Program::fromText(kShop, (folder / "shop.tw").string(), options);
  }
  std::filesystem::path folder;
};

TEST_F(LearnedTest, IsOfTheTrainingSplitOrGiven) {
  const Program first = *program();
  EXPECT_EQ(first.classNames("word"), (std::vector<std::string>{"<unknown>", "<missing>", "tea", "milk"}));
  EXPECT_EQ(first.classNames("kind"), (std::vector<std::string>{"no", "yes"}));
  EXPECT_EQ(first.classNames("x"), std::vector<std::string>());
  ASSERT_EQ(first.learned().size(), 2u);
  EXPECT_EQ(first.learned()[1].steps[0].numbers[0], 3);
  std::filesystem::remove(folder / "train.csv");
  EXPECT_FALSE(program());
  CompileOptions options;
  options.learned = first.learned();
  const Result<Program> again = program(options);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->learned(), first.learned());
}

TEST_F(LearnedTest, IsThatOfTheFieldOrAnError) {
  CompileOptions options;
  options.learned = program()->learned();
  options.learned[0].steps = {{{1, 2}, {}, {}}};
  const Result<Program> wrong = program(options);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, "E0848");
}

TEST_F(LearnedTest, VocabulariesGrowBehindWhatIsKnown) {
  CompileOptions options;
  options.learned = program()->learned();
  options.growVocabularies = true;
  std::ofstream(folder / "train.csv") << "word,x,kind\noil,7,no\noil,9,yes\ntea,5,no\n";
  const Result<Program> grown = program(options);
  ASSERT_TRUE(grown);
  EXPECT_EQ(grown->classNames("word"), (std::vector<std::string>{"<unknown>", "<missing>", "tea", "milk", "oil"}));
  EXPECT_EQ(grown->learned()[1], options.learned[1]);
}

TEST(WindowsTest, AreRecordsOfRowsInMemory) {
  const Program program = *Program::fromText(kSeries, "series.tw", {});
  const float rows[] = {0, 1, 2, 3, 4, 5};
  const std::vector<FieldView> views = {{"past", rows}, {"next", rows}};
  EXPECT_EQ(Dataset::fromMemory(program, views, 6)->rows(), 3);
  const Result<Dataset> few = Dataset::fromMemory(program, views, 3);
  ASSERT_FALSE(few);
  EXPECT_EQ(few.error().code, "E0847");
  EXPECT_EQ(few.error().message, "error: the windows reach over 4 rows, and the data has 3");
}

} // namespace
