// See TrainLoop.h.
#include "TrainLoop.h"
#include "Console.h"
#include "Interrupt.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace talweg::driver {

/// Between checkpoints, while nothing asks for one; more where saving takes long.
constexpr std::chrono::seconds kSaveInterval{30};
constexpr int kSaveShare = 20;
/// Between step lines where no bar shows life and --log-every is not given.
constexpr std::chrono::seconds kLineInterval{2};
/// Plans of more epochs than this are reported at this many of them.
constexpr std::int64_t kReports = 100;

TrainLoop::TrainLoop(Session &session, RunFolder &folder, LoopOptions given)
    : session(session), folder(folder), options(std::move(given)), plan(session.program().plan()),
      manifest(session.facts().manifest), progress(!options.json && !options.quiet) {
  std::int64_t total = std::max<std::int64_t>(1, session.totalSteps());
  std::int64_t perEpoch = std::clamp<std::int64_t>(session.stepsPerEpoch(), 1, total);
  every = options.logEvery.value_or(std::max((perEpoch + 9) / 10, (total + 999) / 1000));
  reportEveryEpochs = std::max<std::int64_t>(1, (total / perEpoch + kReports - 1) / kReports);
  firstStep = session.step();
  means.metrics.assign(manifest.metrics.size(), 0);
  smooth.assign(1 + manifest.metrics.size(), 0);
}

void TrainLoop::restore(const Json &pending) {
  if (!pending.is_object() || pending.value("step", std::int64_t(-1)) != session.step())
    return;
  auto number = [](const Json &value) { return value.is_number() ? value.get<double>() : double(NAN); };
  Means had{number(pending.value("loss", Json())), number(pending.value("rows", Json())), {}};
  for (const Json &metric : pending.value("metrics", Json::array()))
    had.metrics.push_back(number(metric));
  if (had.metrics.size() == means.metrics.size())
    means = std::move(had);
}

Json TrainLoop::pendingMeans() const {
  return {{"step", session.step()}, {"loss", means.loss}, {"rows", means.rows}, {"metrics", means.metrics}};
}

Result<Ending> TrainLoop::run() {
  StopTarget target(session);
  begun = lastReport = lastSave = lastLine = Clock::now();
  while (session.step() < session.totalSteps() && !interrupted())
    if (auto done = advance(); !done) {
      (void)bool(save("failed"));
      return done.error();
    }
  return finish(session.step() < session.totalSteps() ? Ending::Interrupted : Ending::Done);
}

Result<void> TrainLoop::advance() {
  if (auto done = stretch(); !done)
    return done.error();
  if (!interrupted() && reportDue())
    if (auto done = reportProgress(); !done && !interrupted())
      return done.error();
  if (!interrupted() && saveDue())
    return save("running");
  return {};
}

Result<void> TrainLoop::stretch() {
  TrainOptions stretch;
  stretch.stopAtEpochEnd = true;
  if (plan.validateSteps)
    stretch.maxSteps = *plan.validateSteps - session.step() % *plan.validateSteps;
  stretch.onChunk = [this](const Chunk &chunk) {
    take(chunk);
    return !interrupted() && !failedLog && !saveDue();
  };
  if (auto stopped = session.train(stretch); !stopped)
    return stopped.error();
  return folder.flush();
}

void TrainLoop::take(const Chunk &chunk) {
  for (const StepRecord &step : chunk.steps)
    takeStep(step, chunk);
  failedLog = !folder.flush();
  showBar(chunk);
}

/// "  lr 0.1": reports, which are settings more than measurements, in few digits.
static std::string ratesText(const std::vector<std::string> &names, const std::vector<double> &values) {
  std::string text;
  for (size_t i = 0; i < names.size() && i < values.size(); ++i)
    text += fmt::format("  {} {:.4g}", names[i], plainNan(values[i]));
  return text;
}

