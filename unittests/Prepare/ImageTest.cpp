// The step `image`: PNG files give what an independent program says, Inputs/images.py, JPEG files what was written; no bytes do harm.
#include "../Support/Chance.h"
#include "JpegOf.h"
#include "Prepared.h"
#include "SourceDir.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <fstream>

namespace talweg::prepare {

using nlohmann::json;
using random::Chance;

static Field image(std::vector<std::int64_t> shape, const std::string &fit = "crop",
                   ElementType element = ElementType::F64) {
  Field field{"x", element, std::move(shape)};
  field.steps = {{"image", {}, {{"fit", fit}}}};
  return field;
}

static std::string ofHex(std::string_view hex) {
  std::string bytes;
  for (; !hex.empty(); hex.remove_prefix(2))
    bytes += char(std::stoi(std::string(hex.substr(0, 2)), nullptr, 16));
  return bytes;
}

static const json &cases() {
  static const json all = json::parse(std::ifstream(std::string(sourceDir) + "/unittests/Prepare/Inputs/images.json"));
  return all;
}

/// The pixels of a picture as large as the field.
static Numbers pixelsOf(const std::string &bytes, std::vector<std::int64_t> shape) {
  const Field field = image(std::move(shape));
  return valuesOf(created(field), field, {text(bytes)});
}

TEST(Image, png_files_give_what_they_are_defined_to) {
  ASSERT_EQ(cases().size(), 84u);
  for (const json &of : cases()) {
    SCOPED_TRACE(of.dump());
    const std::string bytes = ofHex(of["file"].get<std::string>());
    const Field field = image(of["shape"], of["fit"]);
    expectNear(valuesOf(created(field), field, {text(bytes)}), of["expected"], 1e-3);
  }
}

TEST(Image, whole_numbers_are_rounded) {
  for (const json &of : cases()) {
    SCOPED_TRACE(of.dump());
    const std::string bytes = ofHex(of["file"].get<std::string>());
    const Field field = image(of["shape"], of["fit"], ElementType::U8);
    expectNear(valuesOf(created(field), field, {text(bytes)}), of["expected"], 0.501);
  }
}

TEST(Image, jpeg_gives_what_was_written) {
  for (const bool isProgressive : {false, true}) {
    const std::vector<unsigned char> grey = slope(20, 17, 1), colour = slope(20, 17, 3);
    expectNear(pixelsOf(jpegOf(20, 17, grey, isProgressive), {17, 20, 1}), Numbers(grey.begin(), grey.end()), 2);
    expectNear(pixelsOf(jpegOf(20, 17, colour, isProgressive), {17, 20, 3}), Numbers(colour.begin(), colour.end()), 6);
  }
}

TEST(Image, a_picture_that_is_not_clear_has_full_opacity) {
  const Numbers values = pixelsOf(jpegOf(8, 8, slope(8, 8, 3)), {8, 8, 4});
  for (std::size_t i = 3; i < values.size(); i += 4)
    EXPECT_EQ(values[i], 255);
}

TEST(Image, inks_become_colours) {
  std::vector<unsigned char> inks;
  for (int i = 0; i < 64; ++i)
    inks.insert(inks.end(), {200, 100, 50, 128});
  Numbers colours;
  for (int i = 0; i < 64; ++i)
    colours.insert(colours.end(), {100.4, 50.2, 25.1});
  expectNear(pixelsOf(jpegOf(8, 8, inks), {8, 8, 3}), colours, 2);
}

/// What a camera writes: a block of EXIF with one tag.
static std::string noted(int orientation) {
  return std::string("Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0", 24) + char(orientation) +
         std::string(7, '\0');
}

TEST(Image, jpeg_is_seen_as_the_camera_noted) {
  const std::vector<unsigned char> stored = slope(20, 17, 1);
  Numbers turned; // a quarter to the right
  for (int y = 0; y < 20; ++y)
    for (int x = 0; x < 17; ++x)
      turned.push_back(stored[std::size_t((16 - x) * 20 + y)]);
  expectNear(pixelsOf(jpegOf(20, 17, stored, false, noted(6)), {20, 17, 1}), turned, 2);
  expectNear(pixelsOf(jpegOf(20, 17, stored, true, noted(6)), {20, 17, 1}), turned, 2);
  expectNear(pixelsOf(jpegOf(20, 17, stored, false, noted(1)), {17, 20, 1}), Numbers(stored.begin(), stored.end()), 2);
}

TEST(Image, what_is_noted_and_broken_is_nothing) {
  const std::vector<unsigned char> stored = slope(20, 17, 1);
  const Numbers plain = pixelsOf(jpegOf(20, 17, stored), {17, 20, 1});
  const auto seen = [&](const std::string &what) { return pixelsOf(jpegOf(20, 17, stored, false, what), {17, 20, 1}); };
  for (const int orientation : {0, 9, 255})
    EXPECT_EQ(seen(noted(orientation)), plain) << orientation;
  for (std::size_t size = 1; size < 25; ++size)
    EXPECT_EQ(seen(noted(3).substr(0, size)), plain) << size;
  EXPECT_NE(seen(noted(3)), plain);
  Chance chance(6);
  for (int i = 0; i < 500; ++i) {
    std::string bytes = noted(3);
    bytes[6 + std::size_t(chance.below(std::ssize(bytes) - 6))] = char(chance.below(256));
    for (const double value : seen(bytes))
      ASSERT_TRUE(value >= 0 && value <= 255.001) << value;
  }
}

TEST(Image, a_missing_cell_is_missing) {
  EXPECT_EQ(faultIn(image({2, 2, 1}), {none}).substr(0, 5), "E0712");
  EXPECT_EQ(faultIn(image({2, 2, 1}), {text("")}).substr(0, 5), "E0712");
}

TEST(Image, steps_follow_it) {
  Field field = image({8, 8, 1});
  field.steps.push_back({"clipped", {0., 100.}});
  for (const double value : valuesOf(created(field), field, {text(jpegOf(8, 8, slope(8, 8, 1)))}))
    EXPECT_LE(value, 100);
}

TEST(Image, other_bytes_are_no_image) {
  EXPECT_EQ(
      faultIn(image({2, 2, 1}), {text("cat/1.png")}),
      "E0770 `cat/1.png` is no PNG or JPEG image | `image` takes the bytes of a file: where a column has its name, "
      "write `contents` of that column behind the table's file");
  EXPECT_EQ(faultIn(image({2, 2, 1}), {number(7)}).substr(0, 38), "E0770 `7` is no PNG or JPEG image | `i");
}

TEST(Image, a_part_of_a_file_is_broken) {
  for (const std::string &whole :
       {ofHex(cases()[0]["file"].get<std::string>()), ofHex(cases()[1]["file"].get<std::string>()),
        jpegOf(20, 17, slope(20, 17, 3)), jpegOf(20, 17, slope(20, 17, 3), true)})
    for (std::size_t size = 8; size < whole.size(); ++size)
      EXPECT_EQ(faultIn(image({4, 4, 3}), {text(whole.substr(0, size))}).substr(0, 5), "E0771") << size;
}

TEST(Image, a_huge_picture_is_refused_by_its_header) {
  EXPECT_EQ(faultIn(image({2, 2, 1}),
                    {text(ofHex(
                        "89504e470d0a1a0a0000000d4948445200004e2000004e200800000000c61b19e5000000004944415435af061e"))})
                .substr(0, 86),
            "E0772 this image has 20000 x 20000 pixels; the most is 67108864 in all | make it small");
}

TEST(Image, five_hundred_changes_of_each_kind_do_no_harm) {
  std::vector<std::string> files = {jpegOf(20, 17, slope(20, 17, 3)), jpegOf(20, 17, slope(20, 17, 3), true)};
  for (std::size_t of : {0, 1, 8, 14, 29})
    files.push_back(ofHex(cases()[of]["file"].get<std::string>()));
  Chance chance(13);
  const Preparation preparation = created(image({4, 4, 3}));
  for (const std::string &whole : files) {
    int faults = 0;
    for (int i = 0; i < 500; ++i) {
      std::string bytes = whole;
      for (std::int64_t changes = 1 + chance.below(3); changes > 0; --changes)
        switch (chance.below(3)) {
        case 0: bytes[std::size_t(chance.below(std::ssize(bytes)))] = char(chance.below(256)); break;
        case 1: bytes.erase(std::size_t(chance.below(std::ssize(bytes))), std::size_t(chance.below(5))); break;
        case 2: bytes.insert(std::size_t(chance.below(std::ssize(bytes))), 1, char(chance.below(256))); break;
        }
      Numbers values(48, -1);
      const Fault fault = preparation.prepare(Cells{text(bytes)}, reinterpret_cast<std::byte *>(values.data()));
      faults += bool(fault);
      for (const double value : values)
        EXPECT_TRUE(fault || (value >= 0 && value <= 255.001)) << value;
    }
    EXPECT_GT(faults, 50);
  }
}

TEST(Image, the_field_has_height_width_and_channels) {
  EXPECT_EQ(refused(image({32, 32})),
            "E0753 error: `image` fills height, width and 1, 3 or 4 channels, and the field is "
            "`f64[32, 32]`\nhelp: declare the field with them, as in `u8[32, 32, 3]`");
  EXPECT_EQ(refused(image({32, 32, 2})).substr(0, 5), "E0753");
  Field field = image({32, 32, 3});
  field.columns = {"a", "b"};
  EXPECT_EQ(refused(field), "E0753 error: `image` takes one cell, and 2 columns are named\nhelp: name one column");
  EXPECT_EQ(refused(image({4, 4, 1}, "fill")), "E0751 error: `fit` is \"crop\", \"stretch\" or \"pad\", and this is "
                                               "\"fill\"\nhelp: as in `image(fit = \"pad\")`");
}

} // namespace talweg::prepare
