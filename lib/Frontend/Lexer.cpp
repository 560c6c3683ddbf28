// The lexer: one pass over the bytes. It never fails and never looks outside of the text; bytes that belong to no token are
// reported where they stand, a run of them once.
#include "Lexer.h"

#include "llvm/Support/ConvertUTF.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>

using namespace talweg;

namespace {

struct Spelling {
  std::string_view text;
  Token::Kind kind;
};

/// Longer spellings first.
constexpr Spelling punctuation[] = {
    {"|>", Token::Pipe},        {"->", Token::Arrow},      {"..", Token::DotDot},       {"+=", Token::PlusAssign},
    {"-=", Token::MinusAssign}, {"*=", Token::StarAssign}, {"/=", Token::SlashAssign},  {"==", Token::Equal},
    {"!=", Token::NotEqual},    {"<=", Token::LessEqual},  {">=", Token::GreaterEqual}, {"(", Token::LeftParen},
    {")", Token::RightParen},   {"[", Token::LeftBracket}, {"]", Token::RightBracket},  {"{", Token::LeftBrace},
    {"}", Token::RightBrace},   {",", Token::Comma},       {":", Token::Colon},         {"=", Token::Assign},
    {"+", Token::Plus},         {"-", Token::Minus},       {"*", Token::Star},          {"/", Token::Slash},
    {"%", Token::Percent},      {"^", Token::Caret},       {"<", Token::Less},          {">", Token::Greater},
};

constexpr Spelling reserved[] = {
    {"if", Token::If},         {"then", Token::Then}, {"else", Token::Else}, {"for", Token::For},
    {"repeat", Token::Repeat}, {"and", Token::And},   {"or", Token::Or},     {"not", Token::Not},
};

/// What people write out of habit, what it stands for here (End: nothing), and what to write.
struct Habit {
  std::string_view text;
  Token::Kind meant;
  const char *help;
};
constexpr Habit habits[] = {
    {"**", Token::Caret, "write `^` for powers"},
    {"&&", Token::And, "write `and`"},
    {"||", Token::Or, "write `or`"},
    {"!", Token::Not, "write `not`"},
    {";", Token::End, "a statement ends at the end of its line"},
    {"#", Token::End, "a comment begins with `//`"},
    {"'", Token::End, "strings are written with `\"`"},
    {"@", Token::End, "a matrix product is written `sum[k](a[i, k] * b[k, j])`"},
    {"\u2212", Token::Minus, "write `-`"},
    {"\u00D7", Token::Star, "write `*`"},
    {"\u00B7", Token::Star, "write `*`"},
    {"\u2264", Token::LessEqual, "write `<=`"},
    {"\u2265", Token::GreaterEqual, "write `>=`"},
    {"\u2260", Token::NotEqual, "write `!=`"},
    {"\u2192", Token::Arrow, "write `->`"},
    {"\u201C", Token::End, "strings are written with `\"`"},
    {"\u201D", Token::End, "strings are written with `\"`"},
};

bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool isSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

class Lexer {
public:
  Lexer(const Sources &sources, int file, Diagnostics &diagnostics)
      : text(sources.text(file)), file(file), diagnostics(diagnostics) {}

  std::vector<Token> run();

private:
  char at(size_t ahead) const { return position + ahead < text.size() ? text[position + ahead] : '\0'; }
  bool looksAt(std::string_view expected) const { return text.substr(position).starts_with(expected); }
  ast::Range since(size_t begin) const { return {file, int(begin), int(position)}; }

  void skipBlank();
  void identifier();
  void number();
  void string();
  bool punctuationMark();
  bool habit();
  void unexpected();

  /// Ends the token that began at `begin`.
  void add(Token::Kind kind, size_t begin) {
    tokens.push_back({kind, startsLine, begin == 0 || isSpace(text[begin - 1]),
                      position == text.size() || isSpace(text[position]), int(begin), int(position)});
    startsLine = false;
  }

  std::string_view text;
  int file;
  Diagnostics &diagnostics;
  size_t position = 0;
  bool startsLine = true;
  std::vector<Token> tokens;
};

} // namespace

std::vector<Token> Lexer::run() {
  if (looksAt("\uFEFF"))
    position += 3;
  for (skipBlank(); position < text.size(); skipBlank()) {
    if (isLetter(at(0)))
      identifier();
    else if (isDigit(at(0)) || (at(0) == '.' && isDigit(at(1))))
      number();
    else if (at(0) == '"')
      string();
    else if (!habit() && !punctuationMark())
      unexpected();
  }
  startsLine = true;
  add(Token::End, position);
  return std::move(tokens);
}

void Lexer::skipBlank() {
  for (; position < text.size(); ++position) {
    if (looksAt("//"))
      position = std::min(text.find('\n', position), text.size());
    if (position == text.size() || !isSpace(text[position]))
      return;
    startsLine |= text[position] == '\n';
  }
}

void Lexer::identifier() {
  const size_t begin = position;
  while (isLetter(at(0)) || isDigit(at(0)))
    ++position;
  const std::string_view word = text.substr(begin, position - begin);
  const auto *found = std::find_if(std::begin(reserved), std::end(reserved), [&](auto &r) { return r.text == word; });
  add(found == std::end(reserved) ? Token::Identifier : found->kind, begin);
}

