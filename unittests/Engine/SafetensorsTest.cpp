// What readers of hostile files must refuse, and that what is written is read back.
#include "../../lib/Engine/Safetensors.h"
#include "../../lib/Engine/Files.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

using namespace talweg;

namespace {
std::string file(const std::string &header, std::size_t dataBytes) {
  std::string text(8, '\0');
  for (int i = 0; i < 8; ++i)
    text[i] = char(std::uint64_t(header.size()) >> (8 * i));
  return text + header + std::string(dataBytes, '\1');
}

std::string refusal(const std::string &contents) {
  auto result = readSafetensors(StoredBytes::borrowed(contents), "x");
  if (!result)
    EXPECT_EQ(result.error().code, "E0810");
  return result ? "accepted"
                : result.error().message.substr(std::string("x: error: not a valid safetensors file: ").size());
}

std::string entry(const std::string &type, const std::string &shape, const std::string &offsets) {
  return fmt::format("{{\"dtype\":\"{}\",\"shape\":{},\"data_offsets\":{}}}", type, shape, offsets);
}
} // namespace

TEST(Safetensors, RoundTrip) {
  std::string path =
      (std::filesystem::temp_directory_path() / fmt::format("talweg-{}.safetensors", ::getpid())).string();
  std::string a(24, 'a'), b(8, 'b');
  const std::string head =
      safetensorsHead({{"m.a", "F32", {2, 3}, ""}, {"s", "F64", {}, ""}, {"e", "F32", {0}, ""}}, {{"made", "here"}});
  ASSERT_TRUE(bool(writeFile(path, {head, a, b})));
  auto read = readSafetensors(StoredBytes::ofFile(path), path);
  ASSERT_TRUE(bool(read)) << read.error().message;
  EXPECT_EQ(*allOf(read->find("m.a")->bytes), a);
  EXPECT_EQ(*allOf(read->find("s")->bytes), b);
  EXPECT_TRUE(read->find("s")->shape.empty());
  EXPECT_EQ(read->find("e")->shape, std::vector<std::int64_t>{0});
  EXPECT_EQ(read->find("z"), nullptr);
  EXPECT_EQ(read->metadata.at("made"), "here");
  std::filesystem::remove(path);
}

TEST(Safetensors, RefusesWrongSizes) {
  EXPECT_EQ(refusal("short"), "it has 5 bytes, too few for a header");
  EXPECT_EQ(refusal(std::string(8, '\xff')), "its header would have 18446744073709551615 bytes, more than 100000000");
  EXPECT_EQ(refusal(file("{}", 0).substr(0, 9)), "its header would have 2 bytes, but the file ends after 1");
  EXPECT_EQ(refusal(file("{}", 3)), "it has 3 bytes after the last tensor");
  EXPECT_EQ(refusal(file("{\"a\":" + entry("F32", "[2]", "[0,8]") + "}", 4)),
            "the bytes 0 to 8 of `a` are outside the data, which has 4");
  EXPECT_EQ(refusal(file("{\"a\":" + entry("F32", "[3]", "[0,8]") + "}", 8)),
            "`a` has 8 bytes, but its shape asks for 12");
  EXPECT_EQ(refusal(file("{\"a\":" + entry("F32", "[8]", "[8,0]") + "}", 8)),
            "the bytes 8 to 0 of `a` are outside the data, which has 8");
  EXPECT_EQ(refusal(file("{\"a\":" + entry("F64", "[4294967296,4294967296]", "[0,8]") + "}", 8)),
            "`a` has more bytes than can be counted");
}

TEST(Safetensors, RefusesOverlapAndHoles) {
  EXPECT_EQ(refusal(file("{\"a\":" + entry("F32", "[2]", "[0,8]") + ",\"b\":" + entry("F32", "[1]", "[4,8]") + "}", 8)),
            "the bytes of `b` overlap those of another tensor");
  EXPECT_EQ(refusal(file("{\"a\":" + entry("F32", "[1]", "[4,8]") + "}", 8)),
            "no tensor holds the bytes before those of `a`");
}

TEST(Safetensors, RefusesWrongHeaders) {
  EXPECT_EQ(refusal(file("[]", 0)), "its header does not start with `{`");
  EXPECT_EQ(refusal(file("{", 0)), "its header is not a JSON object");
  EXPECT_EQ(refusal(file("{\"a\":1}", 0)), "the entry of `a` does not hold exactly dtype, shape and data_offsets");
  EXPECT_EQ(refusal(file("{\"a\":" + entry("F31", "[]", "[0,4]") + "}", 4)), "`a` has an unknown dtype");
  EXPECT_EQ(refusal(file("{\"a\":" + entry("F32", "[-1]", "[0,4]") + "}", 4)),
            "the shape of `a` holds something other than sizes");
  EXPECT_EQ(refusal(file("{\"a\":" + entry("F32", "[1]", "[0]") + "}", 4)),
            "the data_offsets of `a` are not two positions");
  std::string once = "\"a\":" + entry("F32", "[1]", "[0,4]");
  EXPECT_EQ(refusal(file("{" + once + "," + once + "}", 4)), "`a` appears twice");
  EXPECT_EQ(refusal(file("{\"__metadata__\":{\"k\":1}}", 0)),
            "`__metadata__` holds something other than text under `k`");
}

TEST(Safetensors, RefusesEveryTruncation) {
  std::string whole = file("{\"a\":" + entry("F32", "[2]", "[0,8]") + "}", 8);
  ASSERT_EQ(refusal(whole), "accepted");
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_NE(refusal(whole.substr(0, length)), "accepted") << length;
}
