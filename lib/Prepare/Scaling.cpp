// Numbers to numbers, by what is given or learned of each column.
#include "Columns.h"
#include "StepTable.h"
#include "StepValues.h"

namespace talweg::prepare {

//===-- filled -----------------------------------------------------------------------------------------------------===//

/// Puts a number where none is, and behind all of them, if that is wanted, where that was.
static void fill(Row &row, bool indicated, const auto &numberOf) {
  const std::size_t columns = row.numbers.size();
  if (indicated)
    for (std::size_t i = 0; i < columns; ++i)
      row.numbers.push_back(isMissing(row.numbers[i]));
  for (std::size_t i = 0; i < columns; ++i)
    if (isMissing(row.numbers[i]))
      row.numbers[i] = numberOf(i);
}

namespace {
class FilledWithGiven : public Work {
public:
  FilledWithGiven(const Place &place, double value, bool indicated)
      : value(value), indicated(indicated), columns(place.taken) {}
  Fault apply(Row &row) const override {
    fill(row, indicated, [&](std::size_t) { return value; });
    return {};
  }
  std::size_t sourceOf(std::size_t given) const override { return given % columns; }

private:
  double value;
  bool indicated;
  std::size_t columns;
};

template <typename Statistic> class FilledWithLearned : public ColumnWork<Statistic> {
public:
  FilledWithLearned(const Place &place, bool indicated) : ColumnWork<Statistic>(place), indicated(indicated) {}
  Fault apply(Row &row) const override {
    fill(row, indicated, [&](std::size_t i) { return this->numbers[i]; });
    return {};
  }
  std::size_t sourceOf(std::size_t given) const override { return given % this->columns; }

protected:
  bool learnColumn(Statistic &of, std::vector<double> &numbers) override;
  bool fits() override { return this->numbers.size() == this->columns; }

private:
  bool indicated;
};
} // namespace

template <> bool FilledWithLearned<Moments>::learnColumn(Moments &of, std::vector<double> &numbers) {
  numbers.push_back(of.mean);
  return of.count > 0;
}

template <> bool FilledWithLearned<Sample>::learnColumn(Sample &of, std::vector<double> &numbers) {
  of.merge();
  if (of.count() > 0)
    numbers.push_back(of.at({double(of.count() - 1) / 2})[0]);
  return of.count() > 0;
}

static std::unique_ptr<Work> makeFilled(const Place &place) {
  const bool indicated = namedOf<bool>(place.step, "indicated").value_or(false);
  if (const std::optional<double> value = numberOf(place.step.values[0]))
    return std::make_unique<FilledWithGiven>(place, *value, indicated);
  if (std::get<std::string>(place.step.values[0]) == "mean")
    return std::make_unique<FilledWithLearned<Moments>>(place, indicated);
  return std::make_unique<FilledWithLearned<Sample>>(place, indicated);
}

static bool isFilling(const StepValue &value) {
  static constexpr std::string_view learned[] = {"mean", "median"};
  return isFinite(value) || isOneOf(learned, value);
}

static constexpr StepOption filledOptions[] = {{"indicated", "`true` or `false`", isTruth}};

const StepInfo filledStep = {
    .name = "filled",
    .example = "filled(\"median\")",
    .takes = Flow::Numbers,
    .gives = Flow::Numbers,
    .wanted = "a number, \"mean\" or \"median\"",
    .least = 1,
    .most = 1,
    .accepts = isFilling,
    .options = filledOptions,
    .growth = [](const Step &step) { return std::int64_t(namedOf<bool>(step, "indicated").value_or(false) ? 2 : 1); },
    .givesFractions = [](const Step &step) { return !isFinite(step.values[0]); },
    .make = makeFilled};

static std::string_view unlessAscending(const Step &step) {
  const double width = *numberOf(step.values[1]) - *numberOf(step.values[0]);
  return width > 0 && std::isfinite(width) ? "" : "the first number is the lower one, by less than 1e308";
}

//===-- standardized, scaled --------------------------------------------------------------------------------------===//

namespace {
class Standardized : public ColumnWork<Moments> {
public:
  using ColumnWork::ColumnWork;
  Fault apply(Row &row) const override {
    for (std::size_t i = 0; i < columns; ++i)
      row.numbers[i] = (row.numbers[i] - numbers[2 * i]) / numbers[2 * i + 1];
    return {};
  }

protected:
  bool learnColumn(Moments &of, std::vector<double> &numbers) override {
    numbers.insert(numbers.end(), {of.mean, of.deviation() == 0 ? 1 : of.deviation()});
    return of.count > 0;
  }
  bool fits() override {
    bool fits = numbers.size() == 2 * columns;
    for (std::size_t i = 1; i < numbers.size(); i += 2)
      fits = fits && numbers[i] > 0;
    return fits;
  }
};

class Scaled : public ColumnWork<Extremes> {
public:
  Scaled(const Place &place)
      : ColumnWork(place), low(*numberOf(place.step.values[0])), high(*numberOf(place.step.values[1])) {}
  Fault apply(Row &row) const override {
    for (std::size_t i = 0; i < columns; ++i)
      row.numbers[i] = low + (row.numbers[i] - numbers[2 * i]) / numbers[2 * i + 1] * (high - low);
    return {};
  }

protected:
  /// The least, and how far the greatest is from it: 0 counts as 1.
  bool learnColumn(Extremes &of, std::vector<double> &numbers) override {
    const double width = of.greatest - of.least;
    numbers.insert(numbers.end(), {of.least, width == 0 ? 1 : width});
    return of.count > 0;
  }
  bool fits() override {
    bool fits = numbers.size() == 2 * columns;
    for (std::size_t i = 1; i < numbers.size(); i += 2)
      fits = fits && numbers[i] > 0;
    return fits;
  }

private:
  double low, high;
};
} // namespace

const StepInfo standardizedStep = {
    .name = "standardized",
    .example = "standardized",
    .takes = Flow::Numbers,
    .gives = Flow::Numbers,
    .givesFractions = [](const Step &) { return true; },
    .make = [](const Place &place) -> std::unique_ptr<Work> { return std::make_unique<Standardized>(place); }};

const StepInfo scaledStep = {
    .name = "scaled",
    .example = "scaled(0, 1)",
    .takes = Flow::Numbers,
    .gives = Flow::Numbers,
    .wanted = "two numbers, the lower one first",
    .least = 2,
    .most = 2,
    .accepts = isFinite,
    .broken = unlessAscending,
    .givesFractions = [](const Step &) { return true; },
    .make = [](const Place &place) -> std::unique_ptr<Work> { return std::make_unique<Scaled>(place); }};

//===-- log1p, clipped --------------------------------------------------------------------------------------------===//

namespace {
class Log1p : public Work {
public:
  Fault apply(Row &row) const override {
    for (std::size_t i = 0; i < row.numbers.size(); ++i) {
      double &number = row.numbers[i];
      if (number <= -1)
        return {"E0764", fmt::format("`log1p` takes numbers above -1, and this is {}", number),
                "clip them before, as in `|> clipped(0, 1e6) |> log1p`", i};
      number = std::log1p(number);
    }
    return {};
  }
};

class Clipped : public Work {
public:
  Clipped(double low, double high) : low(low), high(high) {}
  Fault apply(Row &row) const override {
    for (double &number : row.numbers)
      if (!isMissing(number))
        number = std::clamp(number, low, high);
    return {};
  }

private:
  double low, high;
};
} // namespace

const StepInfo log1pStep = {.name = "log1p",
                            .example = "log1p",
                            .takes = Flow::Numbers,
                            .gives = Flow::Numbers,
                            .givesFractions = [](const Step &) { return true; },
                            .make = [](const Place &) -> std::unique_ptr<Work> { return std::make_unique<Log1p>(); }};

const StepInfo clippedStep = {.name = "clipped",
                              .example = "clipped(0, 100)",
                              .takes = Flow::Numbers,
                              .gives = Flow::Numbers,
                              .wanted = "two numbers, the lower one first",
                              .least = 2,
                              .most = 2,
                              .accepts = isFinite,
                              .broken = unlessAscending,
                              .make = [](const Place &place) -> std::unique_ptr<Work> {
                                return std::make_unique<Clipped>(*numberOf(place.step.values[0]),
                                                                 *numberOf(place.step.values[1]));
                              }};

} // namespace talweg::prepare
