// Several steps, told as one.
#include "SessionImpl.h"

using namespace talweg;

void Figures::take(const Manifest &manifest, const StepRecord &step) {
  if (step.skipped)
    return;
  const std::size_t count = 1 + manifest.metrics.size();
  totals.resize(count);
  weights.resize(count);
  const double stepRows = double(step.rows);
  rows += stepRows;
  for (std::size_t i = 0; i < count; ++i)
    if (manifest.tells(i, step.step)) {
      totals[i] += (i == 0 ? step.loss : step.metrics[i - 1]) * stepRows;
      weights[i] += stepRows;
    }
  combine(manifest, sums, step.sums);
}

Result<std::vector<std::optional<double>>> Session::tell(const Figures &figures) const {
  std::vector<std::optional<double>> told(1 + impl->facts.manifest.metrics.size());
  for (std::size_t i = 0; i < figures.totals.size(); ++i)
    if (figures.weights[i] > 0)
      told[i] = figures.totals[i] / figures.weights[i];
  if (impl->facts.manifest.ofSums.empty() || figures.rows == 0)
    return told;
  auto unit = impl->unit(Mode::Train, impl->batch());
  if (!unit)
    return unit.error();
  const Manifest &manifest = (*unit)->manifest;
  Combined combined{.rows = std::int64_t(figures.rows), .values = figures.sums, .pass = Combined::kTell};
  std::vector<double> out(manifest.ofSums.size());
  const Dataset noRows(std::make_shared<Dataset::Impl>());
  const std::vector<std::int32_t> none(1);
  if (NativeCall call = impl->run(Mode::Train, **unit, noRows, none, 0, 1, out.data(), &combined); call.error)
    return *call.error;
  for (std::size_t i = 0; i < out.size(); ++i)
    told[std::size_t(manifest.ofSums[i])] = out[i];
  return told;
}
