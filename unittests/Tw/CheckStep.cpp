// Values and gradients: native training beside the evaluator.
#include "CheckStep.h"

#include "../../lib/Engine/SessionImpl.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <set>

namespace talweg::random {
namespace {

using Numbers = std::vector<double>;

/// One step: what it told, and the variables before and after.
struct Trained {
  Numbers told; ///< the losses, then each metric
  std::map<std::string, double> reports;
  std::map<std::string, Numbers> before, after;
};

auto clipsOf(train::MinimizeOp loss) {
  mlir::ArrayAttr clips = loss.getClips().value_or(mlir::ArrayAttr::get(loss.getContext(), {}));
  return clips.getAsRange<train::ClipAttr>();
}

class Check {
public:
  Check(const RandomStep &step, std::uint64_t seed) : step(step), expanded(step.expanded()), chance(seed) {
    for (train::MinimizeOp loss : this->expanded.losses())
      for (train::ClipAttr clip : clipsOf(loss))
        for (auto name : clip.getParameters().getAsRange<mlir::FlatSymbolRefAttr>())
          (clip.getLimit() == Limit::Norm ? normClipped : valueClipped).insert(name.getValue().str());
  }

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
  const RandomStep expanded; ///< what the evaluator sees
  Chance chance;
  std::set<std::string> normClipped, valueClipped;
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
      const std::vector<std::string> &names = session.facts().manifest.reports;
      for (std::size_t i = 0; i < names.size(); ++i)
        result.reports[names[i]] = chunk.steps[0].reports[i];
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
      auto tensorOf = [&](const std::map<std::string, Numbers> &values) {
        Tensor tensor{Shape(type.getShape().begin(), type.getShape().end()), {}};
        for (double value : values.at(variable.getSymName().str()))
          tensor.elements.push_back({value});
        return tensor;
      };
      inputs.variables[variable.getSymName().str()] = tensorOf(trained.before);
      inputs.after[variable.getSymName().str()] = tensorOf(trained.after);
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

  static double numberOf(mlir::Value limit) {
    return mlir::cast<mlir::DenseElementsAttr>(limit.getDefiningOp<tw::ConstantOp>().getValue())
        .getSplatValue<llvm::APFloat>()
        .convertToDouble();
  }

  static bool isOver(train::MinimizeOp loss, const std::string &name) {
    return llvm::any_of(loss.getOver().getAsRange<mlir::FlatSymbolRefAttr>(),
                        [&](mlir::FlatSymbolRefAttr of) { return of.getValue() == name; });
  }

  /// The gradient of a parameter, with its error.
  struct Gradient {
    Numbers value, error;

    double norm() const {
      double sum = 0;
      for (double g : value)
        sum += g * g;
      return std::sqrt(sum);
    }
    double errorOfNorm(double epsilon) const {
      double sum = double(value.size() + 32) * epsilon * norm() + 1e-30;
      for (double e : error)
        sum += e;
      return sum;
    }
  };

  /// From what the optimizer did with it: clipped.
  Gradient clippedGradientOf(const Trained &trained, const std::string &name) {
    const Numbers &p = trained.before.at(name), &next = trained.after.at(name);
    const double updates = double(llvm::count_if(expanded.losses(), [&](auto loss) { return isOver(loss, name); }));
    Gradient g;
    for (std::size_t i = 0; i < p.size(); ++i) {
      if (step.rule == Rule::Plain) {
        g.value.push_back((p[i] - next[i]) / kLearningRate);
        g.error.push_back(2 * updates * epsilon() * (std::fabs(p[i]) + std::fabs(next[i])) / kLearningRate);
      } else {
        double m = trained.before.at(name + ".m")[i], m1 = trained.after.at(name + ".m")[i];
        g.value.push_back(m1 - kMomentum * m);
        g.error.push_back(2 * epsilon() * (std::fabs(m1) + std::fabs(m)));
      }
    }
    return g;
  }

