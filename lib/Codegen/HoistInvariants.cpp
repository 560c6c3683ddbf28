// Computes in front of the loop over batches what is the same in each of its steps: tables of positions, transforms, masks that a product reads; of
// parameters that no step of the entry changes (in prediction all, in training those that are frozen) what is computed of them alone.
//
// A value is kept where a step would pay for it: a product, a reduction, an expensive function or a division in what it is computed of, in no fewer
// elements, or a product that reads it, which would have it stored in every step. Accesses and simple arithmetic stay where they are read. All that is kept
// is in the arena as long as a call lasts; there is a limit to that.
#include "Access.h"
#include "Memory.h"
#include "Steps.h"
#include "talweg/Dialect/Kernel/Kernel.h"
#include "talweg/Support/Counted.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/SetVector.h"

#define GEN_PASS_DEF_HOISTINVARIANTS
#include "talweg/Codegen/Passes.h"

using namespace mlir;
using linalg::GenericOp;
using talweg::kernel::ProductOp;

namespace {

constexpr int64_t kMostBytes = int64_t(32) << 20; ///< kept for one block of a step

int64_t elementsOf(Value tensor) { return cast<RankedTensorType>(tensor.getType()).getNumElements(); }

/// The names of the variables that a function writes, or may write.
DenseSet<StringAttr> writtenBy(func::FuncOp function) {
  DenseSet<StringAttr> written;
  auto isRead = [](Operation *user, auto &&again) -> bool {
    if (isa<memref::SubViewOp>(user)) // a member
      return llvm::all_of(user->getUsers(), [&](Operation *of) { return again(of, again); });
    return isa<bufferization::ToTensorOp>(user);
  };
  function.walk([&](memref::GetGlobalOp variable) {
    if (!llvm::all_of(variable->getUsers(), [&](Operation *user) { return isRead(user, isRead); }))
      written.insert(variable.getNameAttr().getAttr());
  });
  return written;
}

/// What is the same in all turns of the loop over batches.
class Invariants {
public:
  Invariants(scf::ForOp loop, const DenseSet<StringAttr> &written) : loop(loop), written(written) {}

  bool contains(Value value) const {
    return fixed.contains(value) || !loop->isAncestor(value.getParentBlock()->getParentOp());
  }

  void add(Operation &op) {
    if (isFixed(op))
      fixed.insert(op.result_begin(), op.result_end());
  }

private:
  scf::ForOp loop;
  const DenseSet<StringAttr> &written;
  DenseSet<Value> fixed;

  bool isFixed(Operation &op) const {
    if (auto variable = dyn_cast<memref::GetGlobalOp>(op))
      return !written.contains(variable.getNameAttr().getAttr());
    if (auto read = dyn_cast<bufferization::ToTensorOp>(op))
      return read.getBuffer().getDefiningOp<memref::GetGlobalOp>() && contains(read.getBuffer());
    const bool isComputed = isa<linalg::LinalgOp, talweg::kernel::PlacedOp>(op);
    if (!isMemoryEffectFree(&op) || op.getNumResults() == 0 || (op.getNumRegions() > 0 && !isComputed))
      return false;
    llvm::SetVector<Value> values(op.operand_begin(), op.operand_end());
    getUsedValuesDefinedAbove(op.getRegions(), values);
    return llvm::all_of(values, [&](Value value) { return contains(value); });
  }
};

/// What `value` reads elements of, wherever they lie: it costs nothing to read them there.
Value withoutAccesses(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    auto generic = dyn_cast<GenericOp>(op);
    const bool handsOn = generic && talweg::isParallel(generic) && generic.getNumDpsInputs() == 1 &&
                         generic.getNumResults() == 1 && generic.getBody()->without_terminator().empty();
    if (!handsOn && !isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(op))
      break;
    value = op->getOperand(0);
  }
  return value;
}

/// Whether computing it takes longer than reading its results.
bool isWork(Operation *op) {
  auto generic = dyn_cast<GenericOp>(op);
  if (!generic)
    return isa<talweg::kernel::PlacedOp>(op) && !isa<talweg::kernel::GatherOp>(op);
  return !talweg::isParallel(generic) || llvm::any_of(generic.getBody()->without_terminator(), talweg::isExpensive);
}

