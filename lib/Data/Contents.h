// Columns whose cells are the paths of files: they become the bytes of these. Internal.
#ifndef TALWEG_LIB_DATA_CONTENTS_H
#define TALWEG_LIB_DATA_CONTENTS_H

#include "Records.h"

#include "talweg/Data/Load.h"

namespace talweg::data {

/// The option of formats of tables.
extern const Option contentsOption;

/// The columns that `options` name.
std::vector<ColumnRef> contentsOf(const Options &options);

/// The records of a file at `path`, with the contents of the files that cells of these columns name.
Result<std::unique_ptr<RecordReader>> withContents(std::unique_ptr<RecordReader> records, const std::string &path,
                                                   const std::vector<ColumnRef> &ofFiles);

} // namespace talweg::data

#endif
