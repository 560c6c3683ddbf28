// Whatever training program chance makes, the compiled step computes its loss, its states, its gradient and its update, and to
// the same bits whatever is fused. TALWEG_TW_CASES asks for more programs, TALWEG_TW_SEED for others; of the programs whose
// bits are compared, TALWEG_BITS_CASES and TALWEG_BITS_SEED; TALWEG_SECOND_… where second
// derivatives are checked, TALWEG_DERIVATIVES_… of those with derivatives as values and two losses, TALWEG_LOOPS_… of those with loops over time,
// TALWEG_LIFTED_… where these are compared with what is lifted out of them, TALWEG_SUMS_… of sums of products. Where TALWEG_BITS_TOLD names a
// folder, the bits of each program are written there, for utils/compare-builds.py.
#include "CheckStep.h"

#include "talweg/Pipeline/Pipeline.h"

#include "mlir/IR/MLIRContext.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

using namespace talweg;
using namespace talweg::random;

namespace {

constexpr int kParts = 4;

/// Every fourth program, from `part` on.
void forCases(int part, const Cases &cases, const Wishes &wishes,
              llvm::function_ref<void(std::uint64_t number, RandomStep &step)> act) {
  setenv("TALWEG_CACHE", "off", 1);
  mlir::DialectRegistry registry;
  registerPhaseDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  for (std::uint64_t number = cases.first; number < cases.end; ++number) {
    if (number % kParts != std::uint64_t(part))
      continue;
    Chance chance(cases.seedOf(number));
    RandomStep step = makeStep(context, chance, wishes);
    act(number, step);
  }
}

void runCases(CheckOf check, int part, const Cases &cases, const Wishes &wishes) {
  forCases(part, cases, wishes, [&](std::uint64_t number, RandomStep &step) {
    std::uint64_t seed = ~cases.seedOf(number);
    std::string wrong = apart(check, step, seed);
    if (wrong.empty())
      return;
    std::string whole = step.text();
    shrink(check, step, seed);
    ADD_FAILURE() << "case " << number << " of seed " << cases.seed << " (" << step.makers << "): " << wrong
                  << "\nagain: " << cases.again(number) << " TwTests\n"
                  << whole << "the same, made smaller: " << apart(check, step, seed) << "\n"
                  << step.text();
  });
}

void tellCases(int part, const Cases &cases, const std::filesystem::path &folder) {
  std::ofstream out(folder / std::to_string(part));
  forCases(part, cases, {}, [&](std::uint64_t number, RandomStep &step) {
    out << number << ' ' << apart(tellBits, step, ~cases.seedOf(number)) << '\n';
  });
  EXPECT_TRUE(out.flush());
}

class RandomSteps : public testing::TestWithParam<int> {};

TEST_P(RandomSteps, AreRight) { runCases(checkValues, GetParam(), Cases::of("TALWEG_TW", 300, 20000), {}); }

TEST_P(RandomSteps, HaveSecondDerivatives) {
  runCases(checkSecondDerivatives, GetParam(), Cases::of("TALWEG_SECOND", 200, 40000), {{}, false, true});
}

/// Derivatives as values, minimized by two losses.
TEST_P(RandomSteps, OfDerivativesAreRight) {
  runCases(checkValues, GetParam(), Cases::of("TALWEG_DERIVATIVES", 60, 8000), {{"derivative", "derivative"}, true});
}

TEST_P(RandomSteps, OfSumsAreRight) {
  runCases(checkValues, GetParam(), Cases::of("TALWEG_SUMS", 40, 2000), {{"sum of products"}});
}

TEST_P(RandomSteps, OfSumsKeepTheirBits) {
  runCases(checkBits, GetParam(), Cases::of("TALWEG_SUMS", 4, 500), {{"sum of products"}});
}

/// Loops over time, some in each other.
TEST_P(RandomSteps, OfLoopsAreRight) {
  runCases(checkValues, GetParam(), Cases::of("TALWEG_LOOPS", 40, 8000), {{"loop", "loop"}});
  runCases(checkBits, GetParam(), Cases::of("TALWEG_LOOPS", 20, 4000), {{"loop"}});
  runCases(checkSecondDerivatives, GetParam(), Cases::of("TALWEG_LOOPS", 100, 20000), {{"loop"}, false, true});
}

/// What turns have in common, out of the loop.
TEST_P(RandomSteps, AreTheSameOutOfLoops) {
  runCases(checkLifted, GetParam(), Cases::of("TALWEG_LIFTED", 100, 40000), {{"loop", "loop"}, false, true});
}

TEST_P(RandomSteps, KeepTheirBits) {
  if (const char *folder = std::getenv("TALWEG_BITS_TOLD"))
    tellCases(GetParam(), Cases::of("TALWEG_BITS", 2000, 2000), folder);
  else
    runCases(checkBits, GetParam(), Cases::of("TALWEG_BITS", 300, 20000), {{"fused reduction", "multiply-add"}});
}

INSTANTIATE_TEST_SUITE_P(Parts, RandomSteps, testing::Range(0, kParts));

} // namespace
