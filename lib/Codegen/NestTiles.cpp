// Elementwise ops whose operands are contiguous along different loops: blocks are transposed in registers, or, where the result's
// innermost dimension is short (channels of an image), vectors are interleaved.
#include "NestEmitter.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace talweg {

/// Calls inner at every point of the loops outside of the last two.
void NestEmitter::overOuter(size_t level, const Place &place, function_ref<void(const Place &)> inner) {
  if (level + 2 == plan.axes.size())
    return inner(place);
  const NestAxis &axis = plan.axes[level];
  tools.forTiles(axis.extent, 1, plan.shared == int(level),
                 [&](Value iv, int64_t) { overOuter(level + 1, move(place, iv, axis), inner); });
}

void NestEmitter::writeTransposed(const Place &place) {
  const NestAxis &along = plan.alongLanes(), &rows = plan.axes[plan.vectorAxis - 1];
  overOuter(0, place, [&](const Place &outer) {
    tools.forTiles(rows.extent, plan.block, plan.shared == plan.vectorAxis - 1, [&](Value start, int64_t length) {
      Place inBlock = move(outer, start, rows);
      tools.forTiles(along.extent, plan.lanes, plan.shared == plan.vectorAxis, [&](Value lane, int64_t laneCount) {
        Place inLanes = move(inBlock, lane, along);
        inLanes.count = laneCount;
        tools.forTiles(length, plan.lanes, false,
                       [&](Value row, int64_t rowCount) { writeBlock(move(inLanes, row, rows), rowCount); });
      });
    });
  });
}

/// One block: every input as vectors along the results, row by row; an input that is contiguous along the rows is transposed.
void NestEmitter::writeBlock(const Place &place, int64_t rowCount) {
  const NestAxis &along = plan.alongLanes(), &rows = plan.axes[plan.vectorAxis - 1];
  const int64_t lanes = plan.lanes;
  SmallVector<Values> inputs(rowCount, Values(memories.size()));
  for (unsigned i = 0; i < plan.firstOutput; ++i) {
    Value memory = memories[i], position = place.positions[i];
    int64_t stride = along.strides[i], rowStride = rows.strides[i];
    if (!memory)
      continue;
    if (rowStride == 1 && stride != 0 && stride != 1) {
      Values block;
      for (int64_t lane = 0; lane < lanes; ++lane)
        block.push_back(lane < place.count
                            ? tools.load(memory, tools.advance(position, tools.index(lane), stride), lanes, rowCount)
                            : tools.zero(cast<MemRefType>(memory.getType()).getElementType(), lanes));
      tools.transpose(block);
      for (int64_t row = 0; row < rowCount; ++row)
        inputs[row][i] = block[row];
      continue;
    }
    for (int64_t row = 0; row < rowCount; ++row) {
      Value at = tools.advance(position, tools.index(row), rowStride);
      inputs[row][i] =
          row > 0 && rowStride == 0 ? inputs[0][i] : tools.loadApart(memory, at, stride, lanes, place.count);
    }
  }
  for (int64_t row = 0; row < rowCount; ++row) {
    Values ivs = place.ivs;
    moveIv(ivs, tools.index(row), rows);
    for (auto [i, result] : llvm::enumerate(bodyOn(inputs[row], ivs))) {
      unsigned output = plan.firstOutput + i;
      Value at = tools.advance(place.positions[output], tools.index(row), rows.strides[output]);
      tools.store(result, memories[output], at, place.count);
    }
  }
}

void NestEmitter::writeInterleaved(const Place &place) {
  const NestAxis &along = plan.alongLanes();
  overOuter(0, place, [&](const Place &outer) {
    tools.forTiles(along.extent, plan.piece, plan.shared == plan.vectorAxis, [&](Value start, int64_t length) {
      Place inPiece = move(outer, start, along);
      tools.forTiles(length, plan.lanes, false, [&](Value lane, int64_t count) {
        Place here = move(inPiece, lane, along);
        here.count = count;
        writeMixed(here);
      });
    });
  });
}

/// As many vectors as the innermost loop has turns, each along the next loop, stored in the order of memory.
void NestEmitter::writeMixed(const Place &place) {
  const NestAxis &apart = plan.axes.back();
  const int64_t lanes = plan.lanes, ways = apart.extent;
  SmallVector<Values> results;
  for (int64_t way = 0; way < ways; ++way)
    results.push_back(body(move(place, tools.index(way), apart)));
  for (size_t i = 0; i < results[0].size(); ++i)
    for (int64_t first = 0; first < place.count * ways; first += lanes) {
      Value mixed = results[0][i];
      for (int64_t way = 1; way < ways; ++way) {
        SmallVector<int64_t> order;
        for (int64_t lane = 0; lane < lanes; ++lane) {
          int64_t from = (first + lane) / ways, of = (first + lane) % ways;
          order.push_back(of == way ? lanes + from : way > 1 ? lane : of == 0 ? from : 0);
        }
        mixed = vector::ShuffleOp::create(builder, loc, mixed, results[way][i], order);
      }
      unsigned output = plan.firstOutput + i;
      tools.store(mixed, memories[output], tools.advance(place.positions[output], tools.index(first), 1),
                  place.count * ways - first);
    }
}

} // namespace talweg
