// talweg train: options, data, the run's folder, and resuming; the loop itself is in TrainLoop.cpp.
#include "Commands.h"
#include "Console.h"
#include "Interrupt.h"
#include "TraceNan.h"
#include "TrainLoop.h"
#include "Tune.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <sstream>

namespace talweg::driver {

namespace {

struct Options {
  Experiment experiment;
  bool tuned = false; ///< before anything else
  std::string out, resume, init;
  bool noShuffle = false, quiet = false, replace = false, extend = false, goOn = false, traceNan = false;
  std::optional<std::int64_t> logEvery, keep;
  std::optional<Interval> saveEvery;
  std::vector<Pair> map;
  std::vector<std::string> grow;
  std::vector<std::string> command; ///< as typed
};

/// A path of --data as it is seen from anywhere; it may be several, with commas.
std::string absolutePath(const std::string &path) {
  std::error_code unknown;
  auto absolute = [&](const std::string &one) {
    return std::filesystem::absolute(one, unknown).lexically_normal().string();
  };
  if (std::filesystem::exists(path, unknown))
    return absolute(path);
  std::vector<std::string> paths;
  std::istringstream words(path);
  for (std::string word; std::getline(words, word, ',');)
    paths.push_back(absolute(word));
  return fmt::format("{}", fmt::join(paths, ","));
}

/// What a later command needs to know of the run beside what its moment tells.
Json settingsOf(const Options &options) {
  Json settings = options.experiment.run ? options.experiment.run->settings() : Json::object();
  for (const auto &[split, path] : options.experiment.data)
    settings["data"].push_back({split, absolutePath(path)});
  if (options.logEvery)
    settings["log_every"] = *options.logEvery;
  if (!options.init.empty())
    settings["init"] = options.init;
  if (options.keep)
    settings["keep"] = *options.keep;
  if (const std::optional<Interval> &every = options.saveEvery)
    settings["save_every"] = every->seconds ? Json{{"seconds", *every->seconds}}
                             : every->steps ? Json{{"steps", *every->steps}}
                                            : Json{{"epochs", *every->epochs}};
  return settings;
}

/// The splits of a run: those declared, and those that only --data names.
std::vector<std::string> allSplits(const Experiment &experiment, const PlanFacts &plan) {
  std::vector<std::string> splits = plan.splits;
  std::vector<Pair> named = experiment.run ? experiment.run->data() : std::vector<Pair>();
  named.insert(named.end(), experiment.data.begin(), experiment.data.end());
  for (const auto &[split, path] : named)
    if (std::find(splits.begin(), splits.end(), split) == splits.end())
      splits.push_back(split);
  return splits;
}

/// The first of `names` that is among the splits, or nothing.
std::string firstOf(std::initializer_list<const char *> names, const std::vector<std::string> &splits) {
  for (const char *name : names)
    if (std::find(splits.begin(), splits.end(), name) != splits.end())
      return name;
  return "";
}

/// What was read for a split: its rows and files, with their sizes.
Json describe(const Dataset &data) {
  Json files = Json::array();
  for (const std::string &path : data.files()) {
    std::error_code unknown;
    auto size = std::filesystem::file_size(path, unknown);
    files.push_back({{"path", path}, {"bytes", unknown ? Json() : Json(size)}});
  }
  Json fields = Json::object();
  for (const auto &[name, digest] : data.fieldDigests())
    fields[name] = digest;
  return {{"rows", data.rows()}, {"fields", fields}, {"bytes_in_memory", data.bytes()}, {"files", files}};
}

/// Reads every split, and sorts them by their part in the run.
Result<Dataset> loadSplits(const Experiment &experiment, const Program &program, LoopOptions &loop, Json &splitFacts) {
  std::vector<std::string> splits = allSplits(experiment, program.plan());
  std::string watched = firstOf({"validation", "valid", "val", "dev", "test"}, splits);
  auto training = experiment.load(program, "train");
  if (!training)
    return training.error();
  splitFacts["train"] = describe(*training);
  for (const std::string &name : splits) {
    if (name == "train")
      continue;
    auto data = experiment.load(program, name);
    if (!data)
      return data.error();
    splitFacts[name] = describe(*data);
    if (name == watched)
      loop.validation = Split{name, *data};
    else
      loop.others.push_back({name, *data});
  }
  return *training;
}

void announce(const Options &options, const Session &session, const Json &splitFacts, const std::string &folder,
              RunFolder &log) {
  const PlanFacts &plan = session.program().plan();
  const Manifest &manifest = session.facts().manifest;
  Json event{{"event", "start"},
             {"model", plan.name},
             {"data", plan.data},
             {"parameters", session.program().parameterCount()}};
  for (const auto &[split, facts] : splitFacts.items())
    event["rows"][split] = facts["rows"];
  event["batch"] = plan.batch;
  event["steps"] = session.totalSteps();
  event["seed"] = plan.seed;
  event["threads"] = session.threads();
  event["persistent_bytes"] = manifest.persistentBytes;
  event["arena_bytes"] = manifest.arenaBytes;
  event["step"] = session.step();
  event["out"] = folder;
  std::string text = eventText(event);
  log.log(text);
  if (options.experiment.json)
    printLine(text);
  if (options.experiment.json || options.quiet)
    return;
  std::string sizes;
  for (const auto &[split, facts] : splitFacts.items())
    sizes += fmt::format("{}{} {}", sizes.empty() ? "" : ", ", grouped(facts["rows"].get<std::int64_t>()), split);
  printWrapped(fmt::format("{} on {}: {}; rows: {}; batch {}, {}", plan.name, plan.data,
                           counted(session.program().parameterCount(), "parameter"), sizes, plan.batch,
                           counted(session.totalSteps(), "step")));
  if (session.step() > 0)
    printLine(fmt::format("resumed at step {} of {}", grouped(session.step()), grouped(session.totalSteps())));
}

/// What began with parameters of another run, and what did not.
void tellInit(const Options &options, const InitReport &report, RunFolder &log) {
  const std::string text = eventText({{"event", "init"},
                                      {"from", options.init},
                                      {"taken", report.taken},
                                      {"grown", report.grown},
                                      {"new", report.added},
                                      {"left", report.left}});
  log.log(text);
  if (options.experiment.json)
    printLine(text);
  if (options.experiment.json || options.quiet)
    return;
  printLine(
      withPath(fmt::format("{} taken from", counted(std::int64_t(report.taken.size() + report.grown.size()), "tensor")),
               options.init));
  for (auto [what, names] : {std::pair("grown", &report.grown), {"new", &report.added}, {"left", &report.left}}) {
    constexpr size_t most = 8;
    std::vector<std::string> shown(names->begin(), names->begin() + std::ptrdiff_t(std::min(most, names->size())));
    if (names->size() > most)
      shown.push_back(fmt::format("and {} more", names->size() - most));
    if (!names->empty())
      printLine(
          fmt::format("  {:<5}  {}", what, wrapped(fmt::format("{}", fmt::join(shown, ", ")), 9, 9, lineWidth())));
  }
}

int interruptedBefore() {
  complain("interrupted before training started; nothing was saved");
  return kInterrupted;
}

Result<void> checkUsage(const Options &options) {
  const Experiment &experiment = options.experiment;
  const bool resuming = !options.resume.empty();
  if (!resuming && experiment.file.empty())
    return makeError("FILE is missing", "name a model file, or with --resume the folder of a run");
  // A resumed run takes its numbers from the run, so these cannot be given again.
  for (auto [given, name] :
       {std::pair(experiment.batch.has_value() && !experiment.accepts("batch"), "--batch"),
        std::pair(experiment.seed.has_value(), "--seed"), std::pair(!options.init.empty(), "--init"),
        std::pair(options.noShuffle, "--no-shuffle"), std::pair(experiment.fold.has_value(), "--fold"),
        std::pair(options.replace && options.out.empty(), "--replace")})
    if (resuming && given)
      return makeError(fmt::format("{} and --resume exclude each other", name),
                       name == std::string_view("--batch") ? "--accept batch lets a run go on with other batches"
                                                           : "a resumed run goes on as it began, in its folder");
  if (!options.map.empty() && options.init.empty())
    return makeError("--map needs --init", "it maps names of the run that this one begins with");
  if (!options.grow.empty() && options.init.empty() && !resuming)
    return makeError("--grow needs --init or --resume", "it says which parameters are larger than they were");
  for (auto [given, name] : {std::pair(options.extend, "--extend"), std::pair(options.goOn, "--continue"),
                             std::pair(!experiment.accept.empty(), "--accept")})
    if (!resuming && given)
      return makeError(fmt::format("{} needs --resume", name), "it says how a run goes on");
  return {};
}

/// The run that is gone on from.
Result<void> findRun(Options &options) {
  Experiment &experiment = options.experiment;
  auto known = KnownRun::read(options.resume);
  if (!known)
    return known.error();
  std::error_code ignored;
  if (options.out.empty() && !options.traceNan &&
      std::filesystem::equivalent(known->moment.folder, options.resume, ignored))
    return makeError(fmt::format("`{}` is one moment of a run, and not the run's folder", options.resume),
                     "name the run's folder, or with --out another one in which to go on");
  const Json settings = known->settings();
  for (auto [name, option] : {std::pair("log_every", &options.logEvery), {"keep", &options.keep}})
    if (!*option && settings.contains(name))
      *option = settings[name].get<std::int64_t>();
  if (const Json every = settings.value("save_every", Json()); !options.saveEvery && every.is_object())
    options.saveEvery = every.contains("seconds") ? Interval{.seconds = every["seconds"].get<double>()}
                        : every.contains("steps") ? Interval{.steps = every["steps"].get<std::int64_t>()}
                                                  : Interval{.epochs = every["epochs"].get<std::int64_t>()};
  options.noShuffle = !known->moment.shuffle;
  experiment.run = std::move(*known);
  return {};
}

/// What of a moment that goes on has changed, if it is accepted.
LoadOptions loadOptions(const Options &options) {
  const Experiment &experiment = options.experiment;
  return {.otherData = experiment.accepts("data"),
          .otherProgram = experiment.accepts("source"),
          .otherBatch = experiment.accepts("batch"),
          .end = options.extend ? LoadOptions::End::Extend
                 : options.goOn ? LoadOptions::End::Continue
                                : LoadOptions::End::Same,
          .grow = options.grow};
}

/// Takes the moment of the run.
Result<void> resume(const Options &options, Session &session, const std::string &folder) {
  const KnownRun &run = *options.experiment.run;
  if (options.out.empty() && !options.traceNan)
    if (auto claimed = session.claim(folder); !claimed)
      return claimed;
  if (auto now = Moment::read(options.resume); !now || now->folder != run.moment.folder)
    return !now ? now.error() : makeError(fmt::format("the run in {} has gone on meanwhile", options.resume));
  if (auto loaded = session.load(options.resume, loadOptions(options)); !loaded)
    return loaded;
  if (session.seed() != session.program().plan().seed)
    return makeError(fmt::format("the run in {} has the seed {}, but {} says {}", options.resume, session.seed(),
                                 session.program().plan().file, session.program().plan().seed));
  return {};
}

int run(Options options) {
  Experiment &experiment = options.experiment;
  auto fail = [&](const Error &error) { return report(error, experiment.json); };
  if (auto legal = checkUsage(options); !legal) {
    report(legal.error(), experiment.json);
    return kUsage;
  }
  const bool resuming = !options.resume.empty(), staying = resuming && options.out.empty();
  RunFolder folder(staying ? options.resume : options.out.empty() ? freeFolder(experiment.file) : options.out);
  if (resuming)
    if (auto found = findRun(options); !found)
      return fail(found.error());
  if (!staying)
    if (auto free = folder.checkFree(options.replace); !free)
      return fail(free.error());
  catchInterrupts();

  if (auto begun = Moment::read(options.init); !options.init.empty() && begun)
    experiment.learned = begun->options.learned; // its parameters go with it
  experiment.growsVocabularies = !options.grow.empty();
  if (options.tuned)
    if (auto tuning =
            tune(experiment, Mode::Train, 4, [&](const Program &made) { return experiment.load(made, "train"); });
        !tuning)
      return fail(tuning.error());
  auto program = experiment.open();
  if (!program)
    return fail(program.error());
  if (auto known = experiment.checkData(*program); !known)
    return fail(known.error());
  LoopOptions loop;
  loop.json = experiment.json;
  loop.quiet = options.quiet;
  loop.logEvery = options.logEvery;
  loop.saveEvery = options.saveEvery;
  loop.keep = options.keep.value_or(1);
  Json splitFacts = Json::object();
  Progress progress(!experiment.json && !options.quiet);
  progress.busy("reading the data …");
  auto training = loadSplits(experiment, *program, loop, splitFacts);
  if (!training)
    return fail(training.error());
  const PlanFacts &plan = program->plan();
  for (auto [given, clause] : {std::pair(!plan.best.empty(), "keep best"),
                               {plan.early.has_value(), "early_stop"},
                               {!plan.stopWhen.empty(), "stop when"}})
    if (given && !loop.validation)
      return fail(makeError(fmt::format("`{}` needs a split that is validated on", clause),
                            "declare `validation = …` in the data"));
  if (interrupted())
    return interruptedBefore();
  progress.busy("compiling …");
  auto session = Session::create(
      *program, {.threads = int(experiment.threads.value_or(0)), .shuffle = !options.noShuffle, .mode = Mode::Train});
  if (!session)
    return fail(session.error());
  if (auto set = session->setTrainingData(*training); !set)
    return fail(set.error());
  if (loop.validation && !options.traceNan)
    session->prepare(Mode::Eval, loop.validation->data);
  std::optional<InitReport> began;
  if (!options.init.empty()) {
    auto report = session->initFrom(options.init, {options.map, options.grow});
    if (!report)
      return fail(report.error());
    began = *report;
  }
  if (resuming)
    if (auto done = resume(options, *session, folder.directory()); !done)
      return fail(done.error());
  if (options.traceNan)
    return traceNan(*session, experiment.json);
  if (interrupted())
    return interruptedBefore();
  const Json earlier = resuming ? experiment.run->notes : Json::object();
  if (resuming && session->step() >= session->totalSteps() && (earlier.empty() || earlier.contains("ended"))) {
    if (staying) // nothing is written, and what a killed save has left goes
      if (auto tidied = session->save(options.resume, {.notes = experiment.run->moment.notes, .keep = loop.keep});
          !tidied)
        return fail(tidied.error());
    complain(
        colorDiagnostic(fmt::format("note: the run in {} is complete, at step {} of {}\nhelp: --epochs N or --steps N "
                                    "lengthens it",
                                    options.resume, session->step(), session->totalSteps())));
    return kOk;
  }

  const Json settings = settingsOf(options);
  loop.notes = {{"by", "talweg train"}, {"settings", settings}, {"splits", splitFacts}};
  Json facts{{"settings", settings},
             {"splits", splitFacts},
             {"versions", versionFacts()},
             {"status", "running"},
             {staying ? "resumed" : "started", timeNow()}};
  TrainLoop running(*session, folder, std::move(loop));
  running.restore(earlier);
  if (const std::string reason = running.reasonToStop(); earlier.contains("ended") && !reason.empty()) {
    complain(colorDiagnostic(
        fmt::format("note: the run in {} has stopped at step {} of {}: {}\nhelp: with a model file that "
                    "says otherwise it goes on: talweg train FILE --resume {}",
                    options.resume, session->step(), session->totalSteps(), reason, shellWord(options.resume))));
    return kOk;
  }
  auto ready =
      staying ? folder.proceed(session->step()) : folder.begin(*session, options.command, facts, running.saveOptions());
  if (!ready)
    return fail(ready.error());
  if (staying)
    if (auto recorded = folder.record(facts); !recorded)
      return fail(recorded.error());

  announce(options, *session, splitFacts, folder.directory(), folder);
  if (began)
    tellInit(options, *began, folder);
  auto ending = running.run();
  if (!ending) {
    folder.log(errorEvent(ending.error()));
    (void)bool(folder.flush()); // the run has failed, anyway
    return fail(ending.error());
  }
  if (*ending != Ending::Interrupted)
    return kOk;
  const std::string place =
      fmt::format("interrupted at step {} of {}; saved in", session->step(), session->totalSteps());
  complain(colorDiagnostic(fmt::format("{}\nhelp: `talweg train --resume {}` continues",
                                       withPath(place, folder.directory()), shellWord(folder.directory()))));
  return kInterrupted;
}

} // namespace

void addTrain(CommandLine &line) {
  static Options options;
  options.command = line.words();
  Command command = line.add(
      "train", "train a model and save it",
      "Compiles the training program of a model file, trains as its plan says, validates, and saves. The "
      "folder of the run gets a folder for each moment that is saved, step-N, with model.safetensors (parameters and "
      "states "
      "under their paths in the model), optimizer.safetensors and state.json (to go on from), and the links last and, "
      "with "
      "`keep best` in the file, best; for people run.json (what was run, with what, on which compiler) and log.jsonl "
      "(the "
      "events of --json).\n\n"
      "A run saves at its end, when it is interrupted or fails, at the best validation, and on the way every 30 s "
      "(less "
      "often where saving would take more than a twentieth of the time) or as --save-every says. A moment is whole or "
      "not there, whenever the program or the machine stops.\n\n"
      "The split `validation` (or else `valid`, `val`, `dev` or `test`) is evaluated after each epoch (of more than "
      "100 "
      "epochs, after 100 of them) and in between as the plan says, every other split at the end.\n\n"
      "Ctrl-C finishes the step, saves and tells how to resume; a second Ctrl-C ends at once. SIGTERM does the "
      "same, and so does the SIGHUP of a terminal that closes. The same seed gives the same bits for any number "
      "of threads, resumed or not. The file may end a run before its plan (`early_stop`, `stop when`, `budget`). A "
      "loss that "
      "is not finite ends it as failed, and the folder then keeps the newest moment that is known to be good, unless "
      "the "
      "file says otherwise (`on nan`).\n\n"
      "Events of --json: start; with --init, init; step, every --log-every steps, with the loss and metrics of the "
      "steps "
      "since the last one, and the rates; train, the means since the last one; eval; rollback, where the run goes "
      "back; end; "
      "error. A number that is not finite is null.");
  Experiment &experiment = options.experiment;
  experiment.declareFile(command, "the model file; with --resume, that of the run if none is given",
                         /*required=*/false);
  command.text(options.out, "--out DIR", "the run's folder", "runs/NAME of NAME.tw, or NAME-2, NAME-3, … if taken");
  command.flag(options.replace, "--replace",
               "a run that is in --out already is replaced, once this one has a step to save");
  command.text(options.resume, "--resume DIR",
               "continue the run of this folder with its settings; --epochs or --steps may lengthen it; with --out, in "
               "another folder");
  experiment.declareAccept(command);
  command.flag(options.extend, "--extend",
               "where a schedule knows the end and the run gets longer: its curve over the new length");
  command.flag(options.goOn, "--continue", "the same: its curve as planned, and then the value at its end");
  command.exclusive("--extend", "--continue");
  command.interval(options.saveEvery, "--save-every WHEN", "a time, steps or epochs: 10min, 500steps, epoch", "30s");
  command.whole(options.keep, "--keep N", kCount, "how many of the newest moments stay, besides the best", "1");
  experiment.declareData(command, "read this split from PATH; may be repeated");
  command.whole(experiment.epochs, "--epochs N", kCount, "train for N passes over the data", "as the file says");
  command.whole(experiment.steps, "--steps N", kCount, "train for N batches", "as the file says");
  command.exclusive("--epochs", "--steps");
  experiment.declareBatch(command);
  experiment.declareFold(command);
  experiment.declareSeed(command, "key of all random numbers: initial values, order, dropout");
  experiment.declareThreads(command);
  experiment.declareCode(command);
  command.flag(options.tuned, "--tune",
               "first find the fastest plans for this machine, for four seconds or more (`talweg tune --help`)");
  command.exclusive("--tune", "--resume");
  command.text(options.init, "--init FILE",
               "begin with the parameters of a run's folder or a .safetensors file, as far as names agree; what is "
               "taken, grown, "
               "new and left is told");
  command.pairs(options.map, "--map THERE=HERE",
                "with --init: names there are these here, as \"encoder.*=tower.*\"; may be repeated");
  command.texts(
      options.grow, "--grow PATTERN",
      "with --init or --resume: parameters that may be larger than they were (a new class, user or word): what was "
      "there comes first in each dimension, the rest is as it is initialised. It is wrong for a dimension of several "
      "parts, "
      "as of concat(a, b), unless the last part has grown: what lies behind the one that has grown has moved");
  command.flag(options.noShuffle, "--no-shuffle", "take rows in the order of the data");
  command.whole(options.logEvery, "--log-every N", kCount, "tell every N steps", "a tenth of an epoch");
  command.flag(options.quiet, "--quiet", "only errors");
  command.exclusive("--quiet", "--json");
  command.flag(options.traceNan, "--trace-nan",
               "train on, saving nothing, to the first step whose loss or update is not finite, and tell the operation "
               "that makes it so");
  command.exclusive("--trace-nan", "--out");
  command.exclusive("--trace-nan", "--quiet");
  command.examples({{"talweg train digits.tw", "as the file says, into runs/digits"},
                    {"talweg train digits.tw --set lr=0.05 --epochs 5 --out runs/slow", "other numbers, own folder"},
                    {"talweg train --resume runs/digits", "go on after an interruption"}});
  command.action([] { return run(options); });
}

} // namespace talweg::driver
