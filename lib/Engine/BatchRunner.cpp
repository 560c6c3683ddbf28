// Native calls of full batches for their time alone. See Bench.h.
#include "RandomRows.h"
#include "SessionImpl.h"
#include "Shuffle.h"

#include "talweg/Engine/Bench.h"

#include <fmt/format.h>

#include <chrono>

using namespace talweg;

Result<Dataset> talweg::generatedRows(const Program &program, std::int64_t rows, std::uint64_t seed) {
  return randomRows(program, rows, seed, Floats::Normal);
}

struct BatchRunner::Impl {
  Session::Impl &session;
  Dataset data;
  const NativeUnit *unit = nullptr;
  std::vector<std::int32_t> visits; ///< the order of the rows, once
  std::vector<std::int32_t> order;  ///< the same repeated, long enough for the longest call so far
  std::vector<double> out;
  std::int64_t next = 0; ///< position in `visits` of the next batch's first row
};

BatchRunner::BatchRunner(std::unique_ptr<Impl> impl) : impl(std::move(impl)) {}
BatchRunner::BatchRunner(BatchRunner &&) noexcept = default;
BatchRunner::~BatchRunner() = default;

Result<BatchRunner> BatchRunner::create(Session &session, const Dataset &data) {
  if (data.rows() == 0)
    return Error{"E0853", "error: the data has no rows"};
  Session::Impl &self = *session.impl;
  auto unit = self.unit(self.options.mode, self.batch());
  if (!unit)
    return unit.error();
  return BatchRunner(
      std::make_unique<Impl>(Impl{self, data, *unit, shuffledOrder(data.rows(), self.seed, 0), {}, {}, 0}));
}

/// Doubles that the output of one batch takes.
static std::int64_t outputWidth(const ModuleFacts &facts, Mode mode) {
  if (mode != Mode::Predict)
    return facts.columns();
  std::int64_t width = 1;
  for (std::int64_t extent : facts.outputShape)
    width *= extent;
  return width;
}

Result<double> BatchRunner::run(std::int64_t steps) {
  Session::Impl &session = impl->session;
  std::int64_t batch = impl->unit->facts.batch, rows = std::int64_t(impl->visits.size());
  std::size_t needed = std::size_t(rows + steps * batch);
  while (impl->order.size() < needed)
    impl->order.insert(impl->order.end(), impl->visits.begin(), impl->visits.end());
  impl->out.resize(std::size_t(steps * outputWidth(impl->unit->facts, session.options.mode)));
  auto start = std::chrono::steady_clock::now();
  session.run(*impl->unit, impl->data, impl->order, impl->next, steps, impl->out.data());
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  impl->next = (impl->next + steps * batch) % rows;
  if (session.options.mode == Mode::Train)
    session.step += steps;
  return seconds;
}

std::int64_t BatchRunner::leastBytes() const {
  const ModuleFacts &facts = impl->unit->facts;
  bool predicts = impl->session.options.mode == Mode::Predict;
  std::int64_t bytes = 0;
  for (const StoredVariable &variable : facts.variables) {
    if (!predicts)
      bytes += variable.frozen ? variable.bytes : 2 * variable.bytes;
    else if (variable.role != "slot")
      bytes += variable.bytes;
  }
  const std::vector<frontend::Field> &fields = impl->session.program.impl->compiler->plan().fields;
  for (std::size_t f = 0; f < fields.size(); ++f)
    if (!predicts || fields[f].input)
      bytes += facts.batch * impl->data.impl->table.fields[f].bytesPerRow();
  if (predicts)
    bytes += outputWidth(facts, Mode::Predict) * (facts.outputDouble ? 8 : 4);
  return bytes;
}
