// The tree as text. dumpAst puts parentheses around every operation, so that what binds to what can be read; toText puts
// as few as the grammar allows.
#include "talweg/Frontend/Parser.h"

#include "Numbers.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

using namespace talweg;
using namespace talweg::ast;

/// How tightly an expression's outermost operation binds: 0 `if` and `|>`, 9 a name or a call.
static int tightness(const Expr &expr) {
  switch (expr.kind) {
  case Expr::If:
  case Expr::Pipe:
  case Expr::Range: return 0;
  case Expr::Unary: return expr.unary == UnaryOp::Not ? 3 : 7;
  case Expr::Binary:
    switch (expr.binary) {
    case BinaryOp::Or: return 1;
    case BinaryOp::And: return 2;
    case BinaryOp::Add:
    case BinaryOp::Sub: return 5;
    case BinaryOp::Mul:
    case BinaryOp::Div:
    case BinaryOp::Mod: return 6;
    case BinaryOp::Pow: return 8;
    default: return 4;
    }
  default: return 9;
  }
}

namespace {

class Printer {
public:
  explicit Printer(bool allParentheses) : all(allParentheses) {}

  void file(const File &file) {
    for (const auto &decl : file.decls)
      declaration(*decl);
  }
  void expr(const Expr &expr, int needed = 0);
  void type(const Type &type);
  void slice(const Index &index);
  void index(const Index &index);

  std::string out;

private:
  void declaration(const Decl &decl);
  void statement(const Stmt &stmt);
  void block(const Block &body) {
    ++depth;
    for (const auto &stmt : body)
      statement(*stmt);
    --depth;
  }
  /// One line of the tree; `rest` prints what follows the words.
  template <typename Fn>
  void line(std::string_view words, Fn rest) {
    out += fmt::format("{:{}}{}", "", 2 * depth, words);
    rest();
    out += "\n";
  }
  void line(std::string_view words) {
    line(words, [] {});
  }
  void value(const ExprPtr &value) {
    if (value)
      expr(*value);
  }
  void typed(const Type &of) {
    if (!of.element.text.empty()) {
      out += ": ";
      type(of);
    }
  }
  void assigned(const ExprPtr &value) {
    if (value) {
      out += " = ";
      expr(*value);
    }
  }
  template <typename Items, typename Fn>
  void separated(const Items &items, Fn each) {
    const char *comma = "";
    for (const auto &item : items) {
      out += comma;
      each(item);
      comma = ", ";
    }
  }
  void indexList(const std::vector<Index> &indices) {
    out += "[";
    separated(indices, [&](const Index &i) { index(i); });
    out += "]";
  }
  void patterns(const std::vector<Name> &names) {
    separated(names, [&](const Name &name) { quoted(name.text); });
  }
  void quoted(std::string_view text) {
    out += '"';
    for (char c : text) {
      if (c == '"' || c == '\\')
        out += '\\';
      out += c == '\n' ? std::string("\\n") : c == '\t' ? std::string("\\t") : std::string(1, c);
    }
    out += '"';
  }

  bool all;
  int depth = 0;
};

} // namespace

