// Products whose sums are so long that even their blocks are many: a chain of blocks added to c would lose what a long chain of
// elements loses. Groups of blocks are summed from zero, in scratch memory like c's, and added to c in their order.
#include "ProductLoops.h"
#include "ProductScratch.h"
#include "VectorTools.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace talweg {

using kernel::Loop;
using kernel::ProductPlan;

void emitInGroups(OpBuilder &builder, Location loc, const ProductPlan &plan, FlatOperand a, FlatOperand b,
                  FlatOperand c, const Epilogue *epilogue, bool stored) {
  ProductPlan group = plan;
  SumGroups groups = SumGroups::of(group);
  if (!groups.loop)
    return emitProduct(builder, loc, plan, a, b, c, epilogue, stored);
  assert(!epilogue && "an epilogue needs sums that are finished in c");
  VectorTools tools(builder, loc);
  const Loop whole = *groups.loop;

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
    emitInGroups(builder, loc, group, shifted(a, from, whole.a), shifted(b, from, whole.b), sums, nullptr, true);
    overC([&](Value at, int64_t count) {
      Value sum = arith::AddFOp::create(builder, loc, tools.load(c.memory, at, lanes, count),
                                        tools.load(scratch, at, lanes, count));
      tools.store(sum, c.memory, at, count);
    });
  });
}

} // namespace talweg
