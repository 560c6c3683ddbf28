// Numbers to their quantile ranks.
#include "Columns.h"
#include "StepTable.h"

#include <span>

namespace talweg::prepare {

namespace {
/// Of each column, the values at equal steps of rank from 0 to 1, at most 1,000 of them. What is learned of a column is their number, and
/// these.
class Ranks : public ColumnWork<Sample> {
public:
  using ColumnWork::ColumnWork;
  Fault apply(Row &row) const override {
    for (std::size_t i = 0; i < columns; ++i)
      if (!isMissing(row.numbers[i]))
        row.numbers[i] = rankOf(row.numbers[i], quantiles[i]);
    return {};
  }

protected:
  bool learnColumn(Sample &of, std::vector<double> &numbers) override;
  bool fits() override;

private:
  static constexpr std::int64_t mostQuantiles = 1000;
  static double rankOf(double number, std::span<const double> quantiles);

  std::vector<std::span<const double>> quantiles; ///< of each column
};
} // namespace

double Ranks::rankOf(double number, std::span<const double> quantiles) {
  if (number <= quantiles.front())
    return 0;
  if (number >= quantiles.back())
    return 1;
  const auto [low, high] = std::ranges::equal_range(quantiles, number);
  const double step = 1 / double(quantiles.size() - 1);
  const auto rank = [&](auto place) { return double(place - quantiles.begin()) * step; };
  if (low != high) // the middle of equal ones
    return (rank(low) + rank(high - 1)) / 2;
  return rank(low - 1) + (number / 2 - low[-1] / 2) / (*low / 2 - low[-1] / 2) * step; // halves do not overflow
}

bool Ranks::learnColumn(Sample &of, std::vector<double> &numbers) {
  of.merge();
  if (of.count() == 0)
    return false;
  const std::int64_t count = std::min(of.count(), mostQuantiles);
  std::vector<double> places(1, 0.);
  for (std::int64_t i = 1; i < count; ++i)
    places.push_back(double(i * (of.count() - 1)) / double(count - 1));
  std::vector<double> found = of.at(places);
  for (std::size_t i = 1; i < found.size(); ++i)
    found[i] = std::max(found[i], found[i - 1]);
  numbers.push_back(double(count));
  numbers.insert(numbers.end(), found.begin(), found.end());
  return true;
}

bool Ranks::fits() {
  std::span<const double> rest = numbers;
  quantiles.clear();
  for (std::size_t i = 0; i < columns; ++i) {
    const double count = rest.empty() ? 0 : rest[0];
    if (!(count >= 1 && count <= double(mostQuantiles)) || double(std::size_t(count)) != count ||
        count >= double(rest.size()))
      return false;
    quantiles.push_back(rest.subspan(1, std::size_t(count)));
    if (!std::ranges::is_sorted(quantiles.back()))
      return false;
    rest = rest.subspan(std::size_t(count) + 1);
  }
  return rest.empty();
}

const StepInfo ranksStep = {
    .name = "ranks",
    .example = "ranks",
    .takes = Flow::Numbers,
    .gives = Flow::Numbers,
    .givesFractions = [](const Step &) { return true; },
    .make = [](const Place &place) -> std::unique_ptr<Work> { return std::make_unique<Ranks>(place); }};

} // namespace talweg::prepare
