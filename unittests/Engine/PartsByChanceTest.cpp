// Programs made by chance, with tables that are looked up, whose rows are each by themselves up to the loss: a step whose rows come in parts of
// any size tells what one batch of all rows tells, and so does an evaluation.
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

/// A model over x: f32[n, 4] and what k and words name of tables, and a loss and metrics of it, y and the weights w.
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
  k: class[5]
  words: class[5][3]
}}
model M(x: f32[n, 4], k: class[5][n], words: class[5][n, 3]) -> f32[n] {{
  param p: f32[4] = [0.5, -0.3, 0.2, 0.4]
  param m: f32[4, 4] = normal(0, 0.5)
  param b: f32 = 0.1
  param table: f32[5, 4] = normal(0, 0.5)
  state c: f32 = 0
  c = c + 0.25
{}  q[n, j < 4] = sum[i](x[n, i] * m[i, j])
  s[n] = sum[i](({}[n, i] + 0.1 * q[n, i]) * p[i] * table[k[n], i]) + b{}
}}
)",
                       kRows, body, pickVector(), embedded) +
           experiment();
  }

private:
  std::string pickVector() { return vectors[std::size_t(chance.below(std::int64_t(vectors.size())))]; }

  std::string statement() {
    std::string a = pickVector(), b = pickVector(), name = fmt::format("v{}", vectors.size());
    vectors.push_back(name);
    if (chance.oneIn(3))
      return lookup(name, a);
    switch (chance.below(16)) {
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
    case 13:
      return fmt::format(
          "scan s in 3 with {0} = {1} {{\n    f = sum(sin({0})) + sum[n, i](tanh({0}[n, i] * p[i]) * {2}[n, i])\n    "
          "{0} = 0.5 * {0} + 0.3 * grad(f, {0})\n  }}",
          name, a, b);
    case 14:
      return fmt::format(
          "scan s in 3 with {0} = {1}, r{0} = b + c {{\n    r{0} = 0.5 * r{0} + 0.1 * sum[i](p[i] * m[s, i])\n"
          "    {0}[n, i] = 0.5 * {0}[n, i] + r{0} * {2}[n, i]\n  }}\n  {0} = {0} + 0.2 * r{0}",
          name, a, b);
    case 10: return fmt::format("{}[n, i] = {}[n, i] * [0.5, -1, 2, 1][i] + i / 2", name, a);
    default: return fmt::format("{0}[n, i] = {1}[n, i] - max[j]({1}[n, j])", name, a);
    }
  }

  /// What is looked up, of a table or of a row's own numbers.
  std::string lookup(const std::string &name, const std::string &a) {
    switch (chance.below(10)) {
    case 0: return fmt::format("{}[n, i] = {}[n, i] * (1 + table[k[n], i])", name, a);
    case 1: return fmt::format("{}[n, i] = {}[n, i] + sum[t](table[words[n, t], i]) / 3", name, a);
    case 2:
      embedded += fmt::format(" + 0.1 * sum[i](e{}[n, i])", name);
      return fmt::format("e{0} = embedding(k, 4)\n  {0} = tanh({1} + e{0})", name, a);
    case 3: return fmt::format("{}[n, i] = {}[n, i] + table[(k[n] + words[n, 1]) % 5, i]", name, a);
    case 4: return fmt::format("{}[n, i < 4] = {}[n, (k[n] + i) % 4] + p[min(words[n, 0], 3)]", name, a);
    case 5:
      return fmt::format("at{0}[n, words[n, t]] += {1}[n, t + 1]\n  {0}[n, i] = {1}[n, i] - 0.5 * at{0}[n, i + 1]",
                         name, a);
    case 6:
      return fmt::format("scan s in 3 with {0} = {1} {{ {0}[n, i] = 0.5 * tanh({0}[n, i] + table[words[n, s], i]) }}",
                         name, a);
    case 7:
      return fmt::format(
          "scan s in 3 reversed with {0} = {1} {{\n    {0}[n, i] = 0.5 * {0}[n, i] + table[words[n, s], i] * "
          "sin({0}[n, (words[n, s] + i) % 4])\n  }}",
          name, a);
    case 8: return fmt::format("{}[n, i] = {}[n, i] * table[k[n], 3 - i] + 0.5 * table[words[n, 1], 2]", name, a);
    default:
      isWhole = true; // a product with the table, not a lookup
      return fmt::format("o{0} = one_hot(k)\n  {0}[n, i] = {1}[n, i] + 0.5 * sum[c](o{0}[n, c] * table[c, i])", name,
                         a);
    }
  }

  std::string experiment() {
    std::string of = chance.pick<std::string>({"(s - y)^2", "log(1 + exp(-s * y))", "abs(s - y)"});
    std::string loss = chance.pick<std::string>({"mean(l)", "sum(w * l) / sum(w)", "sqrt(mean(l) + 1)"});
    if (chance.oneIn(3))
      loss = "mean(l) + 0.1 * mean(g^2)";
    std::string text = fmt::format(
        "train M on points {{\n  s = M(x, k, words)\n  l = {}\n  g = grad(sum(s), x)\n  minimize {}\n", of, loss);
    for (int i = 0; i < 3; ++i)
      text += fmt::format("  metric m{} = {}\n", i, metric());
    if (chance.oneIn(2))
      text += chance.pick<std::string>({"  clip norm 0.5\n", "  clip value 0.1\n"});
    text += chance.pick<std::string>({"  optimizer sgd(lr = 0.1)\n", "  optimizer sgd(lr = 0.1, momentum = 0.9)\n",
                                      "  optimizer adam(lr = 0.01)\n", "  optimizer adagrad(lr = 0.05, eps = 0.1)\n"});
    if (!isWhole && chance.oneIn(3))
      text += "  optimizer adam(lr = 0.01) for \"*.table\" lazy\n";
    return text + "  batch rows\n  accumulate parts\n  steps 100\n}\n";
  }

  std::string metric() {
    return chance.pick<std::string>({"max(s)", "mean(w * s)", "sum(w * s)", "sum(w * l) / max(sum(w), 0.1)",
                                     "min(l) + mean(l)", "sum(g) / size(s)", "mean(s)^2 - mean(s^2)", "sum(s) / 4",
                                     "sqrt(mean(l))", "max(abs(g)) * mean(w)"});
  }

  Chance chance;
  std::vector<std::string> vectors{"x"};
  std::string embedded; ///< a term of each table
  bool isWhole = false; ///< what a table gets is not of its rows alone
};

