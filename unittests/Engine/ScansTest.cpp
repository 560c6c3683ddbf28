// A scan computes what its turns written out one behind the other compute: the losses of two steps, and what these make of the parameters. Its
// derivatives are those of differences, where it is differentiated twice, too.
#include "talweg/Engine/Bench.h"
#include "talweg/Engine/Engine.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

using namespace talweg;

namespace {

/// What a model over x: f32[n, t, 3] and parameters w: f32[3, 4], u: f32[4, 4], b: f32[4] computes as h: f32[n, 4], with a scan and with `for`.
struct Pair {
  const char *name;
  std::vector<int> lengths; ///< t
  const char *scanned, *unrolled;
  const char *loss = "mean((out - y)^2)";
};

// A recurrent layer, and the same written out.
const char *const kRecurrent = R"(
  scan s in t with h: f32[n, 4] = 0 {
    h[n, o] = tanh(sum[i](x[n, s, i] * w[i, o]) + sum[k](h[n, k] * u[k, o]) + b[o])
  })";
const char *const kRecurrentUnrolled = R"(
  h = zeros([n, 4])
  for s in 0..t { h[n, o] = tanh(sum[i](x[n, s, i] * w[i, o]) + sum[k](h[n, k] * u[k, o]) + b[o]) })";

const Pair kPairs[] = {
    {"Recurrent", {1, 2, 3, 50}, kRecurrent, kRecurrentUnrolled},
    {"Gated",
     {3},
     R"(
  scan s in t with h: f32[n, 4] = 0, c: f32[n, 4] = 0.5 {
    g[n, q < 3, o] = sum[k](h[n, k] * u[k, o]) * (q + 1) + sum[i](x[n, s, i] * w[i, o])
    c = sigmoid(g[:, 0, :]) * c + tanh(g[:, 1, :])
    h = sigmoid(g[:, 2, :]) * tanh(c)
    emit cells[s, o, n] = c[n, o]
  }
  h[n, o] = h[n, o] + c[n, o] + sum[s](sigmoid(cells[s, o, n] + s)))",
     R"(
  h = zeros([n, 4])
  c = full([n, 4], 0.5)
  total = zeros([n, 4])
  for s in 0..t {
    g[n, q < 3, o] = sum[k](h[n, k] * u[k, o]) * (q + 1) + sum[i](x[n, s, i] * w[i, o])
    c = sigmoid(g[:, 0, :]) * c + tanh(g[:, 1, :])
    h = sigmoid(g[:, 2, :]) * tanh(c)
    total = total + sigmoid(c + s)
  }
  h = h + c + total)"},
    {"Reversed",
     {1, 4},
     R"(
  scan s in t reversed with a: f32[n, 4] = 0 {
    a[n, o] = tanh(sum[i](x[n, s, i] * w[i, o]) + 0.5 * a[n, o] * s)
    emit all[n, s, o] = a[n, o]
  }
  h[n, o] = sum[s](all[n, s, o] * (s + 1)))",
     R"(
  a = zeros([n, 4])
  h = zeros([n, 4])
  for s in 0..t {
    a[n, o] = tanh(sum[i](x[n, t - 1 - s, i] * w[i, o]) + 0.5 * a[n, o] * (t - 1 - s))
    h = h + a * (t - s)
  })"},
    {"Nested",
     {3},
     R"(
  scan s in t with h: f32[n, 4] = 0 {
    scan r in 1..t with q = h {
      q[n, o] = tanh(sum[i](x[n, r, i] * w[i, o]) + sum[k](q[n, k] * u[k, o]) + h[n, o] * r + x[n, s, 0])
      emit q
    }
    h[n, o] = 0.5 * q[n, o] + b[o]
  })",
     R"(
  h = zeros([n, 4])
  for s in 0..t {
    q = h
    for r in 1..t { q[n, o] = tanh(sum[i](x[n, r, i] * w[i, o]) + sum[k](q[n, k] * u[k, o]) + h[n, o] * r + x[n, s, 0]) }
    h[n, o] = 0.5 * q[n, o] + b[o]
  })"},
    {"Swapped",
     {4},
     R"(
  first[n, o] = sum[i](x[n, 0, i] * w[i, o])
  scan s in t with p = first, q: f32[n, 4] = 1, r: f32[n, 4] = 0 {
    old = p
    p = q
    q = r
    r[n, o] = old[n, o] + x[n, s, 0] * b[o]
    emit all[s, n, o] = old[n, o] + p[n, o] * s
  }
  h[n, o] = p[n, o] * 2 - q[n, o] + sin(r[n, o]) + sum[s](all[s, n, o]^2))",
     R"(
  p[n, o] = sum[i](x[n, 0, i] * w[i, o])
  q = ones([n, 4])
  r = zeros([n, 4])
  total = zeros([n, 4])
  for s in 0..t {
    old = p
    p = q
    q = r
    r[n, o] = old[n, o] + x[n, s, 0] * b[o]
    total = total + (old + p * s)^2
  }
  h = p * 2 - q + sin(r) + total)"},
    {"OfAllTypes",
     {5},
     R"(
  scan s in t with h: f32[n, 4] = 0, k: i32[n] = 0, seen: bool[n] = false, late: bool = false, weight: f32 = 1 {
    k[n] = (k[n] + argmax[i](x[n, s, i])) % 4
    seen[n] = seen[n] or x[n, s, 1] > 0.3
    late = late or s > 2
    weight = if late then weight * 0.5 else weight + b[0]
    h[n, o] = if seen[n] then tanh(h[n, o] + u[k[n], o] * weight) else h[n, o] * 0.5 + x[n, s, 0] * weight
    emit places[n, s] = k[n]
    emit flags[n, s] = seen[n]
  }
  h[n, o] = h[n, o] + sum[s](if flags[n, s] then b[places[n, s]] * x[n, s, 2] else 0))",
     R"(
  h = zeros([n, 4])
  k[n] = 0 * argmax[i](x[n, 0, i])
  seen[n] = x[n, 0, 1] > inf
  weight = 1 + 0 * b[0]
  total = zeros([n])
  for s in 0..t {
    k[n] = (k[n] + argmax[i](x[n, s, i])) % 4
    seen[n] = seen[n] or x[n, s, 1] > 0.3
    weight = if s > 2 then weight * 0.5 else weight + b[0]
    h[n, o] = if seen[n] then tanh(h[n, o] + u[k[n], o] * weight) else h[n, o] * 0.5 + x[n, s, 0] * weight
    total[n] = total[n] + (if seen[n] then b[k[n]] * x[n, s, 2] else 0)
  }
  h[n, o] = h[n, o] + total[n])"},
    {"OfTheirOwnStart",
     {4},
     R"(
  r[i, o] = u[i, o] * 2
  scan s in 4 with a = r, c = r {
    a[i, o] = 0.5 * a[i, o] + r[s, o]
    c = tanh(c)
  }
  scan s in 4 reversed with d = r { d[i, o] = 0.5 * d[i, o] + r[s, i] }
  h[n, o] = x[n, 0, 0] + sum[i](a[i, o] + c[i, o] * d[i, o]))",
     R"(
  r[i, o] = u[i, o] * 2
  a = r
  c = r
  d = r
  for s in 0..4 {
    a[i, o] = 0.5 * a[i, o] + r[s, o]
    c = tanh(c)
    d[i, o] = 0.5 * d[i, o] + r[3 - s, i]
  }
  h[n, o] = x[n, 0, 0] + sum[i](a[i, o] + c[i, o] * d[i, o]))"},
    {"PlacesByTheTurn",
     {6},
     R"(
  scan s in t with h: f32[n, 4] = 0 {
    a[n, i] = x[n, s / 2, i] + x[n, (s + 1) % t, i] * x[n, t - 1 - s, 2]
    h[n, o] = tanh(h[n, o] + sum[i](a[n, i] * w[i, o]) + u[s % 4, o] + b[s / 2])
    h = concat(h[:, 1..], h[:, ..1])
  })",
     R"(
  h = zeros([n, 4])
  for s in 0..t {
    a[n, i] = x[n, s / 2, i] + x[n, (s + 1) % t, i] * x[n, t - 1 - s, 2]
    h[n, o] = tanh(h[n, o] + sum[i](a[n, i] * w[i, o]) + u[s % 4, o] + b[s / 2])
    h = concat(h[:, 1..], h[:, ..1])
  })"},
    {"SeveralInLayers",
     {3},
     R"(
  h[n, o] = sum[i](x[n, 0, i] * w[i, o])
  repeat 2 { h = scanned(h, u, t) + scanned(0.5 * h, u, 2) })",
     R"(
  h[n, o] = sum[i](x[n, 0, i] * w[i, o])
  repeat 2 { h = unrolled(h, u, t) + unrolled(0.5 * h, u, 2) })"},
    {"GradientsInTheLoss", {3}, kRecurrent, kRecurrentUnrolled, "mean((out - y)^2) + mean(grad(sum(out * out), x)^2)"},
    {"GradientsInATurn",
     {3},
     R"(
  scan s in t with h: f32[n, 4] = 0 {
    e = sum(sin(h)) + sum[n, o](tanh(h[n, o] * b[o]))
    h[n, o] = 0.5 * h[n, o] + grad(e, h)[n, o] * sum[i](x[n, s, i] * w[i, o])
  })",
     R"(
  h = zeros([n, 4])
  for s in 0..t {
    e = sum(sin(h)) + sum[n, o](tanh(h[n, o] * b[o]))
    h[n, o] = 0.5 * h[n, o] + grad(e, h)[n, o] * sum[i](x[n, s, i] * w[i, o])
  })"},
};

