// talweg init: the initial parameters alone.
#include "Commands.h"
#include "Console.h"
#include "Experiment.h"

#include <fmt/format.h>

namespace talweg::driver {

namespace {

struct Options {
  Experiment experiment;
  std::string output;
};

int run(const Options &options) {
  const Experiment &experiment = options.experiment;
  auto program = experiment.open();
  if (!program)
    return report(program.error(), experiment.json);
  auto session = Session::create(*program, {.threads = int(experiment.threads.value_or(0)), .mode = Mode::Eval});
  if (!session)
    return report(session.error(), experiment.json);
  if (auto saved = session->saveModel(options.output); !saved)
    return report(saved.error(), experiment.json);
  const PlanFacts &plan = program->plan();
  if (experiment.json)
    printLine(eventText({{"event", "init"},
                         {"model", plan.name},
                         {"parameters", program->parameterCount()},
                         {"seed", plan.seed},
                         {"output", options.output}}));
  else
    printLine(withPath(
        fmt::format("{}: {} from seed {}, in", plan.name, counted(program->parameterCount(), "parameter"), plan.seed),
        options.output));
  return kOk;
}

} // namespace

void addInit(CommandLine &line) {
  static Options options;
  Command command = line.add("init", "write the initial parameters, without training",
                             "Writes the parameters (and states) that training would start from. The same seed gives "
                             "the same bytes for any number of threads. The file is read back by "
                             "`talweg train --init` and by everything that reads safetensors.");
  options.experiment.declareFile(command);
  options.experiment.declareSeed(command, "key of all random numbers");
  options.experiment.declareThreads(command);
  command.requiredText(options.output, "--output FILE", "where to write them: a .safetensors file");
  command.examples({{"talweg init digits.tw --seed 1 --output start.safetensors", "the start of seed 1"}});
  command.action([] { return run(options); });
}

} // namespace talweg::driver
