// Messages: positions in text with tabs and UTF-8, the form of the text, order, repetitions and limits.
#include "talweg/Frontend/Diagnostics.h"
#include "gtest/gtest.h"

#include <fmt/format.h>

using namespace talweg;

namespace {

/// One source and the messages about it.
struct Page {
  explicit Page(std::string text) : diagnostics(sources) { sources.add("page.tw", std::move(text)); }
  Diagnostic &error(int begin, int end, std::string message = "wrong") {
    return diagnostics.error(Code::ExpectedToken, {0, begin, end}, std::move(message));
  }
  Sources sources;
  Diagnostics diagnostics;
};

TEST(Sources, FindsLinesAndColumns) {
  Page page("ab\n\nc\u00e9d\r\n\tx");
  const auto at = [&](int offset) {
    const Sources::Position position = page.sources.position(0, offset);
    return fmt::format("{}:{}", position.line, position.column);
  };
  EXPECT_EQ(at(0), "1:1");
  EXPECT_EQ(at(2), "1:3");
  EXPECT_EQ(at(3), "2:1");
  EXPECT_EQ(at(7), "3:3"); // after the two bytes of é
  EXPECT_EQ(at(11), "4:2");
  EXPECT_EQ(at(12), "4:3"); // the end of the file
  EXPECT_EQ(page.sources.line(0, 3), "c\u00e9d");
  EXPECT_EQ(page.sources.where({0, 10, 11}), "page.tw:4:1");
}

TEST(Diagnostics, ShowTheLineTheCaretAndWhatWasAdded) {
  Page page("x = matmul(a, b)\nb = 1\n");
  page.error(4, 16, "shapes do not agree")
      .line("left side is  f32[2]\nright side is f32[3]")
      .note({0, 17, 18}, "b is here")
      .help("try");
  EXPECT_EQ(page.diagnostics.render(), "page.tw:1:5: error: shapes do not agree [E0102]\n"
                                       "   1 | x = matmul(a, b)\n"
                                       "     |     ^~~~~~~~~~~~\n"
                                       "     |   left side is  f32[2]\n"
                                       "     |   right side is f32[3]\n"
                                       "page.tw:2:1: note: b is here\n"
                                       "   2 | b = 1\n"
                                       "     | ^\n"
                                       "help: try\n");
}

TEST(Diagnostics, PutTheCaretUnderTheCharacterItMeans) {
  Page page("\t\u00e9\u6f22 = y");
  page.error(9, 10);
  EXPECT_EQ(page.diagnostics.render(), "page.tw:1:7: error: wrong [E0102]\n"
                                       "   1 |     \u00e9\u6f22 = y\n"
                                       "     |           ^\n"); // the second character is two columns wide
}

TEST(Diagnostics, ShowNoControlCharacters) {
  Page page(std::string("a\x1b[31m\0\xff z", 10));
  page.error(9, 10, "of \x1b");
  EXPECT_EQ(page.diagnostics.render(), "page.tw:1:10: error: of \uFFFD [E0102]\n"
                                       "   1 | a\uFFFD[31m\uFFFD\uFFFD z\n"
                                       "     |          ^\n");
}

TEST(Diagnostics, ShowPartOfALongLine) {
  Page page(std::string(1000, 'a') + "b" + std::string(1000, 'c'));
  page.error(1000, 2001);
  const std::string a(60, 'a'), c(99, 'c');
  EXPECT_EQ(page.diagnostics.render(), "page.tw:1:1001: error: wrong [E0102]\n   1 | …" + a + "b" + c + "…\n     | " +
                                           std::string(61, ' ') + "^" + std::string(100, '~') + "\n");
}

TEST(Diagnostics, UnderlineOnlyTheFirstOfSeveralLines) {
  Page page("f(\n1)\n");
  page.error(0, 5);
  EXPECT_EQ(page.diagnostics.render(), "page.tw:1:1: error: wrong [E0102]\n   1 | f(\n     | ^~\n");
}

TEST(Diagnostics, AreSortedAndSaidOnce) {
  Page page("a\nb\n");
  page.error(2, 3, "second");
  page.error(0, 1, "first");
  page.error(2, 3, "second");
  const std::string text = page.diagnostics.render();
  EXPECT_EQ(text, "page.tw:1:1: error: first [E0102]\n   1 | a\n     | ^\n"
                  "page.tw:2:1: error: second [E0102]\n   2 | b\n     | ^\n");
  EXPECT_EQ(page.diagnostics.toError().code, "E0102");
  EXPECT_EQ(page.diagnostics.toError().message + "\n", text);
}

TEST(Diagnostics, EndAfterALimit) {
  Page page(std::string(3000, ' '));
  for (int i = 0; i < 2000; ++i)
    page.error(i, i + 1);
  EXPECT_TRUE(page.diagnostics.render().ends_with("\n980 more errors not shown\n"));
  EXPECT_TRUE(page.diagnostics.full());
}

TEST(Diagnostics, CodesAreInOrderAndDifferent) {
  const auto codes = allCodes();
  for (size_t i = 1; i < codes.size(); ++i)
    EXPECT_LT(std::string(codes[i - 1].code), codes[i].code);
  EXPECT_STREQ(describe(Code::NotSupportedYet).code, "E0190");
}

TEST(Suggest, KnowsWhatWasMeant) {
  const std::vector<std::string> names = {"relu", "softmax", "dense", "x"};
  EXPECT_EQ(suggest("rleu", names), "relu");
  EXPECT_EQ(suggest("sofmax", names), "softmax");
  EXPECT_EQ(suggest("Dense", names), "dense");
  EXPECT_EQ(suggest("conv2d", names), "");
  EXPECT_EQ(suggest("y", names), "");
}

} // namespace
