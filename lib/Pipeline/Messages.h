// Diagnostics of passes as text for users.
#ifndef TALWEG_PIPELINE_MESSAGES_H
#define TALWEG_PIPELINE_MESSAGES_H

#include "talweg/Support/Result.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Location.h"
#include "llvm/ADT/StringMap.h"

#include <functional>
#include <string>
#include <vector>

namespace talweg {

/// The innermost place in a file that a location tells; null: none.
mlir::FileLineColRange placeOf(mlir::Location location);

/// `file:line:column: severity: message`, and, if the line is given, it and a caret below it.
std::string renderMessage(const std::string &file, unsigned line, unsigned column, const std::string &severity,
                          const std::string &message, const std::string &excerpt);

/// Line number `line` (from 1) of a text.
std::string lineOf(const std::string &text, unsigned line);

/// While it lives, diagnostics of a context are collected: errors for `error`, warnings told at once to `onMessage`, remarks at its end, in the order of the
/// lines, equal ones once.
class MessageCollector {
public:
  /// `name` and `text` are the user's file, for excerpts.
  MessageCollector(mlir::MLIRContext &context, const std::string &name, const std::string &text,
                   std::function<void(const std::string &)> onMessage, bool remarks);
  ~MessageCollector();

  /// All errors so far, one after another, under a code; `otherwise` if there was none.
  Error error(const std::string &code, const std::string &otherwise) const;

private:
  struct Remark {
    std::string file;
    unsigned line = 0, column = 0;
    std::string text, notes;
    int count = 1;
  };

  std::string render(mlir::Diagnostic &diagnostic) const;
  std::string renderOne(mlir::Location location, const std::string &severity, const std::string &message,
                        bool withExcerpt = true) const;
  std::string renderNotes(mlir::Diagnostic &diagnostic) const;
  void keep(mlir::Diagnostic &remark);
  void tellRemarks();

  const std::string &name, &text;
  std::function<void(const std::string &)> onMessage;
  std::string errors;
  std::vector<Remark> remarks;
  llvm::StringMap<std::size_t> numbers; ///< of remarks, by place and text
  mlir::ScopedDiagnosticHandler handler;
};

} // namespace talweg

#endif
