// Asks those who will decide: talweg-plan-products, talweg-plan-nests and talweg-plan-memory.
#include "CodeMemory.h"

#include "EpilogueChoice.h"
#include "JoinNests.h"
#include "NestPlan.h"
#include "ProductScratch.h"
#include "RowLoops.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using linalg::GenericOp;

namespace talweg {

using buffers::BlockProgram;
using kernel::ProductOp;

/// Products take scratch, and move to the op that is computed in their registers.
static void describeProducts(Block &block, BlockProgram &program, const Target &target) {
  EpilogueChoice choice(block, target, /*tells=*/false);
  for (auto product : block.getOps<ProductOp>()) {
    if (!product.isOnTensors())
      continue;
    std::optional<Candidate> epilogue = choice.epilogueOf(product);
    if (epilogue && program.factsOf(epilogue->op).joins >= 0)
      epilogue.reset(); // computed in the registers of another
    kernel::ProductPlan plan = epilogue ? epilogue->plan : planOf(product, {}, target);
    buffers::Op &facts = program.factsOf(product);
    facts.inMemory = plan.accumulates();
    int64_t bytes = product.getElementType().getIntOrFloatBitWidth() / 8;
    int64_t sums = cast<ShapedType>(product.getResult(0).getType()).getNumElements();
    for (int64_t elements : scratchOf(plan, sums))
      facts.scratch.push_back(arenaBytes(elements * bytes));
    if (!epilogue)
      continue;
    buffers::Op &joined = program.factsOf(epilogue->op);
    for (auto [i, operand] : llvm::enumerate(program.operands[program.numberOf(epilogue->op)]))
      if (operand->get() == product.getResult(0))
        joined.joins = int(i);
    if (epilogue->sums)
      joined.scratch.push_back(arenaBytes(computeProduct(shapeOfPartials(*epilogue)) * bytes));
  }
}

static void describeLookups(Block &block, BlockProgram &program) {
  for (auto coalesce : block.getOps<kernel::CoalesceOp>())
    if (coalesce->getNumResults() != 0) // on tensors
      for (int64_t elements : scratchOf(coalesce))
        program.factsOf(coalesce).scratch.push_back(arenaBytes(elements * int64_t(sizeof(int64_t))));
}

/// Nests take scratch; those that are joined run where the last of them stands.
static void describeNests(Block &block, BlockProgram &program, const Target &target) {
  const buffers::BufferPlan plan(program);
  auto meet = [&](OpOperand &a, OpOperand &b) {
    auto shown = [](OpOperand &operand) -> Value {
      auto op = cast<GenericOp>(operand.getOwner());
      return op.isDpsInit(&operand) ? Value(op.getTiedOpResult(&operand)) : operand.get();
    };
    return plan.meet(shown(a), shown(b));
  };
  auto parts = [&](Operation &op, ArrayRef<Nest> before) {
    if (auto generic = dyn_cast<GenericOp>(op)) {
      // Where its start, or a fill in front, goes to memory that the others use.
      return llvm::any_of(generic->getResults(), [&](OpResult result) {
        OpOperand *init = generic.getTiedOpOperand(result);
        return cast<kernel::PlacedOp>(op).fillBefore(result) && llvm::any_of(before, [&](const Nest &nest) {
                 return llvm::any_of(nest.op->getOpOperands(), [&](OpOperand &used) { return meet(*init, used); });
               });
      });
    }
    if (isa<linalg::FillOp, bufferization::ToTensorOp>(op))
      return false;
    if (auto store = dyn_cast<bufferization::MaterializeInDestinationOp>(op))
      return !plan.isStored(store.getSource());
    return isa<kernel::PlacedOp, tensor::ExtractOp, tensor::FromElementsOp>(op) || !isMemoryEffectFree(&op);
  };
  auto isNest = [&](GenericOp op) { return op.hasPureTensorSemantics() && program.factsOf(op).joins < 0; };
  for (JoinedNests &joined : joinNests(block, target, isNest, meet, parts))
    for (Nest &nest : joined.nests) {
      buffers::Op &facts = program.factsOf(nest.op);
      Type element = getElementTypeOrSelf(nest.op->getResult(0).getType());
      int64_t width = (element.getIntOrFloatBitWidth() + 7) / 8;
      if (int64_t bytes = planNest(nest.loops, joined.rows, target.machine).scratchBytes(width))
        facts.scratch.append(nest.op.getNumResults(), bytes);
      facts.runsWith = program.numberOf(joined.nests.back().op);
    }
}

void describeCode(Block &block, BlockProgram &program, const Target &target) {
  describeProducts(block, program, target);
  describeLookups(block, program);
  describeNests(block, program, target);
}

int64_t reckonArena(Block &block, const Target &target) {
  BlockProgram program(block);
  describeCode(block, program, target);
  for (auto [op, facts] : llvm::zip_equal(program.operations, program.ops))
    if (!isa<kernel::PlacedOp>(op))
      for (Region &region : op->getRegions())
        for (Block &inner : region)
          if (int64_t bytes = reckonArena(inner, target))
            facts.scratch.push_back(bytes * kernel::threadsOf(op));
  buffers::Schedule schedule = buffers::Schedule::of(program);
  buffers::place(program, schedule);
  return layOutArena(schedule.buffers);
}

} // namespace talweg
