// Which rows a selection keeps, where more than their numbers tells: what lies in other rows, in their cells or in another file. The file is
// then read once for that alone. Memory: a number a row, and the texts of a column that rows are ordered by. Internal.
#ifndef TALWEG_LIB_DATA_SELECTING_H
#define TALWEG_LIB_DATA_SELECTING_H

#include "Records.h"

#include "talweg/Data/Load.h"

namespace talweg::data {

/// The selection makes sense by itself.
Result<void> checkSelection(const RowSelection &rows, std::string_view path);

/// An error, E0784, of a file that cannot be read more than once, such as a pipe.
Result<void> checkReadable(const Source &source, std::string_view why);

/// What it takes is of `limits`; E0780: it would be more.
Result<KeptRows> keptRows(const Source &source, std::span<const Taker> takers, const Limits &limits = {});

/// The failure of a selection that keeps none of `rows` rows.
Error nothingSelected(const RowSelection &selection, std::int64_t rows, std::string_view path);

} // namespace talweg::data

#endif
