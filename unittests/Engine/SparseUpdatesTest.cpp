// A step on a large table touches the memory of the rows that it looks up, and of no others.
#include "talweg/Engine/Engine.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

using namespace talweg;

namespace {

constexpr std::int64_t others = 16;               // pages of what a step notes beside the table
constexpr int kElements = 6'400'000, kBatch = 32; // 25.6 MB, and as much of the optimizer's state

/// What a row of the table is, and how it is read.
struct Table {
  int width = 16;
  const char *shape = ", 16", *read = "sum[k](users[user[n], k])";
  bool isInRange = true; ///< by type, what names a row
  int rows() const { return kElements / width; }
};

std::string text(const Table &table, const char *statements) {
  return fmt::format(R"(
data ratings {{
  user:   {0}
  rating: f32
}}
model Taste(user: {0}[n]) -> f32[n] {{
  param users: f32[{1}{2}] = 0.5
  y[n] = {3}
}}
train Taste on ratings {{
  minimize mean_squared_error(Taste(user), rating)
  optimizer {4}
  batch {5}
  epochs 5
}}
)",
                     table.isInRange ? fmt::format("class[{}]", table.rows()) : "i32", table.rows(), table.shape,
                     table.read, statements, kBatch);
}

using Addresses = std::pair<std::uintptr_t, std::uintptr_t>;

/// All memory that may be written, in order.
std::vector<Addresses> writable() {
  std::vector<Addresses> regions;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    unsigned long long first = 0, last = 0;
    char mode[5] = "";
    if (std::sscanf(line.c_str(), "%llx-%llx %4s", &first, &last, mode) == 3 &&
        std::string_view(mode).starts_with("rw"))
      regions.push_back({first, last});
  }
  return regions;
}

/// Counts the pages of large memory that are written, of what was mapped since there was only `before`: protects it, and lets the
/// first write of each page through. What sanitizers note of all memory is older.
class WrittenPages {
public:
  explicit WrittenPages(const std::vector<Addresses> &before) {
    written = 0;
    struct sigaction action = {};
    action.sa_sigaction = let;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGSEGV, &action, &handler);
    for (auto [at, last] : writable()) {
      for (auto [begin, end] : before)
        if (begin < last && end > at) {
          add(at, begin);
          at = end;
        }
      add(at, last);
    }
    for (auto [at, size] : regions)
      mprotect(at, size, PROT_READ);
  }
  ~WrittenPages() {
    for (auto [at, size] : regions)
      mprotect(at, size, PROT_READ | PROT_WRITE);
    sigaction(SIGSEGV, &handler, nullptr);
  }

  std::int64_t count() const { return written; }
  bool found() const { return !regions.empty(); }

private:
  static inline std::atomic<std::int64_t> written;
  std::vector<std::pair<char *, std::size_t>> regions;
  struct sigaction handler = {}; ///< as it was

  void add(std::uintptr_t first, std::uintptr_t last) {
    if (first < last && last - first >= 1ull * kElements * 4)
      regions.push_back({reinterpret_cast<char *>(first), last - first});
  }

  static void let(int, siginfo_t *fault, void *) {
    const std::uintptr_t page = std::uintptr_t(sysconf(_SC_PAGESIZE));
    if (mprotect(reinterpret_cast<void *>(std::uintptr_t(fault->si_addr) / page * page), page,
                 PROT_READ | PROT_WRITE) != 0)
      _exit(139);
    ++written;
  }
};

/// The pages that one step writes, once the program runs: the 18th, which keeps no moment to go back to.
std::int64_t pagesOfStep(const char *statements, const Table &table = {}) {
  const std::vector<Addresses> before = writable();
  Program program = *Program::fromText(text(table, statements), "taste.tw", {});
  Session session = *Session::create(program);
  std::vector<std::int32_t> user;
  std::vector<float> rating;
  for (int row = 0; row < 4 * kBatch; ++row) {
    user.push_back(int((row * 7919LL * 104729) % table.rows()));
    rating.push_back(float(row % 5));
  }
  Dataset data = *Dataset::fromMemory(program, {{"user", user.data()}, {"rating", rating.data()}}, 4 * kBatch);
  EXPECT_TRUE(session.setTrainingData(data));
  EXPECT_TRUE(session.train({.maxSteps = 17}));
  WrittenPages pages(before);
  EXPECT_TRUE(pages.found());
  EXPECT_TRUE(session.train({.maxSteps = 1}));
  return pages.count();
}

TEST(SparseUpdatesTest, PagesOfAStepAreThoseOfItsRows) {
  const std::int64_t table = std::int64_t(kElements) * 4 / sysconf(_SC_PAGESIZE);
  EXPECT_LE(pagesOfStep("adagrad(lr = 0.1)"), 2 * kBatch + others);
  EXPECT_LE(pagesOfStep("adam(lr = 0.1) lazy"), 3 * kBatch + others);
  EXPECT_GT(pagesOfStep("adam(lr = 0.1)"), table); // the other meaning moves all rows
}

TEST(SparseUpdatesTest, AStepThatMayFaultChangesNothingInItsRowsAlone) {
  Table computed;
  computed.isInRange = false;
  EXPECT_LE(pagesOfStep("adagrad(lr = 0.1)", computed), 2 * kBatch + others);
}

TEST(SparseUpdatesTest, PartsOfAStepAddUpTheirRows) {
  const std::int64_t written = 4; // the row, its state, the sum and its mark
  EXPECT_LE(pagesOfStep("adagrad(lr = 0.1)\n  accumulate 2"), written * 2 * kBatch + others);
}

TEST(SparseUpdatesTest, ARowMayBeANumberOrATensor) {
  EXPECT_LE(pagesOfStep("adagrad(lr = 0.1)", {1, "", "users[user[n]]"}), 2 * kBatch + others);
  EXPECT_LE(pagesOfStep("adagrad(lr = 0.1)", {32, ", 2, 16", "sum[h, k](users[user[n], h, k])"}), 2 * kBatch + others);
}

} // namespace
