// Pictures, row by row, of the bytes of a PNG or JPEG file. Memory: a row, and what the way takes in which the file is written: all of a
// picture that is interlaced or progressive. Internal.
#ifndef TALWEG_LIB_PREPARE_PICTURE_H
#define TALWEG_LIB_PREPARE_PICTURE_H

#include "talweg/Prepare/Cell.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace talweg::prepare {

class Picture {
public:
  virtual ~Picture() = default;

  std::int64_t width() const { return columns; }
  std::int64_t height() const { return rows; }
  /// Samples of a pixel: 1 grey, 2 grey and opacity, 3 red, green and blue, 4 these and opacity.
  int channels() const { return samples; }

  /// What a camera has noted, as EXIF numbers it: 1 is upright.
  int orientation() const { return noted; }

  /// Writes the samples of the next row, from 0 to 255, to `row`. The last one also looks whether the file ends as it should. False where
  /// the file is broken.
  virtual bool read(std::span<float> row) = 0;
  /// How it is broken, as its library says it.
  const std::string &problem() const { return said; }

protected:
  std::int64_t columns = 0, rows = 0;
  int samples = 0;
  int noted = 1;
  std::string said;
};

/// Null, with `problem`, where the header is broken. `bytes` must outlive the picture.
std::unique_ptr<Picture> openPng(std::string_view bytes, std::string &problem);
std::unique_ptr<Picture> openJpeg(std::string_view bytes, std::string &problem);

} // namespace talweg::prepare

#endif
