// mlir-opt for Talweg: runs any of our passes and phases, and the few upstream ones that stand between them, on a file.
#include "talweg/Autodiff/Passes.h"
#include "talweg/Codegen/Passes.h"
#include "talweg/Conversion/Passes.h"
#include "talweg/Pipeline/Pipeline.h"
#include "talweg/Transforms/Passes.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  talweg::registerPhaseDialects(registry);
  mlir::registerCanonicalizerPass();
  mlir::registerCSEPass();
  talweg::registerTalwegAutodiffPasses();
  talweg::registerTalwegTransformsPasses();
  talweg::registerTalwegConversionPasses();
  talweg::registerTalwegCodegenPasses();
  talweg::registerPhasePipelines();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "Talweg's passes, one at a time\n", registry));
}