  /// Before a clip of norms, by the norm that was told.
  Gradient gradientOf(const Trained &trained, const std::string &name) {
    Gradient g = clippedGradientOf(trained, name);
    if (!normClipped.count(name))
      return g;
    const double factor = factorOf(trained, name);
    for (std::size_t i = 0; i < g.value.size(); ++i) {
      g.value[i] /= factor;
      g.error[i] = g.error[i] / factor + 4 * epsilon() * std::fabs(g.value[i]);
    }
    return g;
  }

  /// A clip of a norm, and the name under which that is told.
  struct NormClip {
    train::ClipAttr clip;
    double limit;
    std::string name;
  };
  std::vector<NormClip> normClips() {
    std::vector<NormClip> all;
    for (train::MinimizeOp loss : expanded.losses()) {
      int number = 0;
      for (auto [clip, limit] : llvm::zip_equal(clipsOf(loss), loss.getLimits()))
        if (clip.getLimit() == Limit::Norm) {
          std::string name = loss.getName().str() + "_gradient_norm";
          all.push_back({clip, numberOf(limit), ++number > 1 ? fmt::format("{}_{}", name, number) : name});
        }
    }
    return all;
  }

  double factorOf(const Trained &trained, const std::string &name) {
    for (const NormClip &clip : normClips())
      if (contains(clip.clip.getParameters(), name))
        return std::min(1.0, clip.limit / (trained.reports.at(clip.name) + 1e-6));
    return 1;
  }

  static bool contains(mlir::ArrayAttr names, const std::string &name) {
    return llvm::any_of(names.getAsRange<mlir::FlatSymbolRefAttr>(),
                        [&](mlir::FlatSymbolRefAttr of) { return of.getValue() == name; });
  }

  /// The slope of each loss where those of `moving` that it is over move as in `inputs`, added up.
  Dual slopeOfLosses(const Inputs &inputs, const std::vector<std::string> &moving) {
    Dual sum;
    for (train::MinimizeOp loss : expanded.losses()) {
      Inputs own = inputs;
      for (auto &[name, tensor] : own.variables)
        if (!isOver(loss, name) || !llvm::is_contained(moving, name))
          for (Dual &x : tensor.elements)
            x.slope = x.slopeSize = 0;
      Evaluation evaluation([&](mlir::Value value) { return own(value); });
      const Dual &value = evaluation.of(loss.getLoss()).elements[0];
      sum.slope += value.slope;
      sum.slopeError += value.slopeError;
      sum.slopeSize += value.slopeSize;
    }
    return sum;
  }

  double errorOf(const Dual &loss) { return loss.slopeError + 1000 * epsilon() * loss.slopeSize + 1e-30; }

  void compare(const Trained &trained, std::uint64_t seed) {
    Inputs inputs = inputsOf(trained, seed);
    Evaluation evaluation([&](mlir::Value value) { return inputs(value); });
    std::size_t column = 0;
    for (train::ReportOp report : expanded.told())
      if (report.getTold() != Told::Report) {
        expect(column == 0 ? "the loss" : fmt::format("metric {}", column), trained.told[column],
               evaluation.of(report.getValue()).elements[0]);
        ++column;
      }
    for (auto set : expanded.objective().getBody().getOps<train::SetOp>())
      for (auto [i, x] : llvm::enumerate(evaluation.of(set.getValue()).elements))
        expect(fmt::format("{}[{}]", set.getVariable().str(), i), trained.after.at(set.getVariable().str())[i], x);

    // All parameters move in the first step, one of them in the second.
    std::vector<std::string> names = parameters(), moving = names;
    if (number > 0)
      moving = {names[chance.below(std::int64_t(names.size()))]};
    for (const std::string &name : moving)
      for (Dual &x : inputs.variables[name].elements) {
        x.slope = chance.uniform(0.5, 1) * (chance.oneIn(2) ? 1 : -1);
        x.slopeSize = std::fabs(x.slope);
      }
    compareGradients(trained, inputs, moving);
    for (const std::string &name : names)
      compareUpdate(trained, name);
    compareNorms(trained, inputs);
    for (const Derivative &derivative : expanded.derivatives)
      compareDerivative(derivative, inputs);
  }

