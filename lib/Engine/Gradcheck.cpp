// The gradient that differentiation and code generation make, against central differences of the compiled loss.
//
// In f64, on rows of data or random ones: floats uniform in [-1, 1), labels and bytes uniform in their range. For an element x
// of a parameter, with h = step * max(1, |x|): (loss(x + h) - loss(x - h)) / 2h, where 2h is the difference of the two
// numbers that were stored. What stop_gradient takes is held at its value meanwhile, as the gradient takes it for a constant. Mode gradient
// leaves each cotangent in a slot, which the manifest names.
#include "RandomRows.h"
#include "SessionImpl.h"

#include "talweg/Runtime/Shuffle.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

using namespace talweg;

/// Which elements of a variable are checked: all, or as many as asked for, drawn without repetition, in order.
static std::vector<std::int64_t> chooseElements(std::int64_t count, std::int64_t most, std::uint64_t seed) {
  std::vector<std::int64_t> chosen;
  if (count <= most) {
    chosen.resize(std::size_t(count));
    std::iota(chosen.begin(), chosen.end(), 0);
    return chosen;
  }
  // Robert Floyd's sampling: for each of the last `most` places draw one up to it; if drawn before, take the place itself.
  Words words(seed, 0x7fffffffu);
  for (std::int64_t place = count - most; place < count; ++place) {
    auto drawn = std::int64_t(words.uniform() * double(place + 1));
    bool before = std::find(chosen.begin(), chosen.end(), drawn) != chosen.end();
    chosen.push_back(before ? place : drawn);
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

namespace {
/// The two programs on the same variables: the gradient's session holds them, the loss is evaluated on them.
class Check {
public:
  Check(Session session, const NativeUnit &gradient, Dataset rows)
      : session(std::move(session)), gradient(gradient), rows(std::move(rows)),
        order(identityOrder(this->rows.rows())) {}

  /// The loss in a column at the present values; leaves every cotangent in its slot. Nan after a fault, which is kept.
  double loss(std::int64_t column = 0) {
    std::vector<double> out(std::size_t(gradient.manifest.columns()));
    NativeCall call = session.impl->run(Mode::Gradient, gradient, rows, order, 0, 1, out.data());
    if (call.error)
      fault = std::move(call.error);
    return fault ? NAN : out[std::size_t(column)];
  }

  /// From here on what stop_gradient takes is what it was in the step before, whatever moves.
  void holdStopped() {
    for (const Variable &variable : session.impl->variables())
      if (variable.name == Compiler::kStopped)
        (void)bool(session.writeDouble(variable.name, {1.0}));
  }

  /// Compares at most `most` elements of a parameter's gradient.
  Result<GradcheckVariable> variable(const Variable &facts, const Gradient &of, std::int64_t most, double floor,
                                     const GradcheckOptions &options) {
    GradcheckVariable result;
    result.name = facts.name;
    if (of.column > 0)
      result.loss = gradient.manifest.metrics[std::size_t(of.column - 1)];
    auto values = session.readDouble(facts.name), slopes = session.readDouble(of.slot);
    if (!values || !slopes)
      return !values ? values.error() : slopes.error();
    result.elements = chooseElements(facts.count(), most, options.seed);
    double least = 0; // an error's divisor
    for (double slope : *slopes)
      least = std::max(least, 1e-3 * std::abs(slope));
    least = std::max(least, floor);
    for (std::int64_t element : result.elements) {
      double x = (*values)[element];
      auto lossAt = [&](double moved) {
        (*values)[element] = moved;
        (void)bool(session.writeDouble(facts.name, *values));
        return loss(of.column);
      };
      double analytic = (*slopes)[element];
      double step = options.step * std::max(1.0, std::abs(x));
      double numeric = slope(lossAt, x, step, least, analytic);
      (*values)[element] = x;
      double size = std::max({least, std::abs(analytic), std::abs(numeric)});
      double error = std::abs(analytic - numeric) / size;
      result.maxError = std::isnan(error) ? INFINITY : std::max(result.maxError, error);
      result.analytic.push_back(analytic);
      result.numeric.push_back(numeric);
      ++result.checked;
    }
    if (auto restored = session.writeDouble(facts.name, *values); !restored)
      return restored.error();
    if (fault)
      return *fault;
    return result;
  }

  Session session;
  std::optional<Error> fault;

private:
  /// The slope at x by central differences D over a step and over twice the step: (4 D(h) - D(2h)) / 3 has an error of the
  /// fourth order. Where the two differ by more than smoothness and rounding explain, the loss has a kink nearby (a relu's
  /// zero), and a smaller step is tried. Only at a kink that no step resolves has the analytic value a part in it: there
  /// every value between the slopes of the two sides is a derivative, and the one nearest to it is taken.
  template <typename LossAt>
  static double slope(const LossAt &lossAt, double x, double step, double least, double analytic) {
    double here = lossAt(x), rounding = 0;
    auto difference = [&](double from, double to) {
      volatile double begin = x + from, end = x + to;
      return (lossAt(end) - lossAt(begin)) / (end - begin);
    };
    auto allowed = [&](double slope) { return 1e-6 * std::max(least, std::abs(slope)) + 2 * rounding; };
    double best = NAN, leastDoubt = INFINITY;
    for (int attempt = 0; attempt < 5; ++attempt, step /= 10) {
      double narrow = difference(-step, step), wide = difference(-2 * step, 2 * step);
      rounding = 16 * std::numeric_limits<double>::epsilon() * std::abs(here) / step;
      double doubt = std::abs(narrow - wide) + rounding;
      if (doubt < leastDoubt) {
        leastDoubt = doubt;
        best = (4 * narrow - wide) / 3;
      }
      if (doubt <= allowed(narrow))
        return best;
    }
    step *= 10; // the last one tried
    double below = difference(-step, 0), above = difference(0, step);
    if (std::abs(above - below) <= 100 * allowed(best))
      return best;
    return std::clamp(analytic, std::min(below, above), std::max(below, above));
  }

  const NativeUnit &gradient;
  Dataset rows;
  std::vector<std::int32_t> order;
};
} // namespace

namespace {
/// How much is checked.
struct Effort {
  std::int64_t rows, elements;
};
} // namespace

/// All of it, or as much as takes some ten seconds of a core: first fewer elements of each parameter, then fewer rows. Counted
/// are the products, so that every machine checks the same.
static Result<Effort> affordable(const Program &program, const GradcheckOptions &options, bool rowsAreGiven) {
  constexpr double kMostFlops = 5e11, kEvaluations = 20; // of the loss, for an element near a kink
  const Compiler &compiler = *program.impl->compiler;
  Result<Unit> unit = compiler.build(Mode::Gradient, 0);
  if (!unit)
    return unit.error();
  unit->quiet = true; // it is compiled again, to the end
  if (auto lowered = compiler.lower(*unit, Phase::Linalg); !lowered)
    return lowered.error();
  Effort effort{program.plan().batch, options.maxElements.value_or(GradcheckOptions::kUsualElements)};
  auto share = [&] {
    double evaluations = 0;
    for (const Variable &variable : program.manifest().variables)
      if (variable.role == Role::Parameter && !variable.frozen)
        evaluations += kEvaluations * double(std::min(variable.count(), effort.elements));
    return kMostFlops / (evaluations * double(unit->manifest.flops));
  };
  while (!options.maxElements && effort.elements > 1 && share() < 1)
    effort.elements /= 2;
  if (!rowsAreGiven && share() < 1)
    effort.rows = std::min(effort.rows, std::max(std::int64_t(2), std::int64_t(double(effort.rows) * share())));
  return effort;
}

Result<GradcheckResult> Program::gradcheck(const GradcheckOptions &options) const {
  if (!std::isfinite(options.step) || options.step <= 0 || options.maxElements.value_or(1) < 1)
    return Error{"E0805", "error: a gradient is checked with a finite step above 0, at one element or more"};
  CompileOptions exact = impl->options;
  exact.memory.reset(); // f64 takes twice as much
  exact.doublePrecision = true;
  auto compiled = [&] {
    Result<Program> compiled = fromText(impl->compiler->text(), impl->compiler->file(), exact);
    if (compiled)
      compiled->impl->compiler->holdStopped();
    return compiled;
  };
  Result<Program> program = compiled();
  if (!program)
    return program.error();
  if (options.data && options.data->rows() == 0)
    return Error{"E0853", "error: the data has no rows"};
  Result<Effort> effort =
      affordable(*program, options, impl->options.batch || impl->compiler->file().ends_with(".mlir"));
  if (!effort)
    return effort.error();
  if (options.data)
    effort->rows = std::min(effort->rows, options.data->rows());
  if (effort->rows != program->plan().batch) {
    exact.batch = effort->rows;
    if (program = compiled(); !program)
      return program.error();
  }
  SessionOptions sessionOptions;
  sessionOptions.mode = Mode::Gradient;
  sessionOptions.threads = 1;
  Result<Session> session = Session::create(*program, sessionOptions);
  if (!session)
    return session.error();
  if (options.data)
    if (auto checked = session->impl->checkFields(Mode::Gradient, *options.data); !checked)
      return checked.error();
  for (const Variable &variable : session->impl->variables())
    if (variable.role == Role::Parameter && variable.element != ElementType::F64)
      return Error{"E0870", fmt::format("error: parameter `{}` is computed in {}; a gradient is checked in f64",
                                        variable.name, nameOf(variable.element))};
  auto unit = session->impl->unit(Mode::Gradient, effort->rows);
  if (!unit)
    return unit.error();
  Result<Dataset> rows =
      options.data ? Result<Dataset>(*options.data)
                   : randomRows(*program, (*unit)->manifest.uses, effort->rows, options.seed, Floats::Uniform);
  if (!rows)
    return rows.error();
  Check check(std::move(*session), **unit, std::move(*rows));
  GradcheckResult result;
  result.loss = check.loss();
  if (check.fault)
    return *check.fault;
  check.holdStopped();
  result.floor = 1e-4 * std::max(1.0, std::abs(result.loss));
  result.rows = effort->rows;
  result.maxElements = effort->elements;
  const std::vector<Variable> variables = check.session.impl->variables();
  for (const Gradient &gradient : (*unit)->manifest.gradients) {
    const auto parameter = std::find_if(variables.begin(), variables.end(),
                                        [&](const Variable &v) { return v.name == gradient.parameter; });
    check.loss();
    auto checked = check.variable(*parameter, gradient, effort->elements, result.floor, options);
    if (!checked)
      return checked.error();
    result.maxError = std::max(result.maxError, checked->maxError);
    result.variables.push_back(std::move(*checked));
  }
  return result;
}