void Printer::expr(const Expr &expr, int needed) {
  const int own = tightness(expr);
  const bool parentheses = all ? own < std::max(9, needed) && needed > 0 : own < needed;
  // What the operands must be to stand without parentheses of their own.
  const int left = all ? 9 : own, right = all ? 9 : own + 1;
  if (parentheses)
    out += "(";
  switch (expr.kind) {
  case Expr::Number: out += expr.isInteger ? fmt::format("{}", expr.integer) : fmt::format("{}", expr.number); break;
  case Expr::String: quoted(expr.text); break;
  case Expr::Ident: out += expr.text; break;
  case Expr::List:
    out += "[";
    separated(expr.items, [&](const ExprPtr &item) { value(item); });
    out += "]";
    break;
  case Expr::Unary:
    out += expr.unary == UnaryOp::Neg ? "-" : "not ";
    this->expr(*expr.lhs, all ? 9 : own);
    break;
  case Expr::Binary:
    if (expr.binary == BinaryOp::Pow) {
      this->expr(*expr.lhs, 9);
      out += "^";
      this->expr(*expr.rhs, all ? 9 : 7);
      break;
    }
    this->expr(*expr.lhs, own == 4 ? right : left);
    out += own == 6 && !all ? std::string(frontend::spelling(expr.binary))
                            : fmt::format(" {} ", frontend::spelling(expr.binary));
    this->expr(*expr.rhs, right);
    break;
  case Expr::Access:
    this->expr(*expr.lhs, 9);
    indexList(expr.indices);
    break;
  case Expr::Call:
    this->expr(*expr.lhs, 9);
    out += "(";
    separated(expr.arguments, [&](const Argument &argument) {
      if (!argument.name.text.empty())
        out += argument.name.text + " = ";
      value(argument.value);
    });
    out += ")";
    break;
  case Expr::Pipe:
    this->expr(*expr.lhs, all ? 9 : expr.lhs->kind == Expr::Pipe ? 0 : 1);
    out += " |> ";
    this->expr(*expr.rhs, 9);
    break;
  case Expr::If:
    out += "if ";
    this->expr(*expr.lhs, all);
    out += " then ";
    this->expr(*expr.rhs, all);
    out += " else ";
    this->expr(*expr.other, all);
    break;
  case Expr::Reduce:
    out += expr.text;
    indexList(expr.indices);
    out += "(";
    this->expr(*expr.lhs);
    out += ")";
    break;
  case Expr::Range:
    this->expr(*expr.lhs, 5);
    out += "..";
    this->expr(*expr.rhs, 5);
    break;
  }
  if (parentheses)
    out += ")";
}

/// Behind a `..` that begins a slice a name is that of several indices: it stands in parentheses.
void Printer::slice(const Index &index) {
  if (index.from)
    expr(*index.from, 5);
  out += "..";
  if (index.to)
    expr(*index.to, index.from || index.to->kind == Expr::Number ? 5 : 10);
}

void Printer::index(const Index &index) {
  switch (index.kind) {
  case Index::All: out += ":"; break;
  case Index::Rest: out += ".." + index.rest.text; break;
  case Index::Value: value(index.value); break;
  case Index::Slice: slice(index); break;
  }
}

void Printer::type(const Type &type) {
  out += type.element.text;
  if (!type.classes.empty())
    indexList(type.classes);
  if (type.hasShape)
    indexList(type.dims);
}

void Printer::declaration(const Decl &decl) {
  static constexpr std::array words{"fn",   "layer", "model",  "optimizer",     "schedule",
                                    "data", "train", "config", "derivative of", "average"};
  static_assert(words.size() == Decl::Average + 1);
  line(fmt::format("{} {}", words[decl.kind], decl.name.text), [&] {
    if (decl.kind == Decl::Train)
      out += " on " + decl.data.text;
    if (decl.kind == Decl::Derivative)
      out += " given " + decl.given.text;
    typed(decl.type);
    assigned(decl.value);
  });
  ++depth;
  for (const Formal &formal : decl.formals)
    line("input " + formal.name.text, [&] {
      typed(formal.type);
      assigned(formal.value);
    });
  if (!decl.result.element.text.empty())
    line("result", [&] { typed(decl.result); });
  for (const DataField &field : decl.fields)
    line("field " + field.name.text, [&] {
      typed(field.type);
      assigned(field.source);
    });
  for (const DataSplit &split : decl.splits)
    line("split " + split.name.text, [&] { assigned(split.source); });
  --depth;
  block(decl.body);
}

