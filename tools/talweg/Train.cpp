// talweg train: options, data, the run's folder, and resuming; the loop itself is in TrainLoop.cpp.
#include "Commands.h"
#include "Console.h"
#include "Interrupt.h"
#include "TrainLoop.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>

namespace talweg::driver {

namespace {

struct Options {
  Experiment experiment;
  std::string out, resume, init;
  bool noShuffle = false, quiet = false;
  std::optional<std::int64_t> logEvery;
  std::vector<std::string> command; ///< as typed
};

/// What a later --resume needs to run the same plan.
Json settingsOf(const Options &options) {
  const Experiment &experiment = options.experiment;
  Json settings{{"file", experiment.file}, {"shuffle", !options.noShuffle}};
  for (const auto &[name, value] : experiment.set)
    settings["set"].push_back({name, value});
  for (const auto &[split, path] : experiment.data)
    settings["data"].push_back({split, path});
  auto add = [&](const char *name, const std::optional<std::int64_t> &value) {
    if (value)
      settings[name] = *value;
  };
  add("batch", experiment.batch);
  add("epochs", experiment.epochs);
  add("steps", experiment.steps);
  add("seed", experiment.seed);
  add("memory", experiment.memory);
  add("log_every", options.logEvery);
  if (!options.init.empty())
    settings["init"] = options.init;
  return settings;
}

/// Gives options that were not typed the values of the run that is resumed.
void adopt(Options &options, const Json &settings) {
  Experiment &experiment = options.experiment;
  auto number = [&](const char *name) -> std::optional<std::int64_t> {
    if (settings.contains(name) && settings[name].is_number_integer())
      return settings[name].get<std::int64_t>();
    return std::nullopt;
  };
  auto pairs = [&](const char *name, std::vector<Pair> &typed) {
    std::vector<Pair> all;
    for (const Json &pair : settings.value(name, Json::array()))
      if (pair.is_array() && pair.size() == 2 && pair[0].is_string() && pair[1].is_string())
        all.emplace_back(pair[0].get<std::string>(), pair[1].get<std::string>());
    all.insert(all.end(), typed.begin(), typed.end()); // the later one wins
    typed = std::move(all);
  };
  pairs("set", experiment.set);
  pairs("data", experiment.data);
  if (!experiment.epochs && !experiment.steps) {
    experiment.epochs = number("epochs");
    experiment.steps = number("steps");
  }
  experiment.batch = number("batch");
  experiment.seed = number("seed");
  if (!experiment.memory)
    experiment.memory = number("memory");
  if (!options.logEvery)
    options.logEvery = number("log_every");
  options.noShuffle = !settings.value("shuffle", true);
}

/// The splits of a run: those declared, and those that only --data names.
std::vector<std::string> allSplits(const Experiment &experiment, const PlanFacts &plan) {
  std::vector<std::string> splits = plan.splits;
  for (const auto &[split, path] : experiment.data)
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
  return {{"rows", data.rows()}, {"bytes_in_memory", data.bytes()}, {"files", files}};
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
  printLine(fmt::format("{} on {}: {}; rows: {}; batch {}, {}", plan.name, plan.data,
                        counted(session.program().parameterCount(), "parameter"), sizes, plan.batch,
                        counted(session.totalSteps(), "step")));
  if (session.step() > 0)
    printLine(fmt::format("resumed at step {} of {}", grouped(session.step()), grouped(session.totalSteps())));
}

int interruptedBefore() {
  complain("interrupted before training started; nothing was saved");
  return kInterrupted;
}

/// A resumed run takes its numbers from the run, so these cannot be given again.
Result<void> checkResume(const Options &options) {
  const Experiment &experiment = options.experiment;
  for (auto [given, name] :
       {std::pair(experiment.batch.has_value(), "--batch"), std::pair(experiment.seed.has_value(), "--seed"),
        std::pair(!options.init.empty(), "--init"), std::pair(options.noShuffle, "--no-shuffle"),
        std::pair(!options.out.empty(), "--out")})
    if (given)
      return makeError(fmt::format("{} and --resume exclude each other", name),
                       "a resumed run goes on as it began, in its folder");
  return {};
}

int run(Options options) {
  Experiment &experiment = options.experiment;
  auto fail = [&](const Error &error) { return report(error, experiment.json); };
  bool resuming = !options.resume.empty();
  RunFolder folder(resuming ? options.resume : options.out.empty() ? freeFolder(experiment.file) : options.out);
  Json earlier;
  if (resuming) {
    if (auto legal = checkResume(options); !legal) {
      report(legal.error(), experiment.json);
      return kUsage;
    }
    auto record = folder.readRecord();
    if (!record)
      return fail(record.error());
    earlier = *record;
    adopt(options, earlier.value("settings", Json::object()));
  }
  catchInterrupts();

  auto program = experiment.open();
  if (!program)
    return fail(program.error());
  if (auto known = experiment.checkData(*program); !known)
    return fail(known.error());
  LoopOptions loop;
  loop.json = experiment.json;
  loop.quiet = options.quiet;
  loop.logEvery = options.logEvery;
  Json splitFacts = Json::object();
  Progress progress(!experiment.json && !options.quiet);
  progress.busy("reading the data …");
  auto training = loadSplits(experiment, *program, loop, splitFacts);
  if (!training)
    return fail(training.error());
  if (!program->plan().best.empty() && !loop.validation)
    return fail(makeError("`keep best` needs a split that is validated on", "declare `validation = …` in the data"));
  if (interrupted())
    return interruptedBefore();
  progress.busy("compiling …");
  auto session = Session::create(
      *program, {.threads = int(experiment.threads.value_or(0)), .shuffle = !options.noShuffle, .mode = Mode::Train});
  if (!session)
    return fail(session.error());
  if (auto set = session->setTrainingData(*training); !set)
    return fail(set.error());
  if (loop.validation)
    session->prepare(Mode::Eval, loop.validation->data);
  if (!options.init.empty())
    if (auto done = session->loadModel(options.init); !done)
      return fail(done.error());
  if (resuming)
    if (auto done = session->load(options.resume); !done)
      return fail(done.error());
  if (session->seed() != program->plan().seed)
    return fail(makeError(fmt::format("the run in {} has the seed {}, but {} says {}", folder.directory(),
                                      session->seed(), experiment.file, program->plan().seed)));
  if (interrupted())
    return interruptedBefore();
  if (resuming && session->step() >= session->totalSteps()) {
    complain(
        colorDiagnostic(fmt::format("note: the run in {} is complete, at step {} of {}\nhelp: --epochs N or --steps N "
                                    "lengthens it",
                                    folder.directory(), session->step(), session->totalSteps())));
    return kOk;
  }

  Json facts{{"settings", settingsOf(options)},
             {"splits", splitFacts},
             {"versions", versionFacts()},
             {"status", "running"},
             {"started", timeNow()}};
  auto ready = resuming ? folder.proceed(session->step()) : folder.begin(*session, options.command, facts);
  if (!ready)
    return fail(ready.error());
  if (resuming)
    if (auto recorded = folder.record(
            {{"settings", facts["settings"]}, {"status", facts["status"]}, {"resumed", facts["started"]}});
        !recorded)
      return fail(recorded.error());

  announce(options, *session, splitFacts, folder.directory(), folder);
  TrainLoop running(*session, folder, std::move(loop));
  if (resuming)
    running.restore(earlier);
  auto ending = running.run();
  if (!ending) {
    folder.log(errorEvent(ending.error()));
    (void)bool(folder.flush()); // the run has failed, anyway
    return fail(ending.error());
  }
  if (*ending == Ending::Done)
    return kOk;
  complain(colorDiagnostic(fmt::format("interrupted at step {} of {}; saved in {}\nhelp: `talweg train {} --resume {}` "
                                       "continues",
                                       session->step(), session->totalSteps(), folder.directory(), experiment.file,
                                       folder.directory())));
  return kInterrupted;
}

} // namespace

void addTrain(CommandLine &line) {
  static Options options;
  options.command = line.words();
  Command command = line.add(
      "train", "train a model and save it",
      "Compiles the training program of a model file, trains as its plan says, validates, and saves. The "
      "folder of the run gets model.safetensors (parameters and states under their paths in the model), "
      "optimizer.safetensors and state.json (to resume), run.json (what was run, with what, on which "
      "compiler) and log.jsonl (the events of --json); with `keep best` in the file, best.safetensors. It saves at the "
      "end, when it is interrupted or fails, and "
      "on the way every 30 s, less often where saving would take more than a twentieth of the time. The split "
      "`validation` "
      "(or else `valid`, `val`, `dev` or `test`) is evaluated after each epoch (of more than 100 epochs, after 100 of "
      "them) and in between as the plan says, every other split at the end.\n\n"
      "Ctrl-C finishes the step, saves and tells how to resume; a second Ctrl-C ends at once. SIGTERM does the "
      "same, and so does the SIGHUP of a terminal that closes. The same seed gives the same bits for any number "
      "of threads, resumed or not.\n\n"
      "Events of --json: start; step, every --log-every steps, with the loss and metrics of the steps since the last "
      "one, and the rates; "
      "train, the means since the last one; eval; end; error. A number that is not finite is null.");
  Experiment &experiment = options.experiment;
  experiment.declareFile(command);
  command.text(options.out, "--out DIR", "the run's folder; a run that is there already is replaced",
               "runs/NAME of NAME.tw, or NAME-2, NAME-3, … if taken");
  command.text(options.resume, "--resume DIR",
               "continue the run of this folder with its settings; --epochs or --steps may lengthen it");
  experiment.declareData(command, "read this split from PATH; may be repeated");
  command.whole(experiment.epochs, "--epochs N", kCount, "train for N passes over the data", "as the file says");
  command.whole(experiment.steps, "--steps N", kCount, "train for N batches", "as the file says");
  command.exclusive("--epochs", "--steps");
  experiment.declareBatch(command);
  experiment.declareSeed(command, "key of all random numbers: initial values, order, dropout");
  experiment.declareThreads(command);
  experiment.declareCode(command);
  command.text(options.init, "--init FILE", "start from these parameters: a .safetensors file or a run's folder");
  command.flag(options.noShuffle, "--no-shuffle", "take rows in the order of the data");
  command.whole(options.logEvery, "--log-every N", kCount, "tell every N steps", "a tenth of an epoch");
  command.flag(options.quiet, "--quiet", "only errors");
  command.exclusive("--quiet", "--json");
  command.examples({{"talweg train digits.tw", "as the file says, into runs/digits"},
                    {"talweg train digits.tw --set lr=0.05 --epochs 5 --out runs/slow", "other numbers, own folder"},
                    {"talweg train digits.tw --resume runs/digits", "go on after an interruption"}});
  command.action([] { return run(options); });
}

} // namespace talweg::driver