std::string textOf(const Pair &pair, const std::string &body, int length) {
  return fmt::format(R"(
config t = {}
data rows {{
  x: f32[t, 3]
  y: f32[4]
}}
layer scanned(h: f32[n, k], u: f32[k, k], t: int) -> f32[n, k] {{
  param v: f32[k] = 0.3
  scan s in t with h = h {{ h[n, o] = tanh(v[o] * s + sum[i](h[n, i] * u[i, o])) }}
  h
}}
layer unrolled(h: f32[n, k], u: f32[k, k], t: int) -> f32[n, k] {{
  param v: f32[k] = 0.3
  for s in 0..t {{ h[n, o] = tanh(v[o] * s + sum[i](h[n, i] * u[i, o])) }}
  h
}}
model M(x: f32[n, t, 3]) -> f32[n, 4] {{
  param w: f32[3, 4] = normal(std = 0.5)
  param u: f32[4, 4] = normal(std = 0.5)
  param b: f32[4] = normal(std = 0.5)
{}
  y[n, o] = h[n, o] + 0.1 * (b[o] + sum[i](x[n, 0, i] * w[i, o]) + sum[k](u[k, o]))
}}
train M on rows {{
  out = M(x)
  minimize {}
  optimizer sgd(lr = 0.1)
  batch 5
  steps 2
}}
)",
                     length, body, pair.loss);
}

