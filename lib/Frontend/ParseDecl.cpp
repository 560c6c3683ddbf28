// Declarations: fn, layer, model, optimizer, average, schedule, data, train, config, derivative.
#include "ParseBraces.h"
#include "ParserImpl.h"
#include "TypeNames.h"

#include <fmt/format.h>

using namespace talweg;
using namespace talweg::ast;

namespace {
struct Word {
  const char *text;
  Decl::Kind kind;
};
constexpr Word words[] = {
    {"fn", Decl::Fn},           {"layer", Decl::Layer},
    {"model", Decl::Model},     {"optimizer", Decl::Optimizer},
    {"average", Decl::Average}, {"schedule", Decl::Schedule},
    {"data", Decl::Data},       {"train", Decl::Train},
    {"config", Decl::Config},   {"derivative", Decl::Derivative},
};

const TypePlace ofField = {frontend::fieldTypes(),
                           "fields are `f32[…]`, whole numbers `i32[…]`, stored bytes `u8[…]`, labels `class[10]`"};
const TypePlace ofConfig = {{"int", "float", "bool", "string"}, "a config is `int`, `float`, `bool` or `string`"};
const TypePlace ofInput = {frontend::with(frontend::tensorTypes(), {"int", "float", "string", "schedule"}),
                           "tensors are `f32[…]`, labels `i32[…]`; configuration is `int`, `float` or `string`"};
const TypePlace ofResult = {{"f32", "f64", "i32", "bool", "int", "float", "string"},
                            "tensors are `f32[…]`, labels `i32[…]`; numbers known at compile time `int` or `float`"};
} // namespace

std::unique_ptr<Decl> Parser::declaration() {
  auto decl = std::make_unique<Decl>();
  const Token first = peek();
  for (const Word &word : words)
    if (isWord(first, word.text)) {
      take();
      decl->kind = inside = word.kind;
      decl->doc = documentation(first.begin);
      const bool understood = word.kind == Decl::Data         ? dataDeclaration(*decl)
                              : word.kind == Decl::Train      ? trainDeclaration(*decl)
                              : word.kind == Decl::Config     ? configDeclaration(*decl)
                              : word.kind == Decl::Derivative ? derivativeDeclaration(*decl)
                                                              : definition(*decl);
      decl->range = since(first.begin);
      return understood ? std::move(decl) : nullptr;
    }
  if (diagnostics.hasErrorAt(range(first)))
    return nullptr;
  Diagnostic &error = diagnostics.error(Code::ExpectedDeclaration, range(first),
                                        fmt::format("expected a declaration, found `{}`", text(first)));
  std::vector<std::string> candidates;
  for (const Word &word : words)
    candidates.push_back(word.text);
  const std::string meant = suggest(text(first), candidates);
  if (first.kind == Token::Identifier && !meant.empty())
    error.didYouMean(meant);
  else if (first.kind == Token::RightBrace)
    error.help("no `{` is open here");
  else
    error.help("at the top of a file stand `data`, `model`, `layer`, `fn`, `derivative`, `optimizer`, `average`, "
               "`schedule`, `config` and `train`");
  return nullptr;
}

/// The `//` lines directly above the line of `begin`.
std::string Parser::documentation(int begin) const {
  const auto comment = [&](int line) -> std::string_view {
    std::string_view text = sources.line(file, line);
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    return text.starts_with("//") ? text : std::string_view();
  };
  const int end = sources.position(file, begin).line;
  int first = end;
  while (first > 1 && !comment(first - 1).empty())
    --first;
  std::string result;
  for (int line = first; line < end; ++line) {
    std::string_view text = comment(line).substr(2);
    text.remove_prefix(text.starts_with(' ') ? 1 : 0);
    result += fmt::format("{}{}", result.empty() ? "" : "\n", text);
  }
  return result;
}

