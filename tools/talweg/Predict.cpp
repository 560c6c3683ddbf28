// talweg predict: what the model makes of every row.
#include "Commands.h"
#include "Console.h"
#include "Experiment.h"
#include "Interrupt.h"
#include "PredictionText.h"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <sstream>
#include <unistd.h>

namespace talweg::driver {

namespace {

struct Options {
  Experiment experiment;
  std::string checkpoint;
  std::string output = "-", format = "csv", keys;
  bool probabilities = false, truth = false, stream = false;
};

PredictionText::Options textOptions(const Options &options) {
  PredictionText::Options result{.probabilities = options.probabilities, .truth = options.truth};
  result.format = options.format == "npy"     ? TableFormat::Npy
                  : options.format == "jsonl" ? TableFormat::Jsonl
                                              : TableFormat::Csv;
  std::istringstream keys(options.keys);
  for (std::string key; std::getline(keys, key, ',');)
    result.keys.push_back(key);
  return result;
}

/// What cannot be asked for together.
Result<void> checkOptions(const Options &options) {
  const std::vector<Pair> &data = options.experiment.data;
  if (data.size() > 1)
    return makeError("--data is given twice", "predict reads the rows of one split");
  if (options.stream && !data.empty() && data.front().second != "-")
    return makeError("--stream reads standard input, and --data names something else", "leave --data out");
  if (options.format != "npy")
    return {};
  if (options.stream)
    return makeError("--format npy says how many rows follow, which --stream does not know", "csv or jsonl");
  if (!options.keys.empty() || options.truth)
    return makeError("--format npy holds the outputs alone, without --keys and --truth", "csv or jsonl");
  return {};
}

/// Answers each line of standard input as soon as it is there. What is wrong with one is told, and the next is read.
int answerLines(Session &session, LineReader &lines, const PredictionText &text) {
  print(text.head(0));
  bool failed = false;
  std::int64_t number = 0;
  auto fail = [&](const Error &error) {
    report(error, false);
    failed = true;
  };
  auto answer = [&](const std::string &line) {
    ++number;
    auto record = lines.take(line);
    if (!record)
      return fail(record.error());
    if (!*record)
      return;
    auto tell = [&](const Prediction &part) {
      print(text.rows(part, **record));
      return Result<void>();
    };
    auto told = session.predict(**record, tell, {.continues = true});
    if (!told)
      fail({told.error().code, fmt::format("{}\nnote: in line {} of standard input", told.error().message, number)});
  };
  std::string waiting;
  char buffer[1 << 16];
  while (canPrint()) {
    const ssize_t got = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return report(makeError(fmt::format("cannot read standard input: {}", std::strerror(errno))), false);
    if (got == 0)
      break;
    waiting.append(buffer, std::size_t(got));
    std::size_t begin = 0;
    for (std::size_t end; (end = waiting.find('\n', begin)) != std::string::npos && canPrint(); begin = end + 1)
      answer(waiting.substr(begin, end - begin));
    waiting.erase(0, begin);
  }
  if (!waiting.empty() && canPrint())
    answer(waiting);
  return failed ? kFailed : kOk;
}

Result<void> write(Session &session, const Dataset &data, const PredictionText &text, const std::string &path) {
  auto file = FileWriter::open(path);
  if (!file)
    return file.error();
  if (auto begun = file->append(text.head(data.rows())); !begun)
    return begun;
  StopTarget target(session);
  auto told = session.predict(data, [&](const Prediction &part) { return file->append(text.rows(part, data)); });
  return told ? file->finish() : told;
}

int run(Options options) {
  Experiment &experiment = options.experiment;
  auto usage = [&](const Error &error) {
    report(error, experiment.json);
    return kUsage;
  };
  if (auto checked = checkOptions(options); !checked)
    return usage(checked.error());
  if (auto named = experiment.checkRun(options.checkpoint); !named)
    return usage(named.error());
  if (options.stream)
    experiment.batch = 1;
  auto program = experiment.openToPredict(options.checkpoint);
  if (!program)
    return report(program.error(), experiment.json);
  auto session = Session::create(*program, {.threads = int(experiment.threads.value_or(0)), .mode = Mode::Predict});
  if (!session)
    return report(session.error(), experiment.json);
  auto text = PredictionText::create(*session, textOptions(options));
  if (!text)
    return report(text.error(), experiment.json);
  if (auto loaded = session->loadModel(options.checkpoint); !loaded)
    return report(loaded.error(), experiment.json);
  if (options.stream) {
    auto lines =
        LineReader::create(*program, experiment.data.empty() ? "" : experiment.data.front().first, text->wanted());
    return lines ? answerLines(*session, *lines, *text) : report(lines.error(), experiment.json);
  }
  auto data = experiment.loadForPredict(*program, text->wanted());
  if (!data)
    return report(data.error(), experiment.json);
  catchInterrupts();
  if (auto written = write(*session, *data, *text, options.output); !written)
    return interrupted() ? int(kInterrupted) : report(written.error(), experiment.json);
  if (options.output == "-")
    return kOk;
  const std::vector<std::int64_t> &shape = session->facts().manifest.outputShape;
  if (experiment.json)
    printLine(eventText({{"event", "predict"},
                         {"rows", data->rows()},
                         {"shape", std::vector<std::int64_t>(shape.begin() + 1, shape.end())},
                         {"output", options.output}}));
  else
    printLine(withPath(counted(data->rows(), "row") + " in", options.output));
  return kOk;
}

} // namespace

void addPredict(CommandLine &line) {
  static Options options;
  Command command = line.add(
      "predict", "what a trained model makes of each row of data",
      "Writes one row for each row of the data, in their order. Where the outputs are scores of the classes of a "
      "field, the best class stands in a column called as the field, under its own name if it has one, and behind it "
      "the scores, in columns score(NAME); other outputs stand in columns output_0, output_1, … (`output` for a single "
      "number). JSONL holds the same as objects: {\"rich\":\">50K\",\"scores\":{\"<=50K\":-0.5,\">50K\":1.2}}; NPY the "
      "outputs alone. Fields that the model does not read, such as the label, may be absent from the data.");
  options.experiment.declareFile(command, "the model file, or the folder of a run, which holds its model");
  command.text(options.checkpoint, "--checkpoint DIR",
               "the trained parameters: the folder of a run or of one of its moments, or a .safetensors file", "FILE");
  options.experiment.declareData(command,
                                 "predict every row of PATH, which is read as the file's data are, or with SPLIT= as "
                                 "those of that split (default: the `test` split); `-` is standard input",
                                 true);
  command.text(options.output, "--output OUT", "where to write; `-` is standard output", "-");
  command.choice(options.format, "--format FORMAT", {"csv", "jsonl", "npy"},
                 "how: csv (the default), jsonl or npy; the name of OUT does not matter");
  command.text(options.keys, "--keys NAMES",
               "begin each row with these columns of the data, as they stand there: names with commas between them, or "
               "numbers from 0");
  command.flag(options.probabilities, "--probabilities",
               "write probabilities, in columns p(NAME), for scores: their softmax");
  command.flag(options.truth, "--truth", "also write what the data say of the predicted field, in a column FIELD_true");
  command.flag(options.stream, "--stream",
               "answer each line of standard input as soon as it is there, as a batch of one. A line that is wrong is "
               "told on standard error, with its number; the exit code is then 1 in the end");
  options.experiment.declareBatch(command);
  command.exclusive("--stream", "--batch");
  command.exclusive("--stream", "--output");
  options.experiment.declareThreads(command);
  options.experiment.declareAccept(command);
  command.examples({{"talweg predict runs/adult --data new.csv --keys id --output out.csv",
                     "for each row of new.csv its id, its class, and the scores of all"},
                    {"talweg predict runs/adult --stream --format jsonl",
                     "a service: a line of CSV comes in, a line of JSON goes out"}});
  command.action([] { return run(options); });
}

} // namespace talweg::driver
