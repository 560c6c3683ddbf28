// Rows of a picture to those of another size. Internal.
#ifndef TALWEG_LIB_PREPARE_SCALER_H
#define TALWEG_LIB_PREPARE_SCALER_H

#include <cstdint>
#include <span>
#include <vector>

namespace talweg::prepare {

/// A part of a line of pixels, and how many pixels are made of it.
struct Stretch {
  double begin = 0, end = 0; ///< in pixels of the line
  std::int64_t line = 0, into = 0;
};

/// Bilinear with antialiasing: a pixel is the mean of those around its place, whose weights fall linearly to 0 at the distance of one pixel
/// of the line, or of the new line if its pixels are larger.
class Scaler {
public:
  Scaler(const Stretch &across, const Stretch &down, int channels);

  /// The rows of the picture, one after the other.
  void add(std::span<const float> row);
  /// The new ones, once all have been added.
  const std::vector<float> &result() const { return values; }

private:
  /// What one pixel is made of.
  struct Taps {
    std::int64_t first;
    std::vector<float> weights;
  };
  static std::vector<Taps> tapsOf(const Stretch &stretch);

  std::vector<Taps> across, down;
  std::size_t channels;
  std::int64_t row = 0;    ///< the next one of the picture
  std::size_t open = 0;    ///< the first new row that is not complete
  std::vector<float> line; ///< the row in its new width
  std::vector<float> values;
};

} // namespace talweg::prepare

#endif
