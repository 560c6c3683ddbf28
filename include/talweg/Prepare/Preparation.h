// From the cells of a record to the bytes of a field: what a model file says is done to a field's values, and what that has learned of the
// rows that a run is trained on. No files here: a host prepares an event as the run did.
//
// A preparation learns in passes over the training split: `passes()` times, every row is shown to `see`, and `finishPass` ends the
// pass. Or it takes what a run has learned. Then it prepares, any number of threads at once.
#ifndef TALWEG_PREPARE_PREPARATION_H
#define TALWEG_PREPARE_PREPARATION_H

#include "talweg/Prepare/Cell.h"
#include "talweg/Support/Manifest.h"
#include "talweg/Support/Result.h"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace talweg::prepare {

class Preparation {
public:
  /// Of a field as it is declared: its steps, its type and its shape fit together, or an error without a place says which do not and what
  /// would. A `category` needs no number of classes before it has learned.
  static Result<Preparation> create(const Field &field);
  Preparation(Preparation &&) noexcept;
  Preparation &operator=(Preparation &&) noexcept;
  ~Preparation();

  /// How many cells of a record it takes.
  std::int64_t columns() const;

  /// How often it must see all rows before it can prepare; 0: it learns nothing.
  int passes() const;
  /// Shows rows of the training split, or the cells of one. What is wrong with a cell that a step has to read is a fault already here.
  std::optional<RowFault> see(const Records &records);
  Fault see(std::span<const Cell> cells);
  /// What this pass keeps of them in memory, where that grows with them.
  std::int64_t bytesSeen() const;
  /// Ends a pass. An error where nothing can be learned, such as a mean of no value.
  Result<void> finishPass();

  /// What was learned, one for each step; and to have learned that: an error where it is not what such steps learn.
  const std::vector<LearnedStep> &learned() const;
  Result<void> take(std::vector<LearnedStep> learned);

  /// Of labels, once it has learned: the number of classes, and what a class is called (empty: by its number).
  std::optional<std::int64_t> classes() const;
  std::vector<std::string> classNames() const;

  /// Writes the field's values of each record behind each other, or those of one, in its storage type, to `to`. Those before a fault are
  /// there.
  std::optional<RowFault> prepare(const Records &records, std::byte *to) const;
  Fault prepare(std::span<const Cell> cells, std::byte *to) const;

private:
  struct Impl;
  explicit Preparation(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl;
};

} // namespace talweg::prepare

#endif
