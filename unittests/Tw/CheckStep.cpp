// Values and gradients: native training beside the evaluator.
#include "CheckStep.h"

#include "../../lib/Engine/SessionImpl.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <limits>

namespace talweg::random {
namespace {

using Numbers = std::vector<double>;

/// One step: what it told, and the variables before and after.
struct Trained {
  Numbers told; ///< the loss, then each metric
  std::map<std::string, Numbers> before, after;
};

class Check {
public:
  Check(const RandomStep &step, std::uint64_t seed) : step(step), chance(seed) {}

  std::string run() {
    CompileOptions options;
    options.steps = 2;
    auto program = Program::fromText(step.text(), "random.mlir", options);
    if (!program)
      return program.error().message;
    auto session = Session::create(*program, {.threads = chance.oneIn(4) ? 2 : 1, .shuffle = false});
    if (!session)
      return isWithoutDerivative(step, session.error().message) ? std::string() : session.error().message;
    auto rows = rowsOf(step, *program);
    if (!rows)
      return rows.error().message;
    if (auto set = session->setTrainingData(*rows); !set)
      return set.error().message;
    for (number = 0; number < 2; ++number) {
      auto trained = train(*session);
      if (!trained)
        return trained.error().message;
      compare(*trained, program->plan().seed);
      if (!wrong.empty())
        return fmt::format("in step {}: {}", number + 1, wrong);
    }
    return {};
  }

private:
  const RandomStep &step;
  Chance chance;
  int number = 0;
  std::string wrong;

  double epsilon() const { return getElementTypeOrSelf(step.loss()).isF64() ? 0x1p-53 : 0x1p-24; }

  Result<Trained> train(Session &session) {
    Trained result;
    auto readAll = [&](std::map<std::string, Numbers> &into) -> Result<void> {
      for (const Variable &variable : session.program().manifest().variables) {
        auto values = session.readDouble(variable.name);
        if (!values)
          return values.error();
        into[variable.name] = *values;
      }
      return {};
    };
    if (auto read = readAll(result.before); !read)
      return read.error();
    std::memset(session.impl->arena.data(), 0xff, std::size_t(session.impl->arena.size()));
    TrainOptions one;
    one.maxSteps = 1;
    one.onChunk = [&](const Chunk &chunk) {
      result.told = {chunk.steps[0].loss};
      result.told.insert(result.told.end(), chunk.steps[0].metrics.begin(), chunk.steps[0].metrics.end());
      return true;
    };
    if (auto trained = session.train(one); !trained)
      return trained.error();
    if (auto read = readAll(result.after); !read)
      return read.error();
    return result;
  }

  void expect(const std::string &what, double actual, double expected, double error) {
    double largest = epsilon() > 0x1p-40 ? std::numeric_limits<float>::max() : std::numeric_limits<double>::max();
    if (std::isinf(actual) && std::fabs(expected) >= largest && std::signbit(actual) == std::signbit(expected))
      return;
    if (!(std::fabs(actual - expected) <= error) && std::isfinite(error))
      wrong += fmt::format("{} is {:.17g}, not {:.17g} within {:.2g}\n", what, actual, expected, error);
  }

  /// A number that the program computes from what rounding has moved.
  void expect(const std::string &what, double actual, const Dual &expected) {
    expect(what, actual, expected.value, expected.error + 8 * epsilon() * std::fabs(expected.value) + 1e-30);
  }

  Inputs inputsOf(const Trained &trained, std::uint64_t seed) {
    Inputs inputs;
    inputs.batch = step.batchAt(number * step.batch);
    inputs.step = number;
    inputs.seed = std::int64_t(seed);
    for (auto variable : step.program().getOps<train::VariableOp>()) {
      auto type = mlir::cast<mlir::RankedTensorType>(variable.getType());
      Tensor tensor{Shape(type.getShape().begin(), type.getShape().end()), {}};
      for (double value : trained.before.at(variable.getSymName().str()))
        tensor.elements.push_back({value});
      inputs.variables[variable.getSymName().str()] = std::move(tensor);
    }
    return inputs;
  }

  std::vector<std::string> parameters() {
    std::vector<std::string> names;
    for (auto variable : step.program().getOps<train::VariableOp>())
      if (variable.getRole() == Role::Parameter)
        names.push_back(variable.getSymName().str());
    return names;
  }

  /// The gradient of a parameter, with its error, from what the optimizer did with it.
  struct Gradient {
    Numbers value, error;
  };
  Gradient gradientOf(const Trained &trained, const std::string &name) {
    const Numbers &p = trained.before.at(name), &next = trained.after.at(name);
    Gradient g;
    for (std::size_t i = 0; i < p.size(); ++i) {
      if (step.rule == Rule::Plain) {
        g.value.push_back((p[i] - next[i]) / kLearningRate);
        g.error.push_back(2 * epsilon() * (std::fabs(p[i]) + std::fabs(next[i])) / kLearningRate);
      } else {
        double m = trained.before.at(name + ".m")[i], m1 = trained.after.at(name + ".m")[i];
        g.value.push_back(m1 - kMomentum * m);
        g.error.push_back(2 * epsilon() * (std::fabs(m1) + std::fabs(m)));
      }
    }
    return g;
  }