void Printer::statement(const Stmt &stmt) {
  switch (stmt.kind) {
  case Stmt::Expr: return line("value ", [&] { value(stmt.value); });
  case Stmt::Define:
  case Stmt::Metric:
    return line((stmt.kind == Stmt::Define ? "define " : "metric ") + stmt.target.text, [&] {
      if (stmt.indexed)
        indexList(stmt.indices);
      assigned(stmt.value);
    });
  case Stmt::Update:
    return line("update " + stmt.target.text, [&] {
      if (stmt.indexed)
        indexList(stmt.indices);
      out += fmt::format(" {}= ", frontend::spelling(stmt.binary));
      value(stmt.value);
    });
  case Stmt::Param:
  case Stmt::State:
    return line((stmt.kind == Stmt::Param ? "param " : "state ") + stmt.target.text, [&] {
      typed(stmt.type);
      assigned(stmt.value);
    });
  case Stmt::Repeat:
  case Stmt::For:
    line(stmt.kind == Stmt::For ? fmt::format("for {} in ", stmt.target.text) : "repeat ", [&] { value(stmt.value); });
    return block(stmt.body);
  case Stmt::Scan:
    line(fmt::format("scan {} in ", stmt.target.text), [&] {
      value(stmt.value);
      if (stmt.reversed)
        out += " reversed";
      if (stmt.condition) {
        out += " if ";
        value(stmt.condition);
      }
    });
    ++depth;
    for (const Formal &carried : stmt.carried)
      line("carried " + carried.name.text, [&] {
        typed(carried.type);
        assigned(carried.value);
      });
    --depth;
    return block(stmt.body);
  case Stmt::Emit:
    return line("emit " + stmt.target.text, [&] {
      if (stmt.indexed) {
        indexList(stmt.indices);
        out += fmt::format(" turn {}", stmt.turnAt);
      }
      if (stmt.target.text.empty())
        value(stmt.value);
      else
        assigned(stmt.value);
    });
  case Stmt::Require:
    return line("require ", [&] {
      value(stmt.value);
      if (stmt.bounds) {
        out += " in ";
        value(stmt.bounds);
      }
      if (!stmt.reason.empty()) {
        out += ", ";
        quoted(stmt.reason);
      }
    });
  case Stmt::Minimize:
    return line("minimize ", [&] {
      if (!stmt.target.text.empty())
        out += stmt.target.text + " = ";
      value(stmt.value);
      if (!stmt.patterns.empty()) {
        out += " over ";
        patterns(stmt.patterns);
      }
      if (stmt.rule) {
        out += " with ";
        value(stmt.rule);
      }
      if (stmt.every) {
        out += " every ";
        value(stmt.every);
        out += " steps";
      }
    });
  case Stmt::Optimizer:
  case Stmt::Average:
    return line(stmt.kind == Stmt::Average ? "average " : "optimizer ", [&] {
      value(stmt.rule);
      if (!stmt.patterns.empty()) {
        out += " for ";
        patterns(stmt.patterns);
      }
      if (stmt.lazy)
        out += " lazy";
    });
  case Stmt::Clip:
    return line("clip " + stmt.target.text + " ", [&] {
      value(stmt.value);
      if (!stmt.patterns.empty()) {
        out += " for ";
        patterns(stmt.patterns);
      }
    });
  case Stmt::Freeze: return line("freeze ", [&] { patterns(stmt.patterns); });
  case Stmt::Save: return line("save ", [&] { patterns(stmt.patterns); });
  case Stmt::Keep:
    return line("keep best" + (stmt.unit.text.empty() ? "" : " " + stmt.unit.text + " " + stmt.target.text), [] {});
  case Stmt::EarlyStop:
    return line("early_stop " + (stmt.unit.text.empty() ? "" : stmt.unit.text + " " + stmt.target.text + " "), [&] {
      out += "patience ";
      value(stmt.value);
    });
  case Stmt::StopWhen: return line("stop when ", [&] { value(stmt.value); });
  case Stmt::Budget:
    return line("budget ", [&] {
      value(stmt.value);
      out += " " + stmt.unit.text;
    });
  case Stmt::OnNan:
    return line("on nan " + stmt.target.text, [&] {
      if (stmt.value) {
        out += " ";
        value(stmt.value);
      }
    });
  case Stmt::Setting:
    return line(stmt.target.text + (stmt.unit.text.empty() ? " " : " every "), [&] {
      value(stmt.value);
      if (!stmt.unit.text.empty())
        out += " " + stmt.unit.text;
    });
  }
}

std::string talweg::dumpAst(const File &file) {
  Printer printer(true);
  printer.file(file);
  return std::move(printer.out);
}

std::string talweg::toText(const Expr &expr) {
  Printer printer(false);
  printer.expr(expr);
  return std::move(printer.out);
}

std::string talweg::toText(const Type &type) {
  Printer printer(false);
  printer.type(type);
  return std::move(printer.out);
}

std::string talweg::toText(const Index &index) {
  Printer printer(false);
  printer.index(index);
  return std::move(printer.out);
}
