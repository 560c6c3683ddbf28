// Records that a host has in memory. Internal.
#ifndef TALWEG_LIB_DATA_MEMORY_RECORDS_H
#define TALWEG_LIB_DATA_MEMORY_RECORDS_H

#include "Records.h"

namespace talweg::data {

class MemoryRecords : public RecordReader {
public:
  /// `all` has the cells of one record after the other.
  MemoryRecords(std::string_view origin, const std::vector<std::string> &names, std::span<const prepare::Cell> all)
      : origin(origin), all(all) {
    columnNames = names;
    columns = std::int64_t(names.size());
  }

  Result<bool> next() override {
    begin = row++ == 0 ? 0 : begin + std::size_t(columns);
    return begin < all.size();
  }
  std::span<const prepare::Cell> cells() const override { return all.subspan(begin, std::size_t(columns)); }
  Place placeOf(std::size_t) const override { return {origin, row}; }
  std::string_view namedBy() const override { return "this"; }
  Error noRecords() const override { return failure("E0704", {origin}, "there are no records"); }

private:
  const std::string_view origin;
  const std::span<const prepare::Cell> all;
  std::size_t begin = 0;
  std::int64_t row = 0; ///< number of the record, from 1; 0 before the first one
};

} // namespace talweg::data

#endif