/// The invariants of one block of a step that are kept.
class Hoisting {
public:
  Hoisting(Block &step, scf::ForOp loop, const DenseSet<StringAttr> &written) : step(step), invariants(loop, written) {}

  /// Puts what is kept in front of the loop; how many values these are.
  int64_t run(scf::ForOp loop, bool tells) {
    for (Operation &op : *loop.getBody())
      invariants.add(op);
    if (&step != loop.getBody())
      for (Operation &op : step)
        invariants.add(op);
    for (Operation &op : step) {
      if (isInvariant(op))
        continue;
      llvm::SetVector<Value> values(op.operand_begin(), op.operand_end());
      getUsedValuesDefinedAbove(op.getRegions(), values);
      for (Value value : values)
        if (isa<RankedTensorType>(value.getType()) && invariants.contains(value))
          keep(value, /*isFactor=*/isa<ProductOp>(op));
    }
    OpBuilder builder(loop);
    for (Value value : kept) {
      Operation *op = value.getDefiningOp();
      create(op, loop, builder);
      if (tells)
        op->emitRemark("the same in each step, and computed once a call: ")
            << talweg::bytesText(talweg::bytesOf(value.getType())) << " are kept";
      value.replaceUsesWithIf(copies.lookup(value), [&](OpOperand &use) { return loop->isAncestor(use.getOwner()); });
    }
    return kept.size();
  }

private:
  Block &step;
  Invariants invariants;
  llvm::SetVector<Value> kept;
  int64_t bytes = 0;    ///< of what is kept
  DenseSet<Value> seen; ///< of what is not kept
  DenseMap<Value, int64_t>
      work; ///< by values: the most elements of an op that is work, among those that it is computed by
  IRMapping copies;

  bool isInvariant(Operation &op) const {
    return op.getNumResults() > 0 &&
           llvm::all_of(op.getResults(), [&](Value result) { return invariants.contains(result); });
  }

  int64_t workIn(Value value) {
    Operation *op = value.getDefiningOp();
    if (!op || op->getBlock() != &step)
      return 0;
    if (auto known = work.find(value); known != work.end())
      return known->second;
    int64_t most = isWork(op) ? elementsOf(value) : 0;
    for (Value operand : op->getOperands())
      if (isa<RankedTensorType>(operand.getType()))
        most = std::max(most, workIn(operand));
    return work[value] = most;
  }

  void keep(Value value, bool isFactor) {
    value = withoutAccesses(value);
    Operation *op = value.getDefiningOp();
    if (!op || op->getBlock() != &step || kept.contains(value) || (!isFactor && !seen.insert(value).second))
      return;
    auto generic = dyn_cast<GenericOp>(op);
    const bool isStored = isFactor && generic && generic.getNumDpsInputs() > 0;
    const int64_t elements = elementsOf(value), most = workIn(value), own = talweg::bytesOf(value.getType());
    if (elements > 1 && bytes + own <= kMostBytes && (isStored || (most > 0 && elements <= most))) {
      kept.insert(value);
      bytes += own;
      return;
    }
    if (most > 0)
      for (Value operand : op->getOperands())
        if (isa<RankedTensorType>(operand.getType()))
          keep(operand, /*isFactor=*/false);
  }

  /// `op`, and in front of it all that it needs, in front of the loop.
  void create(Operation *op, scf::ForOp loop, OpBuilder &builder) {
    if (!loop->isProperAncestor(op) || copies.contains(op->getResult(0)))
      return;
    llvm::SetVector<Value> values(op->operand_begin(), op->operand_end());
    getUsedValuesDefinedAbove(op->getRegions(), values);
    for (Value value : values)
      if (Operation *definition = value.getDefiningOp())
        create(definition, loop, builder);
    builder.clone(*op, copies);
  }
};

struct HoistInvariants : talweg::impl::HoistInvariantsBase<HoistInvariants> {
  using HoistInvariantsBase::HoistInvariantsBase;

  void runOnOperation() override {
    const DenseSet<StringAttr> written = writtenBy(getOperation());
    for (Operation &op : getOperation().getBody().front())
      if (auto loop = talweg::loopOverBatches(&op))
        for (Block *step : talweg::stepsOf(loop))
          hoisted += Hoisting(*step, loop, written).run(loop, tells);
  }
};

} // namespace
