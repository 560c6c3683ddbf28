// Every size of the last batch is trained, evaluated and predicted right: examples and layers of the library, with 1, 2, 3 rows
// and around the lanes of a vector, as the rest after full batches. f32 is compared with f64, whose gradient is compared with
// differences of the loss. `./dev test --all` sweeps all of that; otherwise the layers, with one row.
#include "talweg/Codegen/Target.h"
#include "talweg/Engine/Bench.h"
#include "talweg/Engine/Engine.h"

#include "SourceDir.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <regex>
#include <span>
#include <sstream>

using namespace talweg;

namespace {

struct Model {
  const char *name;
  const char *body;          ///< of the model, from x: f32[n, 6, 4] to f32[n, 3]; or a path
  bool hasManyKinks = false; ///< one is within every difference: relu is softplus here
};

const Model kExamples[] = {
    {"Adversarial", "/examples/adversarial/digits.tw"},
    {"Characters", "/examples/characters/characters.tw"},
    {"Digits", "/examples/digits/digits.tw"},
    {"Graph", "/examples/graph/graph.tw", true},
    {"Forecast", "/examples/forecast/forecast.tw"},
    {"Transformer", "/examples/characters/transformer.tw"},
    {"Words", "/examples/words/words.tw"},
    {"Perceptron", "/examples/fashion_mnist/perceptron.tw"},
    {"Convolutional", "/examples/fashion_mnist/convolutional.tw"},
};

const Model kLayers[] = {
    {"Dense", "x |> flatten |> dense(5) |> sigmoid |> dense(3)"},
    {"DenseOfOne", "x |> dense(1) |> flatten |> dense(3)"},
    {"Conv2d", "reshape(x, [n, 6, 4, 1]) |> conv2d(2) |> relu |> flatten |> dense(3)"},
    {"Conv2dStridePad",
     "reshape(x, [n, 6, 4, 1]) |> conv2d(3, kernel = 2, stride = 2, pad = 1) |> silu |> flatten |> dense(3)"},
    {"MaxPool2d",
     "reshape(x, [n, 6, 4, 1]) |> conv2d(2, kernel = 1) |> max_pool2d(2, stride = 1) |> flatten |> dense(3)"},
    {"AvgPool2d", "reshape(x, [n, 6, 4, 1]) |> conv2d(2, kernel = 1) |> avg_pool2d |> flatten |> dense(3)"},
    {"BatchNorm", "x |> dense(3) |> batch_norm |> gelu |> flatten |> dense(3)"},
    {"LayerNorm", "x |> dense(3) |> layer_norm |> softplus |> flatten |> dense(3)"},
    {"Dropout", "x |> flatten |> dense(7) |> leaky_relu |> dropout(0.25) |> dense(3)"},
    {"RecurrenceWrittenOut", R"(
  u = dense(out = 4)
  v = dense(out = 4)
  h = tanh(u(x[:, 0, :]))
  for t in 1..6 { h = tanh(u(x[:, t, :]) + v(h)) }
  dense(h, 3))"},
    {"Scan", R"(
  scan s in 6 with h: f32[n, 4] = 0, greatest: f32[n] = -inf, k: i32[n] = 0 {
    v = tanh(dense(x[:, s, :], 4) + dense(h, 4))
    greatest[n] = max(greatest[n], v[n, 0])
    k[n] = (k[n] + argmax[i](x[n, s, i])) % 4
    h[n, o] = if s > 1 then v[n, (o + k[n]) % 4] + 0.1 * greatest[n] else v[n, o]
    h = dropout(h, 0.25)
  }
  dense(h, 3))"},
    {"SlicesAndPads", R"(
  h = dense(x, 4)
  pad(gelu(h[:, 2, :]), [0, 1], [0, 3], 0.5) |> dense(3))"},
    {"Pieces", R"(
  h = concat(x[:, 1.., :], stack(x[:, 0, :], axis = 1), axis = 1)
  concat(dense(h, 2), h[.., -2..]) |> flatten |> dense(3))"},
    {"Repeats", R"(
  h = dense(x, 4)
  u[n, i < 12, j < 8] = h[n, i / 2, j % 4]
  gelu(u) |> flatten |> dense(3))"},
    {"Attention", R"(
  q = dense(x, 4)
  k = dense(x, 4)
  s[n, i, j] = sum[c](q[n, i, c] * k[n, j, c])
  w = softmax(s)
  y[n, i, c] = sum[j](w[n, i, j] * x[n, j, c])
  y |> flatten |> dense(3))"},
    {"Recurrent", "concat(lstm(x, 3), gru(x, 2, backwards = true), rnn(x, 2)) |> flatten |> dense(3)"},
    {"EncoderBlock", "x |> sinusoidal_positions |> encoder_block(2, 5, rotary = true) |> flatten |> dense(3)"},
};

std::string textOf(const Model &model) {
  if (model.body[0] == '/') {
    std::ifstream file(std::string(sourceDir) + model.body);
    std::stringstream text;
    text << file.rdbuf();
    return model.hasManyKinks ? std::regex_replace(text.str(), std::regex("\\brelu\\b"), "softplus") : text.str();
  }
  return fmt::format(R"(
data rows {{
  x:     f32[6, 4]
  label: class[3]
  train = csv("none.csv")
}}
model M(x: f32[n, 6, 4]) -> f32[n, 3] {{
  {}
}}
train M on rows {{
  out = M(x)
  minimize cross_entropy(out, label)
  metric squares = mean(out^2)
  optimizer sgd(lr = 0.1, momentum = 0.9)
  batch 8
  steps 100
}}
)",
                     model.body);
}

