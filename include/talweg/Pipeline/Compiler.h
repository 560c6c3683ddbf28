// From a source to modules, one for each mode and batch size, and through the phases.
//
// In:  text of the language, or (name ending in .mlir) MLIR text holding one train.program.
// Out: modules at any phase, with the facts that a host needs of them.
#ifndef TALWEG_PIPELINE_COMPILER_H
#define TALWEG_PIPELINE_COMPILER_H

#include "talweg/Frontend/Plan.h"
#include "talweg/Pipeline/Pipeline.h"
#include "talweg/Support/Manifest.h"
#include "talweg/Support/Result.h"
#include "talweg/Transforms/NumberSites.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

#include <map>

namespace talweg {

/// Ops of a step whose time is taken together.
struct RegionFacts {
  std::string kind; ///< product, convolution, elementwise, reduction, fill, copy, gather, loop
  std::string what; ///< its shape and ops, for people
  Part part = Part::Forward;
  std::string variable; ///< the parameter that is updated here, if any
  std::string file;     ///< of the source; empty if it is not known, and then line and column are 0
  std::int64_t line = 0, column = 0;
  std::int64_t endColumn = 0;                   ///< the one behind the expression; 0 if it goes on in another line
  std::int64_t flops = 0;                       ///< two for each multiply-add of contractions
  std::int64_t bytesRead = 0, bytesWritten = 0; ///< of the buffers that come in and go out, each counted once
  std::string plan;                             ///< of its product, if it has one (CodeRegion::plan)
  std::int64_t plans = 0;                       ///< likewise
  double estimatedNs = 0;                       ///< on one thread, by which plans were ranked
  std::int64_t forks = 0, pieces = 0;           ///< as of CodeRegion
};

/// The blocks of variables, by their names (Variable::block); without an entry: 0.
using Layouts = std::map<std::string, std::int64_t>;

/// A module on its way through the phases.
struct Unit {
  std::unique_ptr<mlir::MLIRContext> context; // outlives the module
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::optional<Phase> done;                           ///< the last phase run
  mlir::OwningOpRef<mlir::ModuleOp> sparing;           ///< in phase graph, a program that takes less memory (sparingOf)
  Manifest manifest;                                   ///< as much of it as is known (collect)
  std::int64_t gradientOperations = 0, operations = 0; ///< after phase gradient, and update (countOperations)
  std::vector<RegionFacts> regions;                    ///< of a profiled program, after phase vector
  std::vector<std::pair<std::string, double>> times;   ///< phase, seconds; the first is `parse`
  /// Spells out all that decides the module: equal texts, equal modules. Empty where what it tells on the way matters too.
  std::string source;
  std::optional<Layouts>
      layouts; ///< how another module of the program has its variables; nothing: code generation chooses
  std::vector<std::string> messages = {}; ///< warnings that are still to be told (Compiler::tell)
  bool told = false;                      ///< a warning or remark, told or still to be
  bool profiled = false;                  ///< its steps tell the time of each region (Runtime/Profile.h)
  bool traced = false; ///< its steps tell the ranges of what they compute, and these are them; memory is not limited
  NumberSites numbers; ///< of a traced program, after phase update
  bool quiet = false;  ///< warnings and remarks are not told (they have been, for another batch size)
};

struct CompilerOptions {
  std::vector<std::pair<std::string, std::string>> set;
  std::optional<std::int64_t> batch;
  ElementType real = ElementType::F32;                ///< what a file's f32 is (frontend::Options)
  std::function<void(const std::string &)> onMessage; ///< warnings and remarks, ready to be shown
  bool remarks = false;
  Target target;                      ///< what code is made for
  std::optional<std::int64_t> memory; ///< bytes that variables and arena of every module may take together
  bool unroll = false;                ///< layers that are alike are compiled one by one (tests compare)
};

/// A parsed source. It has its plan once `readPlan` has found it, or `usePlan` has said what was found before; then building and lowering
/// are const and may run on several threads at once.
class Compiler {
public:
  static Result<std::unique_ptr<Compiler>> create(std::string text, const std::string &name,
                                                  const CompilerOptions &options);
  virtual ~Compiler() = default;

