// Code generation as two pipelines: linalg on tensors to vector loops on memrefs, and those to the LLVM dialect.
#ifndef TALWEG_CODEGEN_PIPELINE_H
#define TALWEG_CODEGEN_PIPELINE_H

#include "talweg/Codegen/Regions.h"
#include "talweg/Codegen/Target.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace mlir {
class OpPassManager;
class Pass;
} // namespace mlir

namespace talweg {

/// What code generation is asked for.
struct CodegenOptions {
  Target target;
  /// Steps tell the time that each of their regions takes (talweg-mark-regions), and these are the regions; null: they do not.
  std::vector<CodeRegion> *regions = nullptr;
  bool tells = false;           ///< remarks on rewrites that are taken, on what is stored and on what is slow
  std::int64_t memoryLimit = 0; ///< bytes alive at once, by estimate (talweg-rematerialize); 0: any number
};

/// MLIR's, but regions stay as they are: structured control flow has no blocks to simplify, and looking for some costs a walk over
/// the program each time.
std::unique_ptr<mlir::Pass> createCanonicalizer();

/// linalg on tensors: fused, variables in the layouts that products want.
void buildTensorPipeline(mlir::OpPassManager &pm, const CodegenOptions &options);

/// linalg on tensors whose variables have their places → scf, vector and memref, with every buffer in the arena: the stage `vector`.
void buildBufferPipeline(mlir::OpPassManager &pm, const CodegenOptions &options);

/// The stage `vector` → the LLVM dialect, parallel loops as OpenMP; functions take bare pointers.
void buildLlvmPipeline(mlir::OpPassManager &pm);

} // namespace talweg

#endif
