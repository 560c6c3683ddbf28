// Elementwise ops whose operands are contiguous along different loops: blocks are transposed in registers, or, where the result's
// innermost dimension is short (channels of an image), vectors are interleaved.
#include "VectorNest.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace talweg {

/// Calls inner at every point of these loops.
void VectorNest::overAxes(ArrayRef<Axis> outer, ArrayRef<Value> positions, Values ivs, bool parallel,
                          function_ref<void(Values, Values)> inner) {
  if (outer.empty())
    return inner(Values(positions), ivs);
  const Axis &axis = outer.front();
  tools.forTiles(axis.extent, 1, parallel, [&](Value iv, int64_t) {
    Values at = ivs;
    if (axis.source >= 0)
      at[axis.source] = iv;
    overAxes(outer.drop_front(), move(positions, iv, axis), at, false, inner);
  });
}

/// True, and all is written, if some input is contiguous along another loop than the results.
bool VectorNest::transposes() {
  constexpr int64_t least = 4, mostOps = 16;
  if (order.collides || lanes < least || int64_t(op.getBody()->getOperations().size()) > mostOps)
    return false;
  int along = -1, rows = -1;
  SmallVector<int64_t> votes(axes.size(), 0);
  for (auto [i, axis] : llvm::enumerate(axes)) {
    auto strides = ArrayRef(axis.strides).drop_front(firstOutput);
    if (llvm::is_contained(strides, 0) || (along >= 0 && llvm::all_equal(strides) && strides[0] == 1))
      return false;
    if (llvm::all_equal(strides) && strides[0] == 1)
      along = i;
  }
  if (along < 0 || axes[along].extent < least)
    return false;
  for (auto [i, info] : llvm::enumerate(operands)) {
    int64_t stride = axes[along].strides[i];
    if (i >= firstOutput || !info.memory || !info.read || stride == 0 || stride == 1)
      continue;
    for (auto [k, axis] : llvm::enumerate(axes))
      if (axis.strides[i] == 1 && axis.extent >= least && ++votes[k] > (rows < 0 ? 0 : votes[rows]))
        rows = k;
  }
  if (rows < 0)
    return false;
  writeTiles(along, rows);
  return true;
}

/// Blocks of lanes x lanes: several of them along the rows before the next along the results, so that lines of memory follow each other
/// on both sides.
void VectorNest::writeTiles(size_t alongIndex, size_t rowsIndex) {
  Axis along = axes[alongIndex], rows = axes[rowsIndex];
  SmallVector<Axis> outer;
  for (auto [i, axis] : llvm::enumerate(axes))
    if (i != alongIndex && i != rowsIndex)
      outer.push_back(axis);
  llvm::stable_sort(outer,
                    [&](const Axis &x, const Axis &y) { return std::abs(outStride(x)) > std::abs(outStride(y)); });
  int64_t block = lanes;
  while (block < 4 * lanes && rows.extent % (2 * block) == 0)
    block *= 2;
  constexpr int64_t enough = 4;
  bool parallel = base.empty() && work() >= parallelWork;
  bool shareOuter = parallel && !outer.empty() && outer[0].extent >= enough;
  bool shareRows = parallel && !shareOuter && rows.extent / block >= enough;
  bool shareAlong = parallel && !shareOuter && !shareRows;
  overAxes(outer, startPositions(), firstIvs, shareOuter, [&](Values positions, Values ivs) {
    tools.forTiles(rows.extent, block, shareRows, [&](Value start, int64_t length) {
      Values atBlock = move(positions, start, rows);
      tools.forTiles(along.extent, lanes, shareAlong, [&](Value lane, int64_t laneCount) {
        Values atLanes = move(atBlock, lane, along);
        tools.forTiles(length, lanes, false, [&](Value row, int64_t rowCount) {
          Values at = ivs;
          if (along.source >= 0)
            at[along.source] = lane;
          if (rows.source >= 0)
            at[rows.source] = builder.createOrFold<arith::AddIOp>(loc, start, row);
          writeTile(move(atLanes, row, rows), at, along, rows, laneCount, rowCount);
        });
      });
    });
  });
}

/// One block: every input as vectors along the results, row by row; an input that is contiguous along the rows is transposed.
void VectorNest::writeTile(ArrayRef<Value> positions, Values ivs, const Axis &along, const Axis &rows,
                           int64_t alongCount, int64_t rowCount) {
  SmallVector<Values> inputs(rowCount, Values(operands.size()));
  for (auto [i, info] : llvm::enumerate(operands)) {
    if (!info.memory || !info.read || i >= firstOutput)
      continue;
    int64_t stride = along.strides[i], rowStride = rows.strides[i];
    if (rowStride == 1 && stride != 0 && stride != 1) {
      Values block;
      for (int64_t lane = 0; lane < lanes; ++lane)
        block.push_back(
            lane < alongCount
                ? tools.load(info.memory, tools.advance(positions[i], tools.index(lane), stride), lanes, rowCount)
                : tools.zero(info.element, lanes));
      tools.transpose(block);
      for (int64_t row = 0; row < rowCount; ++row)
        inputs[row][i] = block[row];
      continue;
    }
    for (int64_t row = 0; row < rowCount; ++row) {
      bool same = row > 0 && rowStride == 0;
      Value position = tools.advance(positions[i], tools.index(row), rowStride);
      inputs[row][i] = same ? inputs[0][i] : loadLanes(info, position, stride, alongCount);
    }
  }
  Values rowIvs = ivs;
  for (int64_t row = 0; row < rowCount; ++row) {
    if (rows.source >= 0)
      rowIvs[rows.source] = builder.createOrFold<arith::AddIOp>(loc, ivs[rows.source], tools.index(row));
    Values results = bodyOn(inputs[row], rowIvs, along.source);
    for (unsigned i = 0; i < outputs; ++i) {
      unsigned output = firstOutput + i;
      Value position = tools.advance(positions[output], tools.index(row), rows.strides[output]);
      tools.store(results[i], operands[output].memory, position, alongCount);
    }
  }
}

