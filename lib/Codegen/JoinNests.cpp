// Joins neighbours that agree on their rows.
#include "JoinNests.h"
#include "Memory.h"
#include "VectorBody.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;

namespace talweg {

namespace {

/// Calls inner for each operand of x and each of y that show the same memory. True if it says so for all.
bool forCommon(const Nest &x, const Nest &y, function_ref<bool(size_t ofX, size_t ofY)> inner) {
  for (auto [i, own] : llvm::enumerate(x.op->getOperands()))
    for (auto [k, its] : llvm::enumerate(y.op->getOperands()))
      if (x.loops.uses(i) && y.loops.uses(k) && sameMemory(own, its) && !inner(i, k))
        return false;
  return true;
}

/// True if the memory that both use, and at least one writes, is in either cut into the same rows.
bool agreeOnRows(const Nest &x, const Nest &y, int64_t rows) {
  return forCommon(x, y, [&](size_t i, size_t k) {
    if (i < x.loops.firstOutput && k < y.loops.firstOutput)
      return true;
    NestLoops::Rows own = x.loops.rowsIn(i, rows), its = y.loops.rowsIn(k, rows);
    return getElementTypeOrSelf(x.op->getOperand(i)) == getElementTypeOrSelf(y.op->getOperand(k)) &&
           x.loops.operands[i].elements == y.loops.operands[k].elements && own.areApart() && its.areApart() &&
           own.step == its.step;
  });
}

bool hasRows(const Nest &nest, int64_t rows) { return nest.loops.hasRows(rows) && agreeOnRows(nest, nest, rows); }

/// True if both use the same memory, and it is more than a cache near the core holds.
bool shareMuch(const Nest &x, const Nest &y) {
  constexpr int64_t much = 1 << 16;
  return !forCommon(x, y, [&](size_t i, size_t) { return x.loops.operands[i].elements < much; });
}

linalg::FillOp fillOf(linalg::GenericOp op) {
  Operation *at = op->getPrevNode();
  while (at && isa<memref::ReinterpretCastOp, arith::ConstantOp>(at))
    at = at->getPrevNode();
  auto fill = dyn_cast_or_null<linalg::FillOp>(at);
  return fill && fill.getOutputs()[0] == op.getDpsInitOperand(0)->get() ? fill : linalg::FillOp();
}

/// True if what follows the op cannot be done together with these, which stand in front of it.
bool parts(Operation &op, ArrayRef<Nest> nests) {
  auto fill = dyn_cast<linalg::FillOp>(op);
  if (!fill)
    return !isMemoryEffectFree(&op) && !isa<memref::AllocOp>(op);
  return llvm::any_of(nests, [&](const Nest &nest) {
    return llvm::any_of(nest.op->getOperands(), [&](Value used) { return sameMemory(used, fill.getOutputs()[0]); });
  });
}

} // namespace

FailureOr<std::vector<JoinedNests>> joinNests(Block &block, int64_t vectorBits) {
  std::vector<JoinedNests> all(1);
  for (Operation &op : block) {
    auto generic = dyn_cast<linalg::GenericOp>(op);
    if (!generic) {
      if (parts(op, all.back().nests))
        all.emplace_back();
      continue;
    }
    Nest nest{generic, NestLoops::of(generic, vectorBits), {}};
    if (nest.loops.reduces && !(Combiner::of(generic).op && (nest.fill = fillOf(generic))))
      return generic.emitError("cannot be vectorized: not a reduction from a filled value");
    const std::vector<Nest> &before = all.back().nests;
    int64_t rows = nest.loops.rows(), common = std::min(all.back().rows, rows);
    auto fits = [&](const Nest &other) { return hasRows(other, common) && agreeOnRows(nest, other, common); };
    auto shares = [&](const Nest &other) { return shareMuch(nest, other); };
    bool joins = !before.empty() && hasRows(nest, common) && llvm::all_of(before, fits) && llvm::any_of(before, shares);
    if (!joins)
      all.emplace_back();
    all.back().rows = joins ? common : rows;
    all.back().nests.push_back(std::move(nest));
  }
  llvm::erase_if(all, [](const JoinedNests &joined) { return joined.nests.empty(); });
  for (JoinedNests &joined : all)
    if (joined.nests.size() == 1)
      joined.rows = 0;
  return all;
}

} // namespace talweg
