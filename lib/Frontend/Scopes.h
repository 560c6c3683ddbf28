// The bodies being elaborated, and what holds while something is evaluated. Whatever is set for a while is set by an object
// named for it, and is as before when that object's scope ends.
#ifndef TALWEG_LIB_FRONTEND_SCOPES_H
#define TALWEG_LIB_FRONTEND_SCOPES_H

#include "Value.h"

#include "llvm/Support/SaveAndRestore.h"

#include <optional>
#include <set>

namespace talweg::frontend {

struct IndexStatement;
struct DeclaredVariable;
class ScanBody;

/// An index name in scope: one variable, or (rest) several, once their number is known.
struct IndexBinding {
  std::string name;
  bool rest = false, resolved = false;
  std::vector<IndexVar *> vars;
  ast::Range place;
};
using IndexBindings = std::vector<std::shared_ptr<IndexBinding>>;

/// A definition whose right side is evaluated. The only layer there goes by the name defined.
struct Definition {
  const ast::Stmt &stmt;
  bool isNew;           ///< the name had no value before
  bool isTaken = false; ///< a layer has the name
};

/// A body that runs.
struct Frame {
  Frame *caller = nullptr;
  const ast::Decl *decl = nullptr;
  std::string callee; ///< for "in the call to …"; empty at the top
  ast::Range callSite;
  Instance *instance = nullptr;
  std::map<std::string, Value> locals;              ///< names, dimensions (`n`) and rests (`..b`)
  std::map<std::string, DeclaredVariable *> states; ///< assignable names
  IndexBindings indices;                            ///< innermost last
  IndexStatement *statement = nullptr;
  Definition *definition = nullptr;
  ScanBody *scan = nullptr;        ///< the innermost whose body runs
  std::vector<IndexVar *> ambient; ///< what the arguments range over: each of these has its own random numbers
  std::string loopSuffix;          ///< `_2` in the third turn of a loop
  const std::set<std::string> *beforeLoop = nullptr; ///< names that existed when the outermost loop began

  const Value *local(const std::string &name) const {
    const auto found = locals.find(name);
    return found == locals.end() ? nullptr : &found->second;
  }
};

/// A train.norm of the parameters that a pattern names.
struct AskedNorm {
  mlir::Operation *op;
  ast::Name pattern;
  ast::Range range; ///< of the call
};

/// A body of the program that draws random numbers: the objective, or a variable's initial value.
struct ProgramBody {
  std::string variable = {}; ///< whose initial value it is; empty: the objective
  mlir::Value key = {};      ///< of its random numbers; the objective has one once it draws some
  int draws = 0;
  std::int64_t batch = 0; ///< of the objective: its rows
  bool isMetric = false;  ///< what is evaluated is told by a `metric`
  std::vector<AskedNorm> norms = {};

