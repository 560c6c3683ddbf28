// What each phase promises, as a predicate on single ops. MLIR's own verifier runs here too, once for a phase.
#include "VerifyPhase.h"

#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Tw.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;

namespace talweg {
namespace {

/// Why `op` may not be left at the end of `phase`; empty if it may.
StringRef breach(Operation *op, Phase phase) {
  StringRef dialect = op->getName().getDialectNamespace();
  bool ours = dialect == "tw" || dialect == "train";
  bool declares = isa<train::ProgramOp>(op) || isa_and_nonnull<train::ProgramOp>(op->getParentOp());
  switch (phase) {
  case Phase::Graph:
  case Phase::Gradient:
    if (auto program = dyn_cast<train::ProgramOp>(op); program && !program.getMode())
      return "talweg-specialize chooses a mode first";
    return ours || isa<ModuleOp>(op) ? "" : "only tensor mathematics and declarations may be left";
  case Phase::Update:
    if (isa<train::UpdateOp, train::AverageOp, train::OptimizerOp, train::NormOp>(op))
      return "every update must be spelt out";
    if (auto variable = dyn_cast<train::VariableOp>(op); variable && !variable.getOffset())
      return "every variable must have its offset";
    return ours || isa<ModuleOp>(op) ? "" : "only tensor mathematics and declarations may be left";
  case Phase::Linalg:
    if (auto program = dyn_cast<train::ProgramOp>(op); program && !program.isLowered())
      return "of a program declarations may be left";
    return ours && !declares ? "no op of the tensor and training dialects may be left" : "";
  case Phase::Vector: {
    if (declares)
      return "";
    if (auto storage = dyn_cast<memref::GlobalOp>(op); storage && storage.isExternal())
      return "every variable must have its place";
    if (ours || dialect == "kernel" || dialect == "linalg" || dialect == "tensor" || dialect == "bufferization")
      return "everything must be loops over buffers";
    auto isTensor = [](Type type) { return isa<TensorType>(type); };
    if (llvm::any_of(op->getOperandTypes(), isTensor) || llvm::any_of(op->getResultTypes(), isTensor))
      return "no tensor may be left";
    return "";
  }
  case Phase::Llvm:
    return dialect == "llvm" || dialect == "omp" || isa<ModuleOp>(op) || declares ? ""
                                                                                  : "only the LLVM dialect may be left";
  }
  return "";
}

struct VerifyPhase : PassWrapper<VerifyPhase, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(VerifyPhase)

  explicit VerifyPhase(Phase phase) : phase(phase) {}
  StringRef getArgument() const override { return "talweg-verify-phase"; }
  StringRef getDescription() const override { return "checks what a phase promises"; }

  void runOnOperation() override {
    if (phase != Phase::Llvm && failed(verify(getOperation()))) // LLVM verifies what the last phase is translated to
      return signalPassFailure();
    WalkResult result = getOperation().walk([&](Operation *op) {
      StringRef reason = breach(op, phase);
      if (reason.empty())
        return WalkResult::advance();
      op->emitError() << "phase `" << phaseName(phase) << "` left `" << op->getName() << "`: " << reason;
      return WalkResult::interrupt();
    });
    if (result.wasInterrupted())
      return signalPassFailure();
    markAllAnalysesPreserved();
  }

  Phase phase;
};

} // namespace

std::unique_ptr<Pass> createVerifyPhase(Phase phase) { return std::make_unique<VerifyPhase>(phase); }

} // namespace talweg
