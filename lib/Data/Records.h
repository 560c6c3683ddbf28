// A file as records: rows of cells, one after the other. What a format gives to whoever makes tables of it, or learns of it. Internal.
#ifndef TALWEG_LIB_DATA_RECORDS_H
#define TALWEG_LIB_DATA_RECORDS_H

#include "RecordBlocks.h"

#include "talweg/Data/Table.h"
#include "talweg/Prepare/Cell.h"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace talweg::data {

struct Source;

/// A field, and how many cells of a record it takes.
struct Taker {
  const Field *field;
  std::int64_t cells;
};

/// The columns that a field names; its own name, if it names none.
std::vector<ColumnRef> referencesOf(const Field &field);

/// What of a file is wanted.
struct Asked {
  std::span<const Taker> takers;
  std::vector<ColumnRef> keys = {}; ///< columns that rows are selected by, or that are kept as texts
  bool keysOnly = false;            ///< no cell of the takers

  enum class Side { Alone, Own, Other };
  Side side = Side::Alone;                ///< of two tables that are joined, the own one or the other
  std::optional<ColumnRef> joinedBy = {}; ///< the column of this side by which they are

  Limits limits = {}; ///< of a table that is kept to be joined
};

/// For each field and cell, its column; nothing of a field that is not read.
using Binding = std::vector<std::vector<std::int64_t>>;

class RecordReader {
public:
  virtual ~RecordReader() = default;

  /// What the columns are called, one for each; empty if they are known by their numbers alone.
  const std::vector<std::string> &names() const { return columnNames; }
  /// Cells of every record.
  std::int64_t width() const { return columns; }

  /// Which columns the fields take, and the one that rows are selected by; before the first record is read.
  virtual Result<Binding> bind(std::span<const Taker> takers) const;
  virtual Result<std::int64_t> columnOf(const ColumnRef &reference) const;

  /// How many records there are, if that is known before they are read.
  virtual std::optional<std::int64_t> count() const { return std::nullopt; }

  /// The records as blocks, in place of `next`. Null: they come one by one.
  virtual RecordBlocks *blocks() { return nullptr; }

  /// Steps to the next record. False at the end.
  virtual Result<bool> next() = 0;
  /// Reads what `next` leaves for records that are kept: the contents of files.
  virtual Result<void> readContents() { return {}; }
  /// Those of the record; their texts last until the next one.
  virtual std::span<const prepare::Cell> cells() const = 0;

  /// Where a cell of the record begins. Before the first one: where the columns are told, of which only the line counts.
  virtual Place placeOf(std::size_t cell) const = 0;
  /// A column in messages: `column 3`.
  virtual std::string columnText(std::int64_t column) const;
  /// What has the names of the columns, as messages say it: `the header`.
  virtual std::string_view namedBy() const = 0;
  /// What may be meant where the columns are not those of the fields: `fits` tells whether such cells of the first record would be.
  using Fits = std::function<bool(std::span<const std::string_view> cells)>;
  virtual std::string helpOfColumns(const Fits &fits) const { return {}; }
  /// What may be meant by this record, one of whose cells is wrong.
  virtual std::string helpOfRecord() const { return {}; }
  /// The failure of a file without records.
  virtual Error noRecords() const = 0;

  /// Whether columns are keys of objects, of which only those that are asked for are there. A name is that of all cells of its value.
  bool areKeys() const { return columnsAreKeys; }

protected:
  std::vector<std::string> columnNames;
  std::int64_t columns = 0;
  bool columnsAreKeys = false;
};

/// The records of `source`, with the contents of files where its options ask for them.
Result<std::unique_ptr<RecordReader>> openRecords(const Source &source, const Asked &asked);

} // namespace talweg::data

#endif
