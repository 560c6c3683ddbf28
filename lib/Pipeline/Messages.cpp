// The form is that of the frontend's messages: `file:line:column: error: text`, the line, a caret.
#include "Messages.h"

#include "talweg/Dialect/Train/Train.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <tuple>

using namespace talweg;

/// A diagnostic's text, with what it is about where its line is not: a rule serves many parameters, and a line has a gradient, of which `ofGradient` says
/// whether it is told.
static std::string messageOf(mlir::Diagnostic &diagnostic, bool ofGradient) {
  train::PartAttr part = train::partOf(diagnostic.getLocation());
  if (part && part.getVariable())
    return fmt::format("update of `{}`: {}", part.getVariable().getValue().str(), diagnostic.str());
  if (part && part.getPart() == Part::Backward && ofGradient)
    return "in the gradient of this: " + diagnostic.str();
  return diagnostic.str();
}

MessageCollector::MessageCollector(mlir::MLIRContext &context, const std::string &name, const std::string &text,
                                   std::function<void(const std::string &)> toldTo, bool wantsRemarks)
    : name(name), text(text), onMessage(std::move(toldTo)),
      handler(&context, [this, wantsRemarks](mlir::Diagnostic &diagnostic) {
        switch (diagnostic.getSeverity()) {
        case mlir::DiagnosticSeverity::Error: errors += (errors.empty() ? "" : "\n") + render(diagnostic); break;
        case mlir::DiagnosticSeverity::Remark:
          if (onMessage && wantsRemarks)
            keep(diagnostic);
          break;
        default:
          if (onMessage)
            onMessage(render(diagnostic));
        }
        return mlir::success();
      }) {}

MessageCollector::~MessageCollector() { tellRemarks(); }

void MessageCollector::keep(mlir::Diagnostic &diagnostic) {
  Remark remark;
  if (mlir::FileLineColRange place = placeOf(diagnostic.getLocation()))
    remark = {place.getFilename().str(), place.getStartLine(), place.getStartColumn(), {}, {}};
  remark.text = messageOf(diagnostic, true);
  remark.notes = renderNotes(diagnostic);
  auto [known, isNew] = numbers.try_emplace(
      fmt::format("{}:{}:{}:{}\n{}", remark.file, remark.line, remark.column, remark.text, remark.notes),
      remarks.size());
  if (isNew)
    remarks.push_back(std::move(remark));
  else
    ++remarks[known->second].count;
}

void MessageCollector::tellRemarks() {
  auto placeOf = [&](const Remark &remark) {
    return std::tuple(remark.file != name, remark.file, remark.line, remark.column);
  };
  std::vector<std::size_t> order(remarks.size());
  std::iota(order.begin(), order.end(), std::size_t(0));
  std::ranges::sort(order, {}, [&](std::size_t number) { return std::pair(placeOf(remarks[number]), number); });
  const Remark *last = nullptr;
  for (std::size_t number : order) {
    const Remark &remark = remarks[number];
    const bool isAtLast = last && placeOf(*last) == placeOf(remark); // the line has been shown
    const std::string message =
        remark.count == 1 ? remark.text : fmt::format("{} ({} times)", remark.text, remark.count);
    const std::string excerpt = remark.file == name && !isAtLast ? lineOf(text, remark.line) : "";
    onMessage((remark.file.empty()
                   ? fmt::format("{}: remark: {}", name, message)
                   : renderMessage(remark.file, remark.line, remark.column, "remark", message, excerpt)) +
              remark.notes);
    last = &remark;
  }
}

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
                                        const std::string &message, bool withExcerpt) const {
  mlir::FileLineColRange place = placeOf(location);
  if (!place)
    return fmt::format("{}: {}: {}", name, severity, message);
  std::string file = place.getFilename().str();
  return renderMessage(file, place.getStartLine(), place.getStartColumn(), severity, message,
                       file == name && withExcerpt ? lineOf(text, place.getStartLine()) : "");
}

/// Those of remarks are without the line where it is that of the remark.
std::string MessageCollector::renderNotes(mlir::Diagnostic &diagnostic) const {
  auto lineIn = [](mlir::Location location) {
    mlir::FileLineColRange place = placeOf(location);
    return place ? std::pair(place.getFilename().str(), place.getStartLine()) : std::pair(std::string(), 0u);
  };
  const bool ofRemark = diagnostic.getSeverity() == mlir::DiagnosticSeverity::Remark;
  std::string result;
  for (mlir::Diagnostic &note : diagnostic.getNotes())
    result += "\n" + renderOne(note.getLocation(), "note", ofRemark ? messageOf(note, true) : note.str(),
                               !ofRemark || lineIn(note.getLocation()) != lineIn(diagnostic.getLocation()));
  return result;
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
  return renderOne(diagnostic.getLocation(), severityName(diagnostic.getSeverity()), messageOf(diagnostic, false)) +
         renderNotes(diagnostic);
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
