// Statements. A statement's kind is told by its first word, but only where a name could not stand: `param weight: …` declares
// a parameter, `param -= …` updates the value called param.
#include "ParseBraces.h"
#include "ParserImpl.h"
#include "TypeNames.h"

#include "llvm/Support/SaveAndRestore.h"
#include <algorithm>

#include <fmt/format.h>
#include <iterator>

using namespace talweg;
using namespace talweg::ast;

namespace {

constexpr std::string_view trainWords[] = {"minimize", "metric", "optimizer",  "freeze", "save",   "clip",
                                           "average",  "batch",  "accumulate", "epochs", "steps",  "seed",
                                           "validate", "keep",   "early_stop", "stop",   "budget", "on"};

struct Habit {
  std::string_view word, help;
};
constexpr Habit habits[] = {
    {"let", "a definition is written `name = value`"},
    {"var", "a definition is written `name = value`"},
    {"parameter", "a parameter is written `param weight: f32[i, out] = glorot_uniform`"},
    {"const", "a definition is written `name = value`"},
    {"return", "the last expression of a body is its value; write it alone"},
    {"while", "repetition is decided at compile time: write `repeat 6 { … }` or `for i in 0..6 { … }`"},
    {"loss", "the objective is written `minimize cross_entropy(logits, label)`"},
    {"learning_rate", "the learning rate belongs to the optimizer: `optimizer sgd(lr = 0.1)`"},
};

template <typename Words>
bool contains(const Words &words, std::string_view word) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

bool beginsOperand(Token::Kind kind) {
  return kind == Token::Identifier || kind == Token::Number || kind == Token::String;
}

} // namespace

bool Parser::block(Block &body, std::string_view what) {
  return braces(what, [&] {
    auto stmt = statement();
    if (!stmt)
      return false;
    body.push_back(std::move(stmt));
    return true;
  });
}

std::unique_ptr<Stmt> Parser::statement() {
  auto stmt = std::make_unique<Stmt>();
  const Token first = peek();
  const std::string_view word = first.kind == Token::Identifier ? text(first) : std::string_view();
  const bool twoWords = !word.empty() && !peek(1).startsLine && beginsOperand(peek(1).kind);
  const bool twoNames = twoWords && peek(1).kind == Token::Identifier;

  bool understood = false;
  if (isReserved(first) && peek(1).kind == Token::Assign)
    understood = name(stmt->target, "a name"); // reports
  else if (first.kind == Token::Repeat || first.kind == Token::For)
    understood = repetition(*stmt);
  else if (atStatementOf("require"))
    understood = requirement(*stmt);
  else if (atStatementOf("emit"))
    understood = emission(*stmt);
  else if (word == "scan" && twoNames)
    understood = scan(*stmt);
  else if ((word == "param" || word == "state") && twoNames)
    understood = variable(*stmt, word == "param" ? Stmt::Param : Stmt::State);
  else if (inside == Decl::Train && contains(trainWords, word) && (twoNames || (word != "stop" && word != "on")))
    understood = word == "minimize"     ? minimize(*stmt)
                 : word == "metric"     ? metric(*stmt)
                 : word == "optimizer"  ? optimizer(*stmt)
                 : word == "freeze"     ? patternsOnly(*stmt, Stmt::Freeze)
                 : word == "save"       ? patternsOnly(*stmt, Stmt::Save)
                 : word == "clip"       ? clip(*stmt)
                 : word == "average"    ? average(*stmt)
                 : word == "keep"       ? keep(*stmt)
                 : word == "early_stop" ? earlyStop(*stmt)
                 : word == "stop"       ? stopWhen(*stmt)
                 : word == "budget"     ? budget(*stmt)
                 : word == "on"         ? onNan(*stmt)
                                        : setting(*stmt);
  else if (twoWords)
    understood = unknownStatement();
  else
    understood = valueOrDefinition(*stmt);
  stmt->range = since(first.begin);
  return understood ? std::move(stmt) : nullptr;
}

//===-- what is wrong with a statement -----------------------------------------------------------------------------===//

bool Parser::misplaced(Range at, std::string message) {
  diagnostics.error(Code::MisplacedStatement, at, std::move(message));
  return false;
}

