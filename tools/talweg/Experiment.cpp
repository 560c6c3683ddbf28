// See Experiment.h.
#include "Experiment.h"
#include "Console.h"
#include "TableText.h"

#include "talweg/Support/Counted.h"
#include "talweg/Support/Suggest.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <sstream>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace talweg::driver {

void Experiment::declareFile(Command &command, const std::string &help, bool required) {
  command.positional(file, "FILE", help, required);
  command.pairs(set, "--set NAME=VALUE", "give a `config` of the file another value; may be repeated");
  command.flag(json, "--json", "report as JSON on standard output, one object a line, and nothing else there");
}

void Experiment::declareAccept(Command &command) {
  command.choices(accept, "--accept WHAT", {"data", "source", "batch"},
                  "take what has changed since the run began: data, source, batch, or several of them with commas");
}

void Experiment::declareFold(Command &command) {
  command.fold(
      fold, "--fold I/K",
      "cut the rows of `train` into K parts by chance, leave part I out, and validate on it; what is learned of "
      "the data, too, is learned of the others alone");
}

bool Experiment::accepts(std::string_view what) const {
  return std::find(accept.begin(), accept.end(), what) != accept.end();
}

void Experiment::declareBatch(Command &command) {
  command.whole(batch, "--batch N", kRows, "rows in a batch", "as the file says");
}

void Experiment::declareSeed(Command &command, const std::string &help) {
  command.whole(seed, "--seed N", kSeed, help, "as the file says");
}

void Experiment::declareThreads(Command &command) {
  command.whole(threads, "--threads N", {1, kMostThreads}, "threads to compute with; results do not depend on it",
                "every core");
}

void Experiment::declareCode(Command &command) {
  command.bytes(memory, "--memory LIMIT",
                "keep variables (parameters, states, optimizer state) and arena within LIMIT, such as 512MiB, by "
                "computing values again rather than keeping them; results stay the same. Rows of data are not counted, "
                "nor copies of "
                "variables that a run can go back to");
  command.flag(
      unroll, "--unroll",
      "compile layers that are alike one by one rather than as a loop over layers; results stay the same, but for "
      "rounding");
}

void Experiment::declareData(Command &command, const std::string &help, bool alone) {
  command.pairs(data, alone ? "--data [SPLIT=]PATH" : "--data SPLIT=PATH", help, alone);
  command.bytes(
      dataMemory, "--data-memory LIMIT",
      "rows of a split that take more than LIMIT are mapped from a file in the cache; without it, half of the memory "
      "there is; results stay the same");
}

static std::string lastPath(const std::vector<Pair> &data, const std::string &split) {
  for (auto given = data.rbegin(); given != data.rend(); ++given)
    if (given->first == split)
      return given->second;
  return "";
}

CompileOptions Experiment::compileOptions() const {
  CompileOptions options;
  options.set = set;
  options.batch = batch;
  options.epochs = epochs;
  options.steps = steps;
  if (seed)
    options.seed = std::uint64_t(*seed);
  options.memory = memory;
  options.unroll = unroll;
  options.trainPath = lastPath(data, "train");
  options.fold = fold;
  options.learned = learned;
  options.growVocabularies = growsVocabularies;
  options.dataMemory = dataMemory;
  options.threads = int(threads.value_or(0));
  options.onMessage = [](const std::string &text) { complain(colorDiagnostic(text)); };
  return options;
}

Result<void> Experiment::checkRun(const std::string &checkpoint) const {
  std::error_code ignored;
  if (checkpoint.empty() && !std::filesystem::exists(file, ignored))
    return makeError(fmt::format("there is no file or folder `{}`", file), "name a model file or the folder of a run");
  const bool isFolder = std::filesystem::is_directory(file, ignored);
  if (isFolder && !checkpoint.empty())
    return makeError(fmt::format("`{}` is a folder, and --checkpoint names another one", file),
                     "name the model file, or the folder of a run alone");
  if (!isFolder && checkpoint.empty())
    return makeError("--checkpoint is missing", "the folder of a run needs none: `talweg eval runs/digits`");
  return {};
}

/// Finds the run that FILE or `checkpoint` names, if one of them is the folder of one.
Result<void> Experiment::findRun(std::string &checkpoint) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(checkpoint.empty() ? file : checkpoint, ignored))
    return {};
  if (checkpoint.empty())
    checkpoint = std::exchange(file, "");
  auto known = KnownRun::read(checkpoint);
  if (known)
    run = *known;
  else if (file.empty() || known.error().code == "E0866")
    return known.error();
  return {};
}

