// Turns linalg ops on memrefs into loops over vectors.
//
// In: linalg.generic (not contractions) and linalg.fill on memrefs of static shape. Out: scf loops; loads and stores
// of whole vectors with masked tails. Loops that move the result are outside, in memory order; loops that only reduce are inside, with
// their accumulators in registers. One loop runs along lanes: the one that touches memory in the longest runs.
#include "Contraction.h"
#include "VectorNest.h"
#include "talweg/Codegen/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace talweg {
#define GEN_PASS_DEF_VECTORIZEGENERICS
#include "talweg/Codegen/Passes.h.inc"
} // namespace talweg

using namespace mlir;
using namespace talweg;

namespace {

struct VectorizeGenerics : talweg::impl::VectorizeGenericsBase<VectorizeGenerics> {
  using VectorizeGenericsBase::VectorizeGenericsBase;

  void runOnOperation() override {
    SmallVector<linalg::GenericOp> generics;
    getOperation().walk([&](linalg::GenericOp op) { generics.push_back(op); });
    for (linalg::GenericOp op : generics)
      if (failed(VectorNest(op, vectorBits).run()))
        return signalPassFailure();
    SmallVector<linalg::FillOp> fills;
    getOperation().walk([&](linalg::FillOp op) { fills.push_back(op); });
    for (linalg::FillOp op : fills)
      lowerFill(op);
  }

  void lowerFill(linalg::FillOp op) {
    OpBuilder builder(op);
    VectorTools tools(builder, op.getLoc());
    Value memory = flatten(builder, op.getLoc(), op.getOutputs()[0]);
    auto type = cast<MemRefType>(memory.getType());
    int64_t lanes = vectorBits / std::max(8u, type.getElementTypeBitWidth());
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
