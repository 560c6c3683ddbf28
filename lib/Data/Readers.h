// The list of the formats, and what their readers share. `nameFormat` is defined in the file of its reader. Internal.
#ifndef TALWEG_LIB_DATA_READERS_H
#define TALWEG_LIB_DATA_READERS_H

#include "Records.h"

#include "talweg/Data/Load.h"

namespace talweg::data {

#define TALWEG_DATA_FORMATS(FORMAT)                                                                                    \
  FORMAT(csv)                                                                                                          \
  FORMAT(jsonl)                                                                                                        \
  FORMAT(lines)                                                                                                        \
  FORMAT(words)                                                                                                        \
  FORMAT(characters)                                                                                                   \
  FORMAT(bytes)                                                                                                        \
  FORMAT(images)                                                                                                       \
  FORMAT(idx)                                                                                                          \
  FORMAT(npy)                                                                                                          \
  FORMAT(npz)                                                                                                          \
  FORMAT(safetensors)

#define TALWEG_DECLARE(name) extern const Format name##Format;
TALWEG_DATA_FORMATS(TALWEG_DECLARE)
#undef TALWEG_DECLARE

/// What messages call a format: `IDX`.
std::string titleOf(const Format &format);

/// An error, E0743, unless the source is one file.
Result<void> checkOneFile(const Source &source);

} // namespace talweg::data

#endif
