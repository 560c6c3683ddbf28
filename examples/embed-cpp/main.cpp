// Trains a model from memory, through the C++ API: the points of y = 3a - 2b + 1, found again by gradient descent.
#include <talweg/Engine/Engine.h>

#include <cstdio>
#include <cstdlib>

static const char *const kLine = R"(
data points {
  x: f32[2]
  y: f32[1]
}
model Line(x: f32[n, 2]) -> f32[n, 1] { out = dense(x, 1) }
train Line on points {
  minimize mean_squared_error(Line(x), y)
  optimizer sgd(lr = 0.3)
  batch 25
  epochs 40
}
)";

/// The value, or the end of the program with the error's text.
template <typename T>
static T need(talweg::Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "%s\n", result.error().message.c_str());
    std::exit(1);
  }
  return std::move(*result);
}

int main() {
  std::vector<float> x, y;
  for (int row = 0; row < 110; ++row) {
    float a = float(row % 11) / 5 - 1, b = float(row % 10) / 5 - 1;
    x.insert(x.end(), {a, b});
    y.push_back(3 * a - 2 * b + 1);
  }
  talweg::Program program = need(talweg::Program::fromText(kLine, "line.tw", {}));
  talweg::Dataset points = need(talweg::Dataset::fromMemory(program, {{"x", x.data()}, {"y", y.data()}}, 110));
  talweg::Session session = need(talweg::Session::create(program));
  if (auto set = session.setTrainingData(points); !set)
    return 1;
  need(session.train());
  std::vector<float> weight = need(session.read("Line.out.weight")), bias = need(session.read("Line.out.bias"));
  std::printf("y = %.2f a + %.2f b + %.2f\n", weight[0], weight[1], bias[0]);
  std::printf("loss %.4f over %d rows\n", need(session.evaluate(points)).loss, int(points.rows()));
}
