// Which rows of a file are kept.
#ifndef TALWEG_DATA_ROWS_H
#define TALWEG_DATA_ROWS_H

#include "talweg/Data/Formats.h"
#include "talweg/Support/Manifest.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace talweg::data {

/// `column = value` or `column != value`: numbers are compared as numbers, everything else as text; a missing cell is the empty text.
struct Condition {
  ColumnRef column;
  bool equal = true;
  std::string value;

  static std::optional<Condition> of(std::string_view text);
  bool operator==(const Condition &) const = default;
};

/// A part of the rows that are kept otherwise, for folds: part `index` of `count`, or all but that.
struct Fold {
  std::int64_t index = 0, count = 2;
  bool complement = false;
  bool operator==(const Fold &) const = default;
};

/// What is said of the rows of a file. They are numbered from 0, a header not counted; the numbers of `every` and of `index` are those of the
/// file, whatever the range, so that a selection and its complement part the file exactly. `percent` and then `fold` choose among the rows
/// that everything else keeps.
struct RowSelection {
  std::int64_t begin = 0;
  std::optional<std::int64_t> end = {}; ///< the row after the last; absent: to the end of the file
  std::int64_t every = 1;               ///< keep row r where r mod every == offset …
  std::int64_t offset = 0;
  bool complement = false; ///< … or, with complement, where it is not (within the range)

  std::vector<Condition> where = {}; ///< all of them hold
  std::string index = {};            ///< a file with the numbers of the rows that are kept; empty: none
  bool exceptIndex = false;          ///< … or of those that are not

  std::optional<Range> percent = {};     ///< the rows whose places lie there: the k-th of n has place k / n
  std::optional<std::int64_t> seed = {}; ///< places are those of a permutation; with `by`, of another hash
  std::optional<ColumnRef> by = {};      ///< places are hashes of this column's cells: rows of one value stay together
  std::optional<ColumnRef> sorted = {};  ///< places are in the order of this column
  std::optional<ColumnRef> stratified = {}; ///< places are among the rows with the same cell
  std::optional<Fold> fold = {};

  /// What `begin`, `end`, `every`, `offset` and `complement` say of a row: all that its number tells.
  bool keepsNumber(std::int64_t row) const {
    return row >= begin && (!end || row < *end) && (every == 1 || row % every == offset) != complement;
  }
  /// Whether the row's number tells all.
  bool isOfNumbers() const { return where.empty() && index.empty() && !percent && !fold; }
};

/// The column that an option names, by its name or number.
std::optional<ColumnRef> columnOption(const Options &options, std::string_view name);

/// What the options say of the rows.
RowSelection selectionOf(const Options &options);

/// The rows of one file that a selection keeps.
class KeptRows {
public:
  /// All of them.
  KeptRows() = default;
  /// Those of a selection by numbers.
  explicit KeptRows(const RowSelection &selection) : selection(selection) {}
  /// Those whose place in `chosen` is true.
  explicit KeptRows(std::vector<bool> chosen) : chosen(std::move(chosen)) {}

  bool keeps(std::int64_t row) const {
    return chosen ? row < std::int64_t(chosen->size()) && (*chosen)[std::size_t(row)] : selection.keepsNumber(row);
  }
  /// The row after which there is none; absent if that is not known.
  std::optional<std::int64_t> end() const { return chosen ? std::int64_t(chosen->size()) : selection.end; }
  /// Whether they follow each other.
  bool isRange() const { return !chosen && selection.every == 1 && !selection.complement; }
  /// What said so, of a selection by numbers.
  const RowSelection &said() const { return selection; }
  /// The number in the file of the row that is number `row` of those that are kept. There is one.
  std::int64_t inFile(std::int64_t row) const;

private:
  RowSelection selection = {};
  std::optional<std::vector<bool>> chosen = {};
};

} // namespace talweg::data

#endif