void TrainLoop::takeStep(const StepRecord &step, const Chunk &chunk) {
  double rows = double(step.rows);
  means.loss += step.loss * rows;
  means.rows += rows;
  for (size_t i = 0; i < means.metrics.size() && i < step.metrics.size(); ++i)
    means.metrics[i] += step.metrics[i] * rows;
  curve.add(step.loss);

  constexpr double kept = 0.95; // exponential mean over about 20 steps
  smoothWeight = kept * smoothWeight + (1 - kept);
  smooth[0] = kept * smooth[0] + (1 - kept) * step.loss;
  for (size_t i = 0; i + 1 < smooth.size() && i < step.metrics.size(); ++i)
    smooth[i + 1] = kept * smooth[i + 1] + (1 - kept) * step.metrics[i];

  if (!warned && !std::isfinite(step.loss)) {
    warned = true;
    complain(colorDiagnostic(fmt::format("warning: the loss is {} at step {}\nhelp: a smaller learning rate may "
                                         "prevent it",
                                         plainNan(step.loss), step.step)));
  }

  bool last = step.step == chunk.totalSteps;
  if (step.step % every != 0 && !last && !(step.step == 1 && !options.logEvery))
    return;
  Json event{{"event", "step"}, {"step", step.step}, {"epoch", step.epoch}};
  addLoss(event, manifest.loss, step.loss);
  addNumbers(event, manifest.metrics, step.metrics);
  addNumbers(event, manifest.reports, step.reports);
  event["examples_per_second"] = chunk.examplesPerSecond;
  emit(event);

  bool due = options.logEvery ? step.step % every == 0 : !progress.live() && Clock::now() - lastLine > kLineInterval;
  if (due)
    say(fmt::format("step {}/{}  epoch {}  {}{}  {} examples/s", step.step, chunk.totalSteps, step.epoch,
                    numbersText(step.loss, step.metrics, session), ratesText(manifest.reports, step.reports),
                    humanCount(chunk.examplesPerSecond)));
}

void TrainLoop::showBar(const Chunk &chunk) {
  if (!progress.live())
    return;
  BarState bar;
  const StepRecord &last = chunk.steps.back();
  bar.step = last.step;
  bar.totalSteps = chunk.totalSteps;
  bar.epoch = last.epoch;
  if (!plan.steps)
    bar.epochs = plan.epochs.value_or(1);
  std::vector<double> metrics;
  for (size_t i = 1; i < smooth.size(); ++i)
    metrics.push_back(smooth[i] / smoothWeight);
  bar.numbers = numbersText(smooth[0] / smoothWeight, metrics, session);
  bar.examplesPerSecond = chunk.examplesPerSecond;
  if (double elapsed = seconds(); elapsed > 0.3)
    bar.secondsLeft = elapsed / double(last.step - firstStep) * double(chunk.totalSteps - last.step);
  progress.update(bar);
}

bool TrainLoop::saveDue() const {
  return Clock::now() - lastSave > std::max<Clock::duration>(kSaveInterval, kSaveShare * savingTook);
}

bool TrainLoop::reportDue() const {
  std::int64_t step = session.step();
  if (step >= session.totalSteps())
    return true;
  if (plan.validateSteps && step % *plan.validateSteps == 0)
    return true;
  std::int64_t perEpoch = session.stepsPerEpoch();
  return perEpoch > 0 && step % perEpoch == 0 && step / perEpoch % reportEveryEpochs == 0;
}

/// "epoch  3/20" or "step  250/2000"
std::string TrainLoop::position() const {
  auto text = [](const char *name, std::int64_t now, std::int64_t all) {
    std::string total = fmt::format("{}", all);
    return fmt::format("{} {:>{}}/{}", name, now, total.size(), total);
  };
  if (plan.steps || plan.validateSteps)
    return text("step", session.step(), session.totalSteps());
  return text("epoch", session.epoch(), plan.epochs.value_or(1));
}

