// Records of another reader, which is asked for all that is not done otherwise. Internal.
#ifndef TALWEG_LIB_DATA_WRAPPED_RECORDS_H
#define TALWEG_LIB_DATA_WRAPPED_RECORDS_H

#include "Records.h"

namespace talweg::data {

class WrappedRecords : public RecordReader {
public:
  explicit WrappedRecords(std::unique_ptr<RecordReader> of) : table(std::move(of)) {
    columnNames = table->names();
    columns = table->width();
    columnsAreKeys = table->areKeys();
  }

  Result<Binding> bind(std::span<const Taker> takers) const override { return table->bind(takers); }
  Result<std::int64_t> columnOf(const ColumnRef &reference) const override { return table->columnOf(reference); }
  std::optional<std::int64_t> count() const override { return table->count(); }
  Result<bool> next() override { return table->next(); }
  Result<void> readContents() override { return table->readContents(); }
  std::span<const prepare::Cell> cells() const override { return table->cells(); }
  Place placeOf(std::size_t cell) const override { return table->placeOf(cell); }
  std::string columnText(std::int64_t column) const override { return table->columnText(column); }
  std::string_view namedBy() const override { return table->namedBy(); }
  std::string helpOfColumns(const Fits &fits) const override { return table->helpOfColumns(fits); }
  std::string helpOfRecord() const override { return table->helpOfRecord(); }
  Error noRecords() const override { return table->noRecords(); }

protected:
  const std::unique_ptr<RecordReader> table;
};

} // namespace talweg::data

#endif
