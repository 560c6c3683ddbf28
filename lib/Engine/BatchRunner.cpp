// Native calls of full batches for their time alone. See Bench.h.
#include "RandomRows.h"
#include "SessionImpl.h"
#include "SourceText.h"

#include "talweg/Engine/Bench.h"
#include "talweg/Runtime/Profile.h"
#include "talweg/Runtime/Shuffle.h"
#include "talweg/Runtime/Threads.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

using namespace talweg;

Result<Dataset> talweg::generatedRows(const Program &program, std::int64_t rows, std::uint64_t seed) {
  Mode mode = program.impl->compiler->onlyPredicts() ? Mode::Predict : Mode::Train;
  Result<std::vector<FieldUse>> uses = program.impl->fieldUses(mode);
  if (!uses)
    return uses.error();
  return randomRows(program, *uses, rows, seed, Floats::Normal);
}

struct BatchRunner::Impl {
  Session::Impl &session;
  Dataset data;
  const NativeUnit *unit = nullptr;
  std::vector<std::int32_t> visits; ///< the order of the rows, once
  std::vector<std::int32_t> order;  ///< the same repeated, long enough for the longest call so far
  std::vector<double> out;
  std::int64_t next = 0; ///< position in `visits` of the next batch's first row

  /// With `accumulate` a step is several, and the finish.
  std::int64_t batchesOfStep() const {
    return session.options.mode == Mode::Train ? session.program.plan().accumulate : 1;
  }
  NativeCall runSteps(std::int64_t count);

  std::unique_ptr<NativeUnit> profiled; ///< what `unit` is, if it is not the session's
  std::vector<StepRegion> regions;
  std::vector<double> regionSeconds;
};

NativeCall BatchRunner::Impl::runSteps(std::int64_t count) {
  const Mode mode = session.options.mode;
  if (mode != Mode::Train || !unit->manifest.inParts)
    return session.run(mode, *unit, data, order, next, count, out.data());
  const std::int64_t now = batchesOfStep(), rows = now * unit->manifest.batch;
  std::vector<double> columns(std::size_t(unit->manifest.columns()));
  for (std::int64_t done = 0; done < count; ++done) {
    Combined combined{.rows = rows};
    NativeCall call = session.run(mode, *unit, data, order, next + done * rows, now, out.data(), &combined);
    if (call.error)
      return call;
    Combiner combiner;
    combiner.take(unit->manifest, 0, now, out);
    combined.values = combiner.values(combined.rows);
    combined.pass = 1;
    if (call = session.run(mode, *unit, data, order, 0, 1, columns.data(), &combined); call.error)
      return call;
  }
  return {count, {}};
}

BatchRunner::BatchRunner(std::unique_ptr<Impl> impl) : impl(std::move(impl)) {}
BatchRunner::BatchRunner(BatchRunner &&) noexcept = default;
BatchRunner::~BatchRunner() = default;

Result<BatchRunner> BatchRunner::create(Session &session, const Dataset &data) {
  Session::Impl &self = *session.impl;
  if (auto checked = self.checkFields(self.options.mode, data); !checked)
    return checked.error();
  if (data.rows() == 0)
    return Error{"E0853", "error: the data has no rows"};
  auto unit = self.unit(self.options.mode, self.batch());
  if (!unit)
    return unit.error();
  auto impl = std::make_unique<Impl>(
      Impl{self,
           data,
           *unit,
           self.carries() ? sideBySide(data.rows(), self.batch()) : data.impl->order(self.seed, 0, true),
           {},
           {},
           0,
           {},
           {},
           {}});
  return BatchRunner(std::move(impl));
}

/// A region as a host sees it; `text` is the model file's.
static StepRegion stepRegion(const RegionFacts &facts, const std::string &file, const std::string &text) {
  StepRegion region{facts.kind,
                    facts.what,
                    facts.part,
                    facts.variable,
                    facts.file,
                    facts.line,
                    facts.column,
                    "",
                    "",
                    facts.flops,
                    facts.bytesRead + facts.bytesWritten,
                    facts.plan,
                    facts.plans,
                    facts.estimatedNs * 1e-9,
                    facts.forks,
                    facts.pieces};
  if (facts.file != file || facts.line < 1)
    return region;
  const SourceText found = sourceText(text, facts.line, facts.column, facts.endColumn);
  region.source = trimmed(found.line);
  region.expression = found.expression;
  return region;
}

