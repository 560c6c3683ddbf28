// What a Dataset holds.
#ifndef TALWEG_ENGINE_DATASETIMPL_H
#define TALWEG_ENGINE_DATASETIMPL_H

#include "RecordClasses.h"

#include "talweg/Data/Load.h"
#include "talweg/Engine/Engine.h"

#include <functional>
#include <mutex>

namespace talweg {

/// From the first to behind the last row that a record of these fields consists of, counted from its own; nothing without windows. A field that
/// is read and has none is of the record's own row.
std::optional<RowWindow> reachOf(const std::vector<Field> &fields, const std::function<bool(std::size_t)> &isRead);

struct Dataset::Impl {
  /// One column for each field of the program, in their order, of what a row holds of it (rowOf); of fields not `wanted`, empty ones.
  data::Table table;
  std::vector<std::int32_t> records; ///< with windows, the row that is each record's own; else each row is a record
  std::vector<RowWindow> windows;    ///< of each field; of those without one its own row
  std::int64_t classOffset =
      0; ///< from a record's own row to the one whose class is the record's: the nearest that it has
  std::vector<std::string> files; ///< what it was read from
  mutable std::once_flag digested;
  mutable std::string digest; ///< Dataset::digest, once one of the two has been asked for
  mutable std::vector<std::pair<std::string, std::string>> fieldDigests;

  /// With `hasGroups`, the last column tells rows apart where windows do so, and is no field.
  static Result<Dataset> make(const Program &program, data::Table table, std::vector<std::string> files,
                              bool hasGroups = false);

  bool hasWindows() const { return !records.empty(); }
  std::int64_t recordCount() const { return hasWindows() ? std::int64_t(records.size()) : table.rows; }
  /// The row of the table that is a record's own.
  std::int64_t rowOfRecord(std::int64_t record) const { return hasWindows() ? records[std::size_t(record)] : record; }
  /// Finds the records where fields that are wanted have windows: those whose windows lie in the table, and in rows of one number in `groups`, if there
  /// are such. So a forecast needs no rows of what it tells.
  /// E0847: there are none.
  Result<void> placeWindows(const std::vector<Field> &fields, const std::int32_t *groups = nullptr);

  /// Of data that are drawn by classes.
  std::optional<RecordClasses> classes() const;
  /// The records of an epoch of training, one for each place: a function of what it is given alone.
  std::vector<std::int32_t> order(std::uint64_t seed, std::int64_t epoch, bool shuffled) const;

  /// Makes both.
  void digestOnce() const;
  /// An error, E0845, unless the columns are those of the program's fields: generated code reads what its own fields say.
  Result<void> checkFields(const Program &program) const;
};

/// What a row holds of each field: those are wanted that a step of the mode reads, and those called `also`. E0843: there is none of this name.
Result<std::vector<data::Field>> fieldsOf(const Program &program, Mode mode, const std::vector<std::string> &also = {});

} // namespace talweg

#endif
