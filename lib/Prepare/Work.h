// What a step does to the values of a record. Internal.
#ifndef TALWEG_LIB_PREPARE_WORK_H
#define TALWEG_LIB_PREPARE_WORK_H

#include "talweg/Prepare/Cell.h"
#include "talweg/Support/Manifest.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace talweg::prepare {

inline constexpr double missing = std::numeric_limits<double>::quiet_NaN();
inline bool isMissing(double number) { return std::isnan(number); }
/// An empty text is missing, too.
inline bool isMissing(const Cell &cell) {
  return cell.kind == Cell::Missing || (cell.kind == Cell::Text && cell.text.empty());
}

/// The values of one record on their way through the steps: cells, then numbers or labels.
struct Row {
  std::vector<Cell> cells;
  std::vector<double> numbers; ///< NaN: missing
  std::vector<std::int32_t> labels;

  std::vector<std::string> texts; ///< of each cell: where a text is kept that a step has made
  std::string joined, scratch;
  std::vector<std::string_view> pieces;

  /// Makes `text` the cell's. It may be of the old one.
  void setText(std::size_t cell, std::string &&text) {
    texts.resize(std::max(texts.size(), cells.size()));
    texts[cell].swap(text);
    cells[cell] = Cell::of(std::string_view(texts[cell]));
  }
};

class Work {
public:
  virtual ~Work() = default;

  /// Replaces the values that it takes by those that it gives. A fault tells which of the values it takes is wrong.
  virtual Fault apply(Row &row) const = 0;
  /// Of which value that it takes the value number `given` is.
  virtual std::size_t sourceOf(std::size_t given) const { return given; }

  /// Whether it must see all rows, as the steps before it give them, before it can be applied.
  virtual bool learns() const { return false; }
  virtual Fault see(Row &row) { return {}; }
  /// What it keeps of them in memory, where that grows with them.
  virtual std::int64_t bytesSeen() const { return 0; }
  /// What it has learned of the rows that it has seen.
  virtual Fault learn(LearnedStep &learned) { return {}; }
  /// Goes by what was learned; false where that is not what it learns.
  virtual bool take(const LearnedStep &learned) { return learned == LearnedStep(); }

  /// Of labels, once it goes by what was learned.
  virtual std::optional<std::int64_t> classes() const { return std::nullopt; }
  virtual std::vector<std::string> classNames() const { return {}; }
};

/// Where a step stands.
struct Place {
  const Step &step;
  const Field &field;
  std::int64_t taken = 1, given = 1; ///< values of a record
  bool isScalar() const { return field.shape.empty(); }
};

} // namespace talweg::prepare

#endif
