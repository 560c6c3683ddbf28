// Whatever program chance makes, generated code computes it: close to f64, inside its arrays, from scratch memory that
// means nothing, and to the same bits with one thread and with two. TALWEG_CODEGEN_CASES asks for more cases,
// TALWEG_CODEGEN_SEED for others.
#include "../Support/Sanitized.h"
#include "Harness.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <tuple>
#include <unistd.h>
#include <utility>

using namespace talweg;
using namespace talweg::random;

namespace {

std::string running; // what a crash is reported with

void reportCrash(int) {
  running += "\ncrashed here\n";
  [[maybe_unused]] auto written = write(STDERR_FILENO, running.data(), running.size());
  _exit(1);
}

using Make = Program (*)(Chance &);

/// As many programs as are asked for, each from its own seed, compiled some at a time.
void runCases(Make make, const Target &target, std::uint64_t usual, std::uint64_t all) {
  constexpr std::uint64_t together = 20;
  Cases cases = Cases::of("TALWEG_CODEGEN", usual, all);
  std::signal(SIGSEGV, reportCrash);
  std::signal(SIGBUS, reportCrash);
  std::signal(SIGFPE, reportCrash);
  std::signal(SIGILL, reportCrash);
  auto failed = [&](std::uint64_t number, const Program &program, const std::string &what) {
    ADD_FAILURE() << program.kind << ", case " << number << " of seed " << cases.seed << ": " << what << "\n"
                  << print(program, std::to_string(number));
  };
  for (std::uint64_t first = cases.first; first < cases.end; first += together) {
    std::vector<Program> programs;
    for (std::uint64_t number = first; number < std::min(cases.end, first + together); ++number) {
      Chance chance(cases.seedOf(number));
      programs.push_back(make(chance));
    }
    auto runOne = [&](const Compiled &compiled, std::size_t place, std::uint64_t number, const Program &program) {
      running = program.kind + ", case " + std::to_string(number) + " of seed " + std::to_string(cases.seed) + "\n" +
                print(program, std::to_string(number));
      Chance chance(~cases.seedOf(number));
      if (std::string wrong = check(compiled, place, program, chance); !wrong.empty())
        failed(number, program, wrong);
    };
    auto compiled = compile(programs, target);
    for (std::size_t i = 0; i < programs.size(); ++i) {
      if (compiled) {
        runOne(**compiled, i, first + i, programs[i]);
        continue;
      }
      // One of them stops all: which?
      auto alone = compile({programs[i]}, target);
      if (alone)
        runOne(**alone, 0, first + i, programs[i]);
      else
        failed(first + i, programs[i], alone.error().message);
    }
  }
}

/// What programs make on machines with these caches and cores, by plans of these ranks, in bytes: the same everywhere.
void comparePlans(std::uint64_t usual, std::uint64_t all) {
  constexpr std::uint64_t together = 40;
  Cases cases = Cases::of("TALWEG_PLANS", usual, all);
  const Machine tiny{.l1Bytes = 1 << 10, .l2Bytes = 8 << 10, .l3Bytes = 64 << 10, .cores = 3, .l3Rate = 5};
  std::vector<Machine> machines{{}, {.rank = 1}, {.rank = 3}, tiny, tiny};
  machines.back().cores = 16;
  machines.back().rank = 1;
  for (std::uint64_t first = cases.first; first < cases.end; first += together) {
    std::vector<Program> programs;
    for (std::uint64_t number = first; number < std::min(cases.end, first + together); ++number) {
      Chance chance(cases.seedOf(number));
      programs.push_back(makeContraction(chance));
    }
    std::vector<std::vector<std::string>> right(programs.size());
    for (const Machine &machine : machines) {
      Target target = nativeTarget();
      target.machine = machine;
      auto compiled = compile(programs, target);
      ASSERT_TRUE(compiled) << compiled.error().message;
      for (std::size_t i = 0; i < programs.size(); ++i) {
        running = "case " + std::to_string(first + i) + " of seed " + std::to_string(cases.seed) + "\n" +
                  print(programs[i], std::to_string(i));
        Chance chance(~cases.seedOf(first + i));
        auto bytes = run(**compiled, i, programs[i], chance, 1 + int(i % 3));
        ASSERT_TRUE(bytes) << bytes.error().message << "\n" << running;
        if (&machine == &machines.front())
          right[i] = *bytes;
        else
          EXPECT_TRUE(*bytes == right[i]) << "plan " << &machine - machines.data() << " gives other bits: " << running;
      }
    }
  }
}

TEST(RandomPrograms, AnyPlanGivesTheSameBits) { comparePlans(TALWEG_SANITIZED ? 20 : 200, 2000); }

/// This machine's code for vectors of so many bits and so many of their registers, whatever it has.
struct RandomPrograms : testing::TestWithParam<std::pair<int, int>> {
  static Target target() {
    Target target = nativeTarget();
    std::tie(target.vectorBits, target.registers) = GetParam();
    return target;
  }
};

// The sanitizers watch what makes and checks the programs, not their native code: they see enough in fewer.
constexpr std::uint64_t kContractions = TALWEG_SANITIZED ? 100 : 700;

TEST_P(RandomPrograms, ContractionsAreRight) { runCases(makeContraction, target(), kContractions, 7000); }
TEST_P(RandomPrograms, GenericsAreRight) { runCases(makeGeneric, target(), 100, 7000); }

INSTANTIATE_TEST_SUITE_P(Targets, RandomPrograms,
                         testing::Values(std::pair(512, 32), std::pair(256, 16), std::pair(128, 16)),
                         [](const auto &info) { return "Bits" + std::to_string(info.param.first); });

} // namespace
