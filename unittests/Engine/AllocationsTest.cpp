// Steps allocate nothing: every allocation of this process is counted, in whatever library it happens, and a call of many
// steps makes no more of them than a call of one.
#include "../Support/Sanitized.h"
#include "talweg/Engine/Bench.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>

// The sanitizers have allocators of their own; other C libraries have no names behind which the real ones are found.
#if defined(__GLIBC__) && !TALWEG_SANITIZED

namespace {
std::atomic<long> allocations;
}

extern "C" {
void *__libc_malloc(std::size_t);
void *__libc_calloc(std::size_t, std::size_t);
void *__libc_realloc(void *, std::size_t);
void *__libc_memalign(std::size_t, std::size_t);

__attribute__((visibility("default"))) void *malloc(std::size_t bytes) {
  ++allocations;
  return __libc_malloc(bytes);
}
__attribute__((visibility("default"))) void *calloc(std::size_t count, std::size_t bytes) {
  ++allocations;
  return __libc_calloc(count, bytes);
}
__attribute__((visibility("default"))) void *realloc(void *memory, std::size_t bytes) {
  ++allocations;
  return __libc_realloc(memory, bytes);
}
__attribute__((visibility("default"))) void *memalign(std::size_t alignment, std::size_t bytes) {
  ++allocations;
  return __libc_memalign(alignment, bytes);
}
__attribute__((visibility("default"))) void *aligned_alloc(std::size_t alignment, std::size_t bytes) {
  return memalign(alignment, bytes);
}
__attribute__((visibility("default"))) int posix_memalign(void **memory, std::size_t alignment, std::size_t bytes) {
  *memory = memalign(alignment, bytes);
  return *memory ? 0 : ENOMEM;
}
}

using namespace talweg;

namespace {

const char *const kConvolutional = R"(
data images {
  x:     f32[12, 12]
  label: class[10]
}
model Net(x: f32[n, 12, 12]) -> f32[n, 10] {
  reshape(x, [n, 12, 12, 1]) |> conv2d(8) |> relu |> max_pool2d(2) |> flatten |> dropout(0.1) |> dense(64) |> gelu |> dense(10)
}
train Net on images {
  minimize cross_entropy(Net(x), label)
  optimizer adamw(lr = 1e-3)
  batch 16
  epochs 2
}
)";

/// Allocations of the whole process while a call of so many steps runs, after a call that was as long.
long allocationsOf(BatchRunner &runner, std::int64_t steps) {
  EXPECT_TRUE(bool(runner.run(steps)));
  long before = allocations;
  EXPECT_TRUE(bool(runner.run(steps)));
  return allocations - before;
}

class Allocations : public testing::TestWithParam<int> {};

TEST_P(Allocations, AreNotMadeBySteps) {
  auto program = Program::fromText(kConvolutional, "net.tw", {});
  ASSERT_TRUE(bool(program)) << program.error().message;
  SessionOptions options;
  options.threads = GetParam();
  auto session = Session::create(*program, options);
  ASSERT_TRUE(bool(session)) << session.error().message;
  auto rows = generatedRows(*program, 64, 1);
  ASSERT_TRUE(bool(rows)) << rows.error().message;
  auto runner = BatchRunner::create(*session, *rows);
  ASSERT_TRUE(bool(runner)) << runner.error().message;
  long of50 = allocationsOf(*runner, 50), of1 = allocationsOf(*runner, 1);
  EXPECT_EQ(of50, of1);
  EXPECT_LT(of1, 10) << "a call makes its list of arguments, and little else";
  long before = allocations;
  void *volatile one = std::malloc(8);
  std::free(one);
  EXPECT_EQ(allocations - before, 1) << "allocations are counted";
}

INSTANTIATE_TEST_SUITE_P(Threads, Allocations, testing::Values(1, 2), testing::PrintToStringParamName());

} // namespace

#endif
