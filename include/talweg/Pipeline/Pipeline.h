// The order of passes: six named phases, from the frontend's module to the LLVM dialect. The only place that orders them.
//
//   graph     out of the frontend: simplified, sums of products formed into contractions
//   gradient  the backward pass is appended (modes train and gradient); no op is left that only the forward pass needed
//   update    every update is spelt out at its parameter's shape; every variable has its offset
//   linalg    functions over raw storage (Runtime/Abi.h), tensors computed by linalg; no op of ours is left
//   vector    no tensor is left: buffers in the arena, loops, vectors
//   llvm      the LLVM dialect alone
//
// Each phase ends in a check of what it promises; a breach is an error that names the phase and the op.
#ifndef TALWEG_PIPELINE_PIPELINE_H
#define TALWEG_PIPELINE_PIPELINE_H

#include "talweg/Codegen/Pipeline.h"

#include "mlir/Support/LLVM.h"

#include <cstdint>
#include <functional>
#include <optional>

namespace mlir {
class DialectRegistry;
class ModuleOp;
class OpPassManager;
class PassManager;
} // namespace mlir

namespace talweg {

enum class Phase { Graph, Gradient, Update, Linalg, Vector, Llvm };

/// Its name in lower case.
const char *phaseName(Phase phase);
std::optional<Phase> phaseFromName(mlir::StringRef name);

/// Appends the passes of one phase, its check last. `module` must be what the phase before left.
void buildPhase(mlir::OpPassManager &passes, Phase phase, const CodegenOptions &options);

/// Phases graph and gradient without what rewrites sums: what a step is, as it is written.
mlir::LogicalResult differentiateAsWritten(mlir::ModuleOp module);

/// Makes a pass manager heed MLIR's debugging flags, where they have been given, and verify nothing: each phase ends in a check.
void configure(mlir::PassManager &passes);

/// Runs the phases from `first` to `last`, both included; tells the seconds of each. Diagnostics go to the context's
/// handler.
mlir::LogicalResult runPhases(mlir::ModuleOp module, Phase first, Phase last, const CodegenOptions &options,
                              const std::function<void(Phase, double)> &onTime = {});

/// The dialects and interfaces that the phases need.
void registerPhaseDialects(mlir::DialectRegistry &registry);

/// For talweg-opt: `--talweg-graph`, `--talweg-gradient`, …, each one phase, and `--talweg-to=phase=PHASE` from the frontend's
/// output to a phase; `target=NAME` where code is generated.
void registerPhasePipelines();

} // namespace talweg

#endif
