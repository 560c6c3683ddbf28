// The bytes of a file that becomes one cell. Internal.
#ifndef TALWEG_LIB_DATA_WHOLE_FILE_H
#define TALWEG_LIB_DATA_WHOLE_FILE_H

#include "Messages.h"

#include <string>

namespace talweg::data {

/// Makes them `bytes`, as they are, or the first `most` of them. `named` is where the file is named in messages: itself, or a cell.
Result<void> readWhole(const std::string &path, const Place &named, std::string &bytes);
Result<void> readStart(const std::string &path, const Place &named, std::size_t most, std::string &bytes);

} // namespace talweg::data

#endif
