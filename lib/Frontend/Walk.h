// One walk over a program: what it is given, and the parts that it is made of. Each part knows only those above it; what goes through the tree
// (Expressions, Indexing, Types, Calls, Statements, Variables, Requirements; Planning, Training) are functions that take the walk.
#ifndef TALWEG_LIB_FRONTEND_WALK_H
#define TALWEG_LIB_FRONTEND_WALK_H

#include "Builtins.h"
#include "Instances.h"
#include "Limits.h"
#include "Messages.h"
#include "Names.h"
#include "Scopes.h"
#include "Tensors.h"

#include "talweg/Dialect/Train/Train.h"
#include "talweg/Frontend/Plan.h"
#include "talweg/Support/Manifest.h"

namespace talweg::frontend {

/// A `minimize` of the train block.
struct Minimized {
  const ast::Stmt *stmt;
  std::string name;
  train::MinimizeOp op;   ///< null where the loss is wrong (reported)
  std::int64_t every = 1; ///< it is skipped but in the last of so many steps
};

struct Walk {
  Walk(mlir::MLIRContext &context, const Sources &sources, const std::vector<ast::File> &files,
       Diagnostics &diagnostics, Diagnostics &ofPrediction, const Options &options)
      : files(files), diagnostics(diagnostics), ofPrediction(ofPrediction), options(options), builder(&context),
        messages(context, sources, diagnostics, scopes, names, options.real), limits(messages),
        tensors(builder, messages, scopes) {}

  const std::vector<ast::File> &files; ///< 0: the user's, then the library's
  Diagnostics &diagnostics;
  Diagnostics &ofPrediction; ///< gets what speaks against predictions only
  const Options &options;

  mlir::OpBuilder builder;
  Names names{builtinNames()};
  Scopes scopes;
  Messages messages;
  Limits limits;
  TensorBuilder tensors;
  Instances instances;
  std::deque<IndexVar> indexVars; ///< all that tensors may range over
  Plan plan;                      ///< what the file says about the run, as far as it is read
  std::vector<ast::Name>
      watched; ///< losses and metrics that the plan looks at after each validation, by the names that they have there
  std::vector<Field> fields; ///< of the data, in their order
  /// A `config` of a fractional value, or `lr` of the train block's optimizer where it is written as a plain number and no config has
  /// that name. The order is train.hyper's index.
  std::vector<Hyper> hypers;
  std::vector<Minimized> minimized; ///< in their order
  mlir::Operation *lastLoss =
      nullptr; ///< the last train.minimize, once it is there: parameters behind it are read in front of it
  mlir::Operation *objective = nullptr; ///< variables are declared before it
  bool isModelCalled = false;           ///< by the train block
  int loops = 0;                        ///< of the objective, so far: those that are repeated when it is elaborated

  Frame &frame() { return scopes.frame(); }
  /// The first dimension of what has something for each row.
  Count batchRows() const { return Count(plan.batch, std::int64_t(std::uint64_t(plan.batch) + 1)); }
  Failure fail(Code code, ast::Range range, std::string message) {
    return messages.fail(code, range, std::move(message));
  }
  std::string describe(const Value &value) const { return messages.describe(value); }
  mlir::Location location(ast::Range range) const { return messages.location(range); }
};

} // namespace talweg::frontend

#endif