  void compareGradients(const Trained &trained, const Inputs &inputs, std::vector<std::string> moving) {
    for (const std::string &name : moving)
      if (valueClipped.count(name))
        compareElements(trained, inputs, name, clippedGradientOf(trained, name), limitOf(name));
    std::erase_if(moving, [&](const std::string &name) { return valueClipped.count(name) > 0; });
    Dual loss = slopeOfLosses(inputs, moving);
    double product = 0, error = errorOf(loss);
    for (const std::string &name : moving) {
      Gradient g = gradientOf(trained, name);
      for (std::size_t i = 0; i < g.value.size(); ++i) {
        product += g.value[i] * inputs.variables.at(name).elements[i].slope;
        error += g.error[i];
      }
    }
    std::size_t before = wrong.size();
    expect("the product of gradient and direction", product, loss.slope, error);
    if (wrong.size() != before)
      for (const std::string &name : moving)
        compareElements(trained, inputs, name, gradientOf(trained, name));
  }

  /// What each number of the parameter's gradient is cut to.
  double limitOf(const std::string &name) {
    for (train::MinimizeOp loss : expanded.losses())
      for (auto [clip, limit] : llvm::zip_equal(clipsOf(loss), loss.getLimits()))
        if (clip.getLimit() == Limit::Value && contains(clip.getParameters(), name))
          return numberOf(limit);
    return std::numeric_limits<double>::infinity();
  }

  /// One direction for each element of the gradient.
  void compareElements(const Trained &trained, const Inputs &inputs, const std::string &name, const Gradient &g,
                       double limit = std::numeric_limits<double>::infinity()) {
    Gradient right = evaluatedGradientOf(inputs, name);
    for (std::size_t i = 0; i < g.value.size(); ++i)
      expect(fmt::format("  the gradient of {}[{}]", name, i), g.value[i], std::clamp(right.value[i], -limit, limit),
             right.error[i] + g.error[i] + 2 * epsilon() * limitOr0(limit));
  }
  static double limitOr0(double limit) { return std::isinf(limit) ? 0 : limit; }

  /// By one evaluation for each element.
  Gradient evaluatedGradientOf(Inputs inputs, const std::string &name) {
    for (auto &[other, tensor] : inputs.variables)
      for (Dual &x : tensor.elements)
        x.slope = x.slopeSize = 0;
    Gradient g;
    for (Dual &x : inputs.variables[name].elements) {
      x.slope = x.slopeSize = 1;
      Dual loss = slopeOfLosses(inputs, {name});
      g.value.push_back(loss.slope);
      g.error.push_back(errorOf(loss));
      x.slope = x.slopeSize = 0;
    }
    return g;
  }

  /// Of clips and of train.norm, beside those of the gradients, parameters and updates themselves.
  void compareNorms(const Trained &trained, const Inputs &inputs) {
    auto compare = [&](const std::string &name, mlir::ArrayAttr of, auto partOf) {
      Gradient all;
      for (auto symbol : of.getAsRange<mlir::FlatSymbolRefAttr>()) {
        Gradient part = partOf(symbol.getValue().str());
        all.value.insert(all.value.end(), part.value.begin(), part.value.end());
        all.error.insert(all.error.end(), part.error.begin(), part.error.end());
      }
      expect("the norm " + name, trained.reports.at(name), all.norm(), all.errorOfNorm(epsilon()));
    };
    auto gradient = [&](const std::string &name) {
      return valueClipped.count(name) ? evaluatedGradientOf(inputs, name) : gradientOf(trained, name);
    };
    for (const NormClip &clip : normClips())
      compare(clip.name, clip.clip.getParameters(), gradient);
    auto parameter = [&](const std::string &name) {
      const Numbers &before = trained.before.at(name);
      return Gradient{before, Numbers(before.size(), 0)};
    };
    auto update = [&](const std::string &name) {
      const Numbers &before = trained.before.at(name), &after = trained.after.at(name);
      Gradient change;
      for (std::size_t i = 0; i < before.size(); ++i) {
        change.value.push_back(after[i] - before[i]);
        change.error.push_back(2 * epsilon() * (std::fabs(after[i]) + std::fabs(before[i])));
      }
      return change;
    };
    for (auto norm : step.objective().getBody().getOps<train::NormOp>()) {
      std::string name(nameOf(norm.getMeasured()));
      if (norm.getMeasured() == Measured::Gradient)
        compare(name, norm.getOf(), gradient);
      else if (norm.getMeasured() == Measured::Parameter)
        compare(name, norm.getOf(), parameter);
      else
        compare(name, norm.getOf(), update);
    }
  }

