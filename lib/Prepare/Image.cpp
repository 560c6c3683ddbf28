// The bytes of a PNG or JPEG file to the pixels of a field: decoded, upright, fitted to height and width, and in its channels.
#include "talweg/Prepare/Image.h"
#include "Picture.h"
#include "Scaler.h"
#include "StepTable.h"
#include "StepValues.h"
#include "Work.h"

#include <fmt/format.h>

namespace talweg::prepare {

/// A picture of more pixels is refused before it is decoded.
static constexpr std::int64_t mostPixels = std::int64_t(1) << 26;

/// The samples of pixels, of as many channels as the picture has, in `to` channels.
static void convert(std::span<const float> pixels, int from, int to, std::span<float> converted) {
  for (std::size_t i = 0, count = pixels.size() / std::size_t(from); i < count; ++i) {
    const float *pixel = pixels.data() + i * std::size_t(from);
    float *out = converted.data() + i * std::size_t(to);
    const bool isGrey = from < 3;
    if (to == 1)
      out[0] = isGrey ? pixel[0] : 0.299f * pixel[0] + 0.587f * pixel[1] + 0.114f * pixel[2];
    else
      for (int c = 0; c < 3; ++c)
        out[c] = pixel[isGrey ? 0 : c];
    if (to == 4)
      out[3] = from % 2 == 0 ? pixel[from - 1] : 255;
  }
}

namespace {
/// Which pixel of the file is one of the picture when it is upright.
struct Turned {
  /// By the numbers of EXIF.
  explicit Turned(int orientation)
      : isTransposed(orientation >= 5),
        isMirrored(orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7),
        isUpsideDown(orientation == 3 || orientation == 4 || orientation >= 7) {}
  bool isTransposed, isMirrored, isUpsideDown;
};

/// Where on the field an upright picture comes to lie, and which part of it.
struct Fitted {
  Stretch across, down;
  std::int64_t left = 0, top = 0;
};

class Image : public Work {
public:
  explicit Image(const Place &place)
      : height(place.field.shape[0]), width(place.field.shape[1]), channels(int(place.field.shape[2])),
        isWhole(!infoOf(place.field.element).isFloat()), fit(namedOf<std::string>(place.step, "fit").value_or("crop")) {
  }

  Fault apply(Row &row) const override {
    const std::size_t count = std::size_t(height * width * channels);
    if (isMissing(row.cells[0])) {
      row.numbers.assign(count, missing);
      return {};
    }
    row.numbers.assign(count, 0);
    return fill(row.cells[0].text, row.numbers);
  }
  std::size_t sourceOf(std::size_t) const override { return 0; }

private:
  Fault fill(std::string_view bytes, std::vector<double> &numbers) const;
  Fitted fitted(double pictureWidth, double pictureHeight) const;

  std::int64_t height, width;
  int channels;
  bool isWhole; ///< the field holds whole numbers
  std::string fit;
};
} // namespace

Fitted Image::fitted(double w, double h) const {
  Fitted to{{0, w, std::int64_t(w), width}, {0, h, std::int64_t(h), height}};
  const double across = w / double(width), down = h / double(height); // pixels of the picture for one of the field
  if (fit == "crop") {
    const double scale = std::min(across, down);
    to.across.begin = (w - scale * double(width)) / 2;
    to.across.end = w - to.across.begin;
    to.down.begin = (h - scale * double(height)) / 2;
    to.down.end = h - to.down.begin;
  } else if (fit == "pad") {
    const double scale = std::max(across, down);
    to.across.into = std::clamp<std::int64_t>(std::llround(w / scale), 1, width);
    to.down.into = std::clamp<std::int64_t>(std::llround(h / scale), 1, height);
    to.left = (width - to.across.into) / 2;
    to.top = (height - to.down.into) / 2;
  }
  return to;
}

static Fault brokenFault(const std::string &problem) {
  return {"E0771", fmt::format("this image is broken: {}", problem), "replace the file, or leave its row out"};
}

Fault Image::fill(std::string_view bytes, std::vector<double> &numbers) const {
  if (!isImage(bytes))
    return {
        "E0770", fmt::format("{} is no PNG or JPEG image", quoted(bytes)),
        "`image` takes the bytes of a file: where a column has its name, write `contents` of that column behind the "
        "table's file"};
  std::string problem;
  const std::unique_ptr<Picture> picture = isPng(bytes) ? openPng(bytes, problem) : openJpeg(bytes, problem);
  if (!picture)
    return brokenFault(problem);
  const std::int64_t w = picture->width(), h = picture->height();
  if (w * h > mostPixels)
    return {"E0772", fmt::format("this image has {} x {} pixels; the most is {} in all", w, h, mostPixels),
            "make it smaller, or leave its row out"};

  // The file's rows are fitted as they come, and turned afterwards: what is cut off or left beside is the same at both sides.
  const Turned turned(picture->orientation());
  const Fitted to = turned.isTransposed ? fitted(double(h), double(w)) : fitted(double(w), double(h));
  const Stretch &across = turned.isTransposed ? to.down : to.across;
  const Stretch &down = turned.isTransposed ? to.across : to.down;
  Scaler scaler(across, down, channels);
  std::vector<float> row(std::size_t(w) * std::size_t(picture->channels()));
  std::vector<float> converted(std::size_t(w) * std::size_t(channels));
  for (std::int64_t y = 0; y < h; ++y) {
    if (!picture->read(row))
      return brokenFault(picture->problem());
    convert(row, picture->channels(), channels, converted);
    scaler.add(converted);
  }
  for (std::int64_t y = 0; y < to.down.into; ++y)
    for (std::int64_t x = 0; x < to.across.into; ++x) {
      std::int64_t column = turned.isMirrored ? to.across.into - 1 - x : x;
      std::int64_t line = turned.isUpsideDown ? to.down.into - 1 - y : y;
      if (turned.isTransposed)
        std::swap(column, line);
      const float *pixel = scaler.result().data() + (line * across.into + column) * channels;
      double *out = numbers.data() + ((to.top + y) * width + to.left + x) * channels;
      for (int c = 0; c < channels; ++c)
        out[c] = isWhole ? std::floor(double(pixel[c]) + 0.5) : double(pixel[c]);
    }
  return {};
}

static bool isFit(const StepValue &value) {
  static constexpr std::string_view fits[] = {"crop", "stretch", "pad"};
  return isOneOf(fits, value);
}

static constexpr StepOption options[] = {{"fit", "\"crop\", \"stretch\" or \"pad\"", isFit}};

const StepInfo imageStep = {
    .name = "image",
    .example = "image(fit = \"pad\")",
    .gives = Flow::Numbers,
    .options = options,
    .gathers = true,
    .isOfImages = true,
    .make = [](const Place &place) -> std::unique_ptr<Work> { return std::make_unique<Image>(place); }};

} // namespace talweg::prepare
