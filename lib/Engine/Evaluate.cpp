// Evaluation and prediction: every row once, in order, the last batch with what is left. Means over rows are weighted sums
// in the order of the batches, so that they do not depend on threads or on how batches are grouped into native calls.
#include "SessionImpl.h"
#include "Shuffle.h"

#include <algorithm>
#include <functional>

using namespace talweg;

namespace {
using OnBatches = std::function<NativeCall(const NativeUnit &, std::int64_t first, std::int64_t count)>;
} // namespace

/// Calls `onBatches` for stretches of equal batches that cover all rows in order.
static Result<void> overBatches(Session::Impl &session, Mode mode, std::int64_t rows, const OnBatches &onBatches) {
  Session::Impl::StopOnce met(session);
  ChunkSize size;
  std::int64_t batch = session.batch();
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

Result<Evaluation> Session::evaluate(const Dataset &data) {
  if (auto checked = impl->checkFields(Mode::Eval, data); !checked)
    return checked.error();
  if (data.rows() == 0)
    return Error{"E0853", "error: the data has no rows"};
  Stopwatch stopwatch;
  std::vector<std::int32_t> order = identityOrder(data.rows());
  std::vector<double> sums;
  auto add = [&](const NativeUnit &unit, std::int64_t first, std::int64_t count) {
    std::int64_t columns = unit.manifest.columns();
    std::vector<double> out(std::size_t(count * columns));
    NativeCall call = impl->run(Mode::Eval, unit, data, order, first, count, out.data());
    sums.resize(1 + unit.manifest.metrics.size());
    for (std::int64_t s = 0; s < count; ++s)
      for (std::size_t c = 0; c < sums.size(); ++c)
        sums[c] += double(unit.manifest.batch) * out[s * columns + c];
    return call;
  };
  if (auto done = overBatches(*impl, Mode::Eval, data.rows(), add); !done)
    return done.error();
  Evaluation result;
  result.rows = data.rows();
  for (double &sum : sums)
    sum /= double(data.rows());
  result.loss = sums[0];
  result.metrics.assign(sums.begin() + 1, sums.end());
  result.seconds = stopwatch.seconds();
  return result;
}

Result<Prediction> Session::predict(const Dataset &data) {
  if (auto checked = impl->checkFields(Mode::Predict, data); !checked)
    return checked.error();
  std::vector<std::int32_t> order = identityOrder(data.rows());
  Prediction result;
  result.rows = data.rows();
  auto append = [&](const NativeUnit &unit, std::int64_t first, std::int64_t count) {
    const std::vector<std::int64_t> &shape = unit.manifest.outputShape;
    result.shape.assign(shape.begin() + 1, shape.end());
    result.computedIn = unit.manifest.outputType;
    std::int64_t values = count * unit.manifest.batch;
    for (std::int64_t extent : result.shape)
      values *= extent;
    auto collect = [&](auto out) {
      NativeCall call = impl->run(Mode::Predict, unit, data, order, first, count, out.data());
      result.values.insert(result.values.end(), out.begin(), out.end());
      return call;
    };
    if (result.computedIn == ElementType::F64)
      return collect(std::vector<double>(std::size_t(values)));
    return collect(std::vector<float>(std::size_t(values)));
  };
  if (auto done = overBatches(*impl, Mode::Predict, data.rows(), append); !done)
    return done.error();
  return result;
}
