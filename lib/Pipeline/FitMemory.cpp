// Finds a program whose arena keeps within a limit.
//
// The phase runs on a copy of the module: first with nothing computed again; if that is too large, with the limit, which
// talweg-rematerialize keeps by reckoning what the code that follows will take. Loops over time are then those that keep less.
#include "FitMemory.h"

#include "Collect.h"

#include "talweg/Codegen/Attributes.h"
#include "talweg/Dialect/Tw/Tw.h"
#include "talweg/Pipeline/MemoryText.h"
#include "talweg/Support/Counted.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"

#include <fmt/format.h>

using namespace talweg;

namespace {

struct Attempt {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::vector<mlir::Diagnostic> remarks;
  Manifest manifest;
  double seconds = 0;

  std::int64_t bytes() const { return manifest.persistentBytes + manifest.arenaBytes; }
};

} // namespace

/// The phase on a copy of the unit's module.
static std::optional<Attempt> attempt(const Unit &unit, const CodegenOptions &options, const std::string &file) {
  Attempt result{mlir::cast<mlir::ModuleOp>((*unit.module)->clone()), {}, unit.manifest};
  // Errors go on to the outer handler; what else is told of an attempt that is not taken is nobody's business.
  mlir::ScopedDiagnosticHandler handler(unit.context.get(), [&](mlir::Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error)
      return mlir::failure();
    result.remarks.push_back(std::move(diagnostic));
    return mlir::success();
  });
  auto tell = [&](Phase, double seconds) { result.seconds = seconds; };
  if (mlir::failed(runPhases(*result.module, Phase::Vector, Phase::Vector, options, tell)))
    return std::nullopt;
  Result<Manifest> manifest = collect(*result.module, file);
  if (!manifest)
    return std::nullopt;
  result.manifest = std::move(*manifest);
  return result;
}

static Error tooSmall(const Manifest &least, std::int64_t limit, const std::string &file) {
  std::int64_t needed = least.persistentBytes + least.arenaBytes;
  return {"E0871", fmt::format("{0}: error: {1} of memory are too few: the program needs {2}, {3}B [E0871]\n"
                               "{0}: note: {4}; its arena takes at least {5} for a batch of {6}{7}",
                               file, bytesText(limit), bytesText(needed), needed, variablesText(least),
                               bytesText(least.arenaBytes), least.batch, batchHelp(least))};
}

mlir::OwningOpRef<mlir::ModuleOp> talweg::sparingOf(mlir::ModuleOp module) {
  const auto isBlocks = [](tw::ScanOp scan) {
    return scan.getBlocks() ? mlir::WalkResult::interrupt() : mlir::WalkResult::advance();
  };
  if (!module.walk(isBlocks).wasInterrupted())
    return {};
  mlir::OwningOpRef<mlir::ModuleOp> sparing = module.clone();
  sparing->walk([](tw::ScanOp blocks) { blocks.setRecomputed(blocks.getBlocks()); });
  return sparing;
}

Result<bool> talweg::fitMemory(Unit &unit, const CodegenOptions &options, std::int64_t limit, const std::string &file,
                               llvm::function_ref<mlir::LogicalResult(mlir::ModuleOp)> toLinalg) {
  std::optional<Attempt> tried = attempt(unit, options, file);
  if (!tried)
    return false;
  double inVain = 0; // seconds of an attempt that was too large
  if (tried->bytes() > limit) {
    const Manifest unlimited = tried->manifest;
    inVain = tried->seconds;
    if (unit.sparing) {
      if (mlir::failed(toLinalg(*unit.sparing)))
        return false;
      unit.module = std::move(unit.sparing);
    }
    CodegenOptions within = options;
    within.memoryLimit = std::max<std::int64_t>(1, limit - unlimited.persistentBytes);
    tried = attempt(unit, within, file);
    // Arenas have gaps, which are not reckoned with: what takes the least may fit where what was to fit does not.
    if (tried && tried->bytes() > limit && within.memoryLimit > 1) {
      within.memoryLimit = 1;
      tried = attempt(unit, within, file);
    }
    if (!tried)
      return false;
    if (tried->bytes() > limit)
      return tooSmall(tried->bytes() < unlimited.persistentBytes + unlimited.arenaBytes ? tried->manifest : unlimited,
                      limit, file);
  }
  unit.module = std::move(tried->module);
  unit.manifest = std::move(tried->manifest);
  if (inVain > 0)
    unit.times.push_back({"memory", inVain});
  unit.times.push_back({phaseName(Phase::Vector), tried->seconds});
  for (mlir::Diagnostic &remark : tried->remarks)
    unit.context->getDiagEngine().emit(std::move(remark));
  return true;
}
