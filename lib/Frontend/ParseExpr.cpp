// Expressions and types. From loosest to tightest: `|>`; `or`; `and`; `not`; comparisons; `+ -`; `* / %`; unary `-`; `^`, which
// takes its right side first; calls and index lists. `if … then … else …` reaches as far to the right as it can.
#include "ParserImpl.h"
#include "TypeNames.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>

using namespace talweg;
using namespace talweg::ast;

namespace {

enum Precedence { None, OrLevel, AndLevel, ComparisonLevel, SumLevel, ProductLevel };

struct Operator {
  Precedence precedence = None;
  BinaryOp op = BinaryOp::Add;
};

Operator binaryOperator(Token::Kind kind) {
  switch (kind) {
  case Token::Or: return {OrLevel, BinaryOp::Or};
  case Token::And: return {AndLevel, BinaryOp::And};
  case Token::Equal: return {ComparisonLevel, BinaryOp::Eq};
  case Token::NotEqual: return {ComparisonLevel, BinaryOp::Ne};
  case Token::Less: return {ComparisonLevel, BinaryOp::Lt};
  case Token::LessEqual: return {ComparisonLevel, BinaryOp::Le};
  case Token::Greater: return {ComparisonLevel, BinaryOp::Gt};
  case Token::GreaterEqual: return {ComparisonLevel, BinaryOp::Ge};
  case Token::Plus: return {SumLevel, BinaryOp::Add};
  case Token::Minus: return {SumLevel, BinaryOp::Sub};
  case Token::Star: return {ProductLevel, BinaryOp::Mul};
  case Token::Slash: return {ProductLevel, BinaryOp::Div};
  case Token::Percent: return {ProductLevel, BinaryOp::Mod};
  default: return {};
  }
}

constexpr std::string_view reductions[] = {"sum",    "max",    "min", "prod", "mean",
                                           "argmax", "argmin", "any", "all",  "logsumexp"};
bool isReduction(const Expr &expr) {
  return expr.kind == Expr::Ident &&
         std::find(std::begin(reductions), std::end(reductions), expr.text) != std::end(reductions);
}

/// Counts an expression that is being parsed.
struct Nested {
  explicit Nested(int &depth) : depth(++depth) {}
  ~Nested() { --depth; }
  int &depth;
};

} // namespace

ExprPtr Parser::make(Expr::Kind kind, int begin) const {
  auto expr = std::make_unique<Expr>();
  expr->kind = kind;
  expr->range = {file, begin, begin};
  return expr;
}

ExprPtr Parser::done(ExprPtr expr) {
  expr->range = since(expr->range.begin);
  int height = 0;
  const auto see = [&](const ExprPtr &child) { height = std::max(height, child ? child->height : 0); };
  see(expr->lhs);
  see(expr->rhs);
  see(expr->other);
  for (const ExprPtr &item : expr->items)
    see(item);
  for (const Index &index : expr->indices) {
    see(index.value);
    see(index.from);
    see(index.to);
  }
  for (const Argument &argument : expr->arguments)
    see(argument.value);
  expr->height = height + 1;
  return tooDeep(0, expr->height, {file, expr->range.begin, expr->range.begin}) ? nullptr : std::move(expr);
}

bool Parser::atOperator() const {
  const Token &token = peek();
  if (sameLine())
    return true;
  const bool sign = token.kind == Token::Minus || token.kind == Token::Plus;
  return !sign || token.spaceAfter;
}

/// A value, or a range `0..6` where one is meant.
ExprPtr Parser::expression() {
  const int begin = peek().begin;
  ExprPtr value = pipe();
  if (!value || !sameLine() || !accept(Token::DotDot))
    return value;
  auto range = make(Expr::Range, begin);
  range->lhs = std::move(value);
  range->rhs = pipe();
  return range->rhs ? done(std::move(range)) : nullptr;
}

bool Parser::introducesName(const Index &index) {
  if (index.kind != Index::Value)
    return index.kind == Index::Rest && !index.rest.text.empty();
  const bool bounded = index.value->kind == Expr::Binary && index.value->binary == BinaryOp::Lt;
  return (bounded ? *index.value->lhs : *index.value).kind == Expr::Ident;
}

