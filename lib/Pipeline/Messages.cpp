// The form is that of the frontend's messages: `file:line:column: error: text`, the line, a caret.
#include "Messages.h"

#include "talweg/Dialect/Train/Train.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"

#include <fmt/format.h>

using namespace talweg;

MessageCollector::MessageCollector(mlir::MLIRContext &context, const std::string &name, const std::string &text,
                                   std::function<void(const std::string &)> onMessage, bool remarks)
    : name(name), text(text), handler(&context, [this, onMessage, remarks](mlir::Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error)
          errors += (errors.empty() ? "" : "\n") + render(diagnostic);
        else if (onMessage && (remarks || diagnostic.getSeverity() == mlir::DiagnosticSeverity::Warning))
          onMessage(render(diagnostic));
        return mlir::success();
      }) {}

mlir::FileLineColRange talweg::placeOf(mlir::Location location) {
  mlir::FileLineColRange place;
  location->walk([&](mlir::Location inner) {
    place = mlir::dyn_cast<mlir::FileLineColRange>(inner);
    return place ? mlir::WalkResult::interrupt() : mlir::WalkResult::advance();
  });
  return place;
}

std::string talweg::lineOf(const std::string &text, unsigned line) {
  std::size_t begin = 0;
  for (unsigned i = 1; i < line; ++i) {
    begin = text.find('\n', begin);
    if (begin == std::string::npos)
      return "";
    ++begin;
  }
  return text.substr(begin, text.find('\n', begin) - begin);
}

std::string talweg::renderMessage(const std::string &file, unsigned line, unsigned column, const std::string &severity,
                                  const std::string &message, const std::string &excerpt) {
  std::string result = fmt::format("{}:{}:{}: {}: {}", file, line, column, severity, message);
  if (!excerpt.empty() && column >= 1)
    result += fmt::format("\n{:>4} | {}\n     | {:>{}}", line, excerpt, "^", column);
  return result;
}

std::string MessageCollector::renderOne(mlir::Location location, const std::string &severity,
                                        const std::string &message) const {
  mlir::FileLineColRange place = placeOf(location);
  if (!place)
    return fmt::format("{}: {}: {}", name, severity, message);
  std::string file = place.getFilename().str();
  return renderMessage(file, place.getStartLine(), place.getStartColumn(), severity, message,
                       file == name ? lineOf(text, place.getStartLine()) : "");
}

std::string MessageCollector::render(mlir::Diagnostic &diagnostic) const {
  auto severityName = [](mlir::DiagnosticSeverity severity) {
    switch (severity) {
    case mlir::DiagnosticSeverity::Error: return "error";
    case mlir::DiagnosticSeverity::Warning: return "warning";
    case mlir::DiagnosticSeverity::Remark: return "remark";
    case mlir::DiagnosticSeverity::Note: break;
    }
    return "note";
  };
  std::string message = diagnostic.str();
  if (train::PartAttr part = train::partOf(diagnostic.getLocation()); part && part.getVariable()) // a rule serves many
    message = fmt::format("update of `{}`: {}", part.getVariable().getValue().str(), message);
  std::string result = renderOne(diagnostic.getLocation(), severityName(diagnostic.getSeverity()), message);
  for (mlir::Diagnostic &note : diagnostic.getNotes())
    result += "\n" + renderOne(note.getLocation(), "note", note.str());
  return result;
}

Error MessageCollector::error(const std::string &code, const std::string &otherwise) const {
  const std::string shown = errors.empty() ? fmt::format("{}: error: {}", name, otherwise) : errors;
  // The code stands at the end of each error's first line, as in the frontend's messages.
  std::string result;
  for (std::size_t begin = 0; begin <= shown.size();) {
    const std::size_t end = std::min(shown.find('\n', begin), shown.size());
    const std::string line = shown.substr(begin, end - begin);
    const bool isError = line.starts_with(name + ":") && line.find(": error: ") != std::string::npos;
    result += fmt::format("{}{}{}", begin ? "\n" : "", line, isError ? fmt::format(" [{}]", code) : "");
    begin = end + 1;
  }
  return {code, result};
}
