// talweg bench: how fast a program's steps are, beside what this machine can do in the same run.
//
// One native call runs a chunk of steps, as training does; a chunk lasts at least a millisecond, so that reading the clock
// costs nothing. Median and 10th percentile are of the chunks' time for a step. The multiply-add peak is measured before
// and after the chunks, bandwidth after them; peak memory is read before the kernels that measure the machine are made.
#include "Commands.h"
#include "Console.h"
#include "Profile.h"
#include "Rows.h"
#include "Tune.h"

#include "talweg/Support/Counted.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <fmt/format.h>
#include <fstream>
#include <unistd.h>

namespace talweg::driver {

namespace {

struct Options {
  Experiment experiment;
  double seconds = 3;
  bool generated = false;
  bool inference = false;
  bool profile = false;
  bool tuned = false; ///< before anything else
  std::string svg;    ///< where the profile's picture goes
};

struct Figures {
  std::int64_t steps = 0;
  std::int64_t batches = 1; ///< of a step
  double seconds = 0;       ///< of all timed steps
  double median = 0, p10 = 0;
  double firstStep = 0;
  std::int64_t leastBytes = 0, peakBytes = 0;
  double peakFlops = 0;
  Bandwidth bandwidth;
  bool generated = false;
  std::int64_t rows = 0;
  std::optional<Profile> profile;
};

constexpr double kChunkSeconds = 1.5e-3; ///< wanted of a chunk, so that hardly any is below 1 ms

/// Seconds since the kernel started this process, in its ticks of 10 ms; since main's first use of it if it does not tell.
double processSeconds() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  double seconds = double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
  static const double first = seconds;
  std::ifstream file("/proc/self/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  size_t name = text.rfind(')'); // the start time is the 20th word after the name
  if (name == std::string::npos)
    return seconds - first;
  size_t at = name + 1;
  for (int word = 0; word < 19 && at != std::string::npos; ++word)
    at = text.find(' ', at + 1);
  double start = at == std::string::npos ? 0 : std::strtod(text.c_str() + at, nullptr) / double(sysconf(_SC_CLK_TCK));
  return start > 0 && start <= seconds ? seconds - start : seconds - first;
}

/// Runs chunks for `seconds`; adds each one's seconds for a step to `times`.
Result<void> timeSteps(BatchRunner &runner, std::int64_t chunk, double seconds, Figures &figures,
                       std::vector<double> &times) {
  double passed = 0;
  do {
    auto took = runner.run(chunk);
    if (!took)
      return took.error();
    passed += *took;
    times.push_back(*took / double(chunk));
    figures.steps += chunk;
  } while (passed < seconds || times.size() < 3);
  figures.seconds += passed;
  return {};
}

/// Runs for a tenth of `seconds`, and finds how many steps a chunk takes.
Result<std::int64_t> warmUp(BatchRunner &runner, double seconds) {
  std::int64_t chunk = 1;
  double limit = std::clamp(seconds / 10, 0.02, 1.0);
  for (double passed = 0;;) {
    auto took = runner.run(chunk);
    if (!took)
      return took.error();
    passed += *took;
    if (*took < kChunkSeconds / 1.5) // twice as many: the first calls are slow
      chunk *= 2;
    else if (passed >= limit)
      return chunk;
  }
}

Result<Figures> measure(const Options &options, Session &session, const Dataset &data, double readingSeconds) {
  Figures figures;
  auto runner = BatchRunner::create(session, data);
  if (!runner)
    return runner.error();
  if (auto first = runner->run(1); !first)
    return first.error();
  figures.firstStep = processSeconds() - readingSeconds;
  auto chunk = warmUp(*runner, options.seconds);
  if (!chunk)
    return chunk.error();
  figures.peakBytes = peakMemory();
  auto probe = MachineProbe::create(session.threads());
  if (!probe)
    return probe.error();
  double probing = std::min(0.2, options.seconds / 10);
  figures.peakFlops = probe->fmaPeak(probing);
  std::vector<double> times;
  if (auto timed = timeSteps(*runner, *chunk, options.seconds, figures, times); !timed)
    return timed.error();
  figures.peakFlops = std::max(figures.peakFlops, probe->fmaPeak(probing));
  auto bandwidth = probe->bandwidth(2 * probing);
  if (!bandwidth)
    return bandwidth.error();
  figures.bandwidth = *bandwidth;
  if (options.profile) {
    auto profile = takeProfile(session, data, *chunk, options.seconds);
    if (!profile)
      return profile.error();
    auto fork = MachineProbe::forkSeconds(session.threads());
    if (!fork)
      return fork.error();
    profile->limits = {figures.peakFlops, figures.bandwidth.update, *fork};
    profile->inference = options.inference;
    figures.profile = std::move(*profile);
  }
  std::sort(times.begin(), times.end());
  figures.median = times[times.size() / 2];
  figures.p10 = times[times.size() / 10];
  figures.leastBytes = runner->leastBytes();
  figures.rows = data.rows();
  figures.batches = runner->batchesOfStep();
  return figures;
}

//===-- telling ----------------------------------------------------------------------------------------------------===//

/// Of a step.
double flopsOf(const Figures &figures, const Facts &facts) { return double(facts.manifest.flops * figures.batches); }

/// What the figures say, both for reading and for scripts.
struct Derived {
  double gflops, peakShare, bandwidthShare, leastSeconds;

