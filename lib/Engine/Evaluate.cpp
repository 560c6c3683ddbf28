// Evaluation and prediction: every row in order, the last batch with what is left. Evaluation reads them once, or again for what is computed from
// all of them; what batches tell is combined in their order, so that it does not depend on threads or on how batches are grouped into native
// calls.
#include "SessionImpl.h"
#include "Shuffle.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

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

static double combine(Combine how, double all, double part) {
  switch (how) {
  case Combine::Sum: return all + part;
  case Combine::Product: return all * part;
  case Combine::Max: return std::isnan(all) || all > part ? all : part;
  case Combine::Min: return std::isnan(all) || all < part ? all : part;
  case Combine::Below: break;
  }
  return part;
}

/// What combining begins with.
static double neutral(Combine how) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return how == Combine::Sum ? 0 : how == Combine::Product ? 1 : how == Combine::Max ? -kInfinity : kInfinity;
}

/// Puts in the place of each number how many are less.
static void rank(std::vector<double> &column) {
  std::vector<double> sorted(column);
  sorted.erase(std::remove_if(sorted.begin(), sorted.end(), [](double x) { return std::isnan(x); }), sorted.end());
  std::sort(sorted.begin(), sorted.end());
  for (double &x : column)
    x = std::isnan(x) ? 0 : double(std::lower_bound(sorted.begin(), sorted.end(), x) - sorted.begin());
}

namespace {
/// The passes over the rows, and the finish.
class Passes {
public:
  Passes(Session::Impl &session, const Dataset &data)
      : session(session), data(data), order(identityOrder(data.rows())), combined{data.rows(), {}} {}

  /// The columns of the mode, over all rows; `last`, if it succeeds, is a unit that made them.
  Result<std::vector<double>> run(const NativeUnit *&last);

private:
  void begin(const Manifest &manifest);
  void take(const Manifest &manifest, std::int64_t count, const std::vector<double> &out);

  Session::Impl &session;
  const Dataset &data;
  std::vector<std::int32_t> order;
  Combined combined;
  std::vector<double> sums;
  std::vector<std::vector<double>> columns; ///< to be ranked once their pass is done, then ranks
};
} // namespace

void Passes::begin(const Manifest &manifest) {
  for (const Sum &sum : manifest.sums)
    if (sum.combine == Combine::Below)
      columns.emplace_back();
    else
      sums.insert(sums.end(), std::size_t(sum.count), neutral(sum.combine));
}

/// What `count` batches have told in the present pass.
void Passes::take(const Manifest &manifest, std::int64_t count, const std::vector<double> &out) {
  const double *part = out.data();
  for (std::int64_t s = 0; s < count; ++s) {
    double *all = sums.data();
    auto column = columns.begin();
    for (const Sum &sum : manifest.sums) {
      const bool isNow = sum.pass == combined.pass;
      if (sum.combine == Combine::Below) {
        if (isNow)
          column->insert(column->end(), part, part + manifest.batch), part += manifest.batch;
        ++column;
        continue;
      }
      for (std::int64_t i = 0; i < sum.count; ++i, ++all)
        if (isNow)
          *all = combine(sum.combine, *all, *part++);
    }
  }
}

Result<std::vector<double>> Passes::run(const NativeUnit *&last) {
  auto runBatches = [&](const NativeUnit &unit, std::int64_t first, std::int64_t count) {
    if (!last)
      begin(unit.manifest);
    last = &unit;
    std::vector<double> out(std::size_t(count * unit.manifest.width(combined.pass)));
    NativeCall call = session.run(Mode::Eval, unit, data, order, first, count, out.data(), &combined);
    take(unit.manifest, count, out);
    return call;
  };
  last = nullptr;
  do {
    if (auto done = overBatches(session, Mode::Eval, data.rows(), runBatches); !done)
      return done.error();
    auto column = columns.begin();
    for (const Sum &sum : last->manifest.sums)
      if (sum.combine == Combine::Below) {
        if (sum.pass == combined.pass)
          rank(*column);
        ++column;
      }
    combined.values = sums;
    for (const std::vector<double> &ranks : columns) {
      combined.values.insert(combined.values.end(), ranks.begin(), ranks.end());
      combined.values.resize(combined.values.size() + std::size_t(data.rows()) - ranks.size());
    }
  } while (++combined.pass < last->manifest.passes());
  std::vector<double> told(std::size_t(last->manifest.columns()));
  if (NativeCall call = session.run(Mode::Eval, *last, data, order, 0, 1, told.data(), &combined); call.error)
    return *call.error;
  return told;
}

Result<Evaluation> Session::evaluate(const Dataset &data) {
  if (auto checked = impl->checkFields(Mode::Eval, data); !checked)
    return checked.error();
  if (data.rows() == 0)
    return Error{"E0853", "error: the data has no rows"};
  Stopwatch stopwatch;
  const NativeUnit *unit = nullptr;
  auto columns = Passes(*impl, data).run(unit);
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