bool Parser::unknownStatement() {
  const std::string_view word = text(peek());
  if (contains(trainWords, word))
    return misplaced(range(peek()), fmt::format("`{}` belongs in `train`", word));
  Diagnostic &error =
      inside == Decl::Train
          ? diagnostics.error(Code::BadSetting, range(peek()), fmt::format("`{}` is not a setting of `train`", word))
          : diagnostics.error(
                Code::ExpectedEndOfStatement, range(peek(1)),
                fmt::format("expected an operator or the end of the statement, found `{}`", text(peek(1))));
  const auto *habit = std::find_if(std::begin(habits), std::end(habits), [&](auto &h) { return h.word == word; });
  if (habit != std::end(habits)) {
    error.help(std::string(habit->help));
    return false;
  }
  std::vector<std::string> candidates = {"param", "state", "repeat", "for", "scan", "emit", "require"};
  if (inside == Decl::Train)
    candidates.assign(std::begin(trainWords), std::end(trainWords));
  const std::string meant = suggest(word, candidates);
  if (meant.empty() && peek(2).kind == Token::Assign) {
    error.help(fmt::format("a definition is written `{} = …`", text(peek(1))));
    return false;
  }
  error.didYouMean(meant);
  if (meant.empty() && inside == Decl::Train)
    error.help(
        "the statements of `train` are `minimize`, `metric`, `optimizer`, `freeze`, `save`, `clip`, `average`, "
        "`batch`, "
        "`accumulate`, `epochs`, `steps`, `seed`, `validate`, `keep`, `early_stop`, `stop`, `budget` and `on nan`");
  return false;
}

//===-- in layers, models and optimizers ---------------------------------------------------------------------------===//

static const TypePlace ofParameter = {{"f32", "bf16"}, "parameters are `f32[…]` or `bf16[…]`"};
static const TypePlace ofState = {frontend::fieldTypes(),
                                  "states are `f32[…]`, or of another type that data are stored in"};

/// `param weight: f32[i, out] = glorot_uniform`, `state m = 0`
bool Parser::variable(Stmt &stmt, Stmt::Kind kind) {
  const Token word = take();
  stmt.kind = kind;
  const bool ofModel = inside == Decl::Layer || inside == Decl::Model;
  if (kind == Stmt::Param && !ofModel)
    return misplaced(range(word), "`param` belongs in a `layer` or a `model`");
  if (kind == Stmt::State && !ofModel && inside != Decl::Optimizer && inside != Decl::Average)
    return misplaced(range(word), "`state` belongs in a `layer`, a `model`, an `optimizer` or an `average`");
  if (!name(stmt.target, "a name"))
    return false;
  if (at(Token::Colon) && sameLine()) {
    take();
    if (!type(stmt.type, kind == Stmt::Param ? ofParameter : ofState))
      return false;
  } else if (ofModel) {
    expected(fmt::format("`:` and a type after {}", stmt.target.text))
        .help(fmt::format("write `{} {}: f32[…] = 0`", text(word), stmt.target.text));
    return false;
  }
  if (!sameLine() || !accept(Token::Assign)) {
    expected(fmt::format("`=` and an initial value for {}", stmt.target.text));
    return false;
  }
  return bool(stmt.value = expression());
}

/// `repeat 6 { … }`, `for l in 0..6 { … }`
bool Parser::repetition(Stmt &stmt) {
  const Token word = take();
  stmt.kind = word.kind == Token::For ? Stmt::For : Stmt::Repeat;
  if (stmt.kind == Stmt::For) {
    if (!name(stmt.target, "a name"))
      return false;
    if (!acceptWord("in")) {
      expected(fmt::format("`in` after {}", stmt.target.text))
          .help(fmt::format("write `for {} in 0..6 {{ … }}`", stmt.target.text));
      return false;
    }
  }
  if (!(stmt.value = expression()))
    return false;
  llvm::SaveAndRestore outer(ofScan, static_cast<const Stmt *>(nullptr));
  return block(stmt.body, fmt::format("the body of `{}`", word.kind == Token::For ? "for" : "repeat"));
}

static const TypePlace ofCarried = {{"f32", "f64", "i32", "bool"}, "a scan carries `f32`, `f64`, `i32` and `bool`"};