  Derived(const Figures &figures, const Facts &facts)
      : gflops(flopsOf(figures, facts) / figures.median * 1e-9), peakShare(gflops * 1e9 / figures.peakFlops),
        bandwidthShare(double(figures.leastBytes) / figures.median / figures.bandwidth.update),
        leastSeconds(flopsOf(figures, facts) / figures.peakFlops +
                     double(figures.leastBytes) / figures.bandwidth.update) {}
};

Json benchEvent(const Options &options, const Session &session, const Figures &figures) {
  const Facts &facts = session.facts();
  const PlanFacts &plan = session.program().plan();
  Derived derived(figures, facts);
  Json event{{"event", "bench"}, {"threads", session.threads()}, {"steps", figures.steps}};
  event["median_us"] = figures.median * 1e6;
  event["p10_us"] = figures.p10 * 1e6;
  event["gflops"] = derived.gflops;
  event["fma_peak_share"] = derived.peakShare;
  event["bytes_per_step"] = figures.leastBytes;
  event["compile_seconds"] = session.compileSeconds();
  event["first_step_seconds"] = figures.firstStep;
  event["arena_bytes"] = facts.manifest.arenaBytes;
  event["peak_rss_bytes"] = figures.peakBytes;
  event["model"] = plan.name;
  event["mode"] = options.inference ? "predict" : "train";
  event["batch"] = plan.batch;
  event["rows"] = figures.rows;
  event["generated"] = figures.generated;
  event["seconds"] = figures.seconds;
  event["steps_per_second"] = 1 / figures.median;
  event["examples_per_second"] = double(plan.batch * figures.batches) / figures.median;
  event["flops_per_step"] = facts.manifest.flops * figures.batches;
  event["fma_peak_gflops"] = figures.peakFlops * 1e-9;
  event["copy_bytes_per_second"] = figures.bandwidth.copy;
  event["update_bytes_per_second"] = figures.bandwidth.update;
  event["bandwidth_share"] = derived.bandwidthShare;
  event["least_us"] = derived.leastSeconds * 1e6;
  event["persistent_bytes"] = facts.manifest.persistentBytes;
  if (figures.profile)
    event["profile"] = profileJson(*figures.profile);
  return event;
}

/// A count a second: every digit of large ones, one after the point of small ones.
std::string rate(double value) {
  return value < 100 ? fmt::format("{:.1f}", value) : grouped(std::int64_t(value + 0.5));
}

void heading(const char *title) {
  printLine("");
  printLine(styled(Stream::Out, Style::Bold, title));
}

void row(std::string_view name, const std::string &value, const std::string &note = "") {
  printNoted(fmt::format("  {:<22}{:>16}", name, value), 3, note);
}

void printText(const Options &options, const Session &session, const Figures &figures) {
  const Facts &facts = session.facts();
  const PlanFacts &plan = session.program().plan();
  Derived derived(figures, facts);
  const char *step = options.inference ? "call" : "step";
  std::string what = options.inference ? "prediction" : "training";
  printWrapped(fmt::format("{} on {}: {}, batch {}, {}, {}", plan.name, plan.data, what, plan.batch,
                           counted(session.threads(), "thread"),
                           counted(figures.rows, figures.generated ? "generated row" : "row")));
  heading("Speed");
  row(fmt::format("time of a {}", step), microseconds(figures.median),
      fmt::format("median; fastest tenth {}", microseconds(figures.p10)));
  row(fmt::format("{}s a second", step), rate(1 / figures.median),
      fmt::format("{} timed in {}", counted(figures.steps, step), humanSeconds(figures.seconds)));
  row("examples a second", rate(double(plan.batch * figures.batches) / figures.median));
  row("products", fmt::format("{:.1f} GFLOP/s", derived.gflops),
      fmt::format("{:.0f} % of the multiply-add peak; {} a {}", 100 * derived.peakShare,
                  humanCount(flopsOf(figures, facts), "FLOP"), step));
  row("memory", fmt::format("{:.1f} GB/s", double(figures.leastBytes) / figures.median * 1e-9),
      fmt::format("{:.0f} % of the update bandwidth; {} a {} at least", 100 * derived.bandwidthShare,
                  bytesText(figures.leastBytes), step));
  row("both at their limits", microseconds(derived.leastSeconds),
      fmt::format("{:.0f} % of the time of a {}", 100 * derived.leastSeconds / figures.median, step));
  heading("This machine, in the same run");
  row("multiply-add peak", fmt::format("{:.1f} GFLOP/s", figures.peakFlops * 1e-9), "f32, in registers");
  row("update bandwidth", fmt::format("{:.1f} GB/s", figures.bandwidth.update * 1e-9), "in place: 2 reads, 1 write");
  row("copy bandwidth", fmt::format("{:.1f} GB/s", figures.bandwidth.copy * 1e-9), "1 read, 1 write");
  heading("Start");
  row("compilation", humanSeconds(session.compileSeconds()));
  row(fmt::format("first {} after", step), humanSeconds(figures.firstStep), "from the start of the process");
  heading("Memory");
  row("variables", bytesText(facts.manifest.persistentBytes));
  row(fmt::format("arena of a {}", step), bytesText(facts.manifest.arenaBytes));
  row("peak of the process", bytesText(figures.peakBytes), "with the rows and the compiler");
  if (figures.profile)
    printProfile(*figures.profile);
}

int run(const Options &options) {
  const Experiment &experiment = options.experiment;
  processSeconds();
  if (!options.svg.empty())
    if (auto writable = checkWritable(options.svg); !writable)
      return report(writable.error(), experiment.json);
  const Mode mode = options.inference ? Mode::Predict : Mode::Train;
  bool generated = options.generated;
  auto rows = [&](const Program &program) { return rowsToTime(experiment, program, generated); };
  if (options.tuned)
    if (auto tuning = tune(experiment, mode, options.seconds, rows); !tuning)
      return report(tuning.error(), experiment.json);
  auto program = Program::fromFile(experiment.file, experiment.compileOptions());
  if (!program)
    return report(program.error(), experiment.json);
  if (auto known = experiment.checkData(*program); !known)
    return report(known.error(), experiment.json);
  for (const auto &[split, path] : experiment.data)
    if (split != "train")
      return report(makeError(fmt::format("--data {}=…: bench reads the split `train`", split)), experiment.json);
  auto start = std::chrono::steady_clock::now();
  auto data = rows(*program);
  if (!data)
    return report(data.error(), experiment.json);
  double readingSeconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  auto session = Session::create(*program, {.threads = int(experiment.threads.value_or(0)), .mode = mode});
  if (!session)
    return report(session.error(), experiment.json);
  auto figures = measure(options, *session, *data, readingSeconds);
  if (!figures)
    return report(figures.error(), experiment.json);
  figures->generated = generated;
  if (experiment.json)
    printLine(eventText(benchEvent(options, *session, *figures)));
  else
    printText(options, *session, *figures);
  if (options.svg.empty())
    return kOk;
  const PlanFacts &plan = program->plan();
  std::string title =
      fmt::format("{} on {}: {}, batch {}, {}", plan.name, plan.data, options.inference ? "prediction" : "training",
                  plan.batch, counted(session->threads(), "thread"));
  if (auto written = writeFile(options.svg, profileSvg(*figures->profile, title)); !written)
    return report(written.error(), experiment.json);
  return kOk;
}

} // namespace

void addBench(CommandLine &line) {
  static Options options;
  Command command = line.add(
      "bench", "how fast a step is, and how near the machine's limits",
      "Times training steps in native code, without reports, validation or checkpoints; nothing is saved. The rows are "
      "the split `train`, or generated from the seed where its files are absent: floats normal, bytes uniform, wider "
      "whole numbers from 0 to 15 or as the program requires them, labels uniform in their classes.\n\n"
      "A step's time is told as median and 10th percentile over chunks of at least about a millisecond. `products` "
      "counts the multiplications and additions of contractions, forward and backward, those too that a mask lets it "
      "skip, and nothing else. `memory` "
      "counts what a step must move at least: each trained parameter, state and optimizer slot read and written once, "
      "each frozen parameter read once (of a table that is looked up alone, the rows of a step), and the batch's rows "
      "read once; a prediction reads parameters, states and "
      "rows, "
      "and writes its output. Activations are not counted. Variables that stay in the caches can exceed the bandwidth "
      "of memory.\n\n"
      "The limits are measured in the same run, on as many threads, by small kernels from the same code generator at "
      "the processor's full vector width, and are the best of several trials: f32 multiply-adds on independent "
      "registers (before and after the steps); the copy of 64 MiB; and an update in place, d = d * c + s, of 64 MiB. "
      "`both at their limits` is the time of the products at that peak plus the bytes at the update bandwidth. The "
      "time "
      "to the first step does not contain the reading or making of rows. Peak memory is read before the machine is "
      "measured.\n\n"
      "With --profile, the program is compiled once more so that it notes the time after each region of a step (one "
      "operation of the compiled program, or several that it runs as one), and steps with and without these marks "
      "alternate for as long again: the table tells what the marks cost. A region's time is the median over chunks. "
      "Its part is data, forward, backward or update; its line is the one of the model that asks for it. `speed` is "
      "of the multiply-add peak for products, and of the update bandwidth for the rest: the bytes of the arrays that "
      "a region reads and writes, each counted once, which may well stay in the caches. On more than one thread, both "
      "alternate with the same on one thread too, whose results are the same: `speed-up` is how many times as fast "
      "that makes a region and, unless it is about as many times as there are threads, a word for what keeps it from "
      "more. `alone`: one thread does all of it, as there is too little to do or nothing to divide; `uneven`: the "
      "pieces that it is cut in cannot be dealt out evenly; `small`: starting the threads takes its time; `memory` and "
      "`peak`: it is at the update bandwidth, or the multiply-add peak, of all threads; `other`: none of these "
      "explains half of what is lost. Regions of one kind and "
      "shape at one place are shown together; the event of --json has each of them, under `profile`.\n\n"
      "On a machine that others use too, compare figures of one run only.");
  options.experiment.declareFile(command);
  command.positive(options.seconds, "--seconds S", "time the steps for so long");
  command.flag(options.inference, "--inference", "time predictions instead of training steps");
  command.whole(options.experiment.batch, "--batch N", kRows, "rows in a batch",
                "as the file says; 1 with --inference");
  declareRowsToTime(command, options.experiment, options.generated);
  command.flag(options.profile, "--profile", "also tell where a step's time goes, with the model's lines");
  command.flag(options.tuned, "--tune", "first find the fastest plans for this machine (`talweg tune --help`)");
  command.text(options.svg, "--profile-svg FILE", "draw that as a picture; implies --profile");
  command.examples(
      {{"talweg bench digits.tw", "a table for reading, on every core"},
       {"talweg bench digits.tw --threads 1 --seconds 10 --json", "one object for a script"},
       {"talweg bench digits.tw --inference", "the time of one prediction for one row"},
       {"talweg bench digits.tw --profile-svg step.svg", "where the time goes, as a table and a picture"}});
  command.action([] {
    options.profile |= !options.svg.empty();
    if (options.inference && !options.experiment.batch)
      options.experiment.batch = 1;
    return run(options);
  });
}

} // namespace talweg::driver
