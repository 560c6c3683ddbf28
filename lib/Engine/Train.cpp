// The training loop around the native loop. Batch s of an epoch holds the rows at places s*batch … of the epoch's order;
// the last batch has what is left; with `accumulate k` a step is k batches. How steps are grouped into native calls changes nothing but when the host is told.
#include "SessionImpl.h"

#include "talweg/Runtime/Shuffle.h"
#include "talweg/Support/Counted.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

using namespace talweg;

std::int64_t Session::Impl::stepsPerEpoch() const {
  return training ? (training->rows() + stepRows() - 1) / stepRows() : 0;
}

std::int64_t Session::Impl::totalSteps(std::int64_t first, std::int64_t perEpoch) const {
  const PlanFacts &plan = program.plan();
  if (plan.steps)
    return *plan.steps;
  std::int64_t total;
  bool tooMany =
      __builtin_mul_overflow(plan.epochs.value_or(1), perEpoch, &total) || __builtin_add_overflow(total, first, &total);
  return tooMany ? INT64_MAX : total;
}

Result<void> Session::setTrainingData(const Dataset &data) {
  if (auto checked = impl->checkFields(Mode::Train, data); !checked)
    return checked.error();
  if (data.rows() == 0)
    return Error{"E0853", "error: the training data has no rows"};
  if (impl->carries() && data.impl->table.classCount > 0)
    return Error{"E0838", "error: rows that carry something on are read in their order, and `balanced` draws others"};
  std::int64_t rest = data.rows() % impl->batch();
  if (rest)
    if (auto checked = impl->check(Mode::Train, rest); !checked)
      return checked.error();
  bool loaded = impl->loadedRows == data.rows() && impl->loadedData == data.digest();
  if (impl->loadedRows && !loaded && impl->stepInEpoch > 0)
    return Error{
        "E0867",
        fmt::format("error: what was loaded stands in the middle of an epoch over {}, and the data {}",
                    counted(impl->loadedRows, "row"),
                    impl->loadedRows == data.rows() ? "has other values" : fmt::format("has {}", data.rows()))};
  impl->loadedRows = 0;
  impl->good = {};
  impl->training = data;
  impl->orderEpoch = -1;
  if (!loaded || (impl->stepInEpoch == 0 && impl->step >= impl->totalSteps()))
    impl->beginData();
  if (rest)
    impl->prepareUnit(Mode::Train, rest);
  return {};
}

std::vector<std::int32_t> Session::Impl::epochOrder() const {
  if (carries())
    return sideBySide(training->rows(), batch());
  return training->impl->order(seed, epochs, options.shuffle);
}

void Session::Impl::beginData() {
  firstStep = step;
  stepInEpoch = 0;
  lastStep.reset();
}

namespace {
/// The steps of one native call: `count` batches of `rows` rows, the first at `first` in the order.
struct Stretch {
  std::int64_t rows, count, first;
};
} // namespace

/// What comes next, at most `most` steps: full batches up to the epoch's end, or its last, smaller batch.
static Stretch nextStretch(const Session::Impl &session, std::int64_t most) {
  std::int64_t batch = session.batch(), full = session.training->rows() / batch;
  if (session.stepInEpoch < full)
    return {batch, std::min(most, full - session.stepInEpoch), session.stepInEpoch * batch};
  return {session.training->rows() - full * batch, 1, full * batch};
}

static void complete(const Session::Impl &session, Chunk &chunk, std::int64_t rows, double seconds) {
  chunk.seconds = seconds;
  chunk.examplesPerSecond = seconds > 0 ? double(rows) / seconds : 0;
  chunk.totalSteps = session.totalSteps();
  chunk.stepsPerEpoch = session.stepsPerEpoch();
}

/// What the first `steps` of a stretch have told, of which the last may be skipped.
static Chunk tell(const Session::Impl &session, const Manifest &manifest, const Stretch &stretch, std::int64_t steps,
                  bool skipped, const std::vector<double> &out, double seconds) {
  Chunk chunk;
  for (std::int64_t s = 0; s < steps; ++s) {
    const double *row = out.data() + s * manifest.width();
    const double *metrics = row + 1, *reports = metrics + manifest.metrics.size(), *sums = row + manifest.columns();
    chunk.steps.push_back({session.step + s + 1,
                           session.epochs + 1,
                           stretch.rows,
                           row[0],
                           {metrics, reports},
                           {reports, sums},
                           {sums, row + manifest.width()},
                           skipped && s + 1 == steps});
  }
  complete(session, chunk, stretch.rows * steps, seconds);
  return chunk;
}

