// The parser takes any bytes: it reports and comes to an end, whatever the text.
#include "talweg/Frontend/Parser.h"
#include "gtest/gtest.h"

using namespace talweg;

namespace {

/// The messages for a text; the tree is made and printed too.
std::string messages(std::string text) {
  Sources sources;
  sources.add("hostile.tw", std::move(text));
  Diagnostics diagnostics(sources);
  const ast::File tree = parse(sources, 0, diagnostics);
  dumpAst(tree);
  return diagnostics.render();
}

std::string repeated(std::string_view piece, int count) {
  std::string result;
  for (int i = 0; i < count; ++i)
    result += piece;
  return result;
}

TEST(ParserRobustness, BoundsTheDepthOfEveryNesting) {
  for (std::string_view piece :
       {"(", "[", "-", "not ", "f(", "a[", "if a then ", "a^", "1 + (", "sum[i](", "if ", "x |> f("})
    EXPECT_NE(messages("fn f(x) {\n  y = " + repeated(piece, 100000) + "x\n}\n").find("[E0114]"), std::string::npos)
        << piece;
  for (std::string_view piece : {"repeat 2 { ", "for i in 0..2 {\n"})
    EXPECT_NE(messages("fn f(x) {\n" + repeated(piece, 100000)).find("[E0114]"), std::string::npos) << piece;
}

TEST(ParserRobustness, BoundsTheLengthOfChains) {
  for (std::string_view piece : {" + x", " * x", " |> f", "(x)", "[i]", " and x"})
    EXPECT_NE(messages("fn f(x) {\n  y = x" + repeated(piece, 100000) + "\n}\n").find("[E0114]"), std::string::npos)
        << piece;
  EXPECT_EQ(messages("fn f(x) {\n  y = x" + repeated(" + x", 400) + "\n}\n"), "");
}

TEST(ParserRobustness, AcceptsManyDeclarationsAndStatements) {
  EXPECT_EQ(messages(repeated("fn f(x) { x }\n", 10000)), "");
  EXPECT_EQ(messages("fn f(x) {\n" + repeated("  x = x + 1\n", 10000) + "}\n"), "");
}

TEST(ParserRobustness, RefusesFilesThatAreTooLarge) {
  EXPECT_NE(messages(std::string((16 << 20) + 1, '\n')).find("[E0001]"), std::string::npos);
  EXPECT_EQ(messages(std::string(16 << 20, '\n')), "");
}

TEST(ParserRobustness, TakesEveryByte) {
  for (int byte = 0; byte < 256; ++byte)
    for (std::string_view around :
         {"", "fn f(x) {", "fn f(x) { \"", "// ", "data d { x: f32[", "train M on d { batch "})
      messages(std::string(around) + char(byte) + "\n");
}

TEST(ParserRobustness, AnEmptyFileIsAProgram) {
  EXPECT_EQ(messages(""), "");
  EXPECT_EQ(messages("\uFEFF// nothing\r\n"), "");
}

} // namespace