  /// What is declared of the data, before anything has been learned of it.
  virtual Result<frontend::DataDeclaration> data() const = 0;
  /// Whether something is done to cells of the data, so that something may be learned of them.
  virtual bool preparesData() const = 0;
  /// How many classes a `category` has that learns them, by the field's name; said before the plan is read.
  void useClasses(std::map<std::string, std::int64_t> learned) { classes = std::move(learned); }

  /// Elaborates the file at the plan's batch size; what is wrong with it, if anything is. The plan of a module is known at once.
  virtual Result<void> readPlan() { return {}; }
  void usePlan(frontend::Plan known) { thePlan = std::move(known); }
  /// Modules of mode gradient built from now on keep what `stop_gradient` takes while the variable kStopped, if there is one, is 0, and take what is kept while
  /// it is 1 (talweg-hold-stopped). Such a module has variables as large as its batch.
  void holdStopped() { holdsStopped = true; }
  static constexpr const char *kStopped = "stopped";
  const frontend::Plan &plan() const { return thePlan; }
  const std::string &file() const { return fileName; }
  const std::string &text() const { return fileText; }
  const Target &target() const { return options.target; }
  /// A module written for prediction alone.
  bool onlyPredicts() const { return predictsOnly; }
  virtual Result<std::string> ast() const = 0;
  /// How often the file has been elaborated: once for each batch size that was asked for.
  virtual int elaborations() const { return 0; }

  /// The frontend's module in a mode, for a batch size (0: the plan's); no phase is done. Code generation chooses how
  /// variables lie in memory, unless `layouts` tells what it chose for another module.
  Result<Unit> build(Mode mode, std::int64_t batch, const Layouts *layouts = nullptr) const;
  /// What is wrong with the file at a batch size, if anything is.
  virtual Result<void> check(std::int64_t batch) const = 0;
  /// Spells out all that decides the code of a unit in phase linalg: equal texts, equal code.
  std::string codeText(const Unit &unit) const;
  /// What `build` gives as Unit::source. At batch size 0 it depends on no plan.
  std::string sourceOf(Mode mode, std::int64_t batch, const Layouts *layouts = nullptr) const;
  /// Tells a unit's messages, once.
  void tell(std::vector<std::string> &messages) const;
  /// Operations of forward and backward pass of a unit of which no phase is done, without what rewrites sums.
  Result<std::int64_t> operationsAsWritten(const Unit &unit) const;
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
  Result<void> specialize(Unit &unit, Mode mode) const;
  /// Makes a program in mode eval speak of all rows (talweg-sum-over-rows), and a step of several batches of all of them
  /// (talweg-accumulate).
  Result<void> cutIntoParts(Unit &unit, Mode mode) const;
  /// Of a program in mode gradient, if `holdsStopped`.
  Result<void> hold(Unit &unit, Mode mode) const;
  /// Makes a program in phase update tell the ranges of its numbers (talweg-trace-numbers).
  Result<void> trace(Unit &unit) const;
  /// Reads a unit's manifest off its module, in its present phase.
  Result<void> collectInto(Unit &unit) const;
  /// What of the options decides code.
  std::string codeOptions() const;
  /// Fills the module of a unit whose context is ready.
  virtual Result<void> parseInto(Unit &unit, Mode mode, std::int64_t batch) const = 0;

  CompilerOptions options;
  std::map<std::string, std::int64_t> classes;
  frontend::Plan thePlan;
  std::string fileText, fileName;
  double parseSeconds = 0;
  bool predictsOnly = false, holdsStopped = false;
};

/// The blocks of variables, for the next module of the same program.
Layouts layoutsOf(const std::vector<Variable> &variables);

} // namespace talweg

#endif
