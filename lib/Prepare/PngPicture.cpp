#include "Exif.h"
#include "Picture.h"

#include <png.h>

#include <bit>
#include <csetjmp>
#include <cstring>
#include <vector>

namespace talweg::prepare {

namespace {
/// The library leaves a call by longjmp where a file is broken, so nothing between it and there may have to be destroyed.
class PngPicture : public Picture {
public:
  explicit PngPicture(std::string_view bytes) : rest(bytes) {
    png = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, onError, [](png_structp, png_const_charp) {});
    info = png ? png_create_info_struct(png) : nullptr;
  }
  ~PngPicture() override { png_destroy_read_struct(&png, &info, nullptr); }

  bool begin();
  bool read(std::span<float> row) override;

private:
  [[noreturn]] static void onError(png_structp png, png_const_charp message) {
    auto &picture = *static_cast<PngPicture *>(png_get_error_ptr(png));
    picture.said = message;
    std::longjmp(picture.broken, 1);
  }
  static void onRead(png_structp png, png_bytep to, std::size_t count) {
    auto &picture = *static_cast<PngPicture *>(png_get_io_ptr(png));
    if (picture.rest.size() < count)
      png_error(png, "the file ends too early");
    std::memcpy(to, picture.rest.data(), count);
    picture.rest.remove_prefix(count);
  }
  /// Decodes the next row, or all of an interlaced picture, into `decoded`.
  bool decode();
  void spread(const unsigned char *from, std::span<float> row) const;

  png_structp png = nullptr;
  png_infop info = nullptr;
  std::jmp_buf broken;
  std::string_view rest;
  bool isDeep = false; ///< samples of 16 bits
  int passes = 1;
  std::int64_t next = 0; ///< row
  std::size_t rowBytes = 0;
  std::vector<unsigned char> decoded;
  std::vector<unsigned char *> rowStarts;
};
} // namespace

bool PngPicture::begin() {
  if (!info) {
    said = "out of memory";
    return false;
  }
  if (setjmp(broken))
    return false;
  png_set_read_fn(png, this, onRead);
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, nullptr, 0);
  png_read_info(png, info);
  png_bytep exif = nullptr;
  png_uint_32 exifBytes = 0;
  if (png_get_eXIf_1(png, info, &exifBytes, &exif))
    noted = orientationOf({reinterpret_cast<const char *>(exif), exifBytes});
  png_set_expand(png);
  isDeep = png_get_bit_depth(png, info) == 16;
  if (isDeep && std::endian::native == std::endian::little)
    png_set_swap(png);
  passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  columns = png_get_image_width(png, info);
  rows = png_get_image_height(png, info);
  samples = png_get_channels(png, info);
  rowBytes = png_get_rowbytes(png, info);
  return true;
}

bool PngPicture::decode() {
  const bool isWhole = passes > 1;
  if (isWhole && next > 0)
    return true;
  decoded.resize(isWhole ? rowBytes * static_cast<std::size_t>(rows) : rowBytes);
  rowStarts.clear();
  for (std::size_t at = 0; at < decoded.size(); at += rowBytes)
    rowStarts.push_back(decoded.data() + at);
  if (setjmp(broken))
    return false;
  if (isWhole)
    png_read_image(png, rowStarts.data());
  else
    png_read_row(png, rowStarts.front(), nullptr);
  if (isWhole || next + 1 == rows)
    png_read_end(png, nullptr);
  return true;
}

void PngPicture::spread(const unsigned char *from, std::span<float> row) const {
  for (std::size_t i = 0; i < row.size(); ++i) {
    std::uint16_t deep = 0;
    if (isDeep)
      std::memcpy(&deep, from + 2 * i, sizeof deep);
    row[i] = isDeep ? float(deep) / 257 : float(from[i]);
  }
}

bool PngPicture::read(std::span<float> row) {
  if (!decode())
    return false;
  spread(rowStarts[passes > 1 ? static_cast<std::size_t>(next) : 0], row);
  ++next;
  return true;
}

std::unique_ptr<Picture> openPng(std::string_view bytes, std::string &problem) {
  auto picture = std::make_unique<PngPicture>(bytes);
  if (picture->begin())
    return picture;
  problem = picture->problem();
  return nullptr;
}

} // namespace talweg::prepare
