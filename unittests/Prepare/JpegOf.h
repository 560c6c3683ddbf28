// JPEG files that a test writes down.
#ifndef TALWEG_UNITTESTS_PREPARE_JPEGOF_H
#define TALWEG_UNITTESTS_PREPARE_JPEGOF_H

#include <cstdio>

#include <jpeglib.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace talweg::prepare {

/// Of `samples` for each pixel, in the best quality; 4 are inks, with Adobe's mark. `noted` is what a camera notes, if it does.
inline std::string jpegOf(int width, int height, std::vector<unsigned char> pixels, bool isProgressive = false,
                          const std::string &noted = "") {
  jpeg_compress_struct jpeg = {};
  jpeg_error_mgr errors = {};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char *bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &bytes, &size);
  jpeg.image_width = static_cast<JDIMENSION>(width);
  jpeg.image_height = static_cast<JDIMENSION>(height);
  jpeg.input_components = int(pixels.size()) / (width * height);
  jpeg.in_color_space = jpeg.input_components == 1 ? JCS_GRAYSCALE : jpeg.input_components == 3 ? JCS_RGB : JCS_CMYK;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, 100, TRUE);
  if (isProgressive)
    jpeg_simple_progression(&jpeg);
  jpeg_start_compress(&jpeg, TRUE);
  if (!noted.empty())
    jpeg_write_marker(&jpeg, JPEG_APP0 + 1, reinterpret_cast<const JOCTET *>(noted.data()), unsigned(noted.size()));
  for (int y = 0; y < height; ++y) {
    unsigned char *row = pixels.data() + std::size_t(y) * std::size_t(width * jpeg.input_components);
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  std::string file(reinterpret_cast<char *>(bytes), size);
  std::free(bytes);
  return file;
}

/// Pixels that change from one side to the other, and downwards.
inline std::vector<unsigned char> slope(int width, int height, int samples) {
  std::vector<unsigned char> pixels;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < samples; ++c)
        pixels.push_back(static_cast<unsigned char>(40 + 5 * x + 3 * y + 20 * c));
  return pixels;
}

} // namespace talweg::prepare

#endif