/// `scan s in t with h: f32[n, hidden] = 0, c = first { … }`, `scan s in 1..t reversed { … }`, `scan s in t reversed if backwards { … }`
bool Parser::scan(Stmt &stmt) {
  take();
  stmt.kind = Stmt::Scan;
  if (!name(stmt.target, "a name for the turn"))
    return false;
  if (!acceptWord("in")) {
    expected(fmt::format("`in` after {}", stmt.target.text))
        .help(fmt::format("write `scan {} in t with h: f32[n, 8] = 0 {{ … }}`", stmt.target.text));
    return false;
  }
  if (!(stmt.value = expression()))
    return false;
  stmt.reversed = acceptWord("reversed");
  if (stmt.reversed && accept(Token::If) && !(stmt.condition = expression()))
    return false;
  if (acceptWord("with"))
    do {
      Formal &carried = stmt.carried.emplace_back();
      if (!formal(carried, ofCarried, "the name of what is carried"))
        return false;
      if (!carried.value) {
        expected(fmt::format("`=` and a start after {}", carried.name.text))
            .help(fmt::format("write `{}: f32[n, 8] = 0`", carried.name.text));
        return false;
      }
    } while (accept(Token::Comma));
  llvm::SaveAndRestore outer(ofScan, static_cast<const Stmt *>(&stmt));
  return block(stmt.body, "the body of `scan`");
}

/// `emit h`, `emit all = h`, `emit all[n, s, o] = h[n, o]`
bool Parser::emission(Stmt &stmt) {
  const Token word = take();
  if (!ofScan)
    return misplaced(range(word), "`emit` stands directly in the body of a `scan`");
  if (!valueOrDefinition(stmt))
    return false;
  if (stmt.kind != Stmt::Expr && stmt.kind != Stmt::Define)
    return misplaced(stmt.target.range, "what a scan emits is written `emit h`, or `emit all = h`");
  stmt.kind = Stmt::Emit;
  if (!stmt.indexed)
    return true;
  const std::string &turn = ofScan->target.text;
  const auto isTurn = [&](const Index &index) {
    return index.kind == Index::Value && index.value->kind == Expr::Ident && index.value->text == turn;
  };
  const auto found = std::find_if(stmt.indices.begin(), stmt.indices.end(), isTurn);
  if (found == stmt.indices.end() || std::any_of(found + 1, stmt.indices.end(), isTurn)) {
    diagnostics
        .error(Code::BadTarget, stmt.target.range, fmt::format("the turn `{}` is one of the indices, once", turn))
        .help(fmt::format("write it as in `emit {0}[n, {1}] = …`: {0} has a place for each turn", stmt.target.text,
                          turn));
    return false;
  }
  stmt.turnAt = int(found - stmt.indices.begin());
  stmt.indices.erase(found);
  return true;
}

bool Parser::atStatementOf(std::string_view statement) const {
  const Token &next = peek(1);
  const bool isSpaced = next.spaceBefore && (next.kind == Token::LeftParen || next.kind == Token::LeftBracket ||
                                             (next.kind == Token::Minus && !next.spaceAfter));
  return atWord(statement) && !next.startsLine &&
         (beginsOperand(next.kind) || next.kind == Token::Not || next.kind == Token::If || isSpaced);
}

/// `require label in 0..k`, `require x > 0, "why"`
bool Parser::requirement(Stmt &stmt) {
  take();
  stmt.kind = Stmt::Require;
  if (!(stmt.value = expression()))
    return false;
  if (sameLine() && acceptWord("in") && !(stmt.bounds = expression()))
    return false;
  if (!sameLine() || !accept(Token::Comma))
    return true;
  if (!at(Token::String)) {
    expected("a text that says why").help("write it as in `require x > 0, \"lengths are positive\"`");
    return false;
  }
  stmt.reason = unquote(text(take()));
  return true;
}

