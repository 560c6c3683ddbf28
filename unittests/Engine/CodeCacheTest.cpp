// An entry of the cache with anything in it other than what was written is no entry.
#include "../../lib/Engine/CodeCache.h"
#include "../../lib/Engine/Files.h"
#include "../../lib/Engine/ManifestJson.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>

using namespace talweg;
namespace fs = std::filesystem;

namespace {

class CodeCacheTest : public testing::Test {
protected:
  CodeCacheTest() {
    std::string pattern = (fs::temp_directory_path() / "talweg-cache-XXXXXX").string();
    folder = mkdtemp(pattern.data());
    const char *set = std::getenv("TALWEG_CACHE");
    before = set ? set : "";
    setenv("TALWEG_CACHE", folder.c_str(), 1);
    cache = CodeCache();
  }
  ~CodeCacheTest() override {
    setenv("TALWEG_CACHE", before.c_str(), 1);
    fs::remove_all(folder);
  }

  /// The one file of the folder.
  std::string entry() const { return fs::directory_iterator(folder)->path().string(); }

  /// Changes the entry in every way that this test knows: cut off anywhere, a bit flipped anywhere, longer.
  void expectNoEntryOnceDamaged(const std::function<bool()> &found) {
    const std::string path = entry(), whole = *readFile(path);
    ASSERT_TRUE(found());
    for (std::size_t at = 0; at < whole.size(); ++at) {
      write(path, whole.substr(0, at));
      EXPECT_FALSE(found()) << "cut off after " << at << " bytes";
      std::string flipped = whole;
      flipped[at] = char(flipped[at] ^ (1 << at % 8));
      write(path, flipped);
      EXPECT_FALSE(found()) << "a bit of byte " << at;
    }
    write(path, whole + '\n');
    EXPECT_FALSE(found()) << "a byte too many";
    write(path, whole);
    EXPECT_TRUE(found());
  }

  static void write(const std::string &path, const std::string &bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
  }

  fs::path folder;
  std::string before;
  CodeCache cache;
};

/// No member is what it is by default, so that one which is lost is seen.
Manifest manifest() {
  Manifest result;
  result.mode = Mode::Predict;
  result.batch = 64;
  result.variables = {{"dense.weight", Role::Parameter, ElementType::F32, {4, 32}, false, 64, 32},
                      {"dense.mean", Role::State, ElementType::F64, {2}, true, 128, 0}};
  result.model = "Dense";
  result.fields = {{"x", ElementType::U8, {4}, 10, {std::int64_t(3), "label"}}};
  result.uses = {{true, -3, 7}};
  result.hypers = {{"lr", 0.5}, {"limit", std::numeric_limits<double>::infinity()}};
  result.faults = {{"\xff is {}", "help", true, "other.tw", 3, 4}};
  result.metrics = {"accuracy", "error"};
  result.reports = {"lr"};
  result.otherLosses = 1;
  result.every = {1, 3, 1, 1};
  result.lossMetrics = {"error"};
  result.outputShape = {64, 10};
  result.outputType = ElementType::F64;
  result.flops = 1000;
  result.contractions = 2;
  result.arenaBytes = 4096;
  result.persistentBytes = 512;
  return result;
}

frontend::Plan plan() {
  frontend::Plan result;
  result.model = "Dense";
  result.data = "points";
  result.real = ElementType::F64;
  result.splits = {
      {"train",
       data::formats().front(),
       {"a.csv", "b.csv"},
       {{"header", true}, {"every", std::int64_t(3)}, {"delimiter", std::string(";")}, {"rows", data::Range{2, 5}}}}};
  result.batch = 64;
  result.epochs = 3;
  result.validateEvery = 10;
  result.best = "error";
  result.greatest = true;
  result.early = EarlyStop{"error", true, 4};
  result.stopWhen = {{{"error", Predicate::GreaterEqual, 0.5}, {"step", Predicate::Less, 10}}, {}};
  result.budgetSeconds = 7.5;
  result.onNan = OnNan::Rollback;
  result.rollbacks = 2;
  result.seed = UINT64_MAX;
  result.constants = {{"width", "128"}};
  return result;
}

const std::string kCode = "\x7f"
                          "ELF\nobject";

TEST_F(CodeCacheTest, DamagedCodeIsNoEntry) {
  cache.store("key", kCode);
  EXPECT_EQ(cache.find("key"), kCode);
  expectNoEntryOnceDamaged([&] { return cache.find("key").has_value(); });
}

TEST_F(CodeCacheTest, ADamagedStartIsNoEntry) {
  cache.store("key", CachedStart{plan(), manifest(), "abc"});
  std::optional<CachedStart> found = cache.findStart("key");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->code, "abc");
  EXPECT_EQ(found->manifest, manifest());
  EXPECT_EQ(toJson(found->plan), toJson(plan()));
  expectNoEntryOnceDamaged([&] { return cache.findStart("key").has_value(); });
}

TEST_F(CodeCacheTest, AnEntryUnderAnotherNameIsNoEntry) {
  cache.store("key", kCode);
  fs::copy_file(folder / "key.code", folder / "other.code");
  EXPECT_FALSE(cache.find("other"));
  fs::copy_file(folder / "key.code", folder / "key.start");
  EXPECT_FALSE(cache.findStart("key"));
}

} // namespace
