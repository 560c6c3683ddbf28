// The recursive-descent parser: tokens to tree. Parser.cpp holds what all parts use, and recovery; ParseDecl.cpp declarations,
// ParseStmt.cpp bodies, ParseExpr.cpp expressions and types.
//
// A function that parses something reports what is wrong, once, and returns null or false; its callers pass this on up to the
// loop over statements or declarations, which skips to the next one.
#ifndef TALWEG_LIB_FRONTEND_PARSERIMPL_H
#define TALWEG_LIB_FRONTEND_PARSERIMPL_H

#include "Lexer.h"
#include "talweg/Frontend/Parser.h"

namespace talweg {

/// Where a type stands: which it can be there, and that in words.
struct TypePlace {
  std::vector<std::string> elements;
  std::string_view help;
};

class Parser {
public:
  Parser(const Sources &sources, int file, Diagnostics &diagnostics)
      : sources(sources), file(file), diagnostics(diagnostics), tokens(lex(sources, file, diagnostics)) {}

  ast::File run();

private:
  //===-- tokens (Parser.cpp) --------------------------------------------------------------------------------------===//

  const Token &peek(size_t ahead = 0) const { return tokens[std::min(position + ahead, tokens.size() - 1)]; }
  const Token &previous() const { return tokens[position ? position - 1 : 0]; }
  std::string_view text(const Token &token) const { return sources.text(range(token)); }
  ast::Range range(const Token &token) const { return {file, token.begin, token.end}; }
  /// From a token's beginning to the end of what was taken last.
  ast::Range since(int begin) const { return {file, begin, std::max(begin, previous().end)}; }

  bool at(Token::Kind kind) const { return peek().kind == kind; }
  bool isWord(const Token &token, std::string_view word) const {
    return token.kind == Token::Identifier && text(token) == word;
  }
  bool atWord(std::string_view word) const { return isWord(peek(), word); }
  /// Whether the next token goes on with this line; inside of parentheses and brackets line ends do not count.
  bool sameLine(size_t ahead = 0) const { return brackets > 0 || !peek(ahead).startsLine; }
  Token take() { return tokens[position + 1 < tokens.size() ? position++ : position]; }
  bool accept(Token::Kind kind);
  static bool isReserved(const Token &token) { return token.kind >= Token::If && token.kind <= Token::Not; }
  bool acceptWord(std::string_view word);

  /// Where something is missing: the next token, or the end of the line when it is on a later line.
  ast::Range here() const;
  /// ", found `x`"
  std::string found() const;
  Diagnostic &expected(std::string_view what, Code code = Code::ExpectedToken);
  bool expect(Token::Kind kind, std::string_view where);
  /// Takes the partner of the bracket `open`.
  bool close(Token::Kind kind, const Token &open, std::string_view inWhat);
  /// Whether the string before has no end, so that it took in what is missing here; recovery then starts at the next line.
  bool tookInByString();
  bool name(ast::Name &result, std::string_view what);
  bool strings(std::vector<ast::Name> &result);

  //===-- recovery (Parser.cpp) ------------------------------------------------------------------------------------===//

  bool inFirstColumn() const;
  /// Whether a declaration begins here, at the beginning of a line.
  bool startsDeclaration() const;
  /// Skips what is left of the brackets that are open, when they are closed before the body ends.
  bool skipBrackets();
  /// Skips to the end of the statement that began at token `begin`.
  void skipStatement(size_t begin);
  void skipDeclaration(size_t begin);
  /// Checks that a statement ends here; skips what follows it on its line.
  void endStatement(size_t begin);
  bool tooDeep(int nesting, int height, ast::Range at);

  //===-- declarations (ParseDecl.cpp) -----------------------------------------------------------------------------===//

  std::unique_ptr<ast::Decl> declaration();
  bool definition(ast::Decl &decl);
  bool dataDeclaration(ast::Decl &decl);
  bool trainDeclaration(ast::Decl &decl);
  bool configDeclaration(ast::Decl &decl);
  bool derivativeDeclaration(ast::Decl &decl);
  bool formals(ast::Decl &decl);
  bool formal(ast::Formal &result, const TypePlace &place, std::string_view what);
  bool dataItem(ast::Decl &decl);
  std::string documentation(int begin) const;