/// `y`, `y = value`, `y[..b, o] = value`, `m -= value`, `h[bucket[n], k] += value`
bool Parser::valueOrDefinition(Stmt &stmt) {
  ExprPtr value = expression();
  if (!value)
    return false;
  static constexpr std::pair<Token::Kind, BinaryOp> updates[] = {{Token::PlusAssign, BinaryOp::Add},
                                                                 {Token::MinusAssign, BinaryOp::Sub},
                                                                 {Token::StarAssign, BinaryOp::Mul},
                                                                 {Token::SlashAssign, BinaryOp::Div}};
  const Token op = peek();
  const auto *update =
      std::find_if(std::begin(updates), std::end(updates), [&](auto &u) { return u.first == op.kind; });
  if (op.kind != Token::Assign && update == std::end(updates)) {
    stmt.kind = Stmt::Expr;
    stmt.value = std::move(value);
    return true;
  }
  stmt.kind = update == std::end(updates) ? Stmt::Define : Stmt::Update;
  if (stmt.kind == Stmt::Update)
    stmt.binary = update->second;
  if (!target(stmt, std::move(value)))
    return false;
  take();
  if (stmt.kind == Stmt::Update) {
    if (inside != Decl::Optimizer && inside != Decl::Average && !stmt.indexed) {
      diagnostics
          .error(Code::MisplacedStatement, range(op),
                 fmt::format("`{}` belongs in an `optimizer` or an `average`", text(op)))
          .help(fmt::format("define the name anew: `{} = …`", stmt.target.text));
      return false;
    }
  }
  return bool(stmt.value = expression());
}

bool Parser::target(Stmt &stmt, ExprPtr written) {
  const bool isAccess = written->kind == Expr::Access && written->lhs->kind == Expr::Ident;
  const bool addsUp = stmt.kind == Stmt::Update && stmt.binary == BinaryOp::Add;
  if (isAccess && stmt.kind == Stmt::Update && !addsUp) {
    diagnostics.error(Code::BadTarget, written->range, "with an index list only `+=` is written: it adds up")
        .help("what is subtracted is added with a minus");
    return false;
  }
  if (written->kind != Expr::Ident &&
      !(isAccess && (stmt.kind == Stmt::Define || stmt.kind == Stmt::Metric || addsUp))) {
    diagnostics.error(Code::BadTarget, written->range, "this cannot be defined")
        .help("write a name, or a name with an index list, on the left of `=`; equality is written `==`");
    return false;
  }
  const Expr &named = isAccess ? *written->lhs : *written;
  stmt.target = {named.text, named.range};
  stmt.indexed = isAccess;
  std::string names, letters; // the names before the first index that is none; as many letters as there are indices
  for (size_t i = 0; i < written->indices.size(); ++i)
    letters += fmt::format("{}{}", i ? ", " : "", std::string(1, char('i' + i % 18)));
  for (const Index &index : written->indices) {
    if (!introducesName(index) && !(addsUp && index.kind == Index::Value)) {
      diagnostics.error(Code::BadTarget, index.range, "on the left of `=` an index is a name")
          .help(index.kind == Index::All
                    ? fmt::format("write `{}{} = …`: dimensions that the right side keeps whole follow by themselves",
                                  stmt.target.text, names.empty() ? "" : "[" + names + "]")
                : index.kind == Index::Value && index.value->kind == Expr::Access
                    ? "by an index that comes from data `+=` adds up: what has one place is summed"
                    : fmt::format("write `{}[{}] = …`, and say with `if` where values differ", stmt.target.text,
                                  letters));
      return false;
    }
    names += fmt::format("{}{}", names.empty() ? "" : ", ", sources.text(index.range));
  }
  stmt.indices = std::move(written->indices);
  return true;
}

//===-- in train ---------------------------------------------------------------------------------------------------===//

/// `minimize loss`, `minimize d = bce(real, 1) + bce(fake, 0) over "D.*" with adam(lr = 2e-4) every 5 steps`
bool Parser::minimize(Stmt &stmt) {
  stmt.kind = Stmt::Minimize;
  take();
  if (at(Token::Identifier) && peek(1).kind == Token::Assign &&
      (!name(stmt.target, "the name of the loss") || !accept(Token::Assign)))
    return false;
  if (!(stmt.value = expression()))
    return false;
  if (sameLine() && acceptWord("over") && !strings(stmt.patterns))
    return false;
  if (sameLine() && acceptWord("with") && !rule(stmt))
    return false;
  if (!sameLine() || !acceptWord("every"))
    return true;
  if (!(stmt.every = expression()))
    return false;
  if (sameLine() && acceptWord("steps"))
    return true;
  expected("`steps`").help("write `every 5 steps`");
  return false;
}

