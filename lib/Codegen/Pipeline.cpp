// Orders the passes of code generation.
#include "talweg/Codegen/Pipeline.h"
#include "talweg/Codegen/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/Passes.h"

#include "llvm/TargetParser/Host.h"

using namespace mlir;

namespace talweg {

CodegenTarget CodegenTarget::host() {
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  if (features.lookup("avx512f"))
    return {512, 32};
  if (features.lookup("avx2"))
    return {256, 16};
  if (features.lookup("neon"))
    return {128, 32};
  return {128, 16};
}

std::unique_ptr<Pass> createCanonicalizer() {
  GreedyRewriteConfig config;
  config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
  return createCanonicalizerPass(config);
}

void buildVectorPipeline(OpPassManager &pm, const CodegenTarget &target, const CodegenOptions &options) {
  OpPassManager &tensors = pm.nest<func::FuncOp>();
  tensors.addPass(createFormMultiplyAdds());
  tensors.addPass(createOrderReductions());
  tensors.addPass(createFuseElementwise());
  tensors.addPass(createCanonicalizer());
  tensors.addPass(createCSEPass());
  pm.addPass(createChooseLayouts({target.vectorBits, target.registers}));
  OpPassManager &buffers = pm.nest<func::FuncOp>();
  buffers.addPass(createSchedule());
  if (options.memoryLimit > 0) // without CSE afterwards, which would take copies back
    buffers.addPass(createRematerialize({options.memoryLimit}));
  buffers.addPass(createBufferize());
  buffers.addPass(createFuseEpilogues({target.vectorBits, target.registers}));
  if (options.markRegions)
    pm.addPass(createMarkRegions());
  OpPassManager &function = pm.nest<func::FuncOp>();
  function.addPass(createLowerContractions({target.vectorBits, target.registers}));
  function.addPass(createVectorizeGenerics({target.vectorBits}));
  function.addPass(createCSEPass()); // fast, so that kernels are equal early
  function.addPass(createPlanMemory());
  pm.addPass(createOutlineKernels());
  pm.addPass(createOutlineParts());
  OpPassManager &shared = pm.nest<func::FuncOp>();
  shared.addPass(createCanonicalizer());
  shared.addPass(createCSEPass());
  shared.addPass(createApproximateMath());
}

void buildLlvmPipeline(OpPassManager &pm) {
  pm.addPass(createConvertSCFToOpenMPPass());
  pm.addPass(createCanonicalizer()); // omp leaves scopes that scf-to-cf does not take
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  ConvertMathToLLVMPassOptions mathOptions;
  mathOptions.approximateLog1p = false; // log(1 + x) loses all of a small x
  pm.addPass(createConvertMathToLLVMPass(mathOptions));
  pm.addPass(createConvertMathToLibmPass()); // takes vectors apart with vector ops
  pm.addPass(createConvertVectorToLLVMPass());
  pm.addPass(createFinalizeMemRefToLLVMConversionPass());
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createConvertIndexToLLVMPass());
  ConvertFuncToLLVMPassOptions options;
  options.useBarePtrCallConv = true;
  pm.addPass(createConvertFuncToLLVMPass(options));
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createConvertOpenMPToLLVMPass());
  pm.addPass(createUBToLLVMConversionPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
}

namespace {
struct VectorPipelineOptions : PassPipelineOptions<VectorPipelineOptions> {
  Option<std::int64_t> vectorBits{*this, "vector-bits", llvm::cl::desc("width of a vector register"),
                                  llvm::cl::init(CodegenTarget::host().vectorBits)};
  Option<std::int64_t> registers{*this, "registers", llvm::cl::desc("vector registers"),
                                 llvm::cl::init(CodegenTarget::host().registers)};
};
} // namespace

void registerCodegenPipelines() {
  PassPipelineRegistration<VectorPipelineOptions>("talweg-vector-pipeline",
                                                  "linalg on tensors to vector loops in the arena",
                                                  [](OpPassManager &pm, const VectorPipelineOptions &options) {
                                                    buildVectorPipeline(pm, {options.vectorBits, options.registers});
                                                  });
  PassPipelineRegistration<>("talweg-llvm-pipeline", "vector loops to the LLVM dialect", buildLlvmPipeline);
}

} // namespace talweg
