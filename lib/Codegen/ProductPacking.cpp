// Writes the copies of a product's operands.
#include "ProductPacking.h"

#include "ProductScratch.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace talweg {

using kernel::Loop;
using kernel::ProductPlan;
using kernel::turnsOf;

void ProductPacking::packAhead() {
  if (plan.packA)
    packAllA();
  if (!plan.packB)
    return;
  arrange(/*ofA=*/false);
  if (plan.packBAhead)
    packAllB();
}

Value ProductPacking::startOf(const FlatOperand &operand) {
  return operand.shift ? tools.advance(operand.shift, tools.index(operand.offset), 1) : tools.index(operand.offset);
}

void ProductPacking::arrange(bool ofA) {
  Packed packed = arrangePacked(plan, ofA);
  Value scratch = memref::AllocOp::create(builder, loc, MemRefType::get({packed.elements}, element));
  FlatOperand &operand = ofA ? a : b;
  (ofA ? sourceA : sourceB) = std::exchange(operand.memory, scratch);
  (ofA ? mTileA : nPanelB) = packed.tileStep;
}

ProductPacking::PackedLoops ProductPacking::loopsOfK() {
  PackedLoops loops;
  for (auto [packed, before] : llvm::zip_equal(plan.k, unpacked.k))
    loops.push_back({packed, before});
  return loops;
}

ProductPacking::PackedLoops ProductPacking::loopsOutside(int64_t Loop::*stride) {
  PackedLoops loops;
  for (auto member : {&ProductPlan::outer, &ProductPlan::scatter, &ProductPlan::kBlocks})
    for (auto [packed, before] : llvm::zip_equal(plan.*member, unpacked.*member))
      if (before.*stride != 0 || member == &ProductPlan::kBlocks)
        loops.push_back({packed, before});
  return loops;
}

void ProductPacking::overPacked(ArrayRef<PackedLoop> loops, int64_t Loop::*stride, Value from, Value to,
                                function_ref<void(Value from, Value to)> body) {
  if (loops.empty())
    return body(from, to);
  const auto &[packed, before] = loops.front();
  tools.forTiles(packed.extent, 1, false, [&](Value iv, int64_t) {
    overPacked(loops.drop_front(), stride, tools.advance(from, iv, before.*stride),
               tools.advance(to, iv, packed.*stride), body);
  });
}

void ProductPacking::packAllB() {
  overPacked(loopsOutside(&Loop::b), &Loop::b, startOf(b), tools.index(0), [&](Value from, Value to) {
    tools.forTiles(plan.n.extent, plan.panel(), false, [&](Value at, int64_t size) {
      packPanel(tools.advance(from, at, unpacked.n.b), tools.advance(to, at, nPanelB), size, plan.k.front().extent);
    });
  });
}

/// Packs a, whose rows are contiguous. Neighbouring tiles take their turns at each step of k, so that whole lines are read
/// and few are written at a time: the tiles lie far apart, often by a power of two.
void ProductPacking::packAllA() {
  constexpr int64_t together = 64;         // elements of a row: some lines
  constexpr double manyElements = 1 << 16; // whose copying takes some forks' time
  arrange(/*ofA=*/true);
  const PackedLoops outside = loopsOutside(&Loop::a), inside = loopsOfK();
  bool parallel = !plan.shared.empty() && double(turnsOf(plan.k)) * plan.m.extent >= manyElements && outside.empty();
  int64_t group = (together + plan.rows - 1) / plan.rows * plan.rows;
  overPacked(outside, &Loop::a, startOf(a), tools.index(0), [&](Value from, Value to) {
    tools.forTiles(plan.m.extent, group, parallel, [&](Value at, int64_t size) {
      overPacked(inside, &Loop::a, tools.advance(from, at, 1), tools.advance(to, at, mTileA),
                 [&](Value source, Value target) { packRows(source, target, size); });
    });
  });
}

void ProductPacking::packRows(Value source, Value target, int64_t count) {
  for (int64_t first = 0; first < count; first += plan.rows) {
    int64_t size = std::min(plan.rows, count - first);
    Value rows = tools.load(sourceA, tools.advance(source, tools.index(first), 1), size, size);
    tools.store(rows, a.memory, tools.advance(target, tools.index(first), mTileA), size);
  }
}

void ProductPacking::packPanel(Value from, Value to, int64_t columns, int64_t steps) {
  PackedLoops loops = loopsOfK();
  loops.front().first.extent = loops.front().second.extent = steps;
  // The step along which b is contiguous goes innermost, for whole lines.
  auto contiguous = llvm::find_if(loops, [](const PackedLoop &loop) { return loop.second.b == 1; });
  if (unpacked.n.b == 1 || contiguous == loops.end() || !llvm::isPowerOf2_64(plan.lanes))
    return overPacked(loops, &Loop::b, from, to, [&](Value source, Value target) { packRow(source, target, columns); });
  const PackedLoop last = *contiguous;
  loops.erase(contiguous);
  overPacked(loops, &Loop::b, from, to, [&](Value source, Value target) {
    packTransposed(last.first.extent, source, target, last.first.b, columns);
  });
}

void ProductPacking::packRow(Value source, Value target, int64_t columns) {
  for (int64_t v = 0; v < plan.vectors; ++v) {
    int64_t lane = v * plan.lanes, count = std::clamp<int64_t>(columns - lane, 0, plan.lanes);
    Value to = tools.advance(target, tools.index(lane), 1);
    Value from = tools.advance(source, tools.index(lane), unpacked.n.b);
    Value row = unpacked.n.b == 1 && count > 0 ? tools.load(sourceB, from, plan.lanes, count)
                                               : tools.loadEach(sourceB, from, unpacked.n.b, plan.lanes, count);
    tools.store(row, b.memory, to, plan.lanes);
  }
}

void ProductPacking::packTransposed(int64_t steps, Value source, Value target, int64_t packedStep, int64_t columns) {
  tools.forTiles(steps, plan.lanes, false, [&](Value at, int64_t size) {
    for (int64_t v = 0; v < plan.vectors; ++v) {
      SmallVector<Value> rows;
      for (int64_t r = 0; r < plan.lanes; ++r) {
        int64_t column = v * plan.lanes + r;
        if (column >= columns) {
          rows.push_back(tools.zero(element, plan.lanes));
          continue;
        }
        Value position = tools.advance(tools.advance(source, at, 1), tools.index(column), unpacked.n.b);
        rows.push_back(tools.load(sourceB, position, plan.lanes, size));
      }
      tools.transpose(rows);
      for (int64_t r = 0; r < size; ++r) {
        Value position = tools.advance(tools.advance(target, at, packedStep), tools.index(r), packedStep);
        tools.store(rows[r], b.memory, tools.advance(position, tools.index(v * plan.lanes), 1), plan.lanes);
      }
    }
  });
}

} // namespace talweg
