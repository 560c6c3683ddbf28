// Messages of the elaborator: an error inside the library is told at the user's call that led there, and the calls that lead
// to an error are noted with it. Also how things are called in messages, and where in the text an operation comes from.
#ifndef TALWEG_LIB_FRONTEND_MESSAGES_H
#define TALWEG_LIB_FRONTEND_MESSAGES_H

#include "Names.h"
#include "Scopes.h"

#include "talweg/Frontend/Diagnostics.h"
#include "talweg/Support/ElementType.h"

#include "mlir/IR/Location.h"

namespace talweg::frontend {

class Messages;

/// An error being described; notes of the calls that lead to it are added when it is complete. Converts to Poison.
class Failure {
public:
  Failure(const Messages &messages, Diagnostic &diagnostic) : messages(messages), diagnostic(diagnostic) {}
  ~Failure();
  Failure(const Failure &) = delete;
  Failure &line(std::string text) { return diagnostic.line(std::move(text)), *this; }
  /// Of shapes of as many dimensions: the first size that differs, `inA` and `inB`.
  Failure &sizes(const Dims &a, const char *inA, const Dims &b, const char *inB);
  Failure &note(ast::Range at, std::string text);
  Failure &help(std::string text) { return diagnostic.help(std::move(text)), *this; }
  Failure &didYouMean(const std::string &name) { return diagnostic.didYouMean(name), *this; }
  /// Where `name` is taken for its first word: how a requirement is written.
  Failure &helpRequirement(const std::string &name);
  operator Value() const { return Value(); }

private:
  const Messages &messages;
  Diagnostic &diagnostic;
};

class Messages {
public:
  /// `real`: what the language calls f32.
  Messages(mlir::MLIRContext &context, const Sources &sources, Diagnostics &diagnostics, const Scopes &scopes,
           const Names &names, ElementType real)
      : context(context), sources(sources), diagnostics(diagnostics), scopes(scopes), names(names), theReal(real) {}

  Failure fail(Code code, ast::Range range, std::string message);
  int count() const { return diagnostics.count(); }
  void addCallChain(Diagnostic &diagnostic) const;

  /// The user's place: of the expression, or of the call that leads into the library.
  mlir::Location location(ast::Range range) const;
  /// `, in the call to …` for a place in the library that the user's call leads to.
  std::string inTheCall(ast::Range range) const;

  std::string_view text(ast::Range range) const { return sources.text(range); }
  std::string describe(const Value &value) const;
  std::string describe(const Dims &dims) const;
  std::string elementName(mlir::Type type) const;
  ElementType real() const { return theReal; }

  /// What can be written here: names of values, or of what can be called.
  std::vector<std::string> namesInScope(bool functions) const;
  /// What the expression at `range` can be defined as, with these indices: the name that its definition gives it, else a free one.
  std::string nameForResult(ast::Range range, const std::vector<std::string> &labels) const;

private:
  mlir::MLIRContext &context;
  const Sources &sources;
  Diagnostics &diagnostics;
  const Scopes &scopes;
  const Names &names;
  ElementType theReal;
};

} // namespace talweg::frontend

#endif
