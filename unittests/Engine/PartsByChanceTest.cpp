// Programs made by chance whose rows are each by themselves up to the loss: a step whose rows come in parts of any size tells what one batch of all
// rows tells, and so does an evaluation.
#include "../Support/Chance.h"
#include "talweg/Engine/Engine.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

using namespace talweg;
using talweg::random::Cases;
using talweg::random::Chance;

namespace {
constexpr int kRows = 11, kSteps = 3;

/// A model over x: f32[n, 4], and a loss and metrics of it, y and the weights w.
class Maker {
public:
  explicit Maker(std::uint64_t seed) : chance(seed) {}

  std::string model() {
    std::string body;
    for (std::int64_t left = 2 + chance.below(5); left > 0; --left)
      body += "  " + statement() + "\n";
    return fmt::format(R"(config rows = {}
config parts = 1
data points {{
  x: f32[4]
  y: f32
  w: f32
}}
model M(x: f32[n, 4]) -> f32[n] {{
  param p: f32[4] = [0.5, -0.3, 0.2, 0.4]
  param m: f32[4, 4] = normal(0, 0.5)
  param b: f32 = 0.1
  state c: f32 = 0
  c = c + 0.25
{}  q[n, j < 4] = sum[i](x[n, i] * m[i, j])
  s[n] = sum[i](({}[n, i] + 0.1 * q[n, i]) * p[i]) + b
}}
)",
                       kRows, body, pickVector()) +
           experiment();
  }

private:
  std::string pickVector() { return vectors[std::size_t(chance.below(std::int64_t(vectors.size())))]; }

  std::string statement() {
    std::string a = pickVector(), b = pickVector(), name = fmt::format("v{}", vectors.size());
    vectors.push_back(name);
    switch (chance.below(14)) {
    case 0: return fmt::format("{} = tanh({}) + 0.5 * {}", name, a, b);
    case 1: return fmt::format("{} = sin({} * {})", name, a, b);
    case 2: return fmt::format("{}[n, i] = {}[n, i] * p[i] + b", name, a);
    case 3: return fmt::format("{}[n, i] = 0.5 * {}[n, 3 - i] - {}[n, i]", name, a, b);
    case 4: return fmt::format("{}[n, j < 4] = tanh(sum[i]({}[n, i] * m[i, j]))", name, a);
    case 5: return fmt::format("{} = dropout({}, 0.3)", name, a);
    case 6: return fmt::format("{} = {} * random([n, 4])", name, a);
    case 7: return fmt::format("{}[n, i] = if {}[n, i] > 0 then {}[n, i] else 0.2 * c", name, a, b);
    case 8: return fmt::format("{} = concat({}[:, 2..], tanh({}[.., ..2]))", name, a, b);
    case 9: return fmt::format("{} = reshape(stack({}[:, 1..3], {}[:, -2..], axis = 1), [n, 4])", name, a, b);
    case 11:
      return fmt::format("scan s in 4{} with {} = {} {{ {}[n, i] = 0.5 * tanh({}[n, i] + {}[n, s] * m[s, i]) }}",
                         chance.pick<std::string>({"", " reversed"}), name, a, name, name, b);
    case 12:
      return fmt::format(
          "scan s in 3 with e: f32[n] = 0 {{\n    e[n] = 0.5 * e[n] + sum[i]({}[n, i] * m[s, i])\n    scan r in 4 {{ "
          "emit z[n, r] = e[n] * {}[n, r] }}\n    emit y[n, s] = max[i](z[n, i])\n  }}\n  {} = concat(y, {}[:, 3..])",
          a, b, name, b);
    case 10: return fmt::format("{}[n, i] = {}[n, i] * [0.5, -1, 2, 1][i] + i / 2", name, a);
    default: return fmt::format("{0}[n, i] = {1}[n, i] - max[j]({1}[n, j])", name, a);
    }
  }

  std::string experiment() {
    std::string of = chance.pick<std::string>({"(s - y)^2", "log(1 + exp(-s * y))", "abs(s - y)"});
    std::string loss = chance.pick<std::string>({"mean(l)", "sum(w * l) / sum(w)", "sqrt(mean(l) + 1)"});
    if (chance.oneIn(3))
      loss = "mean(l) + 0.1 * mean(g^2)";
    std::string text =
        fmt::format("train M on points {{\n  s = M(x)\n  l = {}\n  g = grad(sum(s), x)\n  minimize {}\n", of, loss);
    for (int i = 0; i < 3; ++i)
      text += fmt::format("  metric m{} = {}\n", i, metric());
    if (chance.oneIn(2))
      text += chance.pick<std::string>({"  clip norm 0.5\n", "  clip value 0.1\n"});
    text += chance.pick<std::string>({"  optimizer sgd(lr = 0.1)\n", "  optimizer sgd(lr = 0.1, momentum = 0.9)\n",
                                      "  optimizer adam(lr = 0.01)\n"});
    return text + "  batch rows\n  accumulate parts\n  steps 100\n}\n";
  }

