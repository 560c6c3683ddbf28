// Turns sums of products into register-tiled vector loops: recognizes them, reads their strides, and has them planned and
// written (ContractionPlan.h, ContractionLoops.h).
#include "Contraction.h"
#include "ContractionLoops.h"
#include "Epilogue.h"
#include "Memory.h"
#include "talweg/Codegen/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

namespace talweg {
#define GEN_PASS_DEF_LOWERCONTRACTIONS
#include "talweg/Codegen/Passes.h.inc"
} // namespace talweg

using namespace mlir;
using namespace talweg;
using linalg::GenericOp;

namespace {

struct LowerContractions : talweg::impl::LowerContractionsBase<LowerContractions> {
  using LowerContractionsBase::LowerContractionsBase;

  void runOnOperation() override {
    if (failed(verifyEpilogues(getOperation())))
      return signalPassFailure();
    SmallVector<GenericOp> contractions;
    getOperation().walk([&](GenericOp op) {
      if (op.hasPureBufferSemantics() && isContraction(op))
        contractions.push_back(op);
    });
    for (GenericOp op : contractions)
      lower(op);
  }

  void lower(GenericOp op) {
    std::optional<Epilogue> epilogue;
    std::string reason;
    if (GenericOp next = epilogueOf(op))
      epilogue = Epilogue::of(op, next, reason);
    ContractionPlan plan = planOf(op, epilogue ? &*epilogue : nullptr, target);

    dropFill(op, plan);
    OpBuilder builder(op);
    auto [left, right] = contractionFactors(op);
    OpOperand *result = op.getDpsInitOperand(0);
    Value memory = result->get();
    auto flatOperand = [&](OpOperand *operand) {
      auto shape = cast<MemRefType>(operand->get().getType()).getShape();
      int64_t offset = linearize(op.getMatchingIndexingMap(operand), shape).offset;
      return FlatOperand{flatten(builder, op.getLoc(), operand->get()), offset};
    };
    FlatOperand a = flatOperand(left), b = flatOperand(right), c = flatOperand(result);
    if (plan.swapped)
      std::swap(a, b);
    if (epilogue)
      epilogue->prepare(builder, plan);
    bool stored = !epilogue || isReadElsewhere(memory, {op, epilogue->op()});
    emitInGroups(builder, op.getLoc(), plan, a, b, c, epilogue ? &*epilogue : nullptr, stored);
    if (epilogue)
      epilogue->finish();
    op.erase();
  }

  /// A plan that writes every element of c once starts from zero in registers.
  static void dropFill(GenericOp op, const ContractionPlan &plan) {
    OpOperand *result = op.getDpsInitOperand(0);
    AffineMap map = op.getMatchingIndexingMap(result);
    int64_t written = 1;
    for (auto [loop, extent] : llvm::enumerate(op.getStaticLoopRanges()))
      written *= map.isFunctionOfDim(loop) ? extent : 1;
    bool covers = written == cast<MemRefType>(result->get().getType()).getNumElements();
    if (auto fill = dyn_cast_or_null<linalg::FillOp>(op->getPrevNode());
        fill && fill.getOutputs()[0] == result->get() && covers && !plan.accumulates())
      fill.erase();
  }

  /// True if an op other than `known` and fills may see `memory`.
  static bool isReadElsewhere(Value memory, ArrayRef<Operation *> known) {
    if (!rootOf(memory).getDefiningOp<memref::AllocOp>())
      return true;
    SmallVector<Value> views{rootOf(memory)};
    while (!views.empty()) {
      for (Operation *user : views.pop_back_val().getUsers()) {
        if (isa<ViewLikeOpInterface>(user))
          views.push_back(user->getResult(0));
        else if (!llvm::is_contained(known, user) && !isa<linalg::FillOp>(user))
          return true;
      }
    }
    return false;
  }
};

} // namespace