using Numbers = std::vector<double>;

/// What one program does with a batch.
struct Done {
  std::vector<std::pair<std::string, Numbers>> results;
};

class BatchSizes : public testing::TestWithParam<Model> {
protected:
  static std::int64_t lanes() { return nativeTarget().vectorBits / 32; }

  static Program program(bool doublePrecision, std::int64_t batch) {
    CompileOptions options;
    options.batch = batch;
    options.steps = 100;
    options.doublePrecision = doublePrecision;
    auto program = Program::fromText(textOf(GetParam()), "model.tw", options);
    EXPECT_TRUE(bool(program)) << program.error().message;
    return *program;
  }

  /// One step on the rows, which are fewer than a batch, then an evaluation and a prediction.
  static Done run(Session &session, const Dataset &rows) {
    Done done;
    auto add = [&](const std::string &name, const Numbers &numbers) { done.results.push_back({name, numbers}); };
    TrainOptions one;
    one.maxSteps = 1;
    one.onChunk = [&](const Chunk &chunk) {
      EXPECT_EQ(chunk.steps[0].rows, rows.rows());
      add("the loss", {chunk.steps[0].loss});
      add("the metrics", chunk.steps[0].metrics);
      return true;
    };
    EXPECT_TRUE(bool(session.setTrainingData(rows)));
    auto trained = session.train(one);
    EXPECT_TRUE(bool(trained)) << trained.error().message;
    for (const Variable &variable : session.program().manifest().variables)
      add(variable.name, *session.readDouble(variable.name));
    auto evaluated = session.evaluate(rows);
    EXPECT_TRUE(bool(evaluated)) << evaluated.error().message;
    add("the evaluation", {evaluated->loss});
    auto predicted = session.predict(rows);
    EXPECT_TRUE(bool(predicted)) << predicted.error().message;
    add("the prediction", predicted->values);
    return done;
  }

  static void expectNear(const Done &actual, const Done &expected, std::int64_t rows) {
    ASSERT_EQ(actual.results.size(), expected.results.size());
    double all = 0; // gradients that are nothing but rounding are compared with the others
    for (const auto &[name, numbers] : expected.results)
      for (double number : numbers)
        all = std::max(all, std::fabs(number));
    for (std::size_t i = 0; i < actual.results.size(); ++i) {
      const auto &[name, numbers] = expected.results[i];
      double size = 1e-2 * all;
      for (double number : numbers)
        size = std::max(size, std::fabs(number));
      for (std::size_t e = 0; e < numbers.size(); ++e)
        ASSERT_NEAR(actual.results[i].second[e], numbers[e], 1e-3 * size)
            << name << "[" << e << "] after a batch of " << rows << " rows";
    }
  }

  /// Some elements of each gradient, in f64, against differences of the loss.
  static void checkGradient(std::int64_t rows) {
    auto checked = program(true, rows).gradcheck({.seed = 1, .maxElements = 4});
    ASSERT_TRUE(bool(checked)) << checked.error().message;
    double all = 0; // some gradients are 0
    for (const GradcheckVariable &variable : checked->variables)
      for (double slope : variable.analytic)
        all = std::max(all, std::fabs(slope));
    for (const GradcheckVariable &variable : checked->variables)
      for (std::size_t e = 0; e < variable.analytic.size(); ++e)
        ASSERT_NEAR(variable.analytic[e], variable.numeric[e], 1e-6 * std::max(all, std::fabs(variable.analytic[e])))
            << variable.name << "[" << variable.elements[e] << "] with a batch of " << rows << " rows";
  }
};

TEST_P(BatchSizes, AreRight) {
  std::int64_t n = lanes();
  std::vector<std::int64_t> sizes{1};
  if (std::getenv("TALWEG_ALL"))
    sizes = {1, 2, 3, n - 1, n, n + 1};
  Program single = program(false, 2 * n), exact = program(true, 2 * n);
  auto session = Session::create(single), other = Session::create(exact);
  ASSERT_TRUE(bool(session)) << session.error().message;
  ASSERT_TRUE(bool(other)) << other.error().message;
  for (std::int64_t size : sizes) {
    auto rows = generatedRows(single, size, 1);
    ASSERT_TRUE(bool(rows));
    for (const Variable &variable : single.manifest().variables)
      ASSERT_TRUE(bool(other->writeDouble(variable.name, *session->readDouble(variable.name))));
    Done done = run(*session, *rows);
    expectNear(done, run(*other, *rows), size);
    checkGradient(size);
  }
}

std::string nameOf(const testing::TestParamInfo<Model> &info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Layers, BatchSizes, testing::ValuesIn(kLayers), nameOf);
INSTANTIATE_TEST_SUITE_P(Examples, BatchSizes,
                         testing::ValuesIn(std::getenv("TALWEG_ALL") ? std::span(kExamples) : std::span<const Model>()),
                         nameOf);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(BatchSizes);

} // namespace
