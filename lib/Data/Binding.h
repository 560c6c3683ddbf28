// Which columns of a file each field takes, as docs/Data.md says. Internal.
#ifndef TALWEG_LIB_DATA_BINDING_H
#define TALWEG_LIB_DATA_BINDING_H

#include "Records.h"

namespace talweg::data {

/// For each field and cell, its column; nothing of a field that is not read.
using Binding = std::vector<std::vector<std::int64_t>>;

/// Before the first record is read.
Result<Binding> bind(const RecordReader &records, std::span<const Taker> takers);

/// The column of the first cell that `reference` means; `field` is whose it is.
Result<std::int64_t> columnOf(const RecordReader &records, const ColumnRef &reference, const Field &field);

} // namespace talweg::data

#endif
