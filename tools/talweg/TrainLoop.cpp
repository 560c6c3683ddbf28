// See TrainLoop.h.
#include "TrainLoop.h"
#include "Console.h"
#include "Interrupt.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>

namespace talweg::driver {

/// Between checkpoints, while nothing asks for one; more where saving takes long.
constexpr std::chrono::seconds kSaveInterval{30};
constexpr int kSaveShare = 20;
/// Between step lines where no bar shows life and --log-every is not given.
constexpr std::chrono::seconds kLineInterval{2};
/// Plans of more epochs than this are reported at this many of them.
constexpr std::int64_t kReports = 100;

/// "epoch  3/20" or "step  250/2000"
static std::string ofAll(const char *name, std::int64_t now, std::int64_t all) {
  const std::string total = fmt::format("{}", all);
  return fmt::format("{} {:>{}}/{}", name, now, total.size(), total);
}

TrainLoop::TrainLoop(Session &session, RunFolder &folder, LoopOptions given)
    : session(session), folder(folder), options(std::move(given)), plan(session.program().plan()),
      manifest(session.facts().manifest), progress(!options.json && !options.quiet) {
  std::int64_t total = std::max<std::int64_t>(1, session.totalSteps());
  std::int64_t perEpoch = std::clamp<std::int64_t>(session.stepsPerEpoch(), 1, total);
  every = options.logEvery.value_or(std::max((perEpoch + 9) / 10, (total + 999) / 1000));
  reportEveryEpochs = std::max<std::int64_t>(1, (total / perEpoch + kReports - 1) / kReports);
  firstStep = session.step();
  savedEpoch = session.epoch();
  savedStep = session.step();
  smooth.totals = smooth.weights = std::vector<double>(1 + manifest.metrics.size());
}

/// Of a record that is resumed; nothing, if it is not of a run with such numbers.
static Figures figuresFrom(const Json &json, const Manifest &manifest) {
  auto number = [](const Json &value) {
    return value.is_number()   ? value.get<double>()
           : value.is_string() ? std::stod(value.get<std::string>())
                               : double(NAN);
  };
  auto numbers = [&](const char *name) {
    std::vector<double> values;
    for (const Json &value : json.value(name, Json::array()))
      values.push_back(number(value));
    return values;
  };
  if (!json.is_object())
    return {};
  Figures had{numbers("sums"), numbers("rows"), numbers("combined"), number(json.value("all_rows", Json()))};
  if (json.contains("loss")) { // of a run whose steps told every number: each is of all rows
    had.rows = number(json.value("rows", Json()));
    had.totals = numbers("metrics");
    had.totals.insert(had.totals.begin(), number(json["loss"]));
    had.weights.assign(had.totals.size(), had.rows);
  }
  const size_t count = 1 + manifest.metrics.size();
  size_t sums = 0;
  for (const Sum &sum : manifest.sums)
    sums += size_t(sum.count);
  const bool fits =
      had.totals.size() == count && had.weights.size() == count && (had.sums.empty() || had.sums.size() == sums);
  return fits ? had : Figures();
}

void TrainLoop::restore(const Json &notes) {
  const Json pending = notes.value("pending", Json());
  if (const Json had = notes.value("best", Json()); had.is_object() && had.value("name", "") == plan.best)
    best = had;
  reported = notes.value("reported", std::int64_t(-1));
  secondsBefore = notes.value("seconds", 0.0);
  validated = notes.value("validated", Json::object());
  if (const Json watched = notes.value("watched", Json()); watched.is_object()) {
    bestWatched = watched["best"].get<double>();
    waited = watched["waited"].get<std::int64_t>();
  }
  if (!pending.is_object() || pending.value("step", std::int64_t(-1)) != session.step())
    return;
  sinceReport = figuresFrom(pending, manifest);
  sinceLine = figuresFrom(pending.value("line", Json()), manifest);
}

/// JSON has no infinite numbers.
static Json jsonOf(const std::vector<double> &numbers) {
  Json list = Json::array();
  for (double number : numbers)
    list.push_back(std::isinf(number) ? Json(number > 0 ? "inf" : "-inf") : Json(number));
  return list;
}

static Json jsonOf(const Figures &figures) {
  return {{"sums", jsonOf(figures.totals)},
          {"rows", figures.weights},
          {"combined", jsonOf(figures.sums)},
          {"all_rows", figures.rows}};
}

SaveOptions TrainLoop::saveOptions() const {
  Json notes = options.notes;
  notes["pending"] = pendingFigures();
  notes["reported"] = reported;
  notes["seconds"] = begun == Clock::time_point() ? secondsBefore : allSeconds();
  notes["validated"] = validated;
  if (bestWatched)
    notes["watched"] = {{"best", *bestWatched}, {"waited", waited}};
  if (!ended.empty())
    notes["ended"] = ended;
  if (!best.is_null())
    notes["best"] = best;
  return {.notes = notes.dump(-1, ' ', false, Json::error_handler_t::replace), .keep = options.keep};
}

Json TrainLoop::pendingFigures() const {
  Json pending = jsonOf(sinceReport);
  pending["step"] = session.step();
  pending["line"] = jsonOf(sinceLine);
  return pending;
}

Result<Ending> TrainLoop::run() {
  StopTarget target(session);
  begun = lastReport = lastSave = lastLine = Clock::now();
  auto fail = [&](const Error &error) {
    (void)bool(save("failed"));
    return error;
  };
  if (session.step() > 0 && reported != session.step() && reportDue()) // an interruption came before it
    if (auto done = reportProgress(); !done && !interrupted())
      return fail(done.error());
  while (session.step() < session.totalSteps() && !interrupted() && reasonToStop().empty())
    if (auto done = advance(); !done)
      return fail(done.error());
  if (session.step() > 0 && reported != session.step() && !interrupted()) // a budget has ended in between
    if (auto done = reportProgress(); !done && !interrupted())
      return fail(done.error());
  if (interrupted() && (session.step() < session.totalSteps() || reported != session.step()))
    return finish(Ending::Interrupted);
  return finish(session.step() < session.totalSteps() ? Ending::Stopped : Ending::Done);
}

Result<void> TrainLoop::advance() {
  if (auto done = stretch(); !done)
    return done.error();
  if (!interrupted() && reportDue())
    if (auto done = reportProgress(); !done && !interrupted())
      return done.error();
  if (!interrupted() && saveDue() && session.step() < session.totalSteps()) // at the end it is saved anyway
    return save("running");
  return {};
}

Result<void> TrainLoop::stretch() {
  TrainOptions stretch;
  stretch.stopAtEpochEnd = true;
  auto stopAtMultiple = [&](std::optional<std::int64_t> steps) {
    if (steps && (stretch.maxSteps == 0 || *steps - session.step() % *steps < stretch.maxSteps))
      stretch.maxSteps = *steps - session.step() % *steps;
  };
  stopAtMultiple(plan.validateSteps);
  if (plan.budgetSteps) {
    const std::int64_t left = *plan.budgetSteps - session.step();
    stretch.maxSteps = stretch.maxSteps ? std::min(stretch.maxSteps, left) : left;
  }
  stopAtMultiple(options.saveEvery ? options.saveEvery->steps : std::nullopt);
  stretch.onChunk = [this](const Chunk &chunk) {
    take(chunk);
    return !interrupted() && !failedLog && !failed && !saveDue() &&
           !(plan.budgetSeconds && allSeconds() >= *plan.budgetSeconds);
  };
  auto stopped = session.train(stretch);
  if (!stopped)
    return stopped.error();
  if (*stopped == Stopped::NotFinite)
    return notFinite();
  if (failed)
    return *failed;
  return folder.flush();
}

void TrainLoop::take(const Chunk &chunk) {
  for (const StepRecord &step : chunk.steps)
    if (auto taken = takeStep(step, chunk); !taken)
      failed = taken.error();
  if (chunk.rollback)
    tellRollback(*chunk.rollback);
  failedLog = !folder.flush();
  if (!chunk.steps.empty())
    showBar(chunk);
}

/// "lr 0.1": reports, which are settings more than measurements, in few digits.
static void addRates(std::vector<Cell> &cells, const std::vector<std::string> &names, const Numbers &values,
                     Columns &columns) {
  for (size_t i = 0; i < names.size() && i < values.size(); ++i)
    if (values[i])
      cells.push_back(columns.cell(names[i], fmt::format("{:.4g}", plainNan(*values[i]))));
}

Numbers TrainLoop::toldBy(const StepRecord &step) const {
  Numbers told{step.loss};
  told.insert(told.end(), step.metrics.begin(), step.metrics.end());
  told.insert(told.end(), step.reports.begin(), step.reports.end());
  for (size_t column = 0; column < told.size(); ++column)
    if (!manifest.tells(column, step.step))
      told[column].reset();
  return told;
}

/// Of the first loss that is no number any more.
void TrainLoop::warn(const StepRecord &step, const Numbers &told) {
  for (size_t loss = 0; !warned && loss <= size_t(manifest.otherLosses); ++loss)
    if (told[loss] && !std::isfinite(*told[loss])) {
      warned = true;
      std::string name = manifest.otherLosses == 0 ? "the loss"
                         : loss == 0               ? fmt::format("the loss `{}`", manifest.loss)
                                                   : fmt::format("the loss `{}`", manifest.metrics[loss - 1]);
      complain(colorDiagnostic(fmt::format("warning: {} is {} at step {}\nhelp: a smaller learning rate may "
                                           "prevent it",
                                           name, plainNan(*told[loss]), step.step)));
    }
}

/// Behind the loss.
static Numbers metricsOf(const Numbers &numbers) { return {numbers.begin() + 1, numbers.end()}; }

Result<void> TrainLoop::takeStep(const StepRecord &step, const Chunk &chunk) {
  const Numbers told = toldBy(step);
  sinceReport.take(manifest, step);
  sinceLine.take(manifest, step);
  constexpr double kept = 0.95; // exponential mean over about 20 steps
  for (size_t i = 0; i < smooth.totals.size() && !step.skipped; ++i)
    if (told[i]) {
      smooth.totals[i] = kept * smooth.totals[i] + (1 - kept) * *told[i];
      smooth.weights[i] = kept * smooth.weights[i] + (1 - kept);
    }
  if (told[0] && !step.skipped)
    curve.add(*told[0]);
  warn(step, told);

  bool last = step.step == chunk.totalSteps;
  if (step.step % every != 0 && !last && !(step.step == 1 && !options.logEvery))
    return {};
  auto figures = session.tell(sinceLine);
  if (!figures)
    return figures.error();
  sinceLine = {};
  const Numbers metrics = metricsOf(*figures);
  const Numbers reports(told.begin() + std::ptrdiff_t(figures->size()), told.end());
  Json event{{"event", "step"}, {"step", step.step}, {"epoch", step.epoch}};
  addLoss(event, manifest.loss, figures->front());
  addNumbers(event, manifest.metrics, metrics);
  addNumbers(event, manifest.reports, reports);
  event["examples_per_second"] = chunk.examplesPerSecond;
  emit(event);

  bool due = options.logEvery ? step.step % every == 0 : !progress.live() && Clock::now() - lastLine > kLineInterval;
  if (!due)
    return {};
  std::vector<Cell> cells = numberCells(figures->front(), metrics, session, columns);
  addRates(cells, manifest.reports, reports, columns);
  cells.push_back({fmt::format("{} examples/s", humanCount(chunk.examplesPerSecond)), ""});
  say(inColumns(fmt::format("{}  {}", ofAll("step", step.step, chunk.totalSteps), epochText(step.epoch)), cells));
  return {};
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
  Numbers numbers(smooth.totals.size());
  for (size_t i = 0; i < numbers.size(); ++i)
    if (smooth.weights[i] > 0)
      numbers[i] = smooth.totals[i] / smooth.weights[i];
  for (const Cell &cell : numberCells(numbers[0], metricsOf(numbers), session, barColumns))
    bar.numbers.push_back(cell.name + " " + cell.value);
  bar.examplesPerSecond = chunk.examplesPerSecond;
  if (double elapsed = seconds(); elapsed > 0.3)
    bar.secondsLeft = elapsed / double(last.step - firstStep) * double(chunk.totalSteps - last.step);
  progress.update(bar);
}

bool TrainLoop::saveDue() const {
  if (!options.saveEvery)
    return Clock::now() - lastSave > std::max<Clock::duration>(kSaveInterval, kSaveShare * savingTook);
  if (auto seconds = options.saveEvery->seconds)
    return Clock::now() - lastSave > std::chrono::duration<double>(*seconds);
  if (auto steps = options.saveEvery->steps)
    return session.step() > savedStep && session.step() % *steps == 0;
  return session.epoch() >= savedEpoch + *options.saveEvery->epochs;
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

std::string TrainLoop::position() const {
  if (plan.steps || plan.validateSteps)
    return ofAll("step", session.step(), session.totalSteps());
  return ofAll("epoch", session.epoch(), plan.epochs.value_or(1));
}

std::string TrainLoop::epochText(std::int64_t epoch) const {
  const std::int64_t last =
      plan.epochs.value_or(1 + session.totalSteps() / std::max<std::int64_t>(1, session.stepsPerEpoch()));
  return fmt::format("epoch {:>{}}", epoch, fmt::format("{}", last).size());
}

Result<void> TrainLoop::reportProgress() {
  auto figures = session.tell(sinceReport);
  if (!figures)
    return figures.error();
  auto now = Clock::now();
  std::optional<Evaluation> evaluated;
  if (options.validation) {
    auto result = session.evaluate(options.validation->data);
    if (!result)
      return result.error();
    evaluated = std::move(*result);
  }
  Json event{{"event", "train"}, {"step", session.step()}, {"epoch", session.epoch()}};
  const Numbers metrics = metricsOf(*figures);
  event["rows"] = std::int64_t(sinceReport.rows);
  addLoss(event, manifest.loss, figures->front());
  addNumbers(event, manifest.metrics, metrics);
  double taken = std::chrono::duration<double>(now - lastReport).count();
  event["seconds"] = taken;
  emit(event);
  event.erase("event");
  event.erase("seconds");
  final["train"] = event;
  sinceReport = {};
  lastReport = now;
  reported = session.step();

  std::vector<Cell> trained = numberCells(figures->front(), metrics, session, columns), validated;
  Result<void> kept;
  if (evaluated) {
    validated = evaluationCells(*evaluated, session, columns);
    tell(options.validation->name, *evaluated);
    watch();
    if (!plan.best.empty())
      kept = keepBest();
  }
  if (!interrupted())
    sayReport(trained, validated, taken);
  if (!kept)
    return kept;
  return folder.flush();
}

void TrainLoop::sayReport(const std::vector<Cell> &trained, const std::vector<Cell> &validated, double took) {
  const std::string head = position(), time = humanSeconds(took);
  const Cell timeCell{styled(Stream::Out, Style::Dim, time), ""};
  const auto withTime = [&](const std::string &left, std::vector<Cell> cells) {
    cells.push_back(timeCell);
    if (!fitsLine(left, cells))
      cells.pop_back();
    return inColumns(left, cells);
  };
  if (validated.empty())
    return say(withTime(head, trained));
  const std::string &split = options.validation->name;
  std::vector<Cell> cells = validated;
  if (!plan.best.empty()) // whether it is or not, so that lines are alike
    cells.push_back({!best.is_null() && best["step"] == session.step() ? "best" : "    ", ""});
  if (const std::string left = inColumns(head, trained) + " | " + split; fitsLine(left, cells))
    return say(withTime(left, cells));
  // What was validated stands below what was trained, where both do not fit.
  if (!plan.best.empty() && cells.back().name == "    ")
    cells.pop_back();
  const std::string left(columnsOf(head) + 2, ' ');
  say(inColumns(head + std::string(2 + columnsOf(split), ' '), trained));
  say(withTime(left + split, cells));
}

void TrainLoop::tell(const std::string &split, const Evaluation &evaluation) {
  Json event = evaluationEvent(session, split, evaluation);
  Json tail{{"step", session.step()}, {"epoch", session.epoch()}};
  event.update(tail);
  emit(event);
  event.erase("event");
  event.erase("seconds");
  final[split] = event;
}

void TrainLoop::tellRollback(const Rollback &rollback) {
  emit({{"event", "rollback"},
        {"step", rollback.to},
        {"from", rollback.from},
        {"lr_factor", rollback.rateFactor},
        {"reason", rollback.reason}});
  std::string warning = rollback.reason; // the run goes on
  if (const size_t at = warning.find("error: "); at != std::string::npos)
    warning.replace(at, 5, "warning");
  complain(colorDiagnostic(fmt::format("{}\nnote: back to step {}, and on with rates times {}", warning,
                                       grouped(rollback.to), rollback.rateFactor)));
  sinceReport = sinceLine = {};
}

/// The session stands where it goes back to, or before the step that failed.
Error TrainLoop::notFinite() {
  Error error = *session.notFinite();
  sinceReport = sinceLine = {};
  error.message += fmt::format("\nnote: {} keeps step {}, the newest of which it is known that it was good\n"
                               "help: talweg train --resume {} --trace-nan tells which operation it comes from",
                               folder.directory(), grouped(session.step()), shellWord(folder.directory()));
  return error;
}

void TrainLoop::watch() {
  const Json &told = final[options.validation->name];
  validated = Json::object();
  for (const auto &[name, value] : told.items())
    if (value.is_number() && std::isfinite(value.get<double>()))
      validated[name] = value;
  if (!plan.early)
    return;
  const double value = told.value(plan.early->name, double(NAN));
  const bool isBetter =
      std::isfinite(value) && (!bestWatched || (plan.early->greatest ? value > *bestWatched : value < *bestWatched));
  if (isBetter)
    bestWatched = value;
  waited = isBetter ? 0 : waited + 1;
}

std::string TrainLoop::reasonToStop() const {
  if (plan.early && waited >= plan.early->patience)
    return fmt::format("{} was no better in {}", plan.early->name, counted(waited, "validation"));
  const auto holds = [&](const Comparison &comparison) {
    const double number = comparison.name == "step"    ? double(session.step())
                          : comparison.name == "epoch" ? double(session.epoch())
                                                       : validated.value(comparison.name, double(NAN));
    return comparison.holds(number);
  };
  if (reported == session.step()) // at a validation
    for (const std::vector<Comparison> &all : plan.stopWhen)
      if (std::all_of(all.begin(), all.end(), holds)) {
        std::vector<std::string> texts;
        for (const Comparison &one : all)
          texts.push_back(fmt::format("{} {} {}", one.name, nameOf(one.predicate), one.value));
        return fmt::format("{}", fmt::join(texts, " and "));
      }
  if (plan.budgetSteps && session.step() >= *plan.budgetSteps)
    return fmt::format("its budget was {}", counted(*plan.budgetSteps, "step"));
  if (plan.budgetSeconds && (begun == Clock::time_point() ? secondsBefore : allSeconds()) >= *plan.budgetSeconds)
    return fmt::format("its budget was {}", humanSeconds(*plan.budgetSeconds));
  return "";
}

Result<void> TrainLoop::keepBest() {
  const Json &told = final[options.validation->name];
  const double value = told.value(plan.best, double(NAN));
  const double least = best.is_null() ? double(INFINITY) : best["value"].get<double>() * (plan.greatest ? -1 : 1);
  if (!((plan.greatest ? -value : value) < least))
    return {};
  best = {{"name", plan.best}, {"value", value}, {"step", session.step()}, {"epoch", session.epoch()}};
  isBest = true;
  return save("running");
}

Result<void> TrainLoop::save(const char *status) {
  auto start = Clock::now();
  Json facts{{"status", status}, {"step", session.step()}, {"ended", timeNow()}, {"final", final}};
  if (!best.is_null())
    facts["best"] = best;
  SaveOptions options = saveOptions();
  options.best = isBest;
  if (auto saved = folder.save(session, options, facts); !saved)
    return saved.error();
  isBest = false;
  lastSave = Clock::now();
  savingTook = lastSave - start;
  savedStep = session.step();
  savedEpoch = session.epoch();
  return {};
}

Result<Ending> TrainLoop::finish(Ending ending) {
  double trained = seconds();
  if (ending != Ending::Interrupted) {
    for (const Split &split : options.others) {
      if (interrupted())
        break;
      auto result = session.evaluate(split.data);
      if (result) {
        tell(split.name, *result);
        say(inColumns(split.name, evaluationCells(*result, session, columns)));
      } else if (!interrupted()) {
        (void)bool(save("failed"));
        return result.error();
      }
    }
  }
  const char *status = ending == Ending::Done ? "done" : ending == Ending::Stopped ? "stopped" : "interrupted";
  const std::string reason = ending == Ending::Stopped ? reasonToStop() : "";
  if (ending != Ending::Interrupted)
    ended = status;
  if (auto saved = save(status); !saved)
    return saved.error();
  Json event{{"event", "end"}, {"status", status}, {"steps", session.step()}, {"epoch", session.epoch()}};
  event["seconds"] = trained;
  event["compile_seconds"] = session.compileSeconds();
  event["elaborations"] = session.program().elaborations();
  event["peak_rss_bytes"] = peakMemory();
  event["arena_bytes"] = manifest.arenaBytes;
  event["saved"] = folder.directory();
  if (!reason.empty())
    event["reason"] = reason;
  if (!best.is_null())
    event["best"] = best;
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
    say("loss " + styled(Stream::Out, Style::Green, curve.sparkline(std::min(60, int(lineWidth()) - 8), hasUnicode())));
  if (!best.is_null()) {
    const std::string text = fmt::format("best: {} {} at step {}", plan.best, shortNumber(best["value"].get<double>()),
                                         grouped(best["step"].get<std::int64_t>()));
    std::error_code unknown; // of a run that has begun from a moment of another folder, it may be there
    const std::string path = folder.directory() + "/best";
    say(std::filesystem::exists(path, unknown) ? withPath(text + "; kept in", path)
                                               : text + ", in the folder that this run has gone on from");
  }
  if (!reason.empty())
    say(wrapped("stopped: " + reason, 0, 2, lineWidth()));
  if (ending != Ending::Interrupted)
    say(withPath(fmt::format("{} in {}, compiled in {}; saved in", counted(session.step() - firstStep, "step"),
                             humanSeconds(trained), humanSeconds(session.compileSeconds())),
                 folder.directory()));
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
