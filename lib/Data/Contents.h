// Columns whose cells are the paths of files: they become the bytes of these. Internal.
#ifndef TALWEG_LIB_DATA_CONTENTS_H
#define TALWEG_LIB_DATA_CONTENTS_H

#include "Records.h"

#include "talweg/Data/Load.h"

namespace talweg::data {

/// The option of formats of tables.
extern const Option contentsOption;

/// The records of a file at `path`, with the contents that `options` ask for.
Result<std::unique_ptr<RecordReader>> withContents(std::unique_ptr<RecordReader> records, const std::string &path,
                                                   const Options &options);

} // namespace talweg::data

#endif