/// True, and all is written, if the results' innermost loop has two to four turns, and inputs are contiguous along the next.
bool VectorNest::interleaves() {
  if (order.collides || lanes == 1 || op.getBody()->getOperations().size() > 16)
    return false;
  int apart = -1, along = -1;
  auto outputsMove = [&](const Axis &axis, int64_t by) {
    return llvm::all_of(ArrayRef(axis.strides).drop_front(firstOutput), [&](int64_t stride) { return stride == by; });
  };
  for (auto [i, axis] : llvm::enumerate(axes))
    if (axis.extent >= 2 && axis.extent <= 4 && outputsMove(axis, 1))
      apart = i;
  for (auto [i, axis] : llvm::enumerate(axes)) {
    if (llvm::is_contained(ArrayRef(axis.strides).drop_front(firstOutput), 0))
      return false;
    if (apart >= 0 && int(i) != apart && axis.extent >= lanes && outputsMove(axis, axes[apart].extent))
      along = i;
  }
  if (apart < 0 || along < 0)
    return false;
  bool contiguous = false;
  for (auto [i, info] : llvm::enumerate(operands)) {
    if (i >= firstOutput || !info.memory || !info.read)
      continue;
    int64_t stride = axes[along].strides[i];
    if (std::abs(stride) > 4 || stride < -1)
      return false;
    contiguous |= stride == 1;
  }
  if (contiguous)
    writeInterleaved(along, apart);
  return contiguous;
}

void VectorNest::writeInterleaved(size_t alongIndex, size_t apartIndex) {
  Axis along = axes[alongIndex], apart = axes[apartIndex];
  int64_t ways = apart.extent;
  SmallVector<Axis> outer;
  for (auto [i, axis] : llvm::enumerate(axes))
    if (i != alongIndex && i != apartIndex)
      outer.push_back(axis);
  llvm::stable_sort(outer,
                    [&](const Axis &x, const Axis &y) { return std::abs(outStride(x)) > std::abs(outStride(y)); });
  bool parallel = base.empty() && work() >= parallelWork,
       shareOuter = parallel && !outer.empty() && outer[0].extent >= 4;
  auto write = [&](Values positions, Values ivs, int64_t count) {
    SmallVector<Values> results;
    for (int64_t way = 0; way < ways; ++way) {
      Values here = move(positions, tools.index(way), apart), inputs(operands.size());
      if (apart.source >= 0)
        ivs[apart.source] = tools.index(way);
      for (auto [i, info] : llvm::enumerate(operands))
        if (info.memory && info.read && i < firstOutput)
          inputs[i] = loadLanes(info, here[i], along.strides[i], count);
      results.push_back(bodyOn(inputs, ivs, along.source));
    }
    for (unsigned i = 0; i < outputs; ++i)
      for (int64_t first = 0; first < count * ways; first += lanes) {
        Value mixed = results[0][i];
        for (int64_t way = 1; way < ways; ++way) {
          SmallVector<int64_t> order;
          for (int64_t lane = 0; lane < lanes; ++lane) {
            int64_t from = (first + lane) / ways, of = (first + lane) % ways;
            order.push_back(of == way ? lanes + from : way > 1 ? lane : of == 0 ? from : 0);
          }
          mixed = vector::ShuffleOp::create(builder, loc, mixed, results[way][i], order);
        }
        unsigned output = firstOutput + i;
        tools.store(mixed, operands[output].memory, tools.advance(positions[output], tools.index(first), 1),
                    count * ways - first);
      }
  };
  constexpr int64_t piece = 4096;
  overAxes(outer, startPositions(), firstIvs, shareOuter, [&](Values positions, Values ivs) {
    tools.forTiles(along.extent, piece, parallel && !shareOuter, [&](Value start, int64_t length) {
      Values atPiece = move(positions, start, along);
      tools.forTiles(length, lanes, false, [&](Value lane, int64_t count) {
        Values at = ivs;
        if (along.source >= 0)
          at[along.source] = builder.createOrFold<arith::AddIOp>(loc, start, lane);
        write(move(atPiece, lane, along), at, count);
      });
    });
  });
}

} // namespace talweg
