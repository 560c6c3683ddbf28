// Code generation as two pipelines: linalg on tensors to vector loops on memrefs, and those to the LLVM dialect.
#ifndef TALWEG_CODEGEN_PIPELINE_H
#define TALWEG_CODEGEN_PIPELINE_H

#include <cstdint>
#include <memory>

namespace mlir {
class OpPassManager;
class Pass;
} // namespace mlir

namespace talweg {

/// What code generation must know of the processor.
struct CodegenTarget {
  std::int64_t vectorBits = 512; ///< width of a vector register
  std::int64_t registers = 32;   ///< number of vector registers

  /// The machine this process runs on, by what LLVM reports of it.
  static CodegenTarget host();
};

/// What a host may ask of code generation.
struct CodegenOptions {
  bool markRegions = false;     ///< steps tell the time that each of their regions takes (talweg-mark-regions)
  std::int64_t memoryLimit = 0; ///< bytes alive at once, by estimate (talweg-rematerialize); 0: any number
};

/// MLIR's, but regions stay as they are: structured control flow has no blocks to simplify, and looking for some costs a walk over
/// the program each time.
std::unique_ptr<mlir::Pass> createCanonicalizer();

/// linalg on tensors → scf, vector and memref, with every buffer in the arena: the stage `vector`.
void buildVectorPipeline(mlir::OpPassManager &pm, const CodegenTarget &target, const CodegenOptions &options = {});

/// The stage `vector` → the LLVM dialect, parallel loops as OpenMP; functions take bare pointers.
void buildLlvmPipeline(mlir::OpPassManager &pm);

/// Makes both known by name to talweg-opt, for this machine: --talweg-vector-pipeline, --talweg-llvm-pipeline.
void registerCodegenPipelines();

} // namespace talweg

#endif
