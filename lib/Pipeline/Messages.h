// Diagnostics of passes as text for users.
#ifndef TALWEG_PIPELINE_MESSAGES_H
#define TALWEG_PIPELINE_MESSAGES_H

#include "talweg/Support/Result.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Location.h"

#include <functional>
#include <string>

namespace talweg {

/// The innermost place in a file that a location tells; null: none.
mlir::FileLineColRange placeOf(mlir::Location location);

/// `file:line:column: severity: message`, and, if the line is given, it and a caret below it.
std::string renderMessage(const std::string &file, unsigned line, unsigned column, const std::string &severity,
                          const std::string &message, const std::string &excerpt);

/// Line number `line` (from 1) of a text.
std::string lineOf(const std::string &text, unsigned line);

/// While it lives, diagnostics of a context are collected: errors for `error`, the others told at once to `onMessage`.
class MessageCollector {
public:
  /// `name` and `text` are the user's file, for excerpts.
  MessageCollector(mlir::MLIRContext &context, const std::string &name, const std::string &text,
                   std::function<void(const std::string &)> onMessage, bool remarks);

  /// All errors so far, one after another, under a code; `otherwise` if there was none.
  Error error(const std::string &code, const std::string &otherwise) const;

private:
  std::string render(mlir::Diagnostic &diagnostic) const;
  std::string renderOne(mlir::Location location, const std::string &severity, const std::string &message) const;

  const std::string &name, &text;
  std::string errors;
  mlir::ScopedDiagnosticHandler handler;
};

} // namespace talweg

#endif