/// What updates parameters: `sgd(lr = 0.1)`.
bool Parser::rule(Stmt &stmt) {
  if (!(stmt.rule = expression()))
    return false;
  if (stmt.rule->kind == Expr::Call || stmt.rule->kind == Expr::Ident)
    return true;
  diagnostics.error(Code::ExpectedExpression, stmt.rule->range, "expected an optimizer")
      .help("write it as in `optimizer sgd(lr = 0.1)`");
  return false;
}

/// `metric accuracy = mean(argmax(logits) == label)`, `metric seen[i < 10] = sum[n](if label[n] == i then 1 else 0)`
bool Parser::metric(Stmt &stmt) {
  stmt.kind = Stmt::Metric;
  take();
  if (peek(1).kind == Token::LeftBracket) {
    ExprPtr written = expression();
    if (!written || !target(stmt, std::move(written)))
      return false;
  } else if (!name(stmt.target, "the name of the metric")) {
    return false;
  }
  if (!expect(Token::Assign, fmt::format("after the name {}", stmt.target.text)))
    return false;
  return bool(stmt.value = expression());
}

/// `optimizer sgd(lr = 0.1) for "*.bias", "*.norm*.*"`, `optimizer adam for "*.table" lazy`
bool Parser::optimizer(Stmt &stmt) {
  stmt.kind = Stmt::Optimizer;
  take();
  if (!rule(stmt) || (sameLine() && accept(Token::For) && !strings(stmt.patterns)))
    return false;
  stmt.lazy = sameLine() && acceptWord("lazy");
  return true;
}

/// `freeze "embed.*"`, `save "*.adapter.*"`
bool Parser::patternsOnly(Stmt &stmt, Stmt::Kind kind) {
  stmt.kind = kind;
  take();
  return strings(stmt.patterns);
}

/// `clip norm 1.0`, `clip value 0.5 for "*.bias"`
bool Parser::clip(Stmt &stmt) {
  stmt.kind = Stmt::Clip;
  take();
  stmt.target = {std::string(text(peek())), range(peek())};
  if (!acceptWord("norm") && !acceptWord("value")) {
    expected("`norm` or `value` after `clip`", Code::BadSetting).help("write `clip norm 1.0`");
    return false;
  }
  if (!(stmt.value = expression()))
    return false;
  return !sameLine() || !accept(Token::For) || strings(stmt.patterns);
}

/// `average ema(0.999) for "Actor.*"`
bool Parser::average(Stmt &stmt) {
  stmt.kind = Stmt::Average;
  take();
  if (!(stmt.rule = expression()))
    return false;
  if (stmt.rule->kind != Expr::Call && stmt.rule->kind != Expr::Ident) {
    diagnostics.error(Code::ExpectedExpression, stmt.rule->range, "expected the rule of an average")
        .help("write it as in `average ema(0.999)`");
    return false;
  }
  return !sameLine() || !accept(Token::For) || strings(stmt.patterns);
}

/// `batch 32`, `validate every 250 steps`
bool Parser::setting(Stmt &stmt) {
  stmt.kind = Stmt::Setting;
  const Token word = take();
  stmt.target = {std::string(text(word)), range(word)};
  const bool validate = stmt.target.text == "validate";
  const std::string example = validate ? "validate every 250 steps" : stmt.target.text + " 32";
  if (!sameLine() || at(Token::Assign) || at(Token::LeftParen) || at(Token::Colon)) {
    diagnostics.error(Code::BadSetting, here(), fmt::format("expected the value of `{}`{}", stmt.target.text, found()))
        .help(fmt::format("write `{}`", example));
    return false;
  }
  if (validate && !acceptWord("every")) {
    expected("`every` after `validate`", Code::BadSetting).help("write `validate every 250 steps`");
    return false;
  }
  if (!(stmt.value = expression()))
    return false;
  if (!validate)
    return true;
  if (!sameLine() || (!atWord("steps") && !atWord("epochs"))) {
    expected("`steps` or `epochs`", Code::BadSetting).help("write `validate every 250 steps`");
    return false;
  }
  return name(stmt.unit, "`steps` or `epochs`");
}
