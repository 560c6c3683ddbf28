// From a source to modules, one for each mode and batch size, and through the phases.
//
// In:  text of the language, or (name ending in .mlir) MLIR text holding one train.program.
// Out: modules at any phase, with the facts that a host needs of them.
#ifndef TALWEG_PIPELINE_COMPILER_H
#define TALWEG_PIPELINE_COMPILER_H

#include "talweg/Frontend/Plan.h"
#include "talweg/Pipeline/Pipeline.h"
#include "talweg/Support/ElementType.h"
#include "talweg/Support/Result.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

#include <map>

namespace talweg {

/// A tensor that persists, and its place in the persistent storage.
struct StoredVariable {
  std::string name; ///< path in the model
  std::string role; ///< parameter, state, slot
  ElementType elementType = ElementType::F32;
  std::vector<std::int64_t> shape;
  std::int64_t count = 1; ///< elements
  bool frozen = false;
  std::int64_t offset = 0; ///< known after phase update
  std::int64_t bytes = 0;
  std::int64_t block =
      0; ///< known after phase vector: stored as [n / block, .., block] of [.., n]; 0: in row-major order
};

/// Ops of a step whose time is taken together.
struct RegionFacts {
  std::string kind;     ///< product, convolution, elementwise, reduction, fill, copy, gather, loop
  std::string what;     ///< its shape and ops, for people
  std::string part;     ///< data, forward, backward, update
  std::string variable; ///< the parameter that is updated here, if any
  std::string file;     ///< of the source; empty if it is not known, and then line and column are 0
  std::int64_t line = 0, column = 0;
  std::int64_t endColumn = 0;                   ///< the one behind the expression; 0 if it goes on in another line
  std::int64_t flops = 0;                       ///< two for each multiply-add of contractions
  std::int64_t bytesRead = 0, bytesWritten = 0; ///< of the buffers that come in and go out, each counted once
};

/// What a step requires, and what a fault there is told as: tw.require.
struct FaultSite {
  std::string message; ///< `{}` stands for the value
  std::string help;    ///< may be empty
  std::string file;    ///< of the source; empty: the program's own
  std::int64_t line = 0, column = 0;
};

/// What a step does with a field of the data.
struct FieldUse {
  bool read = false;
  std::int64_t low = INT64_MIN,
               high = INT64_MAX; ///< where it is required to be, or compared with positions: [low, high)
};

/// The blocks of variables, by their names (StoredVariable::block); without an entry: 0.
using Layouts = std::map<std::string, std::int64_t>;

/// What a module says about itself on its way; its last form, the entries, no longer shows it.
struct ModuleFacts {
  std::int64_t batch = 0;
  std::vector<StoredVariable> variables;
  std::vector<FieldUse> fields;                     ///< known after phase update, for each field of the data
  std::vector<FaultSite> faults;                    ///< in the order of their numbers in Runtime/Abi.h; known likewise
  std::vector<std::string> metrics, reports;        ///< names of the columns of `out` after the loss
  std::vector<std::string> lossMetrics;             ///< those that are the loss itself; known likewise
  std::vector<std::int64_t> outputShape;            ///< mode predict: of the whole batch
  bool outputDouble = false;                        ///< mode predict: f64, else f32
  std::int64_t flops = 0, contractions = 0;         ///< twice the products of all contractions, and their number
  std::int64_t arenaBytes = 0, persistentBytes = 0; ///< known after phase vector
  std::vector<RegionFacts> regions;                 ///< of a profiled program, after phase vector

  std::int64_t columns() const { return std::int64_t(1 + metrics.size() + reports.size()); }
};

/// A module on its way through the phases.
struct Unit {
  std::unique_ptr<mlir::MLIRContext> context; // outlives the module
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::optional<Phase> done; ///< the last phase run
  ModuleFacts facts;
  std::vector<std::pair<std::string, double>> times; ///< phase, seconds; the first is `parse`
  /// Spells out all that decides the module: equal texts, equal modules. Empty where what it tells on the way matters too.
  std::string source;
  bool told = false;     ///< a warning or remark
  bool profiled = false; ///< its steps tell the time of each region (Runtime/Profile.h)
  bool quiet = false;    ///< warnings and remarks are not told (they have been, for another batch size)
};

struct CompilerOptions {
  std::vector<std::pair<std::string, std::string>> set;
  std::optional<std::int64_t> batch;
  bool doublePrecision = false;
  std::function<void(const std::string &)> onMessage; ///< warnings and remarks, ready to be shown
  bool remarks = false;
  std::optional<std::int64_t> memory; ///< bytes that variables and arena of every module may take together
};

/// A parsed source. Building and lowering are const and may run on several threads at once.
class Compiler {
public:
  static Result<std::unique_ptr<Compiler>> create(std::string text, const std::string &name,
                                                  const CompilerOptions &options);
  virtual ~Compiler() = default;

  const frontend::Plan &plan() const { return thePlan; }
  const std::string &file() const { return fileName; }
  const std::string &text() const { return fileText; }
  /// A module written for prediction alone.
  bool onlyPredicts() const { return predictsOnly; }
  virtual Result<std::string> ast() const = 0;
  /// How often the file has been elaborated: once for each batch size that was asked for.
  virtual int elaborations() const { return 0; }

  /// The frontend's module in a mode, for a batch size (0: the plan's); no phase is done. Code generation chooses how
  /// variables lie in memory, unless `layouts` tells what it chose for another module.
  Result<Unit> build(const std::string &mode, std::int64_t batch, const Layouts *layouts = nullptr) const;
  /// What is wrong with the file at a batch size, if anything is.
  virtual Result<void> check(std::int64_t batch) const = 0;
  /// What `build` gives as Unit::source.
  std::string sourceOf(const std::string &mode, std::int64_t batch, const Layouts *layouts = nullptr) const;
  /// Runs the phases after `unit.done` up to `last`.
  Result<void> lower(Unit &unit, Phase last) const;

  /// An error at a place of a source, in the form of all messages: the line and a caret below it. `more` lines follow.
  Error errorAt(const std::string &file, std::int64_t line, std::int64_t column, const std::string &message,
                const std::string &code, const std::string &more) const;

protected:
  explicit Compiler(const CompilerOptions &options) : options(options) {}
  void setText(std::string text, const std::string &name) {
    fileText = std::move(text);
    fileName = name;
  }
  /// A unit with a context that knows every dialect, and no module.
  Unit freshUnit() const;
  /// Makes a module in all modes one in `mode`.
  Result<void> specialize(Unit &unit, const std::string &mode) const;
  /// Fills the module of a unit whose context is ready.
  virtual Result<void> parseInto(Unit &unit, const std::string &mode, std::int64_t batch) const = 0;

  CompilerOptions options;
  frontend::Plan thePlan;
  std::string fileText, fileName;
  double parseSeconds = 0;
  bool predictsOnly = false;
};

/// The variables a module declares; offsets are 0 before phase update.
std::vector<StoredVariable> variablesOf(mlir::ModuleOp module);

/// Their blocks, for the next module of the same program.
Layouts layoutsOf(const std::vector<StoredVariable> &variables);

} // namespace talweg

#endif