/// `x |> f(a) |> g`
ExprPtr Parser::pipe() {
  const int begin = peek().begin;
  ExprPtr left = binary(OrLevel);
  while (left && at(Token::Pipe)) {
    take();
    auto expr = make(Expr::Pipe, begin);
    expr->lhs = std::move(left);
    expr->rhs = binary(OrLevel);
    if (!expr->rhs)
      return nullptr;
    if (expr->rhs->kind != Expr::Call && expr->rhs->kind != Expr::Ident) {
      Diagnostic &error =
          diagnostics.error(Code::BadPipe, expr->rhs->range, "the right side of `|>` is neither a call nor a name");
      if (expr->rhs->kind == Expr::Binary)
        error.help("to compute with a pipe's result put the pipe in parentheses: `(x |> f) + 1`");
      return nullptr;
    }
    left = done(std::move(expr));
  }
  return left;
}

/// A chain of binary operators of at least this precedence.
ExprPtr Parser::binary(int precedence) {
  const int begin = peek().begin;
  ExprPtr left = unary();
  bool compared = false;
  while (left && atOperator()) {
    const Operator found = binaryOperator(peek().kind);
    if (found.precedence == None || found.precedence < precedence)
      break;
    const Token op = take();
    if (found.precedence == ComparisonLevel && compared) {
      diagnostics.error(Code::ChainedComparison, range(op), "comparisons do not chain").help("write `a < b and b < c`");
      return nullptr;
    }
    compared = found.precedence == ComparisonLevel;
    auto expr = make(Expr::Binary, begin);
    expr->binary = found.op;
    expr->lhs = std::move(left);
    if (!(expr->rhs = binary(found.precedence + 1)))
      return nullptr;
    left = done(std::move(expr));
  }
  return left;
}

/// `-x`, `not x`: the first binds tighter than products, the second looser than comparisons.
ExprPtr Parser::unary() {
  const Nested nested(nesting);
  if (tooDeep(nesting, 0, range(peek())))
    return nullptr;
  const bool negates = at(Token::Minus);
  if (!negates && !at(Token::Not))
    return power();
  auto expr = make(Expr::Unary, take().begin);
  expr->unary = negates ? UnaryOp::Neg : UnaryOp::Not;
  expr->lhs = negates ? unary() : binary(ComparisonLevel);
  return expr->lhs ? done(std::move(expr)) : nullptr;
}

ExprPtr Parser::power() {
  const int begin = peek().begin;
  ExprPtr base = postfix();
  if (!base || !at(Token::Caret))
    return base;
  take();
  auto expr = make(Expr::Binary, begin);
  expr->binary = BinaryOp::Pow;
  expr->lhs = std::move(base);
  expr->rhs = unary();
  return expr->rhs ? done(std::move(expr)) : nullptr;
}

/// Calls and index lists begin on the line where what they apply to ends.
ExprPtr Parser::postfix() {
  ExprPtr expr = primary();
  while (expr && sameLine() && (at(Token::LeftParen) || at(Token::LeftBracket)))
    expr = at(Token::LeftParen) ? call(std::move(expr)) : access(std::move(expr));
  return expr;
}

ExprPtr Parser::primary() {
  const Token token = peek();
  switch (token.kind) {
  case Token::Number: return number();
  case Token::LeftBracket: return list();
  case Token::LeftParen: return parentheses();
  case Token::If: return conditional();
  case Token::String:
  case Token::Identifier: {
    take();
    auto expr = make(token.kind == Token::String ? Expr::String : Expr::Ident, token.begin);
    expr->text = token.kind == Token::String ? unquote(text(token)) : std::string(text(token));
    return done(std::move(expr));
  }
  default: break;
  }
  Diagnostic &error = expected("an expression", Code::ExpectedExpression);
  if (token.kind == Token::Pipe)
    error.help("`|>` goes on with the value before it");
  return nullptr;
}

ExprPtr Parser::number() {
  const Token token = take();
  const std::string_view written = text(token);
  auto expr = make(Expr::Number, token.begin);
  expr->isInteger = written.find_first_of(".eE") == std::string_view::npos;
  const char *begin = written.data(), *end = begin + written.size();
  std::errc failure = {};
  if (expr->isInteger) {
    failure = std::from_chars(begin, end, expr->integer).ec;
    expr->number = double(expr->integer);
  } else {
    failure = std::from_chars(begin, end, expr->number).ec;
    // Too small for a double is 0 with an exponent below zero: from_chars does not tell it from too large.
    const size_t exponent = written.find_first_of("eE");
    if (failure == std::errc::result_out_of_range && exponent != std::string_view::npos &&
        written.substr(exponent + 1).starts_with('-')) {
      expr->number = 0;
      failure = {};
    }
  }
  if (failure == std::errc::result_out_of_range) {
    diagnostics.error(Code::BadNumber, range(token), "the number is too large")
        .line(expr->isInteger ? "whole numbers go up to 9223372036854775807" : "numbers go up to about 1.8e308");
    expr->number = 0;
  }
  return done(std::move(expr));
}

