// From a model file to a module: parse once, then ask for the plan and for a module in each mode and batch size.
//
// In:  text of the language (docs/Language.md).
// Out: a Plan, or a module holding one verified train.program at the stage `graph`; or an Error whose message holds every
//      diagnostic found, rendered, the first one's code being the Error's.
#ifndef TALWEG_FRONTEND_FRONTEND_H
#define TALWEG_FRONTEND_FRONTEND_H

#include "talweg/Frontend/Plan.h"
#include "talweg/Support/Result.h"

#include <memory>

namespace mlir {
class MLIRContext;
class ModuleOp;
template <typename OpTy>
class OwningOpRef;
} // namespace mlir

namespace talweg::frontend {

/// A parsed file. Copies share the tree. Elaborating is `const`, and does nothing outside the given context.
class Source {
public:
  /// Parses `text`; `filename` names it in messages, and its folder is what data paths are relative to.
  static Result<Source> parse(std::string text, std::string filename);

  /// The syntax tree as text, for `--emit=ast`.
  std::string dumpAst() const;

  /// Data, settings and names. Shapes are not checked here: build does.
  Result<Plan> plan(const Options &options) const;

  /// The module with one train.program. The context needs no dialect loaded beforehand. (Callers include
  /// mlir/IR/BuiltinOps.h and mlir/IR/OwningOpRef.h.)
  Result<mlir::OwningOpRef<mlir::ModuleOp>> build(mlir::MLIRContext &context, const Options &options) const;

  struct Impl;
  explicit Source(std::shared_ptr<const Impl> impl) : impl(std::move(impl)) {}

private:
  std::shared_ptr<const Impl> impl;
};

} // namespace talweg::frontend

#endif