struct Rows {
  std::vector<float> numbers;       ///< of x, y and w
  std::vector<std::int32_t> places; ///< of k and words

  explicit Rows(Chance &chance) {
    for (int i = 0; i < 5 * kRows; ++i)
      numbers.push_back(float(chance.uniform(-1, 1)));
    for (int i = 0; i < kRows; ++i)
      numbers.push_back(float(chance.uniform(0.1, 2)));
    for (int i = 0; i < 4 * kRows; ++i)
      places.push_back(std::int32_t(chance.below(5)));
  }
};

struct Run {
  Program program;
  Session session;
  Dataset data;
};

Result<Run> begin(const std::string &text, int batch, int parts, const Rows &rows) {
  CompileOptions options;
  options.set = {{"rows", std::to_string(batch)}, {"parts", std::to_string(parts)}};
  auto program = Program::fromText(text, "chance.tw", options);
  if (!program)
    return program.error();
  auto session = Session::create(*program, {.shuffle = false});
  if (!session)
    return session.error();
  const float *x = rows.numbers.data();
  const std::int32_t *k = rows.places.data();
  auto data = Dataset::fromMemory(
      *program, {{"x", x}, {"y", x + 4 * kRows}, {"w", x + 5 * kRows}, {"k", k}, {"words", k + kRows}}, kRows);
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
    const Rows rows(chance);
    const int batch = 1 + int(chance.below(4));
    auto whole = begin(text, kRows, 1, rows), parts = begin(text, batch, 2, rows);
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
