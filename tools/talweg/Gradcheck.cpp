// talweg gradcheck: the compiled gradient against finite differences.
#include "Commands.h"
#include "Console.h"
#include "Experiment.h"

#include <algorithm>
#include <fmt/format.h>

namespace talweg::driver {

namespace {

struct Options {
  Experiment experiment;
  bool values = false;
  double tolerance = 1e-6;
  std::optional<std::int64_t> elements;
};

/// The parameter, and which loss's derivative it is where there are several.
std::string nameOf(const GradcheckVariable &variable) {
  return variable.loss.empty() ? variable.name : fmt::format("{} of {}", variable.name, variable.loss);
}

void printVariable(const Options &options, const GradcheckVariable &variable, size_t nameWidth) {
  // A comparison that yields nan is a failure.
  bool passed = variable.maxError <= options.tolerance;
  if (options.experiment.json) {
    Json event{{"event", "gradient"}, {"name", variable.name}, {"checked", variable.checked}};
    event["max_error"] = variable.maxError;
    event["passed"] = passed;
    if (!variable.loss.empty())
      event["of"] = variable.loss;
    if (options.values) {
      event["elements"] = variable.elements;
      event["analytic"] = variable.analytic;
      event["numeric"] = variable.numeric;
    }
    printLine(eventText(event));
    return;
  }
  std::string verdict = passed ? styled(Stream::Out, Style::Green, "ok") : styled(Stream::Out, Style::Red, "WRONG");
  const std::string name = nameOf(variable);
  const bool isAlone = columnsOf(name) > nameWidth;
  if (isAlone)
    printLine("  " + name);
  printLine(fmt::format("  {:<{}}  {:>4} checked  error {:<8.2g}  {}", isAlone ? "" : name, nameWidth, variable.checked,
                        variable.maxError, verdict));
  if (!options.values)
    return;
  for (size_t i = 0; i < variable.analytic.size() && i < variable.numeric.size(); ++i)
    printLine(fmt::format("    [{}]  analytic {:<24.17g}  numeric {:.17g}",
                          i < variable.elements.size() ? variable.elements[i] : std::int64_t(i),
                          plainNan(variable.analytic[i]), plainNan(variable.numeric[i])));
}

/// Tells that less is checked than usual, if it is.
void tellLess(const Options &options, const GradcheckResult &result, std::int64_t rows) {
  std::vector<std::string> parts;
  if (!options.elements && result.maxElements < GradcheckOptions::kUsualElements)
    parts.push_back(fmt::format("elements of each parameter at most {} (--elements N)", result.maxElements));
  if (result.rows < rows)
    parts.push_back(fmt::format("rows {} of {} (--batch N)", result.rows, rows));
  if (!parts.empty())
    printWrapped(fmt::format("less is checked, to save time: {}", fmt::join(parts, ", ")));
}

int run(const Options &options) {
  const Experiment &experiment = options.experiment;
  auto program = Program::fromFile(experiment.file, experiment.compileOptions());
  if (!program)
    return report(program.error(), experiment.json);
  GradcheckOptions how;
  how.seed = std::uint64_t(experiment.seed.value_or(1));
  how.maxElements = options.elements;
  std::int64_t rows = program->plan().batch;
  std::optional<Dataset> data;
  if (!experiment.data.empty()) {
    if (auto known = experiment.checkData(*program); !known)
      return report(known.error(), experiment.json);
    auto [split, path] = experiment.named(*program);
    auto loaded = Dataset::load(*program, split, path);
    if (!loaded)
      return report(loaded.error(), experiment.json);
    data = std::move(*loaded);
    how.data = &*data;
    rows = std::min(rows, data->rows());
  }
  auto result = program->gradcheck(how);
  if (!result) {
    Error error = result.error();
    if (!data && error.code == "E0856")
      error.message += "\nhelp: the rows are generated; --data names real ones";
    return report(error, experiment.json);
  }

  if (!experiment.json)
    tellLess(options, *result, rows);
  size_t nameWidth = 0;
  for (const GradcheckVariable &variable : result->variables)
    nameWidth = std::max(nameWidth, nameOf(variable).size());
  constexpr size_t figures = 2 + 2 + 12 + 2 + 14 + 2 + 5;
  nameWidth = std::min(nameWidth, std::max(lineWidth(), figures) - figures);
  size_t wrong = 0;
  for (const GradcheckVariable &variable : result->variables) {
    printVariable(options, variable, nameWidth);
    wrong += !(variable.maxError <= options.tolerance);
  }
  bool passed = wrong == 0 && !result->variables.empty();
  if (experiment.json)
    printLine(eventText({{"event", "gradcheck"},
                         {"loss", result->loss},
                         {"variables", result->variables.size()},
                         {"max_error", result->maxError},
                         {"tolerance", options.tolerance},
                         {"passed", passed},
                         {"floor", result->floor},
                         {"rows", result->rows},
                         {"elements", result->maxElements}}));
  else if (passed)
    printLine(fmt::format("the gradient agrees with finite differences to {:.2g} (tolerance {:g})", result->maxError,
                          options.tolerance));
  if (passed)
    return kOk;
  if (result->variables.empty())
    return report(makeError("the program has no parameters to check"), false);
  return report(
      makeError(fmt::format("the gradient of {} of {} does not agree with finite differences "
                            "(tolerance {:g})",
                            wrong, counted(std::int64_t(result->variables.size()), "parameter"), options.tolerance)),
      false);
}

} // namespace

void addGradcheck(CommandLine &line) {
  static Options options;
  Command command = line.add("gradcheck", "compare the gradient with finite differences",
                             "Compiles the experiment in 64-bit floating point and compares the gradient of its loss "
                             "with central differences of the compiled loss, for every parameter, on one batch of "
                             "random rows. What `stop_gradient` takes keeps its value meanwhile. Exits with 1 when a "
                             "difference exceeds the tolerance, relative to the "
                             "derivative or, where that is small, to 0.0001 of the loss (of 1 if that is more) or to "
                             "0.001 of the parameter's greatest derivative.");
  options.experiment.declareFile(command);
  options.experiment.declareBatch(command);
  options.experiment.declareData(
      command,
      "check on the first rows of PATH, or with SPLIT= of those of that split; the name of a "
      "split alone: as the file declares it (default: random rows)",
      true);
  command.whole(options.experiment.seed, "--seed N", kSeed, "key of the rows and of the elements that are checked",
                "1");
  command.positive(options.tolerance, "--tolerance T", "greatest relative difference that passes");
  command.whole(options.elements, "--elements N", kCount, "of each parameter, check at most this many elements",
                "64, or fewer where that takes long");
  command.flag(options.values, "--values", "show both values of every checked element");
  command.examples({{"talweg gradcheck digits.tw", "one line for each parameter"},
                    {"talweg gradcheck digits.tw --batch 4 --values", "with every compared pair"}});
  command.action([] { return run(options); });
}

} // namespace talweg::driver
