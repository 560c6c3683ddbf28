// Evaluation and prediction: every row in order, the last batch with what is left. What rows carry begins anew; evaluation reads them side by
// side, as training does, and prediction one after the other. Evaluation reads them once, or again for what is computed from
// all of them; what batches tell is combined in their order, so that it does not depend on threads or on how batches are grouped into native
// calls.
#include "SessionImpl.h"

#include "talweg/Runtime/Shuffle.h"

#include <algorithm>
#include <functional>

using namespace talweg;

namespace {
using OnBatches = std::function<NativeCall(const NativeUnit &, std::int64_t first, std::int64_t count)>;
} // namespace

/// Calls `onBatches` for stretches of batches of `batch` rows that cover all rows in order.
static Result<void> overBatches(Session::Impl &session, Mode mode, std::int64_t rows, std::int64_t batch,
                                const OnBatches &onBatches) {
  Session::Impl::StopOnce met(session);
  ChunkSize size;
  for (std::int64_t first = 0; first < rows;) {
    if (session.stop.load(std::memory_order_relaxed))
      return Error{"E0855", "error: stopped on request"};
    std::int64_t now = std::min(batch, rows - first);
    std::int64_t count = now == batch ? std::min(size.next(), (rows - first) / batch) : 1;
    auto unit = session.unit(mode, now);
    if (!unit)
      return unit.error();
    Stopwatch stopwatch;
    if (NativeCall call = onBatches(**unit, first, count); call.error)
      return *call.error;
    size.took(count, stopwatch.seconds());
    first += now * count;
  }
  return {};
}

std::vector<std::int32_t> Session::Impl::evaluationOrder(std::int64_t rows) const {
  return carries() ? sideBySide(rows, batch()) : identityOrder(rows);
}

/// The columns of the mode, over all rows; `last`, if it succeeds, is a unit that made them.
static Result<std::vector<double>> evaluateColumns(Session::Impl &session, const Dataset &data,
                                                   const NativeUnit *&last) {
  const std::vector<std::int32_t> order = session.evaluationOrder(data.rows());
  const RowsApart apart(session);
  Combined combined{.rows = data.rows()};
  Combiner combiner;
  auto runBatches = [&](const NativeUnit &unit, std::int64_t first, std::int64_t count) {
    last = &unit;
    std::vector<double> out(std::size_t(count * unit.manifest.width(combined.pass)));
    NativeCall call = session.run(Mode::Eval, unit, data, order, first, count, out.data(), &combined);
    combiner.take(unit.manifest, combined.pass, count, out);
    return call;
  };
  do {
    session.setCarried(session.firstCarried);
    if (auto done = overBatches(session, Mode::Eval, data.rows(), session.batch(), runBatches); !done)
      return done.error();
    combiner.endPass(last->manifest, combined.pass);
    combined.values = combiner.values(data.rows());
  } while (++combined.pass < last->manifest.passes());
  std::vector<double> columns(std::size_t(last->manifest.columns()));
  if (NativeCall call = session.run(Mode::Eval, *last, data, order, 0, 1, columns.data(), &combined); call.error)
    return *call.error;
  return columns;
}

Result<Evaluation> Session::evaluate(const Dataset &data) {
  if (auto checked = impl->checkFields(Mode::Eval, data); !checked)
    return checked.error();
  if (data.rows() == 0)
    return Error{"E0853", "error: the data has no rows"};
  Stopwatch stopwatch;
  const NativeUnit *unit = nullptr;
  auto columns = evaluateColumns(*impl, data, unit);
  if (!columns)
    return columns.error();
  Evaluation result;
  result.rows = data.rows();
  auto next = columns->begin();
  result.loss = *next++;
  for (std::size_t i = 0; i < unit->manifest.metrics.size(); ++i)
    result.metrics.push_back(*next++);
  for (const Table &table : unit->manifest.tables) {
    result.tables.push_back({table.name, table.shape, {next, next + countOf(table.shape)}});
    next += countOf(table.shape);
  }
  result.seconds = stopwatch.seconds();
  return result;
}

Result<Prediction> Session::predict(const Dataset &data) {
  Prediction all;
  auto append = [&](const Prediction &part) -> Result<void> {
    all.shape = part.shape;
    all.computedIn = part.computedIn;
    all.values.insert(all.values.end(), part.values.begin(), part.values.end());
    return {};
  };
  if (auto done = predict(data, append); !done)
    return done.error();
  all.rows = data.rows();
  return all;
}

Result<void> Session::predict(const Dataset &data, const std::function<Result<void>(const Prediction &part)> &onPart,
                              const SeriesOptions &series) {
  if (auto checked = impl->checkFields(Mode::Predict, data); !checked)
    return checked.error();
  std::vector<std::int32_t> order = identityOrder(data.rows());
  Prediction part;
  auto tell = [&](const NativeUnit &unit, std::int64_t first, std::int64_t count) {
    const std::vector<std::int64_t> &shape = unit.manifest.outputShape;
    part.shape.assign(shape.begin() + 1, shape.end());
    part.computedIn = unit.manifest.outputType;
    part.first = first;
    part.rows = count * unit.manifest.batch;
    auto run = [&](auto out) {
      NativeCall call = impl->run(Mode::Predict, unit, data, order, first, count, out.data());
      part.values.assign(out.begin(), out.end());
      if (!call.error)
        if (auto told = onPart(part); !told)
          call.error = told.error();
      return call;
    };
    const auto values = std::size_t(part.rows * countOf(part.shape));
    return part.computedIn == ElementType::F64 ? run(std::vector<double>(values)) : run(std::vector<float>(values));
  };
  const RowsApart apart(*impl);
  impl->setCarried(series.continues ? impl->predictedCarried : impl->firstCarried);
  auto done = overBatches(*impl, Mode::Predict, data.rows(), impl->carries() ? 1 : impl->batch(), tell);
  impl->predictedCarried = impl->carried();
  return done;
}
