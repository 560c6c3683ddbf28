// The phases' passes, in their order. See the header for what each phase promises.
#include "talweg/Pipeline/Pipeline.h"

#include "VerifyPhase.h"

#include "talweg/Autodiff/Passes.h"
#include "talweg/Codegen/Pipeline.h"
#include "talweg/Codegen/TargetOption.h"
#include "talweg/Conversion/Passes.h"
#include "talweg/Transforms/Passes.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

#include <chrono>

using namespace mlir;

namespace talweg {

static constexpr const char *kNames[] = {"graph", "gradient", "update", "linalg", "vector", "llvm"};
static constexpr Phase kPhases[] = {Phase::Graph,  Phase::Gradient, Phase::Update,
                                    Phase::Linalg, Phase::Vector,   Phase::Llvm};

const char *phaseName(Phase phase) { return kNames[int(phase)]; }

std::optional<Phase> phaseFromName(StringRef name) {
  for (Phase phase : kPhases)
    if (name == phaseName(phase))
      return phase;
  return std::nullopt;
}

static void simplify(OpPassManager &passes) {
  passes.addPass(createCanonicalizer());
  passes.addPass(createCSEPass());
}

static void buildGraph(OpPassManager &passes, const CodegenOptions &options) {
  simplify(passes);
  passes.addPass(createFormContractions({/*tells=*/options.tells, /*advises=*/options.tells}));
  simplify(passes);
  passes.addPass(createShareContractions({options.tells}));
  passes.addPass(createBlockScans());
  passes.addPass(createLiftOutOfScans());
  simplify(passes);
  passes.addPass(createLoopOverRows({options.tells}));
}

static void buildGradient(OpPassManager &passes, const CodegenOptions &options) {
  passes.addPass(createFormMultiplyAdds());
  passes.addPass(createDifferentiate());
  passes.addPass(createJoinScans());
  simplify(passes);
  passes.addPass(createFormContractions({/*tells=*/options.tells, /*advises=*/false}));
  simplify(passes);
  passes.addPass(createShareContractions({options.tells}));
  passes.addPass(createLiftOutOfScans());
  passes.addPass(createConditionsOfResults());
  simplify(passes);
}

static void buildUpdate(OpPassManager &passes) {
  passes.addPass(createSparseGradients());
  passes.addPass(createExpandUpdate());
  passes.addPass(createJoinScans());
  passes.addPass(createAssignStorage());
  simplify(passes);
}

static void buildVector(OpPassManager &passes, const CodegenOptions &options) {
  buildTensorPipeline(passes, options);
  passes.addPass(createPlaceVariables());
  buildBufferPipeline(passes, options);
}

static void buildLinalg(OpPassManager &passes) {
  passes.addPass(createTrainToLoops());
  passes.addPass(createTwToLinalg());
  simplify(passes);
}

void buildPhase(OpPassManager &passes, Phase phase, const CodegenOptions &options) {
  switch (phase) {
  case Phase::Graph: buildGraph(passes, options); break;
  case Phase::Gradient: buildGradient(passes, options); break;
  case Phase::Update: buildUpdate(passes); break;
  case Phase::Linalg: buildLinalg(passes); break;
  case Phase::Vector: buildVector(passes, options); break;
  case Phase::Llvm: buildLlvmPipeline(passes); break;
  }
  passes.addPass(createVerifyPhase(phase));
}

LogicalResult differentiateAsWritten(ModuleOp module) {
  auto passes = PassManager::on<ModuleOp>(module.getContext());
  passes.enableVerifier(false);
  simplify(passes);
  passes.addPass(createDifferentiate());
  passes.addPass(createJoinScans());
  simplify(passes);
  return passes.run(module);
}

void configure(PassManager &passes) {
  passes.enableVerifier(false);
  // Fails when the flags were never registered, which is the usual case.
  (void)applyPassManagerCLOptions(passes);
  applyDefaultTimingPassManagerCLOptions(passes);
}

LogicalResult runPhases(ModuleOp module, Phase first, Phase last, const CodegenOptions &options,
                        const std::function<void(Phase, double)> &onTime) {
  for (Phase phase : kPhases) {
    if (phase < first || phase > last)
      continue;
    auto start = std::chrono::steady_clock::now();
    auto passes = PassManager::on<ModuleOp>(module.getContext());
    configure(passes);
    buildPhase(passes, phase, options);
    if (failed(passes.run(module)))
      return failure();
    if (onTime)
      onTime(phase, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return success();
}

namespace {
template <typename Options>
struct TargetOptions : PassPipelineOptions<Options> {
  detail::PassOptions::Option<Target> target{*this, "target",
                                             llvm::cl::desc("the processor: native, or LLVM's name for it")};
};
struct PhaseOptions : TargetOptions<PhaseOptions> {};
struct ToOptions : TargetOptions<ToOptions> {
  Option<std::string> phase{*this, "phase", llvm::cl::desc("the last phase to run"), llvm::cl::init("llvm")};
};
} // namespace

void registerPhasePipelines() {
  for (Phase phase : kPhases) {
    std::string flag = std::string("talweg-") + phaseName(phase);
    std::string text = std::string("phase `") + phaseName(phase) + "` alone";
    PassPipelineRegistration<PhaseOptions>(flag, text, [phase](OpPassManager &passes, const PhaseOptions &options) {
      buildPhase(passes, phase, {.target = options.target});
    });
  }
  PassPipelineRegistration<ToOptions>("talweg-to", "all phases from the frontend's output to `phase`",
                                      [](OpPassManager &passes, const ToOptions &options) {
                                        std::optional<Phase> last = phaseFromName(options.phase);
                                        if (!last)
                                          llvm::report_fatal_error("no phase has the name given to talweg-to");
                                        for (Phase phase : kPhases)
                                          if (phase <= *last)
                                            buildPhase(passes, phase, {.target = options.target});
                                      });
}

} // namespace talweg
