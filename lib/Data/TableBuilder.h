// What is done with the records of a file: tables are made of them, and preparations learn of them, on several threads where the records
// come in blocks. Internal.
#ifndef TALWEG_LIB_DATA_TABLE_BUILDER_H
#define TALWEG_LIB_DATA_TABLE_BUILDER_H

#include "Records.h"

#include "talweg/Data/Load.h"

namespace talweg::data {

/// What of a record is kept beside the fields.
struct Beside {
  std::vector<ColumnRef> keys = {};       ///< as texts
  std::optional<ColumnRef> balanced = {}; ///< as classes
};

/// A table of the records that `kept` has; `preparations`, one for each field, have learned.
Result<Table> buildTable(RecordReader &records, const KeptRows &kept, std::vector<Field> fields,
                         std::span<const prepare::Preparation> preparations, const Limits &limits,
                         const Beside &beside = {}, int threads = 1);

/// Shows the records that `kept` has to the preparations, one for each field, that have passes left after `pass` of them. E0780: what one of
/// them keeps of these takes more memory than `limits` has.
Result<void> showRecords(RecordReader &records, const KeptRows &kept, std::span<const Field> fields,
                         std::span<prepare::Preparation> preparations, int threads, int pass, const Limits &limits);

/// Calls `visit(field, records)` for each field and all records that `kept` has, and before that `begin(field, columns)` for each field.
/// Of one field, the calls follow each other; those of several may be at the same time.
Result<void> visitRecords(RecordReader &records, const KeptRows &kept, std::span<const Field> fields,
                          std::span<const prepare::Preparation> preparations, int threads,
                          const std::function<void(std::size_t, std::span<const std::int64_t>)> &begin,
                          const std::function<void(std::size_t, const prepare::Records &)> &visit);

std::vector<Taker> takersOf(std::span<const Field> fields, std::span<const prepare::Preparation> preparations);

} // namespace talweg::data

#endif