  bool isObjective() const { return variable.empty(); }
};

/// The stack of frames and the modes of evaluation.
class Scopes {
public:
  Frame &frame() const { return *innermost; }
  const Frame *innermostFrame() const { return innermost; }
  /// The frame whose calls a message tells.
  const Frame *toldFrame() const { return told ? told : innermost; }
  /// In a dimension names are dimensions, not indices.
  bool inDimension() const { return dimension; }
  /// The body that operations are written into; null: the plan, where there is none, or an update rule.
  ProgramBody *body() const { return written; }
  bool inInitialValue() const { return written && !written->isObjective(); }
  /// Are the averages of parameters read in their place, and states left as they are?
  bool readsAverages() const { return averages; }
  /// Would what is evaluated perhaps not be, were the batch another?
  bool isBatchDependent() const { return batchDependent; }
  /// Is what is evaluated only of the updates of a loss? These happen in training.
  bool isOfUpdate() const { return updateSteps.has_value(); }
  /// `step` and `steps` count the updates of a loss, one in so many steps of the plan.
  std::int64_t stepsOfUpdate() const { return updateSteps.value_or(1); }

private:
  friend class FrameScope;
  friend class TellingScope;
  friend class DimensionScope;
  friend class ProgramBodyScope;
  friend class AveragesScope;
  friend class BatchDependentScope;
  friend class UpdateScope;
  Frame *innermost = nullptr;
  const Frame *told = nullptr;
  bool dimension = false, batchDependent = false, averages = false;
  std::optional<std::int64_t> updateSteps;
  ProgramBody *written = nullptr;
};

/// Enters a body.
class FrameScope {
public:
  FrameScope(Scopes &scopes, Frame &frame) : kept(scopes.innermost, &frame) { frame.caller = kept.get(); }
  Frame *caller() { return kept.get(); }

private:
  llvm::SaveAndRestore<Frame *> kept;
};

/// Messages tell the calls that lead to `frame`, not those to the body entered: arguments are the caller's.
class TellingScope {
public:
  TellingScope(Scopes &scopes, const Frame &frame) : kept(scopes.told, &frame) {}

private:
  llvm::SaveAndRestore<const Frame *> kept;
};

/// What is evaluated is a dimension.
class DimensionScope {
public:
  explicit DimensionScope(Scopes &scopes) : kept(scopes.dimension, true) {}

private:
  llvm::SaveAndRestore<bool> kept;
};

/// Parameters are read as their averages, if `reads`.
class AveragesScope {
public:
  AveragesScope(Scopes &scopes, bool reads) : kept(scopes.averages, scopes.averages || reads) {}

private:
  llvm::SaveAndRestore<bool> kept;
};

/// Whether what is evaluated is evaluated at all depends on the batch.
class BatchDependentScope {
public:
  BatchDependentScope(Scopes &scopes, bool depends) : kept(scopes.batchDependent, scopes.batchDependent || depends) {}

private:
  llvm::SaveAndRestore<bool> kept;
};

/// What is evaluated is of the updates of a loss, of which there is one in `every` steps.
class UpdateScope {
public:
  UpdateScope(Scopes &scopes, std::int64_t every) : kept(scopes.updateSteps, every) {}

private:
  llvm::SaveAndRestore<std::optional<std::int64_t>> kept;
};

/// Operations go into `body`, which is outside of the index notation around it.
class ProgramBodyScope {
public:
  ProgramBodyScope(Scopes &scopes, ProgramBody &body)
      : kept(scopes.written, &body), ambient(scopes.frame().ambient, std::vector<IndexVar *>()),
        statement(scopes.frame().statement, nullptr) {}

private:
  llvm::SaveAndRestore<ProgramBody *> kept;
  llvm::SaveAndRestore<std::vector<IndexVar *>> ambient;
  llvm::SaveAndRestore<IndexStatement *> statement;
};

/// Index names in scope beside those of the frame.
class IndexScope {
public:
  explicit IndexScope(Frame &frame, const IndexBindings &more = {}) : indices(frame.indices), outer(indices.size()) {
    indices.insert(indices.end(), more.begin(), more.end());
  }
  ~IndexScope() { indices.resize(outer); }

private:
  IndexBindings &indices;
  std::size_t outer;
};

/// The right side of a definition.
class DefinitionScope {
public:
  DefinitionScope(Frame &frame, Definition &definition) : kept(frame.definition, &definition) {}

private:
  llvm::SaveAndRestore<Definition *> kept;
};

/// A loop: names that it defines are its own in each turn, and layers are called after the turn.
class LoopScope {
public:
  explicit LoopScope(Frame &frame) : frame(frame), suffix(frame.loopSuffix), before(frame.beforeLoop) {
    if (frame.beforeLoop)
      return;
    for (const auto &[name, value] : frame.locals)
      names.insert(name);
    frame.beforeLoop = &names;
  }
  void enterTurn(std::size_t turn) { frame.loopSuffix = suffix.get() + "_" + std::to_string(turn); }

private:
  Frame &frame;
  std::set<std::string> names;
  llvm::SaveAndRestore<std::string> suffix;
  llvm::SaveAndRestore<const std::set<std::string> *> before;
};

} // namespace talweg::frontend

#endif
