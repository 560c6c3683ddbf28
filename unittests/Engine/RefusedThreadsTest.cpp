// A thread that the system does not give is an Error, and a later call that gets it goes on.
#include "../Support/Sanitized.h"
#include "talweg/Engine/Engine.h"

#include <gtest/gtest.h>

#include <fstream>

#include <sys/resource.h>
#include <unistd.h>

using namespace talweg;

namespace {
const char *const kLine = R"(
data points {
  x: f32[2]
  y: f32[1]
}
model Line(x: f32[n, 2]) -> f32[n, 1] { x |> dense(1) }
train Line on points {
  minimize mean_squared_error(Line(x), y)
  optimizer sgd(lr = 0.1)
  batch 8
  epochs 1
}
)";

/// While it lives, this process may have 128 MiB of addresses more than now: too few for the stacks of many threads.
class FewAddresses {
public:
  FewAddresses() {
    std::int64_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    getrlimit(RLIMIT_AS, &before);
    rlimit few = before;
    few.rlim_cur = rlim_t(pages) * rlim_t(sysconf(_SC_PAGESIZE)) + (rlim_t(128) << 20);
    setrlimit(RLIMIT_AS, &few);
  }
  ~FewAddresses() { setrlimit(RLIMIT_AS, &before); }

private:
  rlimit before{};
};

template <typename T>
std::string codeOf(const Result<T> &result) {
  return result ? "" : result.error().code;
}
} // namespace

TEST(RefusedThreads, AreErrors) {
  if (TALWEG_SANITIZED)
    GTEST_SKIP() << "the sanitizer's own memory for a thread would be refused first";
  Result<Program> program = Program::fromText(kLine, "line.tw", {});
  ASSERT_TRUE(bool(program)) << program.error().message;
  {
    FewAddresses limit;
    EXPECT_EQ(codeOf(Program::fromText(kLine, "line.tw", {})), "E0807"); // the thread that the frontend runs on
    EXPECT_EQ(codeOf(Session::create(*program, {.threads = 1000})), "E0807");
  }
  EXPECT_TRUE(bool(Program::fromText(kLine, "line.tw", {})));
  EXPECT_TRUE(bool(Session::create(*program, {.threads = 4})));
}