bool Parser::definition(Decl &decl) {
  const std::string word(text(previous()));
  if (!name(decl.name, fmt::format("the name of the {}", word)))
    return false;
  const bool needsInputs = decl.kind == Decl::Fn || decl.kind == Decl::Layer || decl.kind == Decl::Model;
  if (needsInputs || at(Token::LeftParen)) {
    if (!formals(decl))
      return false;
  }
  if (at(Token::Arrow)) {
    const Token arrow = take();
    if (!type(decl.result, ofResult))
      return false;
    if (!needsInputs)
      return misplaced(range(arrow), fmt::format("the result of a {} is a number and has no type", word));
  }
  return block(decl.body, fmt::format("the body of {}", decl.name.text));
}

bool Parser::formals(Decl &decl) {
  const Token open = peek();
  if (!expect(Token::LeftParen, fmt::format("after the name {}", decl.name.text)))
    return false;
  ++brackets;
  bool understood = true;
  while (understood && !at(Token::RightParen)) {
    understood = formal(decl.formals.emplace_back(), ofInput, "the name of an input");
    if (understood && !accept(Token::Comma))
      break;
  }
  understood = understood && close(Token::RightParen, open, fmt::format("in the inputs of {}", decl.name.text));
  if (!understood && !skipBrackets())
    return false;
  brackets = 0;
  return true;
}

bool Parser::formal(Formal &result, const TypePlace &place, std::string_view what) {
  if (!name(result.name, what))
    return false;
  if (accept(Token::Colon) && !type(result.type, place))
    return false;
  return !accept(Token::Assign) || (result.value = expression());
}

bool Parser::configDeclaration(Decl &decl) {
  if (!name(decl.name, "the name of the value"))
    return false;
  if (accept(Token::Colon) && !type(decl.type, ofConfig))
    return false;
  if (!sameLine() || !accept(Token::Assign)) {
    expected(fmt::format("`=` and a value after {}", decl.name.text));
    return false;
  }
  const size_t begin = position;
  if (!(decl.value = expression()))
    return false;
  endStatement(begin);
  return true;
}

/// `derivative of f(x, y) given dy { … }`.
bool Parser::derivativeDeclaration(Decl &decl) {
  if (!acceptWord("of")) {
    expected("`of` and a function after derivative").help("write `derivative of f(x) given dy {`");
    return false;
  }
  if (!name(decl.name, "the name of a function") || !formals(decl))
    return false;
  for (const Formal &formal : decl.formals)
    if (!formal.type.element.text.empty() || formal.value)
      return misplaced(formal.name.range, "the types and defaults of a function's parameters stand at the function");
  if (!acceptWord("given")) {
    expected("`given` and a name for the cotangent of the result").help("write `given dy {`");
    return false;
  }
  return name(decl.given, "the name of the cotangent") &&
         block(decl.body, fmt::format("the derivative of {}", decl.name.text));
}

bool Parser::dataDeclaration(Decl &decl) {
  if (!name(decl.name, "the name of the data set"))
    return false;
  return braces(fmt::format("the fields of {}", decl.name.text), [&] { return dataItem(decl); });
}

/// `pixels: f32[64]`, `label: class[10] = column("digit")`, `train = csv("digits-train.csv")`.
bool Parser::dataItem(Decl &decl) {
  Name itemName;
  if (!name(itemName, "the name of a field or a split"))
    return false;
  if (accept(Token::Colon)) {
    DataField field{itemName, {}, {}};
    if (!type(field.type, ofField) || (accept(Token::Assign) && !(field.source = expression())))
      return false;
    decl.fields.push_back(std::move(field));
    return true;
  }
  if (!sameLine() || !accept(Token::Assign)) {
    expected(fmt::format("`:` or `=` after {}", itemName.text))
        .help("a field is written `label: class[10]`, a split `train = csv(\"train.csv\")`");
    return false;
  }
  DataSplit split{itemName, expression()};
  if (!split.source)
    return false;
  decl.splits.push_back(std::move(split));
  return true;
}

bool Parser::trainDeclaration(Decl &decl) {
  if (!name(decl.name, "the name of a model"))
    return false;
  if (!acceptWord("on")) {
    expected(fmt::format("`on` and a data set after {}", decl.name.text))
        .help(fmt::format("write `train {} on data_set {{`", decl.name.text));
    return false;
  }
  return name(decl.data, "the name of a data set") &&
         block(decl.body, fmt::format("the training of {}", decl.name.text));
}