ExprPtr Parser::list() {
  const Token open = take();
  auto expr = make(Expr::List, open.begin);
  ++brackets;
  while (!at(Token::RightBracket)) {
    if (!expr->items.emplace_back(expression()))
      return nullptr;
    if (!accept(Token::Comma))
      break;
  }
  if (!close(Token::RightBracket, open, "in the list"))
    return nullptr;
  --brackets;
  return done(std::move(expr));
}

ExprPtr Parser::parentheses() {
  const Token open = take();
  ++brackets;
  ExprPtr expr = expression();
  if (!expr)
    return nullptr;
  if (!accept(Token::RightParen)) {
    if (tookInByString())
      return nullptr;
    if (peek().startsLine || at(Token::End) || at(Token::RightBrace))
      diagnostics.error(Code::UnclosedBracket, range(open), "`(` is not closed").note(here(), "expected `)` here");
    else
      expected("`)`");
    return nullptr;
  }
  --brackets;
  expr->range = since(open.begin);
  return expr;
}

/// `if c then a else b`; `then` and `else` may begin lines.
ExprPtr Parser::conditional() {
  const Token word = take();
  auto expr = make(Expr::If, word.begin);
  if (!(expr->lhs = expression()))
    return nullptr;
  if (!accept(Token::Then)) {
    Diagnostic &error = expected("`then`");
    if (at(Token::LeftBrace))
      error.help("write `if condition then a else b`, without braces");
    return nullptr;
  }
  if (!(expr->rhs = expression()))
    return nullptr;
  if (!accept(Token::Else)) {
    expected("`else`", Code::MissingElse)
        .note(range(word), "this `if` is a value, so it needs both")
        .help("write `if condition then a else b`");
    return nullptr;
  }
  return (expr->other = expression()) ? done(std::move(expr)) : nullptr;
}

ExprPtr Parser::call(ExprPtr callee) {
  const Token open = take();
  auto expr = make(Expr::Call, callee->range.begin);
  expr->lhs = std::move(callee);
  ++brackets;
  while (!at(Token::RightParen)) {
    if (!argument(*expr))
      return nullptr;
    if (!accept(Token::Comma))
      break;
  }
  if (!close(Token::RightParen, open, "after the argument"))
    return nullptr;
  --brackets;
  return done(std::move(expr));
}

bool Parser::argument(Expr &call) {
  Argument argument;
  if (at(Token::Identifier) && peek(1).kind == Token::Assign) {
    name(argument.name, "a name");
    take();
  }
  if (!(argument.value = expression()))
    return false;
  if (argument.name.text.empty() && !call.arguments.empty() && !call.arguments.back().name.text.empty()) {
    const Argument &before = call.arguments.back();
    diagnostics
        .error(Code::PositionalAfterKeyword, argument.value->range,
               "a positional argument cannot follow a keyword argument")
        .note(before.name.range, fmt::format("{} is given by keyword here", before.name.text));
    return false;
  }
  call.arguments.push_back(std::move(argument));
  return true;
}

/// `x[i, j]`, or a reduction when a reduction's name stands before the indices and parentheses behind them.
ExprPtr Parser::access(ExprPtr base) {
  auto expr = make(Expr::Access, base->range.begin);
  expr->lhs = std::move(base);
  if (!indices(expr->indices, "in the index list"))
    return nullptr;
  if (isReduction(*expr->lhs)) {
    if (sameLine() && at(Token::LeftParen))
      return reduction(std::move(expr));
    if (sameLine() && (at(Token::Identifier) || at(Token::Number))) {
      diagnostics
          .error(Code::BadReduction, range(peek()),
                 fmt::format("expected `(` after `{}`{}", sources.text(since(expr->range.begin)), found()))
          .help(fmt::format("write `{}(…)`", sources.text(since(expr->range.begin))));
      return nullptr;
    }
  }
  return done(std::move(expr));
}

ExprPtr Parser::reduction(ExprPtr accessed) {
  auto expr = make(Expr::Reduce, accessed->range.begin);
  expr->text = accessed->lhs->text;
  expr->indices = std::move(accessed->indices);
  for (const Index &index : expr->indices)
    if (!introducesName(index)) {
      diagnostics.error(Code::BadReduction, index.range, fmt::format("`{}` runs over index names", expr->text))
          .help(fmt::format("write `{0}[i](x[i])`; over a whole tensor, `{0}(x)`", expr->text));
      return nullptr;
    }
  const Token open = take();
  ++brackets;
  if (!(expr->lhs = expression()))
    return nullptr;
  if (at(Token::Comma)) {
    diagnostics.error(Code::BadReduction, range(peek()),
                      fmt::format("`{}` with an index list takes one expression", expr->text));
    return nullptr;
  }
  if (!close(Token::RightParen, open, fmt::format("in `{}`", expr->text)))
    return nullptr;
  --brackets;
  return done(std::move(expr));
}

