// Turns linalg ops on memrefs of static shape into loops over vectors: a plan is written as it says (NestEmitter.h).
#include "Access.h"
#include "NestEmitter.h"
#include "VectorTools.h"
#include "talweg/Dialect/Kernel/Kernel.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#define GEN_PASS_DEF_VECTORIZEGENERICS
#include "talweg/Codegen/Passes.h"

using namespace mlir;
using namespace talweg;
using linalg::GenericOp;

namespace {

struct VectorizeGenerics : talweg::impl::VectorizeGenericsBase<VectorizeGenerics> {
  using VectorizeGenericsBase::VectorizeGenericsBase;

  void runOnOperation() override {
    for (Block *block : blocksOf(getOperation()))
      for (ArrayRef<GenericOp> together : groupsOf(*block))
        if (failed(lower(together)))
          return signalPassFailure();
    getOperation().walk([&](linalg::FillOp op) { lowerFill(op); });
  }

  /// The ops of a block; those that are done together are one group.
  static std::vector<SmallVector<GenericOp>> groupsOf(Block &block) {
    std::vector<SmallVector<GenericOp>> groups;
    for (auto op : block.getOps<GenericOp>()) {
      if (!op.hasPureBufferSemantics())
        continue;
      Attribute number = op->getAttr(kernel::kTogether);
      if (!number || groups.empty() || groups.back().back()->getAttr(kernel::kTogether) != number)
        groups.emplace_back();
      groups.back().push_back(op);
    }
    return groups;
  }

  /// Writes the loops in front of the last op, and erases all.
  static LogicalResult lower(ArrayRef<GenericOp> ops) {
    std::vector<PlannedNest> nests;
    for (GenericOp op : ops) {
      if (!op->hasAttr(kernel::kNest))
        return op.emitError("has no plan");
      PlannedLoops plan = PlannedLoops::of(op);
      OpBuilder builder(op);
      Value start;
      if (auto literal = op->getAttrOfType<TypedAttr>(kernel::kStart)) {
        start = arith::ConstantOp::create(builder, op.getLoc(), literal);
        // Where results accumulate in memory, and in elements that no loop reaches.
        if (!plan.covers)
          linalg::FillOp::create(builder, op.getLoc(), start, op.getDpsInits()[0]);
      }
      nests.push_back({op, std::move(plan), start});
    }
    const std::optional<NestAxis> &row = nests.front().plan.row;
    OpBuilder builder(ops.back());
    emitNests(builder, ops.back()->getLoc(), nests, row ? row->extent : 0);
    for (GenericOp op : ops)
      op->erase();
    return success();
  }

  void lowerFill(linalg::FillOp op) {
    OpBuilder builder(op);
    VectorTools tools(builder, op.getLoc());
    Value memory = flatten(builder, op.getLoc(), op.getOutputs()[0]);
    auto type = cast<MemRefType>(memory.getType());
    int64_t lanes = target.vectorBits / std::max(8u, type.getElementTypeBitWidth());
    Value vector = tools.broadcast(op.getInputs()[0], lanes);
    constexpr int64_t piece = 1 << 16;
    bool parallel = type.getNumElements() >= parallelWork;
    tools.forTiles(type.getNumElements(), parallel ? piece : type.getNumElements(), parallel,
                   [&](Value start, int64_t length) {
                     tools.forTiles(length, lanes, false, [&](Value at, int64_t size) {
                       tools.store(vector, memory, builder.createOrFold<arith::AddIOp>(op.getLoc(), start, at), size);
                     });
                   });
    op.erase();
  }
};

} // namespace
