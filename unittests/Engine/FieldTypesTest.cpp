// A field of every type of the table is read from a host's memory and computes as its numbers do in f32.
#include "../Support/ValueOf.h"

#include "talweg/Engine/Engine.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>

using namespace talweg;

namespace {

constexpr const char *kModel = R"(
data points {{
  x: {}[5]
}}
model Scaled(x: f32[n, 5]) -> f32[n, 5] {{
  param w: f32 = 0.5
  y[n, k] = w * x[n, k]
}}
train Scaled on points {{
  minimize mean(Scaled(x))
  optimizer sgd(lr = 0.1)
  batch 4
}}
)";

/// The predictions for 20 numbers that all types hold, and for the least number where the type has one.
std::vector<double> predictions(const ElementInfo &info) {
  std::vector<std::byte> memory;
  withStored(info.type, [&](auto stored) {
    using Stored = decltype(stored);
    for (int i = 0; i < 20; ++i) {
      stored = i == 0 && info.least < 0 ? Stored(info.least) : Stored(6 * i);
      memory.resize(memory.size() + sizeof stored);
      std::memcpy(memory.data() + memory.size() - sizeof stored, &stored, sizeof stored);
    }
  });
  const Program program = valueOf(Program::fromText(fmt::format(kModel, info.text), "scaled.tw", {}));
  SessionOptions options;
  options.mode = Mode::Predict;
  Session session = valueOf(Session::create(program, options));
  return valueOf(session.predict(valueOf(Dataset::fromMemory(program, {{"x", memory.data()}}, 4)))).values;
}

} // namespace

TEST(FieldTypes, ComputeAsTheirNumbersDo) {
  for (const ElementInfo &info : kElementTypes) {
    if (!info.isOfFields() || info.computes == ElementType::F64) // a model of f32 takes no f64
      continue;
    std::vector<double> wanted;
    for (int i = 0; i < 20; ++i)
      wanted.push_back(0.5 * float(i == 0 ? info.least : 6 * i));
    EXPECT_EQ(predictions(info), wanted) << info.text;
  }
}