Result<BatchRunner> BatchRunner::createProfiled(Session &session, const Dataset &data) {
  auto runner = create(session, data);
  if (!runner)
    return runner.error();
  Session::Impl &self = *session.impl;
  const Compiler &compiler = *self.program.impl->compiler;
  Layouts layouts = layoutsOf(self.variables());
  Result<Unit> unit = compiler.build(self.options.mode, self.batch(), &layouts);
  if (!unit)
    return unit.error();
  unit->quiet = unit->profiled = true;
  Result<NativeUnit> native = makeNative(compiler, std::move(*unit));
  if (!native)
    return native.error();
  if (auto fits = self.fit(*native, self.options.mode); !fits)
    return fits.error();
  Impl &impl = *runner->impl;
  impl.profiled = std::make_unique<NativeUnit>(std::move(*native));
  impl.unit = impl.profiled.get();
  for (const RegionFacts &facts : impl.unit->regions)
    impl.regions.push_back(stepRegion(facts, compiler.file(), compiler.text()));
  return runner;
}

const std::vector<StepRegion> &BatchRunner::regions() const { return impl->regions; }
const std::vector<double> &BatchRunner::regionSeconds() const { return impl->regionSeconds; }

/// Doubles that the output of one batch takes.
static std::int64_t outputWidth(const Manifest &manifest, Mode mode) {
  if (mode != Mode::Predict)
    return manifest.width();
  std::int64_t width = 1;
  for (std::int64_t extent : manifest.outputShape)
    width *= extent;
  return width;
}

Result<double> BatchRunner::run(std::int64_t steps, int threads) {
  Session::Impl &session = impl->session;
  std::int64_t batch = impl->unit->manifest.batch * impl->batchesOfStep(), rows = std::int64_t(impl->visits.size());
  if (steps < 1 || steps > abi::kMaxRows / batch)
    return Error{"E0805", fmt::format("error: {} batches cannot be run in one call", steps)};
  std::size_t needed = std::size_t(rows + steps * batch);
  while (impl->order.size() < needed)
    impl->order.insert(impl->order.end(), impl->visits.begin(), impl->visits.end());
  const std::int64_t told = impl->batchesOfStep() > 1 ? impl->batchesOfStep() : steps;
  impl->out.resize(std::size_t(told * outputWidth(impl->unit->manifest, session.options.mode)));
  const int usual = session.threads, now = threads ? threads : usual;
  if (auto set = runtime::setThreads(now); !set)
    return set.error();
  runtime::onEachThread(now, [](int, int, void *) {}, nullptr); // they are there when the clock starts
  session.threads = now;
  runtime::Profile profile{std::vector<std::uint64_t>(impl->regions.size())};
  runtime::Profile::use(impl->profiled ? &profile : nullptr);
  auto start = std::chrono::steady_clock::now();
  NativeCall call = impl->runSteps(steps);
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  runtime::Profile::use(nullptr);
  session.threads = usual;
  if (call.error)
    return *call.error;
  impl->regionSeconds.clear();
  for (std::uint64_t sum : profile.sums)
    impl->regionSeconds.push_back(double(sum) * runtime::secondsPerTick());
  impl->next = (impl->next + steps * batch) % rows;
  if (session.options.mode == Mode::Train)
    session.step += steps;
  return seconds;
}

std::int64_t BatchRunner::batchesOfStep() const { return impl->batchesOfStep(); }

std::int64_t BatchRunner::leastBytes() const {
  const Manifest &manifest = impl->unit->manifest;
  bool predicts = impl->session.options.mode == Mode::Predict;
  std::int64_t bytes = manifest.movedBytes;
  for (std::size_t f = 0; f < manifest.uses.size(); ++f)
    if (manifest.uses[f].read)
      bytes += manifest.batch * impl->batchesOfStep() * manifest.fields[f].bytes();
  if (predicts)
    bytes += outputWidth(manifest, Mode::Predict) * sizeOf(manifest.outputType);
  return bytes;
}
