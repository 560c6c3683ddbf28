// Turns products on memrefs into register-tiled vector loops, as their plans say (ProductPlan.h, ProductLoops.h).
#include "Access.h"
#include "Epilogue.h"
#include "ProductLoops.h"
#include "ProductScratch.h"
#include "VectorTools.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/FunctionCallUtils.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"

#include <optional>

#define GEN_PASS_DEF_LOWERPRODUCTS
#include "talweg/Codegen/Passes.h"

using namespace mlir;
using namespace talweg;
using kernel::ProductOp;
using kernel::ProductPlan;

namespace {

/// Emits c += a * b as `plan` says, by arguments as those of emitProduct. A chain of very many blocks added to c would lose what a long chain of elements
/// loses: sums that are visited more than `longestChain` times are added up in groups, each from zero in scratch memory like c's, and added to c in
/// their order.
void emitInGroups(OpBuilder &builder, Location loc, const ProductPlan &plan, FlatOperand a, FlatOperand b,
                  FlatOperand c, const Epilogue *epilogue, bool stored, Value threads) {
  ProductPlan group = plan;
  SumGroups groups = SumGroups::of(group);
  if (!groups.loop)
    return emitProduct(builder, loc, plan, a, b, c, epilogue, stored, threads);
  assert(!epilogue && "an epilogue needs sums that are finished in c");
  VectorTools tools(builder, loc);
  const kernel::Loop whole = *groups.loop;

  auto type = cast<MemRefType>(c.memory.getType());
  Type element = type.getElementType();
  int64_t elements = type.getNumElements(), lanes = std::max<int64_t>(1, plan.lanes);
  Value scratch = memref::AllocOp::create(builder, loc, MemRefType::get({elements}, element));
  auto overC = [&](function_ref<void(Value at, int64_t size)> body) { tools.forTiles(elements, lanes, false, body); };
  auto shifted = [&](FlatOperand operand, Value from, int64_t stride) {
    Value start = operand.shift ? operand.shift : tools.index(0);
    operand.shift = tools.advance(start, from, stride);
    return operand;
  };
  tools.forTiles(whole.extent, groups.turns, false, [&](Value from, int64_t size) {
    overC([&](Value at, int64_t count) { tools.store(tools.zero(element, lanes), scratch, at, count); });
    groups.loop->extent = size;
    // In the last group the loop may be shorter than a block: still one visit, which is to add to the zeros.
    FlatOperand sums = shifted({scratch, c.offset, c.shift}, from, whole.c);
    emitInGroups(builder, loc, group, shifted(a, from, whole.a), shifted(b, from, whole.b), sums, nullptr, true,
                 threads);
    overC([&](Value at, int64_t count) {
      Value sum = arith::AddFOp::create(builder, loc, tools.load(c.memory, at, lanes, count),
                                        tools.load(scratch, at, lanes, count));
      tools.store(sum, c.memory, at, count);
    });
  });
}

struct LowerProducts : talweg::impl::LowerProductsBase<LowerProducts> {
  void runOnOperation() override {
    WalkResult result = getOperation()->walk([&](ProductOp op) {
      if (op.isOnTensors())
        return WalkResult::advance();
      if (!op.getPlan()) {
        op.emitError("has no plan");
        return WalkResult::interrupt();
      }
      lower(op);
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }

  /// How many threads there are, asked anew for each product: it is no fact of the code.
  Value threadsAt(OpBuilder &builder, Location loc) {
    auto function = LLVM::lookupOrCreateFn(builder, getOperation(), "omp_get_max_threads", {}, builder.getI32Type());
    Value threads = LLVM::CallOp::create(builder, loc, *function, ValueRange()).getResult();
    return arith::IndexCastUIOp::create(builder, loc, builder.getIndexType(), threads);
  }

  void lower(ProductOp op) {
    const ProductPlan plan = op.getPlan()->getPlan();
    OpBuilder builder(op);
    OpOperand *sums = op.getSums();
    if (sums && needsZeros(op, plan)) {
      Value zero = arith::ConstantOp::create(builder, op.getLoc(), builder.getZeroAttr(op.getElementType()));
      linalg::FillOp::create(builder, op.getLoc(), zero, sums->get());
    }
    auto flatOperand = [&](OpOperand &operand) {
      auto shape = cast<MemRefType>(operand.get().getType()).getShape();
      int64_t offset = linearize(op.getMatchingIndexingMap(&operand), shape).offset;
      return FlatOperand{flatten(builder, op.getLoc(), operand.get()), offset};
    };
    FlatOperand a = flatOperand(op.getLeftMutable()), b = flatOperand(op.getRightMutable()),
                c = sums ? flatOperand(*sums) : FlatOperand();
    if (plan.swapped)
      std::swap(a, b);
    std::optional<Epilogue> epilogue;
    if (op.hasEpilogue())
      epilogue.emplace(builder, op);
    bool stored = sums && !op.getScratchSums();
    Value threads = !plan.shared.empty() ? threadsAt(builder, op.getLoc()) : Value();
    emitInGroups(builder, op.getLoc(), plan, a, b, c, epilogue ? &*epilogue : nullptr, stored, threads);
    op.erase();
  }

  /// A plan that writes every element of c once starts from zero in registers.
  static bool needsZeros(ProductOp op, const ProductPlan &plan) {
    int64_t written = 1;
    for (auto [loop, extent] : llvm::enumerate(op.getLoops()))
      written *= op.isSummed(loop) ? 1 : extent;
    return plan.accumulates() || written != cast<MemRefType>(op.getSums()->get().getType()).getNumElements();
  }
};

} // namespace
