// What the parser does after an error: it goes on where a reader would, and says nothing that follows from what it has said.
#include "talweg/Frontend/Parser.h"
#include "gtest/gtest.h"

using namespace talweg;

namespace {

/// The places and codes of the messages for a text: "2:3 E0103, 4:1 E0101".
std::string errors(std::string text) {
  Sources sources;
  sources.add("", std::move(text));
  Diagnostics diagnostics(sources);
  parse(sources, 0, diagnostics);
  std::string result;
  const std::string shown = diagnostics.render(100);
  for (size_t begin = 0; begin < shown.size(); begin = shown.find('\n', begin) + 1) {
    const std::string line = shown.substr(begin, shown.find('\n', begin) - begin);
    if (!line.starts_with(":") || line.find(": error: ") == std::string::npos)
      continue;
    result +=
        (result.empty() ? "" : ", ") + line.substr(1, line.find(": error") - 1) + " " + line.substr(line.size() - 6, 5);
  }
  return result;
}

std::string dump(std::string text) {
  Sources sources;
  sources.add("page.tw", std::move(text));
  Diagnostics diagnostics(sources);
  const ast::File file = parse(sources, 0, diagnostics);
  return diagnostics.hasErrors() ? diagnostics.render() : dumpAst(file);
}

TEST(Parser, GoesOnAtTheNextStatement) {
  EXPECT_EQ(errors("fn f(x) {\n  a = )\n  b = 3\n  c = ]\n}\n"), "2:7 E0103, 4:7 E0103");
}

TEST(Parser, GoesOnAtTheNextDeclaration) {
  EXPECT_EQ(errors("fn f x {\n  a = 1\n}\nfn g(y) { ) }\n"), "1:6 E0102, 4:11 E0103");
}

TEST(Parser, SkipsBracketsThatAreClosedLater) {
  EXPECT_EQ(errors("fn f(x) {\n  g(1 2,\n    3)\n  y = (\n}\n"), "2:7 E0102, 4:8 E0103");
}

TEST(Parser, ADeclarationInTheFirstColumnEndsAnOpenBody) {
  EXPECT_EQ(errors("fn f(x) {\n  repeat 2 {\n    x = 1\nfn g(y) { ) }\n"), "2:12 E0104, 4:11 E0103");
}

TEST(Parser, GoesOnAfterABadInput) { EXPECT_EQ(errors("fn f(x: f33[n], y) {\n  a = )\n}\n"), "1:9 E0116, 2:7 E0103"); }

TEST(Parser, SaysNothingAboutWhatAnOpenStringTookIn) {
  EXPECT_EQ(errors("fn f(x) {\n  a = g(\"b)\n  c = )\n}\n"), "2:9 E0003, 3:7 E0103");
}

TEST(Parser, TakesDocumentationFromTheLinesAbove) {
  Sources sources;
  sources.add("", "// A file.\n\n// Twice\n//  x.\nfn f(x) { x + x }\n");
  Diagnostics diagnostics(sources);
  const ast::File file = parse(sources, 0, diagnostics);
  ASSERT_EQ(file.decls.size(), 1u);
  EXPECT_EQ(file.decls[0]->doc, "Twice\n x.");
}

/// toText, applied to what the parser makes of a text, gives this text; and the trees are equal.
TEST(Parser, TextOfAnExpressionParsesToTheSameExpression) {
  for (const char *text : {"a + b*c",
                           "(a + b)*c",
                           "a - (b - c)",
                           "a - b - c",
                           "-a^2",
                           "(-a)^2",
                           "a^b^c",
                           "(a^b)^c",
                           "a^-b",
                           "not a == b",
                           "not (a and b)",
                           "(a < b) == c",
                           "a |> f |> g(1, k = 2)",
                           "(a |> f) + 1",
                           "(if a then b else c) + 1",
                           "if a then b else c |> f",
                           "sum[i, j](x[i*stride + u, ..b, :])",
                           "x[.., 1..t, 1.., ..5, ..(t), -2..]",
                           "[1, 2.5, \"a\\n\"]",
                           "a%b/c",
                           "-(a + b)",
                           "-a*b"}) {
    Sources sources;
    sources.add("", "config c = " + std::string(text));
    Diagnostics diagnostics(sources);
    const ast::File file = parse(sources, 0, diagnostics);
    ASSERT_FALSE(diagnostics.hasErrors()) << diagnostics.render();
    EXPECT_EQ(toText(*file.decls[0]->value), text);
    EXPECT_EQ(dump("config c = " + toText(*file.decls[0]->value)), dumpAst(file));
  }
}

} // namespace