namespace {
/// Steps that were taken, and why there are no more, if something failed.
struct Taken {
  Chunk chunk = {};
  std::optional<Error> error = {};
  bool notFinite = false; ///< the error is that a loss or a norm is not finite
};
} // namespace

/// As many as last about 50 ms, up to the epoch's end and to step `goal`.
static Taken takeSteps(Session::Impl &session, ChunkSize &size, std::int64_t goal) {
  Stretch stretch = nextStretch(session, std::min(size.next(), goal - session.step));
  auto unit = session.unit(Mode::Train, stretch.rows);
  if (!unit)
    return {{}, unit.error()};
  std::vector<double> out(std::size_t(stretch.count * (*unit)->manifest.width()), NAN);
  Stopwatch stopwatch;
  NativeCall call = session.run(Mode::Train, **unit, *session.training, session.order, stretch.first, stretch.count,
                                out.data(), /*combined=*/nullptr, session.isGoodMomentDue());
  double seconds = stopwatch.seconds();
  const bool skipped = call.notFinite && session.skipsNotFinite();
  if (!call.error)
    size.took(stretch.count, seconds);
  const std::int64_t steps = call.steps + skipped;
  Taken taken{tell(session, (*unit)->manifest, stretch, steps, skipped, out, seconds), call.error, call.notFinite};
  if (skipped)
    taken.error.reset();
  session.step += steps;
  session.stepInEpoch += steps;
  return taken;
}

/// One of several batches.
static Taken takeStepInParts(Session::Impl &session) {
  std::int64_t first = session.stepInEpoch * session.stepRows();
  std::int64_t rows = std::min(session.stepRows(), session.training->rows() - first);
  Stopwatch stopwatch;
  session.openStepOf(rows);
  if (auto added = session.addRows(*session.training, session.order, first, rows); !added) {
    session.abandonStep();
    return {{}, added.error()};
  }
  bool notFinite = false;
  auto record = session.finishStep(/*trains=*/true, notFinite);
  if (!record)
    return {{}, record.error(), notFinite};
  ++session.stepInEpoch;
  Taken taken{{{*record}}};
  complete(session, taken.chunk, rows, stopwatch.seconds());
  return taken;
}

Result<Stopped> Session::train(const TrainOptions &options) {
  Impl &self = *impl;
  if (!self.training)
    return Error{"E0854", "error: there is no training data; set it first"};
  if (options.maxSteps < 0)
    return Error{"E0805", fmt::format("error: {} steps cannot be taken", options.maxSteps)};
  Impl::StopOnce met(self);
  self.abandonStep();
  self.notFinite.reset();
  std::int64_t last = self.totalSteps();
  std::int64_t goal = options.maxSteps > 0 && options.maxSteps < last - self.step ? self.step + options.maxSteps : last;
  ChunkSize size;
  while (self.step < goal) {
    if (self.stop.load(std::memory_order_relaxed))
      return Stopped::ByRequest;
    if (self.orderEpoch != self.epochs) {
      self.order = self.epochOrder();
      self.orderEpoch = self.epochs;
    }
    if (self.stepInEpoch == 0)
      self.setCarried(self.firstCarried);
    const std::int64_t every = self.goodMomentSteps(),
                       stop = every ? std::min(goal, (self.step / every + 1) * every) : goal;
    Taken taken = self.program.plan().accumulate > 1 ? takeStepInParts(self) : takeSteps(self, size, stop);
    Chunk &chunk = taken.chunk;
    if (taken.error) {
      if (taken.notFinite) {
        self.notFinite = taken.error;
        chunk.rollback = self.goBack();
      }
      const bool goesOn = !options.onChunk || (chunk.steps.empty() && !chunk.rollback) || options.onChunk(chunk);
      if (chunk.rollback) {
        self.notFinite.reset();
        if (goesOn)
          continue;
        return Stopped::ByCallback;
      }
      if (!taken.notFinite)
        return *taken.error;
      return Stopped::NotFinite;
    }
    bool epochDone = self.stepInEpoch == self.stepsPerEpoch();
    if (epochDone) {
      ++self.epochs;
      self.stepInEpoch = 0;
    }
    if (options.onChunk && !options.onChunk(chunk))
      return Stopped::ByCallback;
    if (epochDone && options.stopAtEpochEnd && self.step < last)
      return Stopped::EpochDone;
  }
  return self.step < last ? Stopped::StepsDone : Stopped::PlanDone;
}