bool Parser::indices(std::vector<Index> &result, std::string_view what) {
  const Token open = take();
  ++brackets;
  while (!at(Token::RightBracket)) {
    if (!index(result.emplace_back()))
      return false;
    if (!accept(Token::Comma))
      break;
  }
  if (!close(Token::RightBracket, open, what))
    return false;
  --brackets;
  return true;
}

/// `i*stride + u`, `..b`, `..`, `:`, `1..t`, `1..`, `..5`: behind `..` a name is that of several indices.
bool Parser::index(Index &result) {
  const Token first = peek();
  const auto isEnd = [](const Token &token) { return token.kind == Token::Comma || token.kind == Token::RightBracket; };
  if (accept(Token::Colon)) {
    result.kind = Index::All;
  } else if (at(Token::DotDot) && (isEnd(peek(1)) || peek(1).kind == Token::Identifier)) {
    take();
    result.kind = Index::Rest;
    if (!isEnd(peek()))
      name(result.rest, "a name after `..`");
  } else if (!at(Token::DotDot) && !(result.value = pipe())) {
    return false;
  } else if (accept(Token::DotDot)) {
    result.kind = Index::Slice;
    result.from = std::move(result.value);
    if (!isEnd(peek()) && !(result.to = pipe()))
      return false;
  }
  result.range = since(first.begin);
  const bool isColon = at(Token::Colon) || result.kind == Index::All;
  if (!isEnd(peek()) && (isColon || result.kind == Index::Rest)) {
    Diagnostic &error = expected("`,` or `]`");
    error.help(isColon ? "a slice is written `1..5`, `1..` or `0..5`"
                       : fmt::format("`..{0}` is several indices; a slice from the beginning is written `0..`, as in "
                                     "`0..{0}`",
                                     result.rest.text));
    return false;
  }
  return true;
}

/// What types are called elsewhere; of several that are meant the first that can stand at a place.
static constexpr std::pair<std::string_view, std::string_view> otherNames[] = {
    {"float32", "f32"},  {"double", "f64"},  {"double", "f32"}, {"double", "float"},  {"float64", "f64"},
    {"float64", "f32"},  {"float16", "f16"}, {"half", "f16"},   {"bfloat16", "bf16"}, {"int32", "i32"},
    {"int64", "i64"},    {"int8", "i8"},     {"uint8", "u8"},   {"byte", "u8"},       {"uint16", "u16"},
    {"boolean", "bool"}, {"str", "string"},
};

/// The type that is meant by `written`, of those that can stand at `place`; empty: none is like it.
static std::string meantType(std::string_view written, const TypePlace &place) {
  for (const auto &[other, name] : otherNames)
    if (other == written && std::ranges::find(place.elements, name) != place.elements.end())
      return std::string(name);
  return suggest(written, place.elements);
}

/// `f32[..b, i]`, `class[10]`, `class[v][n, t]`, `int`
bool Parser::type(Type &result, const TypePlace &place) {
  const std::vector<std::string> &elements = frontend::allTypes();
  if (!sameLine() || !name(result.element, "a type"))
    return sameLine() ? false : (expected("a type"), false);
  if (std::find(elements.begin(), elements.end(), result.element.text) == elements.end()) {
    const std::string meant = meantType(result.element.text, place);
    diagnostics
        .error(Code::UnknownType, result.element.range, fmt::format("there is no type `{}`", result.element.text))
        .help(meant.empty() ? std::string(place.help) : fmt::format("did you mean `{}`?", meant));
    return false;
  }
  result.range = result.element.range;
  if (result.element.text == "class" && at(Token::LeftBracket) && sameLine()) {
    if (!indices(result.classes, "in the number of classes"))
      return false;
    result.range = since(result.element.range.begin);
  }
  if (!at(Token::LeftBracket) || !sameLine())
    return true;
  result.hasShape = true;
  if (!indices(result.dims, "in the shape"))
    return false;
  result.range = since(result.element.range.begin);
  for (const Index &dim : result.dims)
    if (dim.kind != Index::Value && (dim.kind != Index::Rest || dim.rest.text.empty())) {
      diagnostics.error(Code::ExpectedExpression, dim.range, "a dimension is a number or a name")
          .help("write `f32[n, 64]`");
      return false;
    }
  return true;
}
