// See KnownRun.h.
#include "KnownRun.h"
#include "Console.h"

#include <algorithm>
#include <fmt/format.h>
#include <sstream>

namespace talweg::driver {

Result<KnownRun> KnownRun::read(const std::string &path) {
  auto moment = Moment::read(path);
  if (!moment)
    return moment.error();
  KnownRun run{path, *moment};
  const Json notes = Json::parse(run.moment.notes, nullptr, /*allow_exceptions=*/false);
  if (notes.is_object() && notes.value("by", Json()) == "talweg train")
    run.notes = notes;
  return run;
}

std::vector<Pair> KnownRun::data() const {
  std::vector<Pair> pairs;
  const Json known = settings(); // its values are iterated below
  if (known.contains("data"))
    for (const Json &pair : known["data"])
      pairs.emplace_back(pair[0].get<std::string>(), pair[1].get<std::string>());
  return pairs;
}

CompileOptions KnownRun::options(CompileOptions given) const {
  const CompileOptions &had = moment.options;
  given.set.insert(given.set.begin(), had.set.begin(), had.set.end()); // the later one wins
  if (!given.batch)
    given.batch = had.batch;
  if (!given.epochs && !given.steps) {
    given.epochs = had.epochs;
    given.steps = had.steps;
  }
  if (!given.seed)
    given.seed = had.seed;
  if (!given.memory)
    given.memory = had.memory;
  given.doublePrecision = had.doublePrecision;
  given.learned = had.learned;
  given.fold = had.fold;
  return given;
}

Result<Program> KnownRun::open(const CompileOptions &given) const {
  return Program::fromText(moment.source, moment.file, options(given));
}

/// What a program computes in a mode, without what is compared by itself: the data's files and how long it trains.
static Result<std::string> graphOf(const Program &program, Mode mode, std::int64_t batch) {
  auto text = program.emit(Stage::Graph, mode, batch);
  if (!text)
    return text;
  std::string kept;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);)
    if (const auto word = line.find_first_not_of(' ');
        word == std::string::npos ||
        (line.compare(word, 10, "train.plan") != 0 && line.compare(word, 11, "train.split") != 0))
      kept += line + "\n";
  return kept;
}

Result<void> KnownRun::checkSource(const Program &program, const CompileOptions &given, Mode mode) const {
  CompileOptions silent = given;
  silent.onMessage = {};
  silent.growVocabularies = false;
  auto before = open(silent);
  if (!before)
    return before.error();
  auto had = graphOf(*before, mode, moment.batch), has = graphOf(program, mode, moment.batch);
  if (!had || !has)
    return !had ? had.error() : has.error();
  if (*had == *has)
    return {};
  return makeError(
      fmt::format("{} has changed since the run in {} began: it is another program", program.plan().file, path),
      "without the file, the command takes the program of the run; --accept source takes the file as it is now");
}

Result<void> KnownRun::checkData(const std::string &split, const Dataset &data) const {
  const Json splits = notes.value("splits", Json::object());
  if (!splits.contains(split))
    return {};
  const Json &had = splits[split];
  const char *const help = "--accept data takes it as it is now";
  const Json fields = had.value("fields", Json());
  if (!fields.is_object())
    return makeError(fmt::format("the run in {} does not tell what the fields of `{}` held", path, split), help);
  const auto isSame = [&](const auto &field) { return fields.value(field.first, "") == field.second; };
  if (std::ranges::all_of(data.fieldDigests(), isSame))
    return {};
  const std::int64_t rows = had.value("rows", std::int64_t(0));
  return makeError(fmt::format("the data of the run in {} has changed: `{}` has {}", path, split,
                               rows == data.rows()
                                   ? fmt::format("other values in its {}", counted(rows, "row"))
                                   : fmt::format("{}, and had {}", counted(data.rows(), "row"), grouped(rows))),
                   help);
}

} // namespace talweg::driver
