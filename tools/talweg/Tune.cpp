// talweg tune: times the plans that the compiler ranks close, and keeps the fastest.
#include "Tune.h"

#include "Commands.h"
#include "Console.h"
#include "Profile.h"
#include "Rows.h"

#include "talweg/Engine/Bench.h"
#include "talweg/Support/Counted.h"

#include <algorithm>
#include <fmt/format.h>

namespace talweg::driver {

namespace {

constexpr double kClearly = 0.97;       ///< of the first plan's time: what is nearer is noise
constexpr double kWorthTelling = 0.005; ///< of a step

/// One program with all its products' plans of one rank.
struct Candidate {
  std::unique_ptr<Session> session; ///< stays where it is
  std::unique_ptr<BatchRunner> runner;
  std::vector<std::vector<double>> times; ///< by region
};

/// The first one reads the data.
Result<Candidate> candidate(const Experiment &experiment, Mode mode, std::int64_t rank, std::optional<Dataset> &data,
                            const std::function<Result<Dataset>(const Program &)> &open) {
  CompileOptions options = experiment.compileOptions();
  options.planRank = rank;
  auto program = Program::fromFile(experiment.file, options);
  if (!program)
    return program.error();
  if (auto known = experiment.checkData(*program); !known)
    return known.error();
  if (!data) {
    auto opened = open(*program);
    if (!opened)
      return opened.error();
    data = std::move(*opened);
  }
  auto session = Session::create(*program, {.threads = int(experiment.threads.value_or(0)), .mode = mode});
  if (!session)
    return session.error();
  auto kept = std::make_unique<Session>(std::move(*session));
  auto runner = BatchRunner::createProfiled(*kept, *data);
  if (!runner)
    return runner.error();
  Candidate made{std::move(kept), std::make_unique<BatchRunner>(std::move(*runner)), {}};
  made.times.resize(made.runner->regions().size());
  return made;
}

/// Runs some steps of each in turn, until the time is over.
Result<void> race(std::vector<Candidate> &all, double seconds) {
  constexpr double kTurn = 0.02;
  std::int64_t steps = 1;
  double passed = 0;
  for (int round = 0; passed < seconds || round < 4; ++round)
    for (Candidate &one : all) {
      auto took = one.runner->run(steps);
      if (!took)
        return took.error();
      if (round == 0) { // the first calls of new code are slow
        steps = std::max<std::int64_t>(1, std::int64_t(kTurn * double(steps) / std::max(*took, 1e-7)));
        continue;
      }
      passed += *took;
      for (std::size_t i = 0; i < one.times.size(); ++i)
        one.times[i].push_back(one.runner->regionSeconds()[i] / double(steps));
    }
  return {};
}

} // namespace

Result<Tuning> tune(const Experiment &experiment, Mode mode, double seconds,
                    const std::function<Result<Dataset>(const Program &)> &open) {
  std::vector<Candidate> all;
  std::optional<Dataset> data;
  std::int64_t most = 1; // plans that a product has
  for (std::int64_t rank = 0; rank < most; ++rank) {
    auto made = candidate(experiment, mode, rank, data, open);
    if (!made)
      return made.error();
    all.push_back(std::move(*made));
    for (const StepRegion &region : all.back().runner->regions())
      most = std::max(most, region.plans);
  }
  if (most > 1)
    if (auto raced = race(all, seconds); !raced)
      return raced.error();
  Tuning tuning;
  std::map<std::string, double> longest;
  for (std::size_t rank = 0; rank < all.size(); ++rank)
    for (std::size_t i = 0; i < all[rank].times.size(); ++i) {
      const StepRegion &region = all[rank].runner->regions()[i];
      const double took = most > 1 ? median(all[rank].times[i]) : 0;
      tuning.step += rank == 0 ? took : 0;
      if (region.plan.empty())
        continue;
      TunedPlan &plan = tuning.plans[region.plan];
      if (region.plans > 1)
        plan.seconds.resize(std::size_t(region.plans));
      if (rank < plan.seconds.size())
        plan.seconds[rank] += took;
      if (took > std::exchange(longest[region.plan], std::max(longest[region.plan], took)))
        plan.what = region.kind + " " + region.what;
    }
  std::map<std::string, std::int64_t> ranks;
  for (auto &[key, plan] : tuning.plans) {
    const auto best = std::min_element(plan.seconds.begin(), plan.seconds.end());
    if (best != plan.seconds.end() && *best < kClearly * plan.seconds.front())
      plan.fastest = best - plan.seconds.begin();
    ranks[key] = plan.fastest;
  }
  if (auto kept = keepTuned(ranks); !kept)
    return kept.error();
  return tuning;
}

namespace {

struct Options {
  Experiment experiment;
  double seconds = 4;
  bool generated = false;
  bool inference = false;
};

void printTuning(const Tuning &tuning, const char *step) {
  std::vector<const TunedPlan *> plans;
  double gained = 0;
  std::int64_t others = 0, single = 0;
  for (const auto &[key, plan] : tuning.plans) {
    if (plan.seconds.empty()) {
      ++single;
      continue;
    }
    plans.push_back(&plan);
    gained += plan.gained();
    others += plan.fastest != 0;
  }
  if (plans.empty())
    return printLine(fmt::format("nothing to time: one plan alone is close, of {}", counted(single, "product")));
  std::sort(plans.begin(), plans.end(), [](auto *x, auto *y) { return x->seconds.front() > y->seconds.front(); });
  printLine(fmt::format("{} of {} are faster by another plan than the estimate's{}", others,
                        counted(std::int64_t(plans.size()), "product"),
                        single ? fmt::format("; not timed, as one plan alone is close: {}", single) : ""));
  printLine("");
  printLine(fmt::format("  {:>10}  {:>9}  {:>4}  {:>5}  {}", "estimate's", "fastest", "rank", "plans", "product"));
  for (const TunedPlan *plan : plans)
    if (plan->seconds.front() >= kWorthTelling * tuning.step)
      printLine(fmt::format("  {:>10}  {:>9}  {:>4}  {:>5}  {}", microseconds(plan->seconds.front()),
                            microseconds(plan->seconds[std::size_t(plan->fastest)]), plan->fastest,
                            plan->seconds.size(), plan->what));
  printLine("");
  printLine(fmt::format("a {} takes {} less of {}; kept for this machine", step, microseconds(gained),
                        microseconds(tuning.step)));
}

Json tuningEvent(const Tuning &tuning) {
  Json event{{"event", "tuned"}, {"step_us", tuning.step * 1e6}};
  Json &plans = event["plans"] = Json::array();
  for (const auto &[key, plan] : tuning.plans) {
    Json times = Json::array();
    for (double seconds : plan.seconds)
      times.push_back(seconds * 1e6);
    plans.push_back({{"plan", key}, {"what", plan.what}, {"rank", plan.fastest}, {"us", times}});
  }
  return event;
}

int run(const Options &options) {
  const Experiment &experiment = options.experiment;
  bool generated = options.generated;
  auto tuning = tune(experiment, options.inference ? Mode::Predict : Mode::Train, options.seconds,
                     [&](const Program &program) { return rowsToTime(experiment, program, generated); });
  if (!tuning)
    return report(tuning.error(), experiment.json);
  if (experiment.json)
    printLine(eventText(tuningEvent(*tuning)));
  else
    printTuning(*tuning, options.inference ? "call" : "step");
  return kOk;
}

} // namespace

void addTune(CommandLine &line) {
  static Options options;
  Command command = line.add("tune", "find the fastest plans for this machine",
                             "The compiler chooses by estimates in which order the loops of each product run, what "
                             "stays in which cache, and what threads share. Where "
                             "estimates are close, only a clock can tell: tune compiles the program with each of "
                             "these plans, at most four of a product, times training "
                             "steps with each in turn, and keeps the fastest beside compiled code, for this machine "
                             "and for products of these sizes, in any program. A "
                             "plan that is not clearly faster than the first is not kept, and a product that has one "
                             "plan is not timed. From then on, every command "
                             "that compiles for this machine takes what was kept.\n\n"
                             "With --inference, predictions are timed instead: the products of predict and eval. They "
                             "too take the file's batch or --batch; `predict --stream` takes one row.\n\n"
                             "Results are the same to the bit, tuned or not. The rows are the split `train`, or "
                             "generated from the seed where its files are absent; nothing is "
                             "trained or saved. What was kept lies in the folder of the cache ($TALWEG_CACHE, by "
                             "default ~/.cache/talweg), in a file that ends in .tuned: "
                             "without it, everything is as before.\n\n"
                             "Other work on the machine spoils what is measured: tune when it is quiet, with as many "
                             "threads as will be used.");
  options.experiment.declareFile(command);
  command.positive(options.seconds, "--seconds S", "time the steps for so long, compilation left out");
  command.flag(options.inference, "--inference", "time predictions instead of training steps");
  options.experiment.declareBatch(command);
  declareRowsToTime(command, options.experiment, options.generated);
  command.examples({{"talweg tune digits.tw", "a table of products, and what was gained"},
                    {"talweg tune digits.tw --inference --batch 1", "for predictions of one row"},
                    {"talweg tune digits.tw --threads 1 --seconds 20", "longer, on one core"}});
  command.action([] { return run(options); });
}

} // namespace talweg::driver
