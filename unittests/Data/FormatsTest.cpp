// The table of formats: what holds for every row, and which row a file's contents choose.
#include "Scratch.h"
#include "SourceDir.h"

#include <algorithm>
#include <fstream>
#include <sstream>

namespace talweg::data {

TEST(Formats, are_found_by_their_names) {
  for (const Format *format : formats())
    EXPECT_EQ(formatNamed(format->name), format);
  EXPECT_EQ(formatNamed("excel"), nullptr);
}

TEST(Formats, have_options_of_different_names) {
  for (const Format *format : formats())
    for (const std::vector<std::string> names = format->optionNames(); const std::string &name : names)
      EXPECT_EQ(std::count(names.begin(), names.end(), name), 1) << format->name << ": " << name;
}

TEST(Formats, are_documented_with_their_options) {
  std::stringstream text;
  text << std::ifstream(sourceDir + std::string("/docs/Data.md")).rdbuf();
  for (const Format *format : formats()) {
    EXPECT_TRUE(text.str().find("`" + std::string(format->name) + "(") != std::string::npos) << format->name;
    for (const std::string &option : format->optionNames())
      EXPECT_TRUE(text.str().find("`" + option + " = ") != std::string::npos) << format->name << ": " << option;
  }
}

struct FormatOf : Scratch {
  const Format *const csv = formatNamed("csv"), *const idx = formatNamed("idx");
};

TEST_F(FormatOf, is_told_by_the_contents) {
  const std::string images = idxHeader(8, {1, 2}) + "ab";
  EXPECT_EQ(formatOf(file("images.csv", images), csv), idx);
  EXPECT_EQ(formatOf(file("images", gzip(images)), csv), idx);
  EXPECT_EQ(formatOf(file("rows-idx1-ubyte", "1,2\n"), idx), csv);
  EXPECT_EQ(formatOf(file("rows.gz", gzip("1,2\n")), idx), csv);
  EXPECT_EQ(formatOf(file("short", "1"), idx), csv);
}

TEST_F(FormatOf, stays_where_there_are_no_contents_to_look_at) {
  EXPECT_EQ(formatOf((folder / "absent.idx").string(), csv), csv);
  EXPECT_EQ(formatOf(folder.string(), idx), idx);
}

} // namespace talweg::data