Result<Program> Experiment::open(Mode mode) const {
  const CompileOptions options = compileOptions();
  if (!run)
    return Program::fromFile(file, options);
  if (file.empty())
    return run->open(options);
  auto text = readFile(file);
  if (!text)
    return text.error();
  auto program = Program::fromText(*text, file, run->options(options));
  if (program && *text != run->moment.source && !accepts("source"))
    if (auto same = run->checkSource(*program, options, mode); !same)
      return same.error();
  return program;
}

Result<Program> Experiment::openToPredict(std::string &checkpoint) {
  if (auto found = findRun(checkpoint); !found)
    return found.error();
  auto program = open(Mode::Predict);
  if (!program)
    return program;
  if (auto known = checkData(*program); !known)
    return known.error();
  return program;
}

std::string Experiment::pathOf(const std::string &split) const {
  const std::string given = lastPath(data, split);
  return given.empty() && run ? lastPath(run->data(), split) : given;
}

/// Rows that were not named anew are those of the run, unless other ones are accepted. Of rows that do not lie in memory it tells.
static Result<Dataset> taken(const Experiment &experiment, const std::string &split, bool isNamed,
                             Result<Dataset> rows) {
  if (rows && rows->mappedBytes() > 0)
    complain(fmt::format("note: {} of the rows of {} are mapped from a file: they take more memory than {}",
                         bytesText(rows->mappedBytes()), split.empty() ? "the data" : split,
                         experiment.dataMemory ? "--data-memory" : "half of what there is"));
  if (rows && experiment.run && !isNamed && !experiment.accepts("data"))
    if (auto same = experiment.run->checkData(split, *rows); !same)
      return same.error();
  return rows;
}

Result<Dataset> Experiment::load(const Program &program, const std::string &split) const {
  return taken(*this, split, !lastPath(data, split).empty(), Dataset::load(program, split, pathOf(split)));
}

Result<Dataset> Experiment::loadForPredict(const Program &program, const PredictOptions &options) const {
  const auto [split, path] = data.empty() ? Pair("test", "") : named(program);
  return taken(*this, split, !path.empty(),
               Dataset::loadForPredict(program, split, path.empty() ? pathOf(split) : path, options));
}

Pair Experiment::named(const Program &program) const {
  auto [split, path] = data.back();
  const std::vector<std::string> &splits = program.plan().splits;
  bool isDeclared = split.empty() && std::find(splits.begin(), splits.end(), path) != splits.end();
  return isDeclared ? Pair(path, "") : Pair(split, path);
}

Result<void> Experiment::checkData(const Program &program) const {
  static constexpr const char *customary[] = {"train", "validation", "valid", "val", "dev", "test"};
  const PlanFacts &plan = program.plan();
  for (const auto &[split, path] : data) {
    auto known = [&](const auto &names) {
      return std::find(std::begin(names), std::end(names), split) != std::end(names);
    };
    if (split.empty() || known(plan.splits) || known(customary))
      continue;
    const std::string similar = suggest(split, plan.splits);
    return makeError(fmt::format("--data {}=…: {} declares no split `{}`", split, plan.data, split),
                     !similar.empty()      ? fmt::format("did you mean `{}`?", similar)
                     : plan.splits.empty() ? "name it train, validation or test"
                                           : fmt::format("its splits are {}", fmt::join(plan.splits, ", ")));
  }
  return {};
}

std::int64_t rowBytes(const Manifest &manifest) {
  std::int64_t bytes = 0;
  for (const Field &field : manifest.fields)
    bytes += rowOf(field).bytes();
  return bytes;
}

//===-- events -----------------------------------------------------------------------------------------------------===//

std::string eventText(const Json &event) { return event.dump(-1, ' ', false, Json::error_handler_t::replace); }

void addLoss(Json &event, const std::string &name, std::optional<double> value) {
  if (value)
    event["loss"] = event[name] = *value;
}

void addNumbers(Json &event, const std::vector<std::string> &names, const Numbers &values) {
  for (size_t i = 0; i < names.size() && i < values.size(); ++i)
    if (values[i])
      event[names[i]] = *values[i];
}

std::vector<Cell> numberCells(std::optional<double> loss, const Numbers &metrics, const Session &session,
                              Columns &columns) {
  constexpr size_t least = 6; // of most numbers
  const std::vector<std::string> &names = session.facts().manifest.metrics,
                                 &same = session.facts().manifest.lossMetrics;
  std::vector<Cell> cells;
  if (loss)
    cells.push_back(columns.cell(session.facts().manifest.loss, shortNumber(*loss), least));
  for (size_t i = 0; i < names.size() && i < metrics.size(); ++i)
    if (metrics[i] && std::find(same.begin(), same.end(), names[i]) == same.end())
      cells.push_back(columns.cell(names[i], shortNumber(*metrics[i]), least));
  return cells;
}

