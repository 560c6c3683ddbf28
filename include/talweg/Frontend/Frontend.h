// From a model file to a module: parse once, elaborate once for each batch size.
//
// In:  text of the language (docs/Language.md).
// Out: a module holding one verified train.program in all modes, which talweg-specialize makes one of, and its plan; or an Error
//      whose message holds every diagnostic found, rendered, the first one's code being the Error's.
#ifndef TALWEG_FRONTEND_FRONTEND_H
#define TALWEG_FRONTEND_FRONTEND_H

#include "talweg/Frontend/Plan.h"
#include "talweg/Support/Result.h"

#include <memory>

namespace talweg::frontend {

/// A file at one batch size.
struct Elaborated {
  std::string module; ///< in MLIR's bytecode, for any context
  Plan plan;
  std::optional<Error> noPrediction; ///< why the program has no mode predict: an output for each row is what it needs
};

/// A parsed file. Copies share the tree. Elaborating is `const`, and does nothing outside the given context.
class Source {
public:
  /// Parses `text`; `filename` names it in messages, and its folder is what data paths are relative to.
  static Result<Source> parse(std::string text, std::string filename);

  /// The syntax tree as text, for `--emit=ast`.
  std::string dumpAst() const;

  /// Whether a field of its data is a category, or something is done to its cells.
  bool preparesData() const;
  /// The data that the file's `train` names. Of the options, `set` counts.
  Result<DataDeclaration> data(const Options &options) const;

  /// The file at the batch size of the options. Variables are the same at every one.
  Result<Elaborated> elaborate(const Options &options) const;

  struct Impl;
  explicit Source(std::shared_ptr<const Impl> impl) : impl(std::move(impl)) {}

private:
  std::shared_ptr<const Impl> impl;
};

} // namespace talweg::frontend

#endif