/// The losses of two steps and what these have made of the parameters.
std::vector<double> trained(const std::string &text, bool doublePrecision) {
  CompileOptions options;
  options.doublePrecision = doublePrecision;
  auto program = Program::fromText(text, "scan.tw", options);
  if (!program) {
    ADD_FAILURE() << program.error().message << text;
    return {};
  }
  auto session = Session::create(*program, {.threads = 1});
  if (!session) {
    ADD_FAILURE() << session.error().message << text;
    return {};
  }
  EXPECT_TRUE(session->setTrainingData(*generatedRows(*program, 5, 1)));
  std::vector<double> numbers;
  auto keep = [&](const Chunk &chunk) {
    for (const StepRecord &step : chunk.steps)
      numbers.push_back(step.loss);
    return true;
  };
  EXPECT_TRUE(session->train({.onChunk = keep}));
  for (const Variable &variable : program->manifest().variables) {
    std::vector<double> values = *session->readDouble(variable.name);
    numbers.insert(numbers.end(), values.begin(), values.end());
  }
  return numbers;
}

class Scans : public testing::TestWithParam<Pair> {};

TEST_P(Scans, AreTheirTurnsWrittenOut) {
  for (int length : GetParam().lengths) {
    std::vector<double> scanned = trained(textOf(GetParam(), GetParam().scanned, length), false),
                        unrolled = trained(textOf(GetParam(), GetParam().unrolled, length), false);
    ASSERT_EQ(scanned.size(), unrolled.size());
    for (std::size_t i = 0; i < scanned.size(); ++i)
      ASSERT_NEAR(scanned[i], unrolled[i], 1e-6 * std::max(1.0, std::abs(unrolled[i])))
          << "number " << i << " of " << length << " turns";
  }
}

/// Longer than what is one loop: in blocks of turns, and some more.
const Pair kLong[] = {
    {"Long",
     {150},
     R"(
  scan s in t with h: f32[n, 4] = 0 {
    h[n, o] = tanh(sum[i](x[n, s, i] * w[i, o]) + sum[k](h[n, k] * u[k, o]) + b[o] * s / t)
    emit each = h
  }
  scan s in t reversed with a: f32[n, 4] = 0 {
    a[n, o] = 0.9 * a[n, o] + 0.1 * sum[k](each[n, s, k] * u[o, k])
    emit all[s, n, o] = a[n, o] * s
  }
  h[n, o] = h[n, o] + a[n, o] + mean[s](all[s, n, o]^2) / t)",
     ""},
};

/// In f64, of some elements of each parameter, with a loss that contains a gradient, which goes through the loops, too.
class Derivatives : public testing::TestWithParam<Pair> {};

TEST_P(Derivatives, AreThoseOfDifferences) {
  Pair pair = GetParam();
  pair.loss = "mean((out - y)^2) + mean(grad(sum(out * out), x)^2)";
  CompileOptions options;
  options.doublePrecision = true;
  auto program = Program::fromText(textOf(pair, pair.scanned, pair.lengths.back()), "scan.tw", options);
  ASSERT_TRUE(program) << program.error().message;
  auto checked = program->gradcheck({.maxElements = 4});
  ASSERT_TRUE(checked) << checked.error().message;
  EXPECT_LT(checked->maxError, 1e-6);
}

std::string nameOf(const testing::TestParamInfo<Pair> &info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Of, Scans, testing::ValuesIn(kPairs), nameOf);
INSTANTIATE_TEST_SUITE_P(Of, Derivatives, testing::ValuesIn(kPairs), nameOf);
INSTANTIATE_TEST_SUITE_P(OfThe, Derivatives, testing::ValuesIn(kLong), nameOf);

} // namespace
