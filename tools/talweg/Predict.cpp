// talweg predict: the model's outputs for every row, as CSV.
#include "Commands.h"
#include "Console.h"
#include "Experiment.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>

namespace talweg::driver {

namespace {

struct Options {
  Experiment experiment;
  std::string checkpoint;
  std::string output = "-";
};

/// Whether the outputs are scores of the classes of some field.
bool scoresClasses(const Manifest &manifest, const std::vector<std::int64_t> &shape) {
  return shape.size() == 1 && std::any_of(manifest.fields.begin(), manifest.fields.end(),
                                          [&](const Field &field) { return field.classes == shape.front(); });
}

std::string table(const Manifest &manifest, const Prediction &prediction) {
  std::int64_t width = 1;
  for (std::int64_t extent : prediction.shape)
    width *= extent;
  bool classes = scoresClasses(manifest, prediction.shape);
  fmt::memory_buffer text;
  auto out = std::back_inserter(text);
  for (std::int64_t i = 0; i < width; ++i)
    if (prediction.shape.empty())
      fmt::format_to(out, "output");
    else
      fmt::format_to(out, "{}output_{}", i ? "," : "", i);
  fmt::format_to(out, "{}\n", classes ? ",argmax" : "");
  for (std::int64_t row = 0; row < prediction.rows; ++row) {
    const double *values = prediction.values.data() + row * width;
    for (std::int64_t i = 0; i < width; ++i)
      withStored(prediction.computedIn, [&](auto type) {
        fmt::format_to(out, "{}{}", i ? "," : "", double(decltype(type)(plainNan(values[i]))));
      });
    if (classes)
      fmt::format_to(out, ",{}", std::max_element(values, values + width) - values);
    fmt::format_to(out, "\n");
  }
  return fmt::to_string(text);
}

int run(Options options) {
  Experiment &experiment = options.experiment;
  if (experiment.data.size() > 1) {
    report(makeError("--data is given twice", "predict reads the rows of one split"), experiment.json);
    return kUsage;
  }
  if (auto named = experiment.checkRun(options.checkpoint); !named) {
    report(named.error(), experiment.json);
    return kUsage;
  }
  if (auto found = experiment.findRun(options.checkpoint); !found)
    return report(found.error(), experiment.json);
  auto program = experiment.open(Mode::Predict);
  if (!program)
    return report(program.error(), experiment.json);
  if (auto known = experiment.checkData(*program); !known)
    return report(known.error(), experiment.json);
  auto data = experiment.loadForPredict(*program);
  if (!data)
    return report(data.error(), experiment.json);
  auto session = Session::create(*program, {.threads = int(experiment.threads.value_or(0)), .mode = Mode::Predict});
  if (!session)
    return report(session.error(), experiment.json);
  if (auto loaded = session->loadModel(options.checkpoint); !loaded)
    return report(loaded.error(), experiment.json);
  auto prediction = session->predict(*data);
  if (!prediction)
    return report(prediction.error(), experiment.json);
  if (auto written = writeFile(options.output, table(program->manifest(), *prediction)); !written)
    return report(written.error(), experiment.json);
  if (options.output == "-")
    return kOk;
  if (experiment.json)
    printLine(eventText(
        {{"event", "predict"}, {"rows", prediction->rows}, {"shape", prediction->shape}, {"output", options.output}}));
  else
    printLine(withPath(counted(prediction->rows, "row") + " in", options.output));
  return kOk;
}

} // namespace

void addPredict(CommandLine &line) {
  static Options options;
  Command command = line.add("predict", "the outputs of a trained model, as CSV",
                             "Writes one CSV row for each row of the data, in their order: the model's outputs in "
                             "columns output_0, output_1, … (`output` for a single number). Where the outputs are "
                             "scores of a class field's classes, a last column `argmax` holds the best class. Fields "
                             "that the model does not read, such as the label, may be absent from the data.");
  options.experiment.declareFile(command, "the model file, or the folder of a run, which holds its model");
  command.text(options.checkpoint, "--checkpoint DIR",
               "the trained parameters: the folder of a run or of one of its moments, or a .safetensors file", "FILE");
  options.experiment.declareData(
      command, "predict every row of PATH, or with SPLIT= those of that split (default: the `test` split)", true);
  command.text(options.output, "--output OUT.csv", "where to write; `-` is standard output", "-");
  options.experiment.declareBatch(command);
  options.experiment.declareThreads(command);
  options.experiment.declareAccept(command);
  command.examples({{"talweg predict runs/digits --data new.csv --output out.csv",
                     "a row of scores and the best class for each row of new.csv"}});
  command.action([] { return run(options); });
}

} // namespace talweg::driver
