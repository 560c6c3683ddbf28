// What a camera notes in a picture's file. Internal.
#ifndef TALWEG_LIB_PREPARE_EXIF_H
#define TALWEG_LIB_PREPARE_EXIF_H

#include <string_view>

namespace talweg::prepare {

/// The orientation, from 1 to 8, in a block of EXIF, which begins with its order of bytes. It is 1, upright, where none is there or the block
/// is broken.
int orientationOf(std::string_view exif);

} // namespace talweg::prepare

#endif
