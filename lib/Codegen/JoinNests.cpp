// Joins neighbours that agree on their rows.
#include "JoinNests.h"

#include "Memory.h"

using namespace mlir;

namespace talweg {

namespace {

using Meet = function_ref<bool(OpOperand &, OpOperand &)>;

/// Calls inner for each operand of x and each of y that are kept in the same memory. True if it says so for all.
bool forCommon(const Nest &x, const Nest &y, Meet meet, function_ref<bool(size_t ofX, size_t ofY)> inner) {
  for (auto [i, own] : llvm::enumerate(x.op->getOpOperands()))
    for (auto [k, its] : llvm::enumerate(y.op->getOpOperands()))
      if (x.loops.uses(i) && y.loops.uses(k) && meet(own, its) && !inner(i, k))
        return false;
  return true;
}

/// True if the memory that both use, and at least one writes, is in either cut into the same rows.
bool agreeOnRows(const Nest &x, const Nest &y, int64_t rows, Meet meet) {
  return forCommon(x, y, meet, [&](size_t i, size_t k) {
    if (i < x.loops.firstOutput && k < y.loops.firstOutput)
      return true;
    NestLoops::Rows own = x.loops.rowsIn(i, rows), its = y.loops.rowsIn(k, rows);
    return getElementTypeOrSelf(x.op->getOperand(i)) == getElementTypeOrSelf(y.op->getOperand(k)) &&
           x.loops.operands[i].elements == y.loops.operands[k].elements && own.areApart() && its.areApart() &&
           own.step == its.step;
  });
}

bool hasRows(const Nest &nest, int64_t rows, Meet meet) {
  return nest.loops.hasRows(rows) && agreeOnRows(nest, nest, rows, meet);
}

/// True if both use the same rows of a memory that would not stay in the second cache beside what else they use.
bool shareMuch(const Nest &x, const Nest &y, int64_t rows, const Machine &machine, Meet meet) {
  constexpr int64_t part = 4; // of the cache
  return !forCommon(x, y, meet, [&](size_t i, size_t k) {
    NestLoops::Rows own = x.loops.rowsIn(i, rows), its = y.loops.rowsIn(k, rows);
    return bytesOf(x.op->getOperand(i).getType()) * part < machine.l2Bytes || own.step != its.step;
  });
}

} // namespace

std::vector<JoinedNests> joinNests(Block &block, const Target &target, function_ref<bool(linalg::GenericOp)> isNest,
                                   Meet meet, function_ref<bool(Operation &, ArrayRef<Nest>)> parts) {
  std::vector<JoinedNests> all(1);
  for (Operation &op : block) {
    if (parts(op, all.back().nests))
      all.emplace_back();
    auto generic = dyn_cast<linalg::GenericOp>(op);
    if (!generic || !isNest(generic))
      continue;
    Nest nest{generic, NestLoops::of(generic, target.vectorBits)};
    const std::vector<Nest> &before = all.back().nests;
    int64_t rows = nest.loops.rows(), common = std::min(all.back().rows, rows);
    auto fits = [&](const Nest &other) {
      return hasRows(other, common, meet) && agreeOnRows(nest, other, common, meet);
    };
    auto shares = [&](const Nest &other) { return shareMuch(nest, other, common, target.machine, meet); };
    bool joins =
        !before.empty() && hasRows(nest, common, meet) && llvm::all_of(before, fits) && llvm::any_of(before, shares);
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