Json evaluationEvent(const Session &session, const std::string &split, const Evaluation &evaluation) {
  Json event{{"event", "eval"}, {"split", split}, {"rows", evaluation.rows}};
  addLoss(event, session.facts().manifest.loss, evaluation.loss);
  addNumbers(event, session.facts().manifest.metrics, {evaluation.metrics.begin(), evaluation.metrics.end()});
  for (const TableValue &table : evaluation.tables)
    event[table.name] = tableEvent(session, table);
  event["seconds"] = evaluation.seconds;
  return event;
}

std::vector<Cell> evaluationCells(const Evaluation &evaluation, const Session &session, Columns &columns) {
  return numberCells(evaluation.loss, {evaluation.metrics.begin(), evaluation.metrics.end()}, session, columns);
}

//===-- files ------------------------------------------------------------------------------------------------------===//

static Error fileError(const std::string &path, const char *verb) {
  return makeError(fmt::format("cannot {} `{}`: {}", verb, path, std::strerror(errno)));
}

namespace {
/// A file opened for writing: beside the one that is meant, unless that is a device or a pipe.
struct Target {
  std::string path;
  bool aside = false;
  int file = -1; ///< below 0: errno says why not
};
} // namespace

static Target openTarget(const std::string &path) {
  struct stat status{};
  bool exists = ::stat(path.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) {
    errno = EISDIR;
    return {};
  }
  Target target;
  target.aside = !exists || S_ISREG(status.st_mode);
  target.path = target.aside ? fmt::format("{}.{}.part", path, ::getpid()) : path;
  target.file = ::open(target.path.c_str(), O_WRONLY | O_CLOEXEC | (target.aside ? O_CREAT | O_TRUNC : 0), 0666);
  return target;
}

Result<void> checkWritable(const std::string &path) {
  if (path == "-")
    return {};
  Target target = openTarget(path);
  if (target.file < 0)
    return fileError(path, "write");
  ::close(target.file);
  if (target.aside)
    ::unlink(target.path.c_str());
  return {};
}

Result<FileWriter> FileWriter::open(const std::string &path) {
  FileWriter writer;
  writer.path = path;
  if (path == "-")
    return writer;
  auto [target, aside, file] = openTarget(path);
  if (file < 0)
    return fileError(path, "write");
  writer.target = target;
  writer.aside = aside;
  writer.file = file;
  return writer;
}

FileWriter::FileWriter(FileWriter &&other) noexcept
    : path(std::move(other.path)), target(std::move(other.target)), aside(other.aside),
      file(std::exchange(other.file, -1)) {}

FileWriter::~FileWriter() {
  if (file >= 0)
    (void)failed(0);
}

/// Gives up.
Result<void> FileWriter::failed(int reason) {
  if (file >= 0)
    ::close(std::exchange(file, -1));
  if (aside)
    ::unlink(target.c_str());
  errno = reason;
  return fileError(path, "write");
}

Result<void> FileWriter::append(std::string_view bytes) {
  if (path == "-")
    print(bytes);
  else if (!writeAll(file, bytes))
    return failed(errno);
  return {};
}

Result<void> FileWriter::finish() {
  if (path == "-")
    return {};
  if (::close(std::exchange(file, -1)) != 0 || (aside && ::rename(target.c_str(), path.c_str()) != 0))
    return failed(errno);
  return {};
}

Result<void> writeFile(const std::string &path, std::string_view bytes) {
  auto file = FileWriter::open(path);
  if (!file)
    return file.error();
  if (auto written = file->append(bytes); !written)
    return written;
  return file->finish();
}

Result<std::string> readFile(const std::string &path) {
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return fileError(path, "read");
  std::string bytes;
  char buffer[1 << 16];
  ssize_t count;
  while ((count = ::read(file, buffer, sizeof buffer)) > 0 || (count < 0 && errno == EINTR))
    if (count > 0)
      bytes.append(buffer, size_t(count));
  int reason = errno;
  ::close(file);
  errno = reason;
  if (count < 0)
    return fileError(path, "read");
  return bytes;
}

Json versionFacts() {
  Json result = Json::object();
  std::istringstream details(versionDetails());
  for (std::string line; std::getline(details, line);)
    if (size_t colon = line.find(": "); colon != std::string::npos)
      result[line.substr(0, colon)] = line.substr(colon + 2);
  return result;
}

std::int64_t peakMemory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return std::int64_t(usage.ru_maxrss) * 1024;
}

std::string timeNow() {
  std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

} // namespace talweg::driver
