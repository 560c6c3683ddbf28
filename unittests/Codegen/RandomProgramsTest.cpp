// Whatever program chance makes, generated code computes it: close to f64, inside its arrays, from scratch memory that
// means nothing, and to the same bits with one thread and with two. TALWEG_CODEGEN_CASES asks for more cases,
// TALWEG_CODEGEN_SEED for others.
#include "../Support/Sanitized.h"
#include "Harness.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <set>
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

const Machine kTiny{.l1Bytes = 1 << 10, .l2Bytes = 8 << 10, .l3Bytes = 64 << 10, .cores = 3, .l3Rate = 5, .forkNs = 0};

/// What programs make on machines with these caches and cores, by plans of these ranks, in bytes: the same everywhere.
void comparePlans(std::uint64_t usual, std::uint64_t all) {
  constexpr std::uint64_t together = 40;
  Cases cases = Cases::of("TALWEG_PLANS", usual, all);
  std::vector<Machine> machines{{}, {.rank = 1}, {.rank = 3}, kTiny, kTiny};
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

/// What a plan has besides loops around tiles.
std::set<std::string> waysOf(const kernel::ProductPlan &plan) {
  const std::pair<const char *, bool> all[] = {{"another order", !std::is_sorted(plan.nest.begin(), plan.nest.end())},
                                               {"blocks of rows", plan.rowBlock != 0},
                                               {"a shared level", plan.shared.size() == 1},
                                               {"two shared levels", plan.shared.size() == 2},
                                               {"forks inside", plan.fork > 0},
                                               {"a packed", plan.packA},
                                               {"b packed ahead", plan.packB && plan.packBAhead},
                                               {"b packed by panels", plan.packB && !plan.packBAhead},
                                               {"k cut", plan.kBlock != 0},
                                               {"loops of k outside", !plan.kBlocks.empty()},
                                               {"scatter", !plan.scatter.empty()},
                                               {"dot", plan.dot}};
  std::set<std::string> ways;
  for (auto [way, has] : all)
    if (has)
      ways.insert(way);
  return ways;
}

/// All plans of each shape: every order of the levels around its tiles, without blocks of rows and with each size of them, and of each order
/// every level and pair of levels that threads may share. On one thread and on three they make the same bytes as the plan that is ranked first.
/// What is no choice but a rule of the shape (tile, packing, where k is cut) differs from shape to shape; each way is the way of some in 200.
void compareAllPlans(std::uint64_t usual, std::uint64_t all) {
  constexpr std::uint64_t together = 20;
  Cases cases = Cases::of("TALWEG_NESTS", usual, all);
  Target target = nativeTarget();
  target.machine = kTiny;          // where small products have blocks of rows
  std::map<std::string, int> ways; // of how many shapes some plan has it
  std::size_t plans = 0;
  for (std::uint64_t first = cases.first; first < cases.end; first += together) {
    struct Shape {
      std::uint64_t number;
      Program program;
      std::vector<std::string> right;
      std::size_t plans;
    };
    std::vector<Shape> shapes;
    for (std::uint64_t number = first; number < std::min(cases.end, first + together); ++number) {
      Chance chance(cases.seedOf(number));
      shapes.push_back({number, makeLargeContraction(chance), {}, 0});
    }
    for (std::size_t nest = 0; !shapes.empty(); ++nest) {
      std::vector<Program> programs;
      for (const Shape &shape : shapes)
        programs.push_back(shape.program);
      auto compiled = compile(programs, target, nest);
      ASSERT_TRUE(compiled) << compiled.error().message;
      for (std::size_t i = 0; i < shapes.size(); ++i) {
        Shape &shape = shapes[i];
        running = "plan " + std::to_string(nest) + " of case " + std::to_string(shape.number) + " of seed " +
                  std::to_string(cases.seed) + "\n" + print(shape.program, "0");
        for (int threads : {1, 3}) {
          Chance chance(~cases.seedOf(shape.number));
          auto bytes = run(**compiled, i, shape.program, chance, threads);
          ASSERT_TRUE(bytes) << bytes.error().message << "\n" << running;
          if (nest == 0 && threads == 1)
            shape.right = *bytes;
          EXPECT_TRUE(*bytes == shape.right) << "other bits on " << threads << " threads: " << running;
        }
        if (nest > 0)
          continue;
        shape.plans = nestsOf(**compiled, i).size();
        plans += shape.plans;
        std::set<std::string> its;
        for (const kernel::ProductPlan &plan : nestsOf(**compiled, i))
          its.merge(waysOf(plan));
        for (const std::string &way : its)
          ++ways[way];
      }
      std::erase_if(shapes, [&](const Shape &shape) { return shape.plans <= nest; });
    }
  }
  std::printf("%zu plans of %zu shapes; of these have %s\n", plans, std::size_t(cases.end - cases.first),
              testing::PrintToString(ways).c_str());
}

TEST(RandomPrograms, AllPlansGiveTheSameBits) { compareAllPlans(TALWEG_SANITIZED ? 1 : 4, 200); }

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
