// Rows of another table beside those of a table, found by a key. Internal.
#ifndef TALWEG_LIB_DATA_JOIN_H
#define TALWEG_LIB_DATA_JOIN_H

#include "Records.h"

#include "talweg/Data/Load.h"

namespace talweg::data {

/// The options of formats of tables.
extern const Option joinOption, joinHeaderOption, onOption;

/// What the names of the other table's columns begin with, where columns are keys.
inline constexpr std::string_view kJoined = "join.";

/// The records of `source`, each with the cells of the other table's record that has its key, missing where none has. The other table is
/// kept in memory.
Result<std::unique_ptr<RecordReader>> openJoined(const Source &source, const Asked &asked);

} // namespace talweg::data

#endif
