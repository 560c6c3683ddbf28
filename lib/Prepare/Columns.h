// Works on numbers that go by what they have learned of each column by itself. Internal.
#ifndef TALWEG_LIB_PREPARE_COLUMNS_H
#define TALWEG_LIB_PREPARE_COLUMNS_H

#include "Sample.h"
#include "Work.h"
#include "talweg/Support/Counted.h"

#include <fmt/format.h>

#include <algorithm>

namespace talweg::prepare {

/// Mean and deviation of values as they come.
struct Moments {
  std::int64_t count = 0;
  double mean = 0, squares = 0; ///< and the sum of the squared distances to it

  void add(double value) {
    const double off = value - mean;
    mean += off / double(++count);
    squares += off * (value - mean);
  }
  double deviation() const { return count ? std::sqrt(squares / double(count)) : 0; }
};

struct Extremes {
  std::int64_t count = 0;
  double least = 0, greatest = 0;

  void add(double value) {
    least = count ? std::min(least, value) : value;
    greatest = count ? std::max(greatest, value) : value;
    ++count;
  }
};

/// Learns of each column what Statistic makes of its present values.
template <typename Statistic> class ColumnWork : public Work {
public:
  ColumnWork(const Place &place) : name(place.step.name), columns(place.taken) {}

  bool learns() const override { return true; }
  Fault see(Row &row) override {
    seen.resize(columns);
    for (std::size_t i = 0; i < columns; ++i)
      if (!isMissing(row.numbers[i]))
        seen[i].add(row.numbers[i]);
    return {};
  }
  Fault learn(LearnedStep &learned) override {
    seen.resize(columns);
    for (std::size_t i = 0; i < columns; ++i) {
      const std::string which = columns > 1 ? fmt::format(" as value {} of {}", i + 1, columns) : "";
      const std::size_t before = learned.numbers.size();
      if (!learnColumn(seen[i], learned.numbers))
        return {"E0759", fmt::format("`{}` finds no value{} in any row that it is to learn from", name, which),
                "are the right column and the right rows chosen?"};
      for (std::size_t n = before; n < learned.numbers.size(); ++n)
        if (!std::isfinite(learned.numbers[n]))
          return {"E0759", fmt::format("`{}` finds values{} that are too large to calculate with", name, which),
                  "clip them before, as in `|> clipped(-1e6, 1e6)`"};
    }
    seen.clear();
    return {};
  }
  bool take(const LearnedStep &learned) override {
    numbers = learned.numbers;
    return learned.words.empty() && learned.model.empty() &&
           std::ranges::all_of(numbers, [](double number) { return std::isfinite(number); }) && fits();
  }

protected:
  /// Appends the numbers that are learned of a column; false where there were no values.
  virtual bool learnColumn(Statistic &of, std::vector<double> &numbers) = 0;
  /// Whether `numbers` are such.
  virtual bool fits() = 0;

  std::string name;
  std::size_t columns;
  std::vector<double> numbers;

private:
  std::vector<Statistic> seen;
};

} // namespace talweg::prepare

#endif