  //===-- statements (ParseStmt.cpp) -------------------------------------------------------------------------------===//

  /// Calls `item` for each statement between braces, and recovers after those for which it says false.
  template <typename Fn>
  bool braces(std::string_view what, Fn item);
  bool block(ast::Block &body, std::string_view what);
  std::unique_ptr<ast::Stmt> statement();
  bool variable(ast::Stmt &stmt, ast::Stmt::Kind kind);
  bool repetition(ast::Stmt &stmt);
  bool scan(ast::Stmt &stmt);
  bool emission(ast::Stmt &stmt);
  /// Whether `word`, followed by an expression, begins a statement here, not an expression with something of that name.
  bool atStatementOf(std::string_view word) const;
  bool requirement(ast::Stmt &stmt);
  bool minimize(ast::Stmt &stmt);
  bool rule(ast::Stmt &stmt);
  bool metric(ast::Stmt &stmt);
  bool optimizer(ast::Stmt &stmt);
  bool patternsOnly(ast::Stmt &stmt, ast::Stmt::Kind kind);
  bool clip(ast::Stmt &stmt);
  bool average(ast::Stmt &stmt);
  bool setting(ast::Stmt &stmt);
  bool valueOrDefinition(ast::Stmt &stmt);
  bool target(ast::Stmt &stmt, ast::ExprPtr written);
  /// Says why a line that begins with two words is no statement.
  bool unknownStatement();
  bool misplaced(ast::Range at, std::string message);

  //===-- what a run looks at by itself (ParseNotices.cpp) ---------------------------------------------------------===//

  bool extreme(ast::Stmt &stmt, std::string_view example);
  bool keep(ast::Stmt &stmt);
  bool earlyStop(ast::Stmt &stmt);
  bool stopWhen(ast::Stmt &stmt);
  bool budget(ast::Stmt &stmt);
  bool onNan(ast::Stmt &stmt);

  //===-- expressions and types (ParseExpr.cpp) --------------------------------------------------------------------===//

  ast::ExprPtr expression();
  ast::ExprPtr pipe();
  ast::ExprPtr binary(int precedence);
  ast::ExprPtr unary();
  ast::ExprPtr power();
  ast::ExprPtr postfix();
  ast::ExprPtr primary();
  ast::ExprPtr number();
  ast::ExprPtr list();
  ast::ExprPtr parentheses();
  ast::ExprPtr conditional();
  ast::ExprPtr call(ast::ExprPtr callee);
  ast::ExprPtr access(ast::ExprPtr base);
  ast::ExprPtr reduction(ast::ExprPtr accessed);
  /// Whether an index can stand where names are introduced: `i`, `i < 10`, `..b`.
  static bool introducesName(const ast::Index &index);
  bool indices(std::vector<ast::Index> &result, std::string_view what);
  bool index(ast::Index &result);
  bool argument(ast::Expr &call);
  bool type(ast::Type &result, const TypePlace &place);
  /// Whether a binary operator comes next: on this line, or at the beginning of the next one (there, `-` and `+` are binary
  /// only when a space follows).
  bool atOperator() const;
  ast::ExprPtr make(ast::Expr::Kind kind, int begin) const;
  /// Sets the range's end and the height, which must not be too great.
  ast::ExprPtr done(ast::ExprPtr expr);

  const Sources &sources;
  int file;
  Diagnostics &diagnostics;
  std::vector<Token> tokens;
  size_t position = 0;
  int brackets = 0;                       ///< open parentheses and brackets
  size_t unclosedAt = 0;                  ///< the token at which a missing `}` was reported last
  int nesting = 0;                        ///< expressions and blocks being parsed
  ast::Decl::Kind inside = ast::Decl::Fn; ///< the declaration being parsed
  const ast::Stmt *ofScan = nullptr;      ///< the scan whose body is being parsed, outside of loops in it
};

} // namespace talweg

#endif
