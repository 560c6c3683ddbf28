// Training within a limit of memory: the same bits, in less.
#include "talweg/Engine/Bench.h"
#include "talweg/Engine/Engine.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <unistd.h>

using namespace talweg;

namespace {

/// Convolutions, pooling, dropout, two dense layers.
const char *const kConvolutional = R"(
data images {
  x:     f32[16, 16, 1]
  label: class[10]
}
model Net(x: f32[n, 16, 16, 1]) -> f32[n, 10] {
  h1 = x |> conv2d(8, kernel = 3) |> relu
  h2 = h1 |> conv2d(16, kernel = 3) |> relu |> max_pool2d |> flatten
  h3 = h2 |> dense(32) |> gelu |> dropout(0.25)
  out = h3 |> dense(10)
}
train Net on images {
  minimize cross_entropy(Net(x), label)
  optimizer adamw(lr = 0.01)
  batch 16
  steps 4
}
)";

/// Blocks with batch norm and shortcuts, as in a residual network.
const char *const kResidual = R"(
data images {
  x:     f32[12, 12, 3]
  label: class[10]
}
layer convolution(x: f32[n, h, w, c], out: int) -> f32[n, h, w, out] {
  param weight: f32[3, 3, c, out] = he_normal
  p = pad2d(x, 1)
  y[n, i, j, o] = sum[u, v, c](p[n, i + u, j + v, c] * weight[u, v, c, o])
}
layer block(x: f32[n, h, w, c]) -> f32[n, h, w, c] {
  y = x |> convolution(c) |> batch_norm |> relu |> convolution(c) |> batch_norm
  relu(y + x)
}
model Net(x: f32[n, 12, 12, 3]) -> f32[n, 10] {
  y = x |> convolution(8) |> batch_norm |> relu
  repeat 4 { y = block(y) }
  pooled[n, c] = mean[i, j](y[n, i, j, c])
  pooled |> dense(10)
}
train Net on images {
  minimize cross_entropy(Net(x), label)
  optimizer sgd(lr = 0.1, momentum = 0.9)
  batch 16
  steps 4
}
)";

struct Run {
  Facts facts;
  std::vector<double> losses;
  std::vector<std::vector<float>> variables;
};

Result<Run> train(const char *text, std::optional<std::int64_t> memory, int threads = 1) {
  CompileOptions options;
  options.memory = memory;
  Result<Program> program = Program::fromText(text, "net.tw", options);
  if (!program)
    return program.error();
  Result<Dataset> rows = generatedRows(*program, 40, 1); // 2 full batches and a smaller one
  if (!rows)
    return rows.error();
  Result<Session> session = Session::create(*program, {.threads = threads});
  if (!session)
    return session.error();
  if (auto set = session->setTrainingData(*rows); !set)
    return set.error();
  Run run;
  TrainOptions training;
  training.onChunk = [&](const Chunk &chunk) {
    for (const StepRecord &step : chunk.steps)
      run.losses.push_back(step.loss);
    return true;
  };
  if (auto trained = session->train(training); !trained)
    return trained.error();
  run.facts = session->facts();
  for (const Variable &variable : program->manifest().variables)
    run.variables.push_back(*session->read(variable.name));
  return run;
}

bool sameBits(const Run &a, const Run &b) {
  for (std::size_t i = 0; i < a.variables.size(); ++i)
    if (a.variables[i].size() != b.variables[i].size() ||
        std::memcmp(a.variables[i].data(), b.variables[i].data(), a.variables[i].size() * sizeof(float)) != 0)
      return false;
  return a.losses.size() == b.losses.size() && a.variables.size() == b.variables.size() &&
         std::memcmp(a.losses.data(), b.losses.data(), a.losses.size() * sizeof(double)) == 0;
}

/// What an error names as the least: "…, 1234B [E0871]".
std::int64_t leastOf(const Error &error) {
  std::size_t end = error.message.find("B [E0871]");
  EXPECT_NE(end, std::string::npos) << error.message;
  std::size_t begin = error.message.find_last_not_of("0123456789", end - 1) + 1;
  return std::stoll(error.message.substr(begin, end - begin));
}

class MemoryLimit : public testing::TestWithParam<const char *> {};

TEST_P(MemoryLimit, KeepsTheBitsInLessMemory) {
  auto free = train(GetParam(), std::nullopt);
  ASSERT_TRUE(bool(free)) << free.error().message;
  ASSERT_EQ(free->losses.size(), 4u);
  auto tooLittle = train(GetParam(), 1);
  ASSERT_FALSE(bool(tooLittle));
  EXPECT_EQ(tooLittle.error().code, "E0871");
  std::int64_t least = leastOf(tooLittle.error());
  std::int64_t all = free->facts.manifest.arenaBytes + free->facts.manifest.persistentBytes;
  EXPECT_LT(least, all);
  auto enough = train(GetParam(), all);
  ASSERT_TRUE(bool(enough));
  EXPECT_EQ(enough->facts.manifest.arenaBytes, free->facts.manifest.arenaBytes);
  for (double part : {0.7, 0.4, 0.0}) {
    std::int64_t limit = least + std::int64_t(part * double(all - least));
    auto run = train(GetParam(), limit, part < 0.5 ? 2 : 1);
    ASSERT_TRUE(bool(run)) << run.error().message;
    EXPECT_LE(run->facts.manifest.arenaBytes + run->facts.manifest.persistentBytes, limit);
    EXPECT_TRUE(sameBits(*free, *run)) << "at " << part << " of what can be saved";
  }
  EXPECT_FALSE(bool(train(GetParam(), least * 9 / 10)));
}

INSTANTIATE_TEST_SUITE_P(Networks, MemoryLimit, testing::Values(kConvolutional, kResidual));

/// Resident pages of this process.
std::int64_t residentBytes() {
  std::ifstream file("/proc/self/statm");
  std::int64_t size = 0, resident = 0;
  file >> size >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

TEST(MemoryOfAStep, DoesNotGrowAndCopiesNoRowsButTheBatch) {
  Result<Program> program = Program::fromText(kConvolutional, "net.tw", {});
  ASSERT_TRUE(bool(program)) << program.error().message;
  Result<Facts> checked = program->check();
  ASSERT_TRUE(bool(checked));
  Result<Session> session = Session::create(*program, {.threads = 1});
  ASSERT_TRUE(bool(session));
  // What check tells is what a session has.
  EXPECT_EQ(session->facts().manifest.arenaBytes, checked->manifest.arenaBytes);
  EXPECT_EQ(session->facts().manifest.persistentBytes, checked->manifest.persistentBytes);
  Result<Dataset> rows = generatedRows(*program, 40'000, 1); // 41 MB
  ASSERT_TRUE(bool(rows));
  auto runner = BatchRunner::create(*session, *rows);
  ASSERT_TRUE(bool(runner));
  ASSERT_TRUE(bool(runner->run(20)));
  std::int64_t before = residentBytes();
  for (int call = 0; call < 10; ++call)
    ASSERT_TRUE(bool(runner->run(20)));
  EXPECT_LE(residentBytes() - before, 256 << 10) << "of " << rows->bytes() << " bytes of rows";
}

} // namespace
