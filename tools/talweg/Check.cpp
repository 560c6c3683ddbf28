// talweg check: everything that is known without running.
#include "Commands.h"
#include "Console.h"
#include "Experiment.h"

#include "talweg/Support/Counted.h"

#include <algorithm>
#include <fmt/format.h>

namespace talweg::driver {

namespace {

struct Options {
  Experiment experiment;
};

std::string shapeText(const Variable &variable) {
  return fmt::format("{}[{}]", nameOf(variable.element), fmt::join(variable.shape, ", "));
}

std::string planText(const PlanFacts &plan) {
  std::string length = plan.steps ? counted(*plan.steps, "step") : counted(plan.epochs.value_or(1), "epoch");
  return fmt::format("batch {}, {}", plan.batch, length);
}

void printTable(const std::vector<Variable> &variables, Role role, const char *title) {
  std::vector<const Variable *> rows;
  size_t nameWidth = 0, shapeWidth = 0, countWidth = 0;
  for (const Variable &variable : variables) {
    if (variable.role != role)
      continue;
    rows.push_back(&variable);
    nameWidth = std::max(nameWidth, variable.name.size());
    shapeWidth = std::max(shapeWidth, shapeText(variable).size());
    countWidth = std::max(countWidth, grouped(variable.count()).size());
  }
  if (rows.empty())
    return;
  printLine("");
  printLine(styled(Stream::Out, Style::Bold, title));
  constexpr size_t frozen = 8, least = 20;
  const size_t others = 2 + 2 + shapeWidth + 2 + countWidth + frozen;
  nameWidth = std::min(nameWidth, lineWidth() > others + least ? lineWidth() - others : least);
  for (const Variable *variable : rows) {
    const bool isAlone = variable->name.size() > nameWidth;
    if (isAlone)
      printLine("  " + variable->name);
    printLine(fmt::format("  {:<{}}  {:<{}}  {:>{}}{}", isAlone ? "" : variable->name, nameWidth, shapeText(*variable),
                          shapeWidth, grouped(variable->count()), countWidth, variable->frozen ? "  frozen" : ""));
  }
}

void printText(const Program &program, const Facts &facts) {
  const PlanFacts &plan = program.plan();
  const Manifest &manifest = facts.manifest;
  printLine(fmt::format("{} on {}: {}", plan.name, plan.data, planText(plan)));
  printTable(manifest.variables, Role::Parameter, "Parameters");
  printTable(manifest.variables, Role::State, "States");
  printTable(manifest.variables, Role::Carried, "Carried from batch to batch");
  auto count = [&](Role role) {
    std::int64_t sum = 0;
    for (const Variable &variable : manifest.variables)
      sum += variable.role == role ? variable.count() : 0;
    return sum;
  };

  auto row = [](std::string_view name, const std::string &value) { printLine(fmt::format("  {:<24}{}", name, value)); };
  printLine("");
  printLine(styled(Stream::Out, Style::Bold, "Totals"));
  row("parameters", grouped(program.parameterCount()));
  row("optimizer state", grouped(count(Role::Slot)));
  if (const std::int64_t averages = count(Role::Average))
    row("averages", grouped(averages));
  row("work in a step",
      fmt::format("{} in {}", humanCount(double(manifest.flops), "FLOP"), counted(manifest.contractions, "product")));
  row("operations", fmt::format("{} as written, {} as compiled", humanCount(double(facts.operationsWritten), "FLOP"),
                                humanCount(double(facts.operations), "FLOP")));
  row("memory of variables", bytesText(manifest.persistentBytes));
  row("memory of a step", bytesText(manifest.arenaBytes) + " (arena)");
  if (facts.clipBytes)
    row("of it, for clipping", bytesText(*facts.clipBytes));
  std::int64_t together = manifest.persistentBytes + manifest.arenaBytes;
  row("both together", fmt::format("{} ({} bytes)", bytesText(together), grouped(together)));
  row("a row of data", bytesText(rowBytes(manifest)));
  printLine("");
  printLine(styled(Stream::Out, Style::Bold, "Compilation"));
  double total = 0;
  for (const PhaseTime &phase : facts.phases) {
    row(phase.phase, humanSeconds(phase.seconds));
    total += phase.seconds;
  }
  row("total", humanSeconds(total));
}

Json factsEvent(const Program &program, const Facts &facts) {
  const PlanFacts &plan = program.plan();
  const Manifest &manifest = facts.manifest;
  Json event{{"event", "check"}, {"file", plan.file}, {"model", plan.name}, {"data", plan.data}};
  event["batch"] = plan.batch;
  if (plan.epochs)
    event["epochs"] = *plan.epochs;
  if (plan.steps)
    event["steps"] = *plan.steps;
  event["seed"] = plan.seed;
  event["parameters"] = program.parameterCount();
  event["flops_per_step"] = manifest.flops;
  event["contractions"] = manifest.contractions;
  event["operations_as_written"] = facts.operationsWritten;
  event["operations"] = facts.operations;
  event["persistent_bytes"] = manifest.persistentBytes;
  event["arena_bytes"] = manifest.arenaBytes;
  if (facts.clipBytes)
    event["clip_bytes"] = *facts.clipBytes;
  event["memory_bytes"] = manifest.persistentBytes + manifest.arenaBytes;
  event["row_bytes"] = rowBytes(manifest);
  for (const Variable &variable : manifest.variables)
    event["variables"].push_back({{"name", variable.name},
                                  {"role", nameOf(variable.role)},
                                  {"type", nameOf(variable.element)},
                                  {"shape", variable.shape},
                                  {"count", variable.count()},
                                  {"frozen", variable.frozen}});
  for (const Hyper &hyper : manifest.hypers)
    event["hypers"][hyper.name] = hyper.value;
  double total = 0;
  for (const PhaseTime &phase : facts.phases) {
    event["phases"][phase.phase] = phase.seconds;
    total += phase.seconds;
  }
  event["seconds"] = total;
  return event;
}

int run(const Options &options) {
  const Experiment &experiment = options.experiment;
  auto program = experiment.open();
  if (!program)
    return report(program.error(), experiment.json);
  auto facts = program->check();
  if (!facts)
    return report(facts.error(), experiment.json);
  if (experiment.json)
    printLine(eventText(factsEvent(*program, *facts)));
  else
    printText(*program, *facts);
  return kOk;
}

} // namespace

void addCheck(CommandLine &line) {
  static Options options;
  Command command =
      line.add("check", "compile without running: parameters, cost, memory",
               "Checks a model file and compiles its training step without running it. Shows the "
               "parameters with their shapes and counts, the floating-point operations of one step (of the "
               "products, forward and backward; then of everything, as it is written and as it is compiled), the "
               "memory of variables and of one step (exactly "
               "what a run allocates for them; rows of data come to it), and the time "
               "of each phase. No data is read.");
  options.experiment.declareFile(command);
  options.experiment.declareBatch(command);
  options.experiment.declareCode(command);
  command.examples({{"talweg check digits.tw", "tables for reading"},
                    {"talweg check digits.tw --set width=256 --batch 64 --json", "the same facts for a script"}});
  command.action([] { return run(options); });
}

} // namespace talweg::driver
