// The formats that `load` chooses from: one function, one file each. The fields have been checked and are in storage
// form; the source's format is the function's own. Internal.
#ifndef TALWEG_LIB_DATA_FORMATS_H
#define TALWEG_LIB_DATA_FORMATS_H

#include "talweg/Data/Load.h"

#include <cstddef>
#include <span>

namespace talweg::data {

Result<Table> loadCsv(const Source &source, std::vector<Field> fields);
Result<Table> loadIdx(const Source &source, std::vector<Field> fields);

/// Whether a file that begins so is IDX: two zero bytes, one of its types, a rank above zero.
bool isIdx(std::span<const std::byte, 4> start);

/// The failure of a selection that keeps none of `rows` rows.
Error nothingSelected(const RowSelection &selection, std::int64_t rows, std::string_view path);

} // namespace talweg::data

#endif