  void compare(const Trained &trained, std::uint64_t seed) {
    Inputs inputs = inputsOf(trained, seed);
    // All parameters move in the first step, one of them in the second.
    std::vector<std::string> names = parameters(), moving = names;
    if (number > 0)
      moving = {names[chance.below(std::int64_t(names.size()))]};
    for (const std::string &name : moving)
      for (Dual &x : inputs.variables[name].elements) {
        x.slope = chance.uniform(0.5, 1) * (chance.oneIn(2) ? 1 : -1);
        x.slopeSize = std::fabs(x.slope);
      }
    Evaluation evaluation([&](mlir::Value value) { return inputs(value); });
    auto objective = step.objective();
    for (auto [column, report] : llvm::enumerate(step.told()))
      expect(column == 0 ? "the loss" : fmt::format("metric {}", column), trained.told[column],
             evaluation.of(report.getValue()).elements[0]);
    for (auto set : objective.getBody().getOps<train::SetOp>())
      for (auto [i, x] : llvm::enumerate(evaluation.of(set.getValue()).elements))
        expect(fmt::format("{}[{}]", set.getVariable().str(), i), trained.after.at(set.getVariable().str())[i], x);

    const Dual &loss = evaluation.of(step.loss()).elements[0];
    double product = 0, error = loss.slopeError + 1000 * epsilon() * loss.slopeSize + 1e-30;
    for (const std::string &name : moving) {
      Gradient g = gradientOf(trained, name);
      for (std::size_t i = 0; i < g.value.size(); ++i) {
        product += g.value[i] * inputs.variables[name].elements[i].slope;
        error += g.error[i];
      }
    }
    std::size_t before = wrong.size();
    expect("the product of gradient and direction", product, loss.slope, error);
    if (wrong.size() != before)
      tellWrongElements(trained, inputs, moving);
    for (const std::string &name : names)
      compareUpdate(trained, name);
  }

  /// Which elements of the gradient are wrong: one direction for each.
  void tellWrongElements(const Trained &trained, Inputs inputs, const std::vector<std::string> &moving) {
    for (const std::string &name : moving)
      for (Dual &x : inputs.variables[name].elements)
        x.slope = x.slopeSize = 0;
    for (const std::string &name : moving) {
      Gradient g = gradientOf(trained, name);
      for (std::size_t i = 0; i < g.value.size(); ++i) {
        Dual &x = inputs.variables[name].elements[i];
        x.slope = x.slopeSize = 1;
        Evaluation evaluation([&](mlir::Value value) { return inputs(value); });
        const Dual &loss = evaluation.of(step.loss()).elements[0];
        expect(fmt::format("  the gradient of {}[{}]", name, i), g.value[i], loss.slope,
               loss.slopeError + 1000 * epsilon() * loss.slopeSize + g.error[i]);
        x.slope = x.slopeSize = 0;
      }
    }
  }

  /// What the rule makes of the gradient that its slots show.
  void compareUpdate(const Trained &trained, const std::string &name) {
    if (step.rule == Rule::Plain)
      return; // shows nothing but the new parameter
    Gradient g = gradientOf(trained, name);
    for (std::size_t i = 0; i < g.value.size(); ++i) {
      double p = trained.before.at(name)[i], s = trained.after.at(name + ".m")[i];
      if (step.rule == Rule::Adam) {
        double v = trained.before.at(name + ".v")[i], v1 = trained.after.at(name + ".v")[i];
        double square = g.value[i] * g.value[i];
        expect(fmt::format("{}.v[{}]", name, i), v1, kSecondMomentum * v + square,
               8 * epsilon() * (v + square) + 3 * std::fabs(g.value[i]) * g.error[i] + 1e-30);
        s /= std::sqrt(v1) + kAdamFloor;
      }
      double expected = p - kLearningRate * s;
      expect(fmt::format("{}[{}] after the update", name, i), trained.after.at(name)[i], expected,
             16 * epsilon() * (std::fabs(p) + std::fabs(s)) + 1e-30);
    }
  }
};

} // namespace

bool isWithoutDerivative(const RandomStep &step, const std::string &message) {
  Inputs inputs{{}, step.batchAt(0)};
  bool names = false;
  for (auto variable : step.program().getOps<train::VariableOp>()) {
    Evaluation initial([](mlir::Value) { return Tensor{{2}, {{0}, {0}}}; });
    Tensor value = initial.of(variable.getInit().front().getTerminator()->getOperand(0));
    if (message.find(fmt::format("does not depend on parameter '{}'", variable.getSymName().str())) !=
        std::string::npos) {
      names = true;
      for (Dual &x : value.elements)
        x.slope = x.slopeSize = 1;
    }
    inputs.variables[variable.getSymName().str()] = value;
  }
  if (!names)
    return false;
  Evaluation evaluation([&](mlir::Value value) { return inputs(value); });
  return evaluation.of(step.loss()).elements[0].slope == 0;
}

Result<Dataset> rowsOf(const RandomStep &step, const Program &program) {
  std::vector<float> numbers(step.fields[0].begin(), step.fields[0].end());
  std::vector<std::uint8_t> bytes(step.fields[1].begin(), step.fields[1].end());
  std::vector<std::int32_t> labels(step.fields[2].begin(), step.fields[2].end());
  return Dataset::fromMemory(program, {{"x", numbers.data()}, {"bytes", bytes.data()}, {"label", labels.data()}},
                             step.rows);
}

std::string checkValues(const RandomStep &step, std::uint64_t seed) { return Check(step, seed).run(); }

} // namespace talweg::random
