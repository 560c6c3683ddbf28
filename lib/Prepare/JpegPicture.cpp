#include "Exif.h"
#include "Picture.h"

#include <cstdio>

#include <jerror.h>
#include <jpeglib.h>

#include <csetjmp>
#include <vector>

namespace talweg::prepare {

namespace {
/// A file of more passes over the picture is made to take time.
constexpr int mostScans = 500;

/// The library leaves a call by longjmp where a file is broken, so nothing between it and there may have to be destroyed.
class JpegPicture : public Picture {
public:
  explicit JpegPicture(std::string_view bytes) : bytes(bytes) {}
  ~JpegPicture() override { jpeg_destroy_decompress(&jpeg); }

  bool begin();
  bool read(std::span<float> row) override;

private:
  [[noreturn]] static void onError(j_common_ptr jpeg) {
    auto &picture = *static_cast<JpegPicture *>(jpeg->client_data);
    jpeg->err->format_message(jpeg, picture.message);
    std::longjmp(picture.broken, 1);
  }
  /// Of what the library would repair, an error is what costs pixels.
  static void onMessage(j_common_ptr jpeg, int level) {
    switch (jpeg->err->msg_code) {
    case JWRN_JPEG_EOF:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_MUST_RESYNC:
    case JWRN_BOGUS_PROGRESSION:
      if (level < 0)
        onError(jpeg);
    }
  }
  static void onProgress(j_common_ptr jpeg) {
    if (jpeg->is_decompressor && reinterpret_cast<j_decompress_ptr>(jpeg)->input_scan_number > mostScans)
      ERREXIT(jpeg, JERR_BAD_PROGRESSION);
  }
  bool fail() {
    said = message;
    return false;
  }
  void readOrientation();
  bool decode();
  void spread(std::span<float> row) const;

  std::string_view bytes;
  jpeg_decompress_struct jpeg = {};
  jpeg_error_mgr errors = {};
  jpeg_progress_mgr progress = {};
  std::jmp_buf broken;
  char message[JMSG_LENGTH_MAX] = {};
  bool hasBegun = false;
  std::vector<unsigned char> decoded; ///< a row
};
} // namespace

bool JpegPicture::begin() {
  jpeg.err = jpeg_std_error(&errors);
  errors.error_exit = onError;
  errors.emit_message = onMessage;
  errors.output_message = [](j_common_ptr) {};
  jpeg.client_data = this;
  if (setjmp(broken))
    return fail();
  jpeg_create_decompress(&jpeg);
  progress.progress_monitor = onProgress;
  jpeg.progress = &progress;
  jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char *>(bytes.data()), bytes.size());
  jpeg_save_markers(&jpeg, JPEG_APP0 + 1, 0xffff);
  jpeg_read_header(&jpeg, TRUE);
  readOrientation();
  const bool isInk = jpeg.jpeg_color_space == JCS_CMYK || jpeg.jpeg_color_space == JCS_YCCK;
  jpeg.out_color_space = isInk ? JCS_CMYK : jpeg.jpeg_color_space == JCS_GRAYSCALE ? JCS_GRAYSCALE : JCS_RGB;
  columns = jpeg.image_width;
  rows = jpeg.image_height;
  samples = jpeg.out_color_space == JCS_GRAYSCALE ? 1 : 3;
  return true;
}

void JpegPicture::readOrientation() {
  constexpr std::string_view mark("Exif\0\0", 6);
  for (const jpeg_marker_struct *marker = jpeg.marker_list; marker; marker = marker->next) {
    const std::string_view data(reinterpret_cast<const char *>(marker->data), marker->data_length);
    if (!data.starts_with(mark))
      continue;
    noted = orientationOf(data.substr(mark.size()));
    return;
  }
}

bool JpegPicture::decode() {
  decoded.resize(static_cast<std::size_t>(columns) * (jpeg.out_color_space == JCS_CMYK ? 4 : samples));
  unsigned char *row = decoded.data();
  if (setjmp(broken))
    return fail();
  if (!hasBegun)
    jpeg_start_decompress(&jpeg);
  hasBegun = true;
  jpeg_read_scanlines(&jpeg, &row, 1);
  if (jpeg.output_scanline == jpeg.output_height)
    jpeg_finish_decompress(&jpeg);
  return true;
}

/// Inks are what they leave of white, or the other way round, without Adobe's mark.
void JpegPicture::spread(std::span<float> row) const {
  if (jpeg.out_color_space != JCS_CMYK) {
    for (std::size_t i = 0; i < row.size(); ++i)
      row[i] = decoded[i];
    return;
  }
  for (std::size_t i = 0; i < row.size(); ++i) {
    const int ink = decoded[i / 3 * 4 + i % 3], black = decoded[i / 3 * 4 + 3];
    row[i] = float(jpeg.saw_Adobe_marker ? ink * black : (255 - ink) * (255 - black)) / 255;
  }
}

bool JpegPicture::read(std::span<float> row) {
  if (!decode())
    return false;
  spread(row);
  return true;
}

std::unique_ptr<Picture> openJpeg(std::string_view bytes, std::string &problem) {
  auto picture = std::make_unique<JpegPicture>(bytes);
  if (picture->begin())
    return picture;
  problem = picture->problem();
  return nullptr;
}

} // namespace talweg::prepare
