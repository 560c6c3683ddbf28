// Joins elementwise ops, and sums of all elements (kInTiles), to the products whose results they read.
//
// In: linalg.generic on memrefs. Out: the same ops; a product that has the attribute `talweg.epilogue` is followed by such an
// op, and both are to be written as one nest. Every elementwise op that directly reads a product and is
// not joined to it gets a remark with the reason.
#include "Epilogue.h"
#include "Memory.h"
#include "talweg/Codegen/Attributes.h"
#include "talweg/Codegen/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace talweg {
#define GEN_PASS_DEF_FUSEEPILOGUES
#include "talweg/Codegen/Passes.h.inc"
} // namespace talweg

using namespace mlir;
using namespace talweg;
using linalg::GenericOp;

namespace {

bool touches(Operation &op, Value memory) {
  return llvm::any_of(op.getOperands(),
                      [&](Value operand) { return isa<MemRefType>(operand.getType()) && sameMemory(operand, memory); });
}

/// True if `op` may be passed by a product that reads `factors`.
bool mayPass(Operation &op, ArrayRef<Value> factors) {
  auto writes = [&](Value target) {
    return llvm::any_of(factors, [&](Value factor) { return sameMemory(target, factor); });
  };
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
    return llvm::none_of(linalgOp.getDpsInits(), writes);
  if (auto copy = dyn_cast<memref::CopyOp>(op))
    return !writes(copy.getTarget());
  if (auto store = dyn_cast<memref::StoreOp>(op))
    return !writes(store.getMemref());
  return op.getNumRegions() == 0 && (isMemoryEffectFree(&op) || isa<memref::AllocOp, memref::LoadOp>(op));
}

struct FuseEpilogues : talweg::impl::FuseEpiloguesBase<FuseEpilogues> {
  using FuseEpiloguesBase::FuseEpiloguesBase;

  void runOnOperation() override {
    SmallVector<GenericOp> products;
    getOperation().walk([&](GenericOp op) {
      if (op.hasPureBufferSemantics() && isContraction(op))
        products.push_back(op);
    });
    for (GenericOp product : products)
      fuse(product);
  }

  /// The linalg.generic that touches `memory` next behind `op`, or null.
  static GenericOp nextToTouch(Value memory, Operation *op) {
    Operation *next = op->getNextNode();
    while (next && !touches(*next, memory) && next->getNumRegions() == next->hasTrait<OpTrait::SingleBlock>())
      next = next->getNextNode();
    auto generic = dyn_cast_or_null<GenericOp>(next);
    return generic && touches(*generic, memory) ? generic : GenericOp();
  }

  static void tellApart(GenericOp op, StringRef reason) {
    op.emitRemark("computed in a pass of its own over memory, not in the registers of the product that it reads: ")
        << reason;
  }

  void fuse(GenericOp product) {
    Value result = product.getDpsInits()[0];
    GenericOp op = nextToTouch(result, product);
    if (!op)
      return;
    if (isTotal(op))
      if (GenericOp next = nextToTouch(result, op); next && next.getNumParallelLoops() == next.getNumLoops())
        tellApart(next,
                  "a sum of all that the product gives comes first, as where gradients are clipped by their norm");
    if (op.getNumParallelLoops() != op.getNumLoops() && !op->hasAttr(attributes::kInTiles))
      return;
    std::string reason = whyNot(product, op);
    if (!reason.empty())
      return tellApart(op, reason);
    // The product goes down to the op, with the fill of what it adds to.
    if (auto fill = dyn_cast_or_null<linalg::FillOp>(product->getPrevNode()); fill && fill.getOutputs()[0] == result)
      fill->moveBefore(op);
    product->moveBefore(op);
    product->setAttr(attributes::kEpilogue, UnitAttr::get(&getContext()));
    ++fused;
  }

  std::string whyNot(GenericOp product, GenericOp op) {
    if (Operation *before = op->getPrevNode(); before && before->hasAttr(attributes::kEpilogue))
      return "it is computed in the registers of another product that it reads";
    std::string reason;
    std::optional<Epilogue> epilogue = Epilogue::of(product, op, reason);
    if (!epilogue)
      return reason;
    for (Operation *between = product->getNextNode(); between != op; between = between->getNextNode())
      if (!mayPass(*between, product.getDpsInputs()))
        return "an op between them changes what the product reads";
    return epilogue->refusedBy(planOf(product, &*epilogue, target));
  }
};

} // namespace
