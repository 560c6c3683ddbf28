// Finds a program whose arena keeps within a limit, by the true plan of memory.
//
// talweg-rematerialize steers by an estimate of what is alive, which knows neither the scratch of contractions nor what their
// epilogues save. So the phase runs on a copy of the module: first with nothing computed again; if that is too large, with an aim for
// the estimate, corrected by how far the estimate was off; then with lower aims, by as much as the arena was too large. The last
// attempt aims at nothing: the least that the pass can reach.
#include "FitMemory.h"

#include "Collect.h"

#include "talweg/Codegen/Attributes.h"
#include "talweg/Pipeline/MemoryText.h"
#include "talweg/Support/Counted.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"

#include <fmt/format.h>

using namespace talweg;

static constexpr int kAttempts = 8;

namespace {

struct Attempt {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::vector<mlir::Diagnostic> remarks;
  Manifest manifest;
  double seconds = 0;
  std::int64_t estimate = 0; ///< of the arena
  bool least = false;        ///< the pass could not do as told

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
  result.module->walk([&](mlir::func::FuncOp function) {
    result.least |= function->hasAttr(attributes::kLeastMemory);
    if (auto estimate = function->getAttrOfType<mlir::IntegerAttr>(attributes::kEstimatedBytes))
      result.estimate = std::max(result.estimate, estimate.getInt());
  });
  return result;
}

static Error tooSmall(const Manifest &least, std::int64_t limit, const std::string &file) {
  std::int64_t needed = least.persistentBytes + least.arenaBytes;
  return {"E0871", fmt::format("{0}: error: {1} of memory are too few: the program needs {2}, {3}B [E0871]\n"
                               "{0}: note: {4}; its arena takes at least {5} for a batch of {6}{7}",
                               file, bytesText(limit), bytesText(needed), needed, variablesText(least),
                               bytesText(least.arenaBytes), least.batch, batchHelp(least))};
}

Result<bool> talweg::fitMemory(Unit &unit, const CodegenOptions &options, std::int64_t limit, const std::string &file) {
  auto attemptAt = [&](std::int64_t aim) {
    CodegenOptions within = options;
    within.memoryLimit = aim;
    return attempt(unit, within, file);
  };
  std::optional<Attempt> tried = attemptAt(INT64_MAX);
  if (!tried)
    return false;
  const Manifest unlimited = tried->manifest;
  std::int64_t aim = limit - unlimited.persistentBytes + tried->estimate - unlimited.arenaBytes;
  double inVain = 0; // seconds of attempts that were too large
  for (int number = 2; tried->bytes() > limit; ++number) {
    inVain += tried->seconds;
    if (number > kAttempts || tried->least)
      return tooSmall(tried->bytes() < unlimited.persistentBytes + unlimited.arenaBytes ? tried->manifest : unlimited,
                      limit, file);
    tried = attemptAt(number == kAttempts ? 1 : std::max<std::int64_t>(1, aim));
    if (!tried)
      return false;
    aim -= std::max<std::int64_t>(tried->bytes() - limit, aim / 256);
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
