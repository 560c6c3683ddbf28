// The parser's tools, and how it goes on after an error: an open bracket that is closed later is skipped to its end,
// otherwise parsing goes on at the next line; a declaration that begins in the first column ends whatever was open.
#include "ParserImpl.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

using namespace talweg;
using namespace talweg::ast;

ast::File talweg::parse(const Sources &sources, int file, Diagnostics &diagnostics) {
  constexpr size_t most = 16 << 20;
  if (sources.text(file).size() > most) {
    diagnostics.error(Code::FileTooLarge, {file, 0, 0}, "the file is too large to be a program")
        .line(fmt::format("it has {} bytes; a source file has at most {}", sources.text(file).size(), most));
    return {};
  }
  return Parser(sources, file, diagnostics).run();
}

ast::File Parser::run() {
  ast::File result;
  while (!at(Token::End) && !diagnostics.full()) {
    const size_t begin = position;
    nesting = brackets = 0;
    if (auto decl = declaration())
      result.decls.push_back(std::move(decl));
    else
      skipDeclaration(begin);
  }
  return result;
}

//===-- tokens -----------------------------------------------------------------------------------------------------===//

bool Parser::accept(Token::Kind kind) {
  if (!at(kind))
    return false;
  take();
  return true;
}

bool Parser::acceptWord(std::string_view word) {
  if (!atWord(word))
    return false;
  take();
  return true;
}

Range Parser::here() const {
  if (position > 0 && (peek().startsLine || at(Token::End)))
    return {file, previous().end, previous().end};
  return range(peek());
}

std::string Parser::found() const {
  if (at(Token::End))
    return ", found the end of the file";
  if (position > 0 && peek().startsLine && brackets == 0)
    return ", found the end of the line";
  return fmt::format(", found `{}`", text(peek()));
}

Diagnostic &Parser::expected(std::string_view what, Code code) {
  if (diagnostics.hasErrorAt(here()))
    return diagnostics.unsaid();
  return diagnostics.error(code, here(), fmt::format("expected {}{}", what, found()));
}

bool Parser::expect(Token::Kind kind, std::string_view where) {
  if (accept(kind))
    return true;
  expected(fmt::format("{} {}", spell(kind), where));
  return false;
}

bool Parser::close(Token::Kind kind, const Token &open, std::string_view inWhat) {
  if (accept(kind))
    return true;
  if (tookInByString())
    return false;
  const bool ends = at(Token::End) || at(Token::RightBrace) || at(Token::LeftBrace) || peek().startsLine;
  if (ends)
    diagnostics.error(Code::UnclosedBracket, range(open), fmt::format("`{}` is not closed", text(open)))
        .note(here(), fmt::format("expected `,` or {} here", spell(kind)));
  else
    expected(fmt::format("`,` or {} {}", spell(kind), inWhat));
  return false;
}

bool Parser::tookInByString() {
  if (previous().kind != Token::String || !diagnostics.hasErrorAt(range(previous())))
    return false;
  brackets = 0;
  return true;
}

bool Parser::name(Name &result, std::string_view what) {
  if (at(Token::Identifier)) {
    const Token token = take();
    result = {std::string(text(token)), range(token)};
    return true;
  }
  if (isReserved(peek()))
    diagnostics.error(Code::ReservedWord, range(peek()), fmt::format("`{}` cannot be a name", text(peek())))
        .line("it is a word of the grammar");
  else
    expected(what);
  return false;
}

bool Parser::strings(std::vector<Name> &result) {
  do {
    if (!at(Token::String) || !sameLine()) {
      expected("a pattern of parameter names").help("write it as in `\"*.bias\"`");
      return false;
    }
    const Token token = take();
    result.push_back({unquote(text(token)), range(token)});
  } while (accept(Token::Comma));
  return true;
}

bool Parser::tooDeep(int nested, int height, Range at) {
  if (nested <= maxNesting && height <= maxHeight)
    return false;
  Diagnostic &error =
      diagnostics.error(Code::TooDeep, at, height > maxHeight ? "the expression is too long" : "too deeply nested");
  if (height > maxHeight)
    error.line(fmt::format("at most {} operations can be chained", maxHeight)).help("give parts of it names");
  else
    error.line(fmt::format("brackets, operators and blocks nest at most {} deep", maxNesting));
  return true;
}

//===-- recovery ---------------------------------------------------------------------------------------------------===//

bool Parser::inFirstColumn() const { return peek().begin == 0 || sources.text(file)[peek().begin - 1] == '\n'; }

bool Parser::startsDeclaration() const {
  constexpr std::array<std::string_view, 9> words = {"fn",     "layer",    "model",     "data",   "train",
                                                     "config", "schedule", "optimizer", "average"};
  const Token &token = peek();
  const bool word =
      token.kind == Token::Identifier && std::find(words.begin(), words.end(), text(token)) != words.end();
  if (!word || !inFirstColumn() || peek(1).kind != Token::Identifier || peek(1).startsLine)
    return false;
  // In `train` a rule may be named at the beginning of a line.
  return inside != Decl::Train || (!isWord(token, "optimizer") && !isWord(token, "average"));
}

bool Parser::skipBrackets() {
  size_t last = position;
  for (int open = brackets; open > 0; ++last) {
    const Token::Kind kind = tokens[last].kind;
    if (kind == Token::LeftParen || kind == Token::LeftBracket)
      ++open;
    else if (kind == Token::RightParen || kind == Token::RightBracket)
      --open;
    else if (kind == Token::End || kind == Token::LeftBrace || kind == Token::RightBrace)
      return false;
  }
  position = last;
  return true;
}

void Parser::skipStatement(size_t begin) {
  skipBrackets();
  brackets = 0;
  if (position == begin && !at(Token::RightBrace))
    take();
  int open = 0;
  const auto goesOn = [&] { return !peek().startsLine || at(Token::Pipe) || at(Token::Then) || at(Token::Else); };
  while (!at(Token::End) && (open > 0 || (!at(Token::RightBrace) && goesOn()))) {
    if (open > 0 && startsDeclaration())
      return;
    open += at(Token::LeftBrace) ? 1 : at(Token::RightBrace) ? -1 : 0;
    take();
  }
}

void Parser::skipDeclaration(size_t begin) {
  brackets = 0;
  if (position == begin)
    take();
  int open = 0;
  for (size_t i = begin; i < position; ++i)
    open += tokens[i].kind == Token::LeftBrace ? 1 : tokens[i].kind == Token::RightBrace ? -1 : 0;
  while (!at(Token::End) && !startsDeclaration() && (open > 0 || !inFirstColumn())) {
    open += at(Token::LeftBrace) ? 1 : at(Token::RightBrace) ? -1 : 0;
    take();
  }
}

void Parser::endStatement(size_t begin) {
  if (at(Token::RightBrace) || at(Token::End) || peek().startsLine)
    return;
  expected("the end of the statement", Code::ExpectedEndOfStatement);
  skipStatement(begin);
}
