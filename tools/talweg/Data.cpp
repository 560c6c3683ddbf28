// talweg data: what the data of a program are like.
#include "Commands.h"
#include "Console.h"
#include "DataText.h"
#include "Experiment.h"

#include "talweg/Engine/DataFacts.h"

#include <algorithm>

namespace talweg::driver {

namespace {

struct Options {
  Experiment experiment;
  std::string split;
  std::optional<std::int64_t> rows;
};

constexpr std::int64_t kUsualRecords = 2;

int run(Options options) {
  Experiment &experiment = options.experiment;
  std::string folder;
  auto program = experiment.openToPredict(folder);
  if (!program)
    return report(program.error(), experiment.json);

  std::vector<std::string> splits = program->plan().splits;
  for (const auto &[split, path] : experiment.data)
    if (std::ranges::find(splits, split) == splits.end())
      splits.push_back(split);
  if (splits.empty())
    return report(makeError("the file declares no data to look at", "name a file: `--data train=PATH`"),
                  experiment.json);
  const std::string shown = options.split.empty() ? splits.front() : options.split;
  DataText text(*program, experiment.json);
  std::optional<Dataset> data;
  for (const std::string &split : splits) {
    auto rows = Dataset::load(*program, split, experiment.pathOf(split));
    if (!rows)
      return report(rows.error(), experiment.json);
    text.addSplit(split, *rows);
    if (split == shown)
      data = *rows;
  }
  if (!data) { // an error names those there are
    auto rows = Dataset::load(*program, shown, experiment.pathOf(shown));
    if (!rows)
      return report(rows.error(), experiment.json);
    data = *rows;
  }
  auto facts = dataFacts(*program, *data, shown, experiment.pathOf(shown));
  if (!facts)
    return report(facts.error(), experiment.json);
  text.print(shown, *facts);
  if (auto told = text.printRecords(shown, *data, options.rows.value_or(kUsualRecords)); !told)
    return report(told.error(), experiment.json);
  return kOk;
}

} // namespace

void addData(CommandLine &line) {
  static Options options;
  Command command = line.add(
      "data", "what the data of a model file are like",
      "Reads the data that the file declares and shows its fields, its splits with their rows, and of one split: for "
      "each column of numbers how many cells are missing, the least, the mean, the greatest and the quartiles, as they "
      "stand in the file; for words how many there are and the most frequent; how often each class is there; the words "
      "that have been learned; and the first records as the model takes them, after all preparation.");
  options.experiment.declareFile(command, "the model file, or the folder of a run, with what the run has learned");
  command.text(options.split, "--split NAME", "look at this split", "the first one");
  command.whole(options.rows, "--rows N", {0, 1000}, "show so many prepared records", "2");
  options.experiment.declareData(command, "read this split from PATH; may be repeated");
  command.examples(
      {{"talweg data adult.tw", "its fields, splits and the training rows"},
       {"talweg data runs/adult --split test --rows 5", "rows of the test split, prepared as in the run"}});
  command.action([] { return run(options); });
}

} // namespace talweg::driver
