// Takes sums of the same numbers in one pass over them: a batch norm's backward reads its cotangent once for two.
#include "Access.h"
#include "JoinGenerics.h"
#include "Memory.h"
#include "VectorBody.h"
#include "talweg/Dialect/Kernel/Kernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"

#define GEN_PASS_DEF_JOINSUMS
#include "talweg/Codegen/Passes.h"

using namespace mlir;
using namespace talweg;
using linalg::GenericOp;

namespace {

/// Sums from zero, each of a place of its own.
bool addsUp(GenericOp op) {
  if (isParallel(op) || !op.hasPureTensorSemantics())
    return false;
  return llvm::all_of(llvm::seq(op.getNumDpsInits()), [&](unsigned result) {
    auto fill = op.getDpsInits()[result].getDefiningOp<linalg::FillOp>();
    return fill && matchPattern(fill.getInputs()[0], m_PosZeroFloat()) &&
           op.getMatchingIndexingMap(op.getDpsInitOperand(result)).isProjectedPermutation() &&
           isa_and_nonnull<arith::AddFOp>(Combiner::of(op, result).op);
  });
}

bool areAlike(GenericOp first, GenericOp second) {
  OpOperand *one = first.getDpsInitOperand(0), *other = second.getDpsInitOperand(0);
  return first.getIteratorTypesArray() == second.getIteratorTypesArray() &&
         first.getStaticLoopRanges() == second.getStaticLoopRanges() &&
         first.getMatchingIndexingMap(one) == second.getMatchingIndexingMap(other) &&
         one->get().getType() == other->get().getType();
}

/// Whether both read the same element of a tensor in each turn, and there are as many as turns.
bool readTheSame(GenericOp first, GenericOp second) {
  return llvm::any_of(first.getDpsInputOperands(), [&](OpOperand *one) {
    const AffineMap map = first.getMatchingIndexingMap(one);
    return map.isPermutation() && llvm::any_of(second.getDpsInputOperands(), [&](OpOperand *other) {
             return one->get() == other->get() && second.getMatchingIndexingMap(other) == map;
           });
  });
}

struct JoinSums : talweg::impl::JoinSumsBase<JoinSums> {
  using JoinSumsBase::JoinSumsBase;

  void runOnOperation() override {
    for (Block *block : blocksOf(getOperation())) {
      SmallVector<GenericOp> sums; // so far
      for (GenericOp op : llvm::make_early_inc_range(block->getOps<GenericOp>())) {
        if (!addsUp(op))
          continue;
        auto *found = llvm::find_if(sums, [&](GenericOp first) { return mayJoin(first, op); });
        if (found == sums.end()) {
          sums.push_back(op);
          continue;
        }
        OpBuilder builder(op);
        op->moveAfter(*found);
        *found = joinGenerics(*found, op, builder);
        ++joined;
      }
    }
  }

  /// What `second` reads is there in front of `first`, in whose place both are taken: so nothing that was between them is passed.
  static bool mayJoin(GenericOp first, GenericOp second) {
    if (!areAlike(first, second) || !readTheSame(first, second))
      return false;
    llvm::SetVector<Value> read(second->operand_begin(), second->operand_end());
    getUsedValuesDefinedAbove(second->getRegions(), read);
    return llvm::all_of(read, [&](Value value) {
      Operation *from = value.getDefiningOp();
      return !from || from->getBlock() != first->getBlock() || from->isBeforeInBlock(first);
    });
  }
};

} // namespace
