// From a source to modules and native code: one module for each mode and batch size.
#ifndef TALWEG_ENGINE_COMPILER_H
#define TALWEG_ENGINE_COMPILER_H

#include "Jit.h"

#include "talweg/Engine/Engine.h"
#include "talweg/Frontend/Plan.h"
#include "talweg/Pipeline/Pipeline.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

namespace talweg {

/// A place in the persistent storage.
struct StoredVariable {
  Variable facts;
  std::int64_t offset = 0;
  std::int64_t bytes = 0;
};

/// What a module says about itself once it is expanded (phase update), which its entries no longer show.
struct ModuleFacts {
  std::int64_t batch = 0;
  std::vector<StoredVariable> variables;
  std::vector<std::string> metrics, reports; ///< names of the columns of `out` after the loss
  std::vector<std::int64_t> outputShape;     ///< mode predict: of the whole batch
  bool outputDouble = false;                 ///< mode predict: f64, else f32
  std::int64_t flops = 0, contractions = 0;
  std::int64_t arenaBytes = 0, persistentBytes = 0; ///< known after phase vector

  std::int64_t columns() const { return std::int64_t(1 + metrics.size() + reports.size()); }
};

/// A module on its way through the phases.
struct Unit {
  std::unique_ptr<mlir::MLIRContext> context; // outlives the module
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::optional<Phase> done; ///< the last phase run
  ModuleFacts facts;
  std::vector<PhaseTime> times;
  bool quiet = false; ///< warnings and remarks are not told (they have been, for another batch size)
};

/// A unit in native code.
struct NativeUnit {
  std::unique_ptr<NativeCode> code;
  Entry init = nullptr, step = nullptr;
  ModuleFacts facts;
  std::vector<PhaseTime> times;
};

/// A parsed source. Compiling is const and may run on several threads at once.
class Compiler {
public:
  static Result<std::unique_ptr<Compiler>> create(std::string text, const std::string &name,
                                                  const CompileOptions &options);
  virtual ~Compiler() = default;

  /// What the file says, with `options` of CompileOptions not yet applied to batch, epochs, steps and seed.
  const frontend::Plan &plan() const { return thePlan; }
  virtual Result<std::string> ast() const = 0;
  const std::string &file() const { return fileName; }
  const std::string &text() const { return fileText; }
  /// A module written for prediction alone.
  bool onlyPredicts() const { return predictsOnly; }

  /// The frontend's module; no phase is done.
  Result<Unit> build(Mode mode, std::int64_t batch) const;
  /// Runs the phases after `unit.done` up to `last`.
  Result<void> lower(Unit &unit, Phase last) const;
  Result<NativeUnit> compile(Mode mode, std::int64_t batch, bool quiet) const;
  /// The rest of `compile` for a unit that may have gone through some phases.
  Result<NativeUnit> finish(Unit unit) const;

protected:
  explicit Compiler(const CompileOptions &options) : options(options) {}
  void setText(std::string text, const std::string &name) {
    fileText = std::move(text);
    fileName = name;
  }
  /// A unit with a context that knows every dialect, and no module.
  Unit freshUnit() const;
  /// Fills the module of a unit whose context is ready.
  virtual Result<void> parseInto(Unit &unit, Mode mode, std::int64_t batch) const = 0;

  CompileOptions options;
  frontend::Plan thePlan;
  std::string fileText, fileName;
  double parseSeconds = 0;
  bool predictsOnly = false;
};

} // namespace talweg

#endif
