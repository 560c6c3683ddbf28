// What is done with the records of a file: tables are made of them, and preparations learn of them. Internal.
#ifndef TALWEG_LIB_DATA_TABLE_BUILDER_H
#define TALWEG_LIB_DATA_TABLE_BUILDER_H

#include "Records.h"

#include "talweg/Data/Load.h"

namespace talweg::data {

/// A table of the records that `kept` has; `preparations`, one for each field, have learned.
Result<Table> buildTable(RecordReader &records, const KeptRows &kept, std::vector<Field> fields,
                         std::span<const prepare::Preparation> preparations, const Limits &limits);

/// Shows the records that `kept` has to the preparations, one for each field, that have passes left after `pass` of them.
Result<void> showRecords(RecordReader &records, const KeptRows &kept, std::span<const Field> fields,
                         std::span<prepare::Preparation> preparations, int pass);

} // namespace talweg::data

#endif