Result<void> TrainLoop::reportProgress() {
  Json event{{"event", "train"}, {"step", session.step()}, {"epoch", session.epoch()}};
  double rows = std::max(1.0, means.rows);
  for (double &metric : means.metrics)
    metric /= rows;
  event["rows"] = std::int64_t(means.rows);
  addLoss(event, manifest.loss, means.loss / rows);
  addNumbers(event, manifest.metrics, means.metrics);
  std::string line = fmt::format("{}  {}", position(), numbersText(means.loss / rows, means.metrics, session));
  auto now = Clock::now();
  double taken = std::chrono::duration<double>(now - lastReport).count();
  event["seconds"] = taken;
  emit(event);
  event.erase("event");
  event.erase("seconds");
  final["train"] = event;
  means = {0, 0, std::vector<double>(manifest.metrics.size(), 0)};
  lastReport = now;

  Result<void> evaluated;
  if (options.validation)
    evaluated = evaluate(*options.validation, &line);
  if (!interrupted())
    say(line + "  " + styled(Stream::Out, Style::Dim, humanSeconds(taken)));
  if (!evaluated)
    return evaluated;
  return folder.flush();
}

Result<void> TrainLoop::evaluate(const Split &split, std::string *line) {
  auto result = session.evaluate(split.data);
  if (!result)
    return result.error();
  Json event = evaluationEvent(session, split.name, *result);
  Json tail{{"step", session.step()}, {"epoch", session.epoch()}};
  event.update(tail);
  emit(event);
  event.erase("event");
  event.erase("seconds");
  final[split.name] = event;
  std::string text = fmt::format("{} {}", split.name, evaluationText(*result, session));
  if (line)
    *line += " | " + text;
  else
    say(text);
  return {};
}

Result<void> TrainLoop::save(const char *status) {
  auto start = Clock::now();
  if (auto saved = session.save(folder.directory()); !saved)
    return saved.error();
  lastSave = Clock::now();
  savingTook = lastSave - start;
  return folder.record({{"status", status},
                        {"step", session.step()},
                        {"ended", timeNow()},
                        {"pending", pendingMeans()},
                        {"final", final}});
}

Result<Ending> TrainLoop::finish(Ending ending) {
  double trained = seconds();
  if (ending == Ending::Done) {
    for (const Split &split : options.others)
      if (!interrupted())
        if (auto done = evaluate(split, nullptr); !done && !interrupted()) {
          (void)bool(save("failed"));
          return done.error();
        }
  }
  const char *status = ending == Ending::Done ? "done" : "interrupted";
  if (auto saved = save(status); !saved)
    return saved.error();
  Json event{{"event", "end"}, {"status", status}, {"steps", session.step()}, {"epoch", session.epoch()}};
  event["seconds"] = trained;
  event["compile_seconds"] = session.compileSeconds();
  event["elaborations"] = session.program().elaborations();
  event["peak_rss_bytes"] = peakMemory();
  event["arena_bytes"] = manifest.arenaBytes;
  event["saved"] = folder.directory();
  emit(event);
  if (auto flushed = folder.flush(); !flushed)
    return flushed.error();
  if (auto recorded = folder.record({{"seconds", trained},
                                     {"compile_seconds", session.compileSeconds()},
                                     {"peak_rss_bytes", peakMemory()},
                                     {"arena_bytes", manifest.arenaBytes}});
      !recorded)
    return recorded.error();
  if (progress.live() && !curve.empty())
    say("loss " + styled(Stream::Out, Style::Green, curve.sparkline(std::min(60, terminalWidth() - 8), hasUnicode())));
  if (ending == Ending::Done)
    say(fmt::format("{} in {}, compiled in {}; saved in {}", counted(session.step() - firstStep, "step"),
                    humanSeconds(trained), humanSeconds(session.compileSeconds()), folder.directory()));
  return ending;
}

void TrainLoop::emit(const Json &event) {
  std::string text = eventText(event);
  folder.log(text);
  if (options.json)
    printLine(text);
}

void TrainLoop::say(const std::string &line) {
  lastLine = Clock::now();
  if (!options.json && !options.quiet)
    printLine(line);
}

} // namespace talweg::driver
