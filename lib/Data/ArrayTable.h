// Arrays to tables. Internal.
#ifndef TALWEG_LIB_DATA_ARRAY_TABLE_H
#define TALWEG_LIB_DATA_ARRAY_TABLE_H

#include "Records.h"

#include "talweg/Data/Load.h"

namespace talweg::data {

/// A table of the records that `kept` has, of a format of arrays. Values of keys and of
/// fields with steps go through their cells, all others in bulk.
Result<Table> loadArrays(const Source &source, const KeptRows &kept, std::vector<Field> fields,
                         std::span<const prepare::Preparation> preparations, const Limits &limits);

/// The arrays as records: a cell for each of their values.
Result<std::unique_ptr<RecordReader>> openArrayRecords(const Source &source, const Asked &asked);

} // namespace talweg::data

#endif