/// Digits, then perhaps a fraction, then perhaps an exponent. `0..6` is a number, two dots and a number.
void Lexer::number() {
  const size_t begin = position;
  const auto digits = [&] {
    while (isDigit(at(0)))
      ++position;
  };
  std::string help;
  if (at(0) == '.')
    help = "write a digit before the point";
  digits();
  if (at(0) == '.' && at(1) != '.') {
    ++position;
    if (!isDigit(at(0)))
      help = "write a digit after the point";
    digits();
  }
  if (at(0) == 'e' || at(0) == 'E') {
    position += at(1) == '+' || at(1) == '-' ? 2 : 1;
    if (!isDigit(at(0)))
      help = "write digits after the `e`";
    digits();
  }
  if (isLetter(at(0))) {
    help = "a name cannot begin with a digit";
    while (isLetter(at(0)) || isDigit(at(0)))
      ++position;
  }
  if (!help.empty())
    diagnostics
        .error(Code::BadNumber, since(begin), fmt::format("`{}` is not a number", text.substr(begin, position - begin)))
        .help(help);
  add(Token::Number, begin);
}

void Lexer::string() {
  const size_t begin = position++;
  while (position < text.size() && at(0) != '"' && at(0) != '\n') {
    if (at(0) == '\\' && position + 1 < text.size() && at(1) != '\n') {
      if (std::string_view("\"\\nt").find(at(1)) == std::string_view::npos)
        diagnostics
            .error(Code::BadEscape, {file, int(position), int(position) + 2}, "there is no such escape in strings")
            .help("the escapes are `\\\"`, `\\\\`, `\\n` and `\\t`");
      ++position;
    }
    ++position;
  }
  if (at(0) == '"') {
    ++position;
  } else {
    if (position > begin + 1 && text[position - 1] == '\r')
      --position;
    diagnostics.error(Code::UnterminatedString, since(begin), "the string is not closed on its line");
  }
  add(Token::String, begin);
}

bool Lexer::punctuationMark() {
  for (const Spelling &mark : punctuation)
    if (looksAt(mark.text)) {
      const size_t begin = position;
      position += mark.text.size();
      add(mark.kind, begin);
      return true;
    }
  return false;
}

bool Lexer::habit() {
  for (const Habit &habit : habits)
    if (looksAt(habit.text) && !looksAt("!=")) {
      const size_t begin = position;
      position += habit.text.size();
      diagnostics
          .error(Code::UnexpectedCharacter, since(begin), fmt::format("`{}` is not part of the language", habit.text))
          .help(habit.help);
      if (habit.text == "#")
        position = std::min(text.find('\n', position), text.size());
      else if (habit.text == ";")
        startsLine = true;
      else if (habit.meant != Token::End)
        add(habit.meant, begin);
      return true;
    }
  return false;
}

/// A run of bytes that begin no token, reported once.
void Lexer::unexpected() {
  const size_t begin = position;
  const auto isPlain = [](char c) { return c > ' ' && c < 0x7F; };
  const bool plain = isPlain(text[begin]);
  do
    ++position;
  while (!plain && position < text.size() && !isPlain(text[position]) && !isSpace(text[position]));
  const std::string_view found = text.substr(begin, position - begin);
  const auto *bytes = reinterpret_cast<const llvm::UTF8 *>(found.data());
  const auto isControl = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  std::string message;
  if (std::any_of(found.begin(), found.end(), isControl))
    message = fmt::format("the byte 0x{:02X} cannot stand in a program", static_cast<unsigned char>(found[0]));
  else if (!llvm::isLegalUTF8String(&bytes, bytes + found.size()))
    message = "this is not UTF-8";
  else
    message = fmt::format("`{}` is not part of the language", found);
  Diagnostic &error = diagnostics.error(Code::UnexpectedCharacter, since(begin), message);
  if (!plain)
    error.help("outside of strings and comments a program is written in ASCII");
}

std::vector<Token> talweg::lex(const Sources &sources, int file, Diagnostics &diagnostics) {
  return Lexer(sources, file, diagnostics).run();
}

std::string talweg::unquote(std::string_view token) {
  token.remove_prefix(1);
  if (token.ends_with('"'))
    token.remove_suffix(1);
  std::string result;
  for (size_t i = 0; i < token.size(); ++i) {
    char c = token[i];
    if (c == '\\' && i + 1 < token.size()) {
      c = token[++i];
      c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
    }
    result += c;
  }
  return result;
}

std::string talweg::spell(Token::Kind kind) {
  for (std::span<const Spelling> table : {std::span<const Spelling>(punctuation), std::span<const Spelling>(reserved)})
    for (const Spelling &spelling : table)
      if (spelling.kind == kind)
        return fmt::format("`{}`", spelling.text);
  return kind == Token::Identifier ? "a name"
         : kind == Token::Number   ? "a number"
         : kind == Token::String   ? "a string"
                                   : "the end of the file";
}
