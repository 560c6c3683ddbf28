// talweg eval: loss and metrics of a trained model.
#include "Commands.h"
#include "Console.h"
#include "Experiment.h"
#include "TableText.h"

#include <algorithm>
#include <fmt/format.h>

namespace talweg::driver {

namespace {

struct Options {
  Experiment experiment;
  std::string checkpoint;
  std::string split;
};

/// What to evaluate: --split, else the splits named by --data, else everything declared but the training split.
std::vector<std::string> chosenSplits(const Options &options, const PlanFacts &plan) {
  if (!options.split.empty())
    return {options.split};
  std::vector<std::string> splits;
  for (const auto &[split, path] : options.experiment.data)
    if (std::find(splits.begin(), splits.end(), split) == splits.end())
      splits.push_back(split);
  if (splits.empty())
    std::copy_if(plan.splits.begin(), plan.splits.end(), std::back_inserter(splits),
                 [](const std::string &split) { return split != "train"; });
  return splits.empty() ? plan.splits : splits;
}

void tellLine(const std::string &split, size_t widest, const Evaluation &result, const Session &session,
              Columns &columns) {
  std::vector<Cell> cells = evaluationCells(result, session, columns);
  cells.push_back({fmt::format("({}, {})", counted(result.rows, "row"), humanSeconds(result.seconds)), ""});
  printLine(inColumns(fmt::format("{:<{}}", split, widest), cells));
}

int run(Options options) {
  Experiment &experiment = options.experiment;
  if (auto named = experiment.checkRun(options.checkpoint); !named) {
    report(named.error(), experiment.json);
    return kUsage;
  }
  auto program = experiment.openToPredict(options.checkpoint);
  if (!program)
    return report(program.error(), experiment.json);
  auto session = Session::create(*program, {.threads = int(experiment.threads.value_or(0)), .mode = Mode::Eval});
  if (!session)
    return report(session.error(), experiment.json);
  if (auto loaded = session->loadModel(options.checkpoint); !loaded)
    return report(loaded.error(), experiment.json);

  std::vector<std::string> splits = chosenSplits(options, program->plan());
  size_t widest = 0;
  Columns columns;
  for (const std::string &split : splits)
    widest = std::max(widest, split.size());
  for (const std::string &split : splits) {
    auto data = experiment.load(*program, split);
    if (!data)
      return report(data.error(), experiment.json);
    auto result = session->evaluate(*data);
    if (!result)
      return report(result.error(), experiment.json);
    if (experiment.json)
      printLine(eventText(evaluationEvent(*session, split, *result)));
    else
      tellLine(split, widest, *result, *session, columns);
    if (!experiment.json)
      for (const TableValue &table : result->tables)
        printLine(tableText(*session, table));
  }
  return kOk;
}

} // namespace

void addEval(CommandLine &line) {
  static Options options;
  Command command =
      line.add("eval", "loss and metrics of a trained model on data",
               "Computes the loss and the metrics of a model with the parameters of a run. The folder of a run holds "
               "its model, and "
               "what was given to train by --set and --data; data or a model file that has changed since is refused. "
               "Each speaks of all rows, whatever the batch; a metric of several numbers is shown as a table. Without "
               "--data or --split, every split of the file except `train` is evaluated.");
  options.experiment.declareFile(command, "the model file, or the folder of a run, which holds its model");
  command.text(options.checkpoint, "--checkpoint DIR",
               "the trained parameters: the folder of a run or of one of its moments, or a .safetensors file", "FILE");
  options.experiment.declareData(command, "evaluate this split, read from PATH; may be repeated");
  command.text(options.split, "--split NAME", "evaluate this split only");
  options.experiment.declareBatch(command);
  options.experiment.declareThreads(command);
  options.experiment.declareAccept(command);
  command.examples({{"talweg eval runs/digits", "the test split as the run had it"},
                    {"talweg eval runs/digits/best --data test=new.csv", "its best moment on other rows"},
                    {"talweg eval digits.tw --checkpoint model.safetensors", "parameters from anywhere"}});
  command.action([] { return run(options); });
}

} // namespace talweg::driver
