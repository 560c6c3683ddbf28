// Parser::braces, which both declarations and statements use.
#ifndef TALWEG_LIB_FRONTEND_PARSEBRACES_H
#define TALWEG_LIB_FRONTEND_PARSEBRACES_H

#include "ParserImpl.h"

template <typename Fn>
bool talweg::Parser::braces(std::string_view what, Fn item) {
  const Token open = peek();
  if (!accept(Token::LeftBrace)) {
    expected("`{` and " + std::string(what));
    return false;
  }
  if (tooDeep(++nesting, 0, range(open)))
    return false;
  const int depth = nesting;
  while (!at(Token::RightBrace) && !diagnostics.full()) {
    if (at(Token::End) || startsDeclaration()) {
      if (position != unclosedAt)
        diagnostics.error(Code::UnclosedBracket, range(open), "`{` is not closed")
            .note(here(), "expected `}` here, after " + std::string(what));
      unclosedAt = position;
      nesting = depth - 1;
      return true;
    }
    const size_t begin = position;
    if (item())
      endStatement(begin);
    else
      skipStatement(begin);
    nesting = depth;
  }
  take();
  --nesting;
  return true;
}

#endif
