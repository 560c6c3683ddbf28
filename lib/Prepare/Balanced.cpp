// A class to the weight of its rows.
#include "StepTable.h"
#include "Utf8.h"
#include "Words.h"
#include "Work.h"

#include <fmt/format.h>

namespace talweg::prepare {

namespace {
/// Rows divided by the product of the number of classes and the rows of the class: all classes weigh the same, and a row 1 in the mean.
/// The words learned are the classes, the numbers their rows.
class Balanced : public Work {
public:
  explicit Balanced(const Place &) {}

  Fault apply(Row &row) const override {
    row.numbers.clear();
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      std::string_view name;
      if (Fault fault = nameOf(row, i, name))
        return fault;
      const std::optional<std::int32_t> found = name.empty() ? std::nullopt : words.find(name);
      row.numbers.push_back(name.empty() ? missing : found ? weights[std::size_t(*found)] : 1);
    }
    return {};
  }

  bool learns() const override { return true; }
  Fault see(Row &row) override {
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      std::string_view name;
      if (Fault fault = nameOf(row, i, name))
        return fault;
      if (!name.empty())
        counts.add(name);
    }
    return {};
  }
  std::int64_t bytesSeen() const override { return counts.bytes(); }
  Fault learn(LearnedStep &learned) override {
    for (WordCount &word : counts.ordered(1, INT64_MAX)) {
      learned.words.push_back(std::move(word.word));
      learned.numbers.push_back(double(word.count));
    }
    counts.clear();
    if (learned.words.empty())
      return {"E0759", "`balanced` finds no class in any row that it is to learn from",
              "are the right column and the right rows chosen?"};
    return {};
  }
  bool take(const LearnedStep &learned) override {
    if (!learned.model.empty() || learned.numbers.size() != learned.words.size() || learned.words.empty() ||
        !words.set(learned.words))
      return false;
    double rows = 0;
    for (const double count : learned.numbers) {
      if (!(count >= 1 && count <= 0x1p53))
        return false;
      rows += count;
    }
    weights.clear();
    for (const double count : learned.numbers)
      weights.push_back(rows / (double(learned.words.size()) * count));
    return true;
  }

private:
  /// The class that a cell tells; empty of a missing one.
  static Fault nameOf(Row &row, std::size_t cell, std::string_view &name) {
    if (row.cells[cell].kind == Cell::Number)
      row.setText(cell, fmt::format("{}", row.cells[cell].number));
    name = row.cells[cell].text;
    Fault fault = faultOfUtf8(name);
    fault.cell = cell;
    return fault;
  }

  WordCounts counts;
  WordIndex words;
  std::vector<double> weights;
};
} // namespace

const StepInfo balancedStep = {
    .name = "balanced",
    .example = "balanced",
    .gives = Flow::Numbers,
    .givesFractions = [](const Step &) { return true; },
    .make = [](const Place &place) -> std::unique_ptr<Work> { return std::make_unique<Balanced>(place); }};

} // namespace talweg::prepare
