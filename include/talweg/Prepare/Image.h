// Which bytes the step `image` takes: those of files that begin so.
#ifndef TALWEG_PREPARE_IMAGE_H
#define TALWEG_PREPARE_IMAGE_H

#include <cstddef>
#include <string_view>

namespace talweg::prepare {

inline bool isPng(std::string_view bytes) { return bytes.starts_with("\x89PNG\r\n\x1a\n"); }
inline bool isJpeg(std::string_view bytes) { return bytes.starts_with("\xff\xd8\xff"); }
inline bool isImage(std::string_view bytes) { return isPng(bytes) || isJpeg(bytes); }

/// So many bytes tell.
inline constexpr std::size_t kImageStart = 8;

} // namespace talweg::prepare

#endif
