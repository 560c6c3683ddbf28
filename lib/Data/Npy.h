// The header of NPY. Internal.
#ifndef TALWEG_LIB_DATA_NPY_H
#define TALWEG_LIB_DATA_NPY_H

#include "Arrays.h"

namespace talweg::data {

/// The array of a file or member that is read from its beginning. Fails, E0789, on what is none, or is not stored row by row.
Result<OpenArray> openNpyArray(ByteReader bytes);

} // namespace talweg::data

#endif