  std::string metric() {
    return chance.pick<std::string>({"max(s)", "mean(w * s)", "sum(w * s)", "sum(w * l) / max(sum(w), 0.1)",
                                     "min(l) + mean(l)", "sum(g) / size(s)", "mean(s)^2 - mean(s^2)", "sum(s) / 4",
                                     "sqrt(mean(l))", "max(abs(g)) * mean(w)"});
  }

  Chance chance;
  std::vector<std::string> vectors{"x"};
};

struct Run {
  Program program;
  Session session;
  Dataset data;
};

Result<Run> begin(const std::string &text, int batch, int parts, const std::vector<float> &numbers) {
  CompileOptions options;
  options.set = {{"rows", std::to_string(batch)}, {"parts", std::to_string(parts)}};
  auto program = Program::fromText(text, "chance.tw", options);
  if (!program)
    return program.error();
  auto session = Session::create(*program, {.shuffle = false});
  if (!session)
    return session.error();
  const float *x = numbers.data();
  auto data = Dataset::fromMemory(*program, {{"x", x}, {"y", x + 4 * kRows}, {"w", x + 5 * kRows}}, kRows);
  if (!data)
    return data.error();
  return Run{*program, std::move(*session), *data};
}

void expectNear(const std::vector<double> &got, const std::vector<double> &right, double tolerance) {
  ASSERT_EQ(got.size(), right.size());
  for (std::size_t i = 0; i < got.size(); ++i)
    EXPECT_NEAR(got[i], right[i], tolerance * std::max(1.0, std::abs(right[i]))) << "number " << i;
}

std::vector<double> told(const StepRecord &step) {
  std::vector<double> numbers{step.loss};
  numbers.insert(numbers.end(), step.metrics.begin(), step.metrics.end());
  return numbers;
}

TEST(PartsByChanceTest, PartsTellWhatOneBatchTells) {
  const Cases cases = Cases::of("TALWEG_PARTS", 4, 300);
  for (std::uint64_t number = cases.first; number < cases.end; ++number) {
    const std::string text = Maker(cases.seedOf(number)).model();
    SCOPED_TRACE(fmt::format("program {} ({}):\n{}", number, cases.again(number), text));
    Chance chance(cases.seedOf(number) + 1);
    std::vector<float> numbers;
    for (int i = 0; i < 5 * kRows; ++i)
      numbers.push_back(float(chance.uniform(-1, 1)));
    for (int i = 0; i < kRows; ++i)
      numbers.push_back(float(chance.uniform(0.1, 2)));
    const int batch = 1 + int(chance.below(4));
    auto whole = begin(text, kRows, 1, numbers), parts = begin(text, batch, 2, numbers);
    ASSERT_TRUE(whole) << whole.error().message;
    ASSERT_TRUE(parts) << parts.error().message;
    ASSERT_TRUE(whole->session.setTrainingData(whole->data));
    for (int step = 0; step < kSteps; ++step) {
      StepRecord right;
      auto keep = [&](const Chunk &chunk) {
        right = chunk.steps[0];
        return true;
      };
      ASSERT_TRUE(whole->session.train({.maxSteps = 1, .onChunk = keep}));
      ASSERT_TRUE(parts->session.beginStep(kRows));
      for (std::int64_t first = 0; first < kRows;) {
        const std::int64_t count = std::min<std::int64_t>(kRows - first, 1 + chance.below(5));
        auto added = parts->session.addRows(parts->data, first, count);
        ASSERT_TRUE(added) << added.error().message;
        first += count;
      }
      auto record = parts->session.finishStep();
      ASSERT_TRUE(record) << record.error().message;
      expectNear(told(*record), told(right), 3e-5);
    }
    auto one = whole->session.evaluate(whole->data), other = parts->session.evaluate(parts->data);
    ASSERT_TRUE(one && other);
    expectNear(other->metrics, one->metrics, 1e-4);
    if (HasFailure())
      return;
  }
}
} // namespace
