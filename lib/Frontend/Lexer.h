// Text to tokens. In: one source of Sources, any bytes. Out: its tokens, the last of which is End; what is not a token is
// reported and left out.
#ifndef TALWEG_LIB_FRONTEND_LEXER_H
#define TALWEG_LIB_FRONTEND_LEXER_H

#include "talweg/Frontend/Diagnostics.h"

namespace talweg {

struct Token {
  enum Kind : std::uint8_t {
    End,
    Identifier,
    Number,
    String,
    // reserved words
    If,
    Then,
    Else,
    For,
    Repeat,
    And,
    Or,
    Not,
    // punctuation
    LeftParen,
    RightParen,
    LeftBracket,
    RightBracket,
    LeftBrace,
    RightBrace,
    Comma,
    Colon,
    Assign,
    Arrow,
    Pipe,
    DotDot,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    Caret,
    PlusAssign,
    MinusAssign,
    StarAssign,
    SlashAssign,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
  };
  Kind kind = End;
  bool startsLine = false;  ///< the first token of its line
  bool spaceBefore = false; ///< white space or a line's beginning stands before it
  bool spaceAfter = false;
  int begin = 0, end = 0;
};

std::vector<Token> lex(const Sources &sources, int file, Diagnostics &diagnostics);

/// What a string token says: without its quotes, escapes replaced.
std::string unquote(std::string_view token);

/// How a token is called in a message: "`)`", "the end of the file", "a number".
std::string spell(Token::Kind kind);

} // namespace talweg

#endif