  /// A tw.gradient's value, as its product with a random direction of x: without any rule of differentiation.
  void compareDerivative(const Derivative &derivative, Inputs inputs) {
    for (auto &[name, tensor] : inputs.variables)
      for (Dual &element : tensor.elements)
        element.slope = element.slopeSize = 0;
    Evaluation still([&](mlir::Value value) { return inputs(value); }),
        moved([&](mlir::Value value) { return inputs(value); });
    Tensor dx = still.of(derivative.dx), dy = still.of(derivative.dy), x = still.of(derivative.x);
    for (Dual &element : x.elements) {
      element.slope = chance.uniform(-1, 1);
      element.slopeSize = std::fabs(element.slope);
    }
    moved.put(derivative.x, x);
    const Tensor &y = moved.of(derivative.y);
    double product = 0, expected = 0, error = 1e-30;
    for (std::size_t i = 0; i < x.elements.size(); ++i) {
      product += dx.elements[i].value * x.elements[i].slope;
      error += dx.elements[i].error * std::fabs(x.elements[i].slope);
    }
    for (std::size_t i = 0; i < y.elements.size(); ++i) {
      expected += dy.elements[i].value * y.elements[i].slope;
      error +=
          std::fabs(dy.elements[i].value) * (y.elements[i].slopeError + 100 * epsilon() * y.elements[i].slopeSize) +
          dy.elements[i].error * y.elements[i].slopeSize;
    }
    expect("the product of a derivative and a direction", product, expected, error);
  }

  /// What the rule makes of the gradient that its slots show.
  void compareUpdate(const Trained &trained, const std::string &name) {
    if (step.rule == Rule::Plain)
      return; // shows nothing but the new parameter
    Gradient g = clippedGradientOf(trained, name);
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
  RandomStep expanded = step.expanded();
  Inputs inputs{{}, {}, step.batchAt(0)};
  std::vector<std::string> named;
  for (auto variable : expanded.program().getOps<train::VariableOp>()) {
    std::string name = variable.getSymName().str();
    Evaluation initial([](mlir::Value) { return Tensor{{2}, {{0}, {0}}}; });
    inputs.variables[name] = initial.of(variable.getInit().front().getTerminator()->getOperand(0));
    if (message.find(fmt::format("does not depend on parameter '{}'", name)) != std::string::npos)
      named.push_back(name);
  }
  bool isRight = false;
  for (train::MinimizeOp loss : expanded.losses()) {
    Inputs moved = inputs;
    bool moves = false;
    for (const std::string &name : named)
      if (llvm::is_contained(loss.getOver(), mlir::FlatSymbolRefAttr::get(loss.getContext(), name))) {
        moves = true;
        for (Dual &x : moved.variables[name].elements)
          x.slope = x.slopeSize = 1;
      }
    Evaluation evaluation([&](mlir::Value value) { return moved(value); });
    const Dual &told = evaluation.of(loss.getLoss()).elements[0];
    isRight |= moves && std::fabs(told.slope) <= (std::isfinite(told.slopeError) ? told.slopeError : 0);
  }
  return isRight;
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
