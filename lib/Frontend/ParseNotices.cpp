// What a run looks at by itself: the best validation, when to stop, and numbers that are not finite.
#include "ParserImpl.h"

#include "talweg/Support/Notices.h"

#include <fmt/format.h>

using namespace talweg;
using namespace talweg::ast;

/// `min error`, `max accuracy`: which value of which number is the best.
bool Parser::extreme(Stmt &stmt, std::string_view example) {
  const std::string behind(text(previous()));
  stmt.unit = {std::string(text(peek())), range(peek())};
  if (!acceptWord("min") && !acceptWord("max")) {
    expected(fmt::format("`min` or `max` after `{}`", behind), Code::BadSetting)
        .help(fmt::format("write `{}`", example));
    return false;
  }
  if (!sameLine()) {
    expected(fmt::format("the name of a metric after `{}`", stmt.unit.text));
    return false;
  }
  return name(stmt.target, "the name of a metric");
}

/// `keep best`, `keep best max accuracy`
bool Parser::keep(Stmt &stmt) {
  stmt.kind = Stmt::Keep;
  take();
  if (!sameLine() || !acceptWord("best")) {
    expected("`best` after `keep`", Code::BadSetting).help("write `keep best` or `keep best max accuracy`");
    return false;
  }
  return !sameLine() || at(Token::RightBrace) || extreme(stmt, "keep best max accuracy");
}

/// `early_stop patience 5`, `early_stop max accuracy patience 5`
bool Parser::earlyStop(Stmt &stmt) {
  constexpr std::string_view example = "early_stop max accuracy patience 5";
  stmt.kind = Stmt::EarlyStop;
  take();
  if (sameLine() && !atWord("patience") && !at(Token::RightBrace) && !extreme(stmt, example))
    return false;
  if (!sameLine() || !acceptWord("patience")) {
    expected("`patience` and a number of validations", Code::BadSetting).help(fmt::format("write `{}`", example));
    return false;
  }
  return bool(stmt.value = expression());
}

/// `stop when loss < 0.01 and accuracy > 0.9`
bool Parser::stopWhen(Stmt &stmt) {
  stmt.kind = Stmt::StopWhen;
  take();
  if (!sameLine() || !acceptWord("when")) {
    expected("`when` after `stop`", Code::BadSetting).help("write `stop when loss < 0.01 and accuracy > 0.9`");
    return false;
  }
  return bool(stmt.value = expression());
}

/// `budget 2 hours`, `budget 5000 steps`
bool Parser::budget(Stmt &stmt) {
  stmt.kind = Stmt::Budget;
  take();
  const auto wrong = [&](const char *what) {
    expected(what, Code::BadSetting).help("write `budget 2 hours` or `budget 5000 steps`");
    return false;
  };
  if (!sameLine() || at(Token::Assign) || at(Token::RightBrace))
    return wrong("a time or a number of steps after `budget`");
  if (!(stmt.value = expression()))
    return false;
  if (!sameLine() || !at(Token::Identifier))
    return wrong("`seconds`, `minutes`, `hours`, `days` or `steps` after the number");
  return name(stmt.unit, "a unit");
}

/// `on nan stop`, `on nan rollback 3`
bool Parser::onNan(Stmt &stmt) {
  stmt.kind = Stmt::OnNan;
  take();
  const auto wrong = [&](const char *what) {
    expected(what, Code::BadSetting).help("write `on nan stop`, `on nan skip`, `on nan rollback 3` or `on nan ignore`");
    return false;
  };
  if (!sameLine() || !acceptWord("nan"))
    return wrong("`nan` after `on`");
  stmt.target = {std::string(text(peek())), range(peek())};
  if (!sameLine() || !onNanNamed(stmt.target.text))
    return wrong("what is to happen after `on nan`");
  take();
  if (stmt.target.text != nameOf(OnNan::Rollback) || !sameLine() || at(Token::RightBrace))
    return true;
  return bool(stmt.value = expression());
}
