// The same bits, whatever is fused and computed again, and on any number of threads.
#include "CheckStep.h"

#include "talweg/Engine/Bench.h"

#include "llvm/Support/xxhash.h"

#include <fmt/format.h>

#include <cstring>

namespace talweg::random {
namespace {

struct Form {
  std::optional<std::int64_t> memory = {};
  bool remarks = false, runner = false, profiled = false;
  int threads = 1;
};

/// The losses and metrics of two steps, then every variable. The runner of benchmarks tells no losses.
struct Run {
  std::vector<std::vector<double>> numbers;
  std::int64_t bytes = 0; ///< of variables and arena

  bool equals(const Run &other) const {
    return numbers.size() == other.numbers.size() &&
           std::equal(numbers.begin(), numbers.end(), other.numbers.begin(), [](const auto &a, const auto &b) {
             return a.size() == b.size() &&
                    (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0);
           });
  }
};

Result<Run> run(const RandomStep &step, const Form &form) {
  CompileOptions options;
  options.steps = 2;
  options.memory = form.memory;
  options.remarks = form.remarks;
  auto program = Program::fromText(step.text(), "random.mlir", options);
  if (!program)
    return program.error();
  auto rows = rowsOf(step, *program);
  if (!rows)
    return rows.error();
  auto session = Session::create(*program, {.threads = form.threads, .shuffle = false});
  if (!session)
    return session.error();
  Run result;
  if (form.runner) {
    auto runner = form.profiled ? BatchRunner::createProfiled(*session, *rows) : BatchRunner::create(*session, *rows);
    if (!runner)
      return runner.error();
    if (auto ran = runner->run(2); !ran)
      return ran.error();
  } else {
    if (auto set = session->setTrainingData(*rows); !set)
      return set.error();
    TrainOptions two;
    two.onChunk = [&](const Chunk &chunk) {
      for (const StepRecord &record : chunk.steps) {
        result.numbers.push_back({record.loss});
        result.numbers.push_back(record.metrics);
      }
      return true;
    };
    if (auto trained = session->train(two); !trained)
      return trained.error();
  }
  for (const Variable &variable : program->manifest().variables)
    result.numbers.push_back(*session->readDouble(variable.name));
  result.bytes = session->facts().manifest.arenaBytes + session->facts().manifest.persistentBytes;
  return result;
}

/// What an error names as the least: "…, 1234B [E0871]"; 0 if it is another error.
std::int64_t leastOf(const Error &error) {
  std::size_t end = error.message.find("B [E0871]");
  return end == std::string::npos ? 0 : std::stoll(error.message.substr(error.message.find_last_of(' ', end) + 1));
}

} // namespace

std::string checkBits(const RandomStep &step, std::uint64_t seed) {
  auto free = run(step, {});
  if (!free)
    return isWithoutDerivative(step, free.error().message) ? "" : free.error().message;
  auto tooLittle = run(step, {.memory = 1});
  std::int64_t least = tooLittle ? 0 : leastOf(tooLittle.error());
  if (least == 0)
    return tooLittle ? "runs within one byte" : tooLittle.error().message;
  auto compare = [&](const char *how, const Form &form, const Run &with) -> std::string {
    auto other = run(step, form);
    if (!other)
      return fmt::format("{}: {}", how, other.error().message);
    return other->equals(with) ? "" : fmt::format("{}: not the same bits", how);
  };
  if (std::string wrong = compare("at the least memory", {.memory = least}, *free); !wrong.empty())
    return wrong;
  switch (seed % 3) {
  case 0: return compare("half-way to the least memory", {.memory = (least + free->bytes) / 2}, *free);
  case 1: return compare("with remarks, on two threads", {.remarks = true, .threads = 2}, *free);
  }
  auto bare = run(step, {.runner = true});
  if (!bare)
    return bare.error().message;
  return compare("with a profile, on two threads", {.runner = true, .profiled = true, .threads = 2}, *bare);
}

std::string tellBits(const RandomStep &step, std::uint64_t seed) {
  auto ran = run(step, {.threads = seed % 2 == 0 ? 1 : 2});
  if (!ran)
    return ran.error().code;
  std::uint64_t digest = 0;
  for (const std::vector<double> &numbers : ran->numbers)
    digest = digest * 31 + llvm::xxh3_64bits(llvm::ArrayRef(reinterpret_cast<const std::uint8_t *>(numbers.data()),
                                                            numbers.size() * sizeof(double)));
  return fmt::format("{:016x}", digest);
}

} // namespace talweg::random
