// Orders the passes of code generation.
#include "talweg/Codegen/Pipeline.h"
#include "talweg/Codegen/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace talweg {

std::unique_ptr<Pass> createCanonicalizer() {
  GreedyRewriteConfig config;
  config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
  return createCanonicalizerPass(config);
}

void buildTensorPipeline(OpPassManager &pm, const CodegenOptions &options) {
  OpPassManager &tensors = pm.nest<func::FuncOp>();
  tensors.addPass(createFormProducts());
  tensors.addPass(createOrderDimensions({options.target, options.tells}));
  tensors.addPass(createOrderReductions({options.tells}));
  if (options.memoryLimit <= 0) // what is kept takes memory in all steps
    tensors.addPass(createHoistInvariants({options.tells}));
  tensors.addPass(createFuseElementwise({options.tells}));
  tensors.addPass(createPlaceInPadding({options.target}));
  tensors.addPass(createCanonicalizer());
  tensors.addPass(createCopyForLanes({options.target, options.tells}));
  tensors.addPass(createCSEPass());
  pm.addPass(createChooseLayouts({options.target}));
  pm.nest<func::FuncOp>().addPass(createPackAhead({options.target}));
}

void buildBufferPipeline(OpPassManager &pm, const CodegenOptions &options) {
  OpPassManager &buffers = pm.nest<func::FuncOp>();
  buffers.addPass(createFindBands());
  if (options.memoryLimit <= 0 && !options.regions) // a turn's memory for each thread; marks are one thread's
    buffers.addPass(createShareTurns({options.target}));
  buffers.addPass(createSchedule());
  if (options.memoryLimit > 0) // without CSE afterwards, which would take copies back
    buffers.addPass(createRematerialize({options.memoryLimit, options.target}));
  buffers.addPass(createPlanProducts({options.target}));
  if (options.memoryLimit <= 0) // what one reads lives until the last is taken
    buffers.addPass(createJoinSums());
  if (options.tells)
    buffers.addPass(createTellCosts({options.target}));
  buffers.addPass(createBufferize());
  if (options.regions)
    pm.addPass(createMarkRegions(*options.regions, options.target));
  pm.addPass(createLowerProducts());
  OpPassManager &function = pm.nest<func::FuncOp>();
  function.addPass(createLowerLookups({options.target}));
  function.addPass(createPlanNests({options.target}));
  function.addPass(createVectorizeGenerics({options.target}));
  function.addPass(createApproximateMath({/*logisticOnly=*/true}));
  function.addPass(createLowerTurns());
  function.addPass(createCSEPass()); // fast, so that kernels are equal early
  function.addPass(createPlanMemory());
  if (options.regions)
    pm.addPass(createCountForks(*options.regions));
  pm.addPass(createOutlineKernels());
  pm.addPass(createOutlineParts());
  OpPassManager &shared = pm.nest<func::FuncOp>();
  shared.addPass(createLowerLeaves());
  shared.addPass(createCanonicalizer());
  shared.addPass(createCSEPass());
  shared.addPass(createApproximateMath());
}

void buildLlvmPipeline(OpPassManager &pm) {
  pm.addPass(createConvertSCFToOpenMPPass());
  pm.addPass(createLowerMemory());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createLowerMath());
  ConvertToLLVMPassOptions options;
  options.allowPatternRollback = false; // which costs time
  pm.addPass(createConvertToLLVMPass(options));
  pm.addPass(createReconcileUnrealizedCastsPass());
}

} // namespace talweg
