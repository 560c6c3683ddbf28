// What makers share: random accesses, expressions and reductions.
#ifndef TALWEG_UNITTESTS_TW_MAKERS_H
#define TALWEG_UNITTESTS_TW_MAKERS_H

#include "RandomStep.h"

namespace talweg::random {

//===-- ElementwiseMakers.cpp ------------------------------------------------------------------------------------===//

mlir::Value elementwise(Maker &m);
/// x after `steps` ops, some of which read one of `others`, which have its shape.
mlir::Value expression(Maker &m, mlir::Value x, llvm::ArrayRef<mlir::Value> others, std::int64_t steps);
/// A branch that is taken only where its function is defined, element by element or for a whole row of a reduction.
mlir::Value branch(Maker &m);

//===-- ShapeMakers.cpp ------------------------------------------------------------------------------------------===//

mlir::Value windowed(Maker &m);
mlir::Value folded(Maker &m);
mlir::Value padded(Maker &m);
mlir::Value reshaped(Maker &m);
mlir::Value concatenation(Maker &m);
mlir::Value cutAndJoined(Maker &m);
/// Positions inside a tensor of shape `target` for each index of an iteration space.
mlir::AffineMap access(Maker &m, const Shape &extents, const Shape &target);
/// An iteration space of at most `most` loops, whose extents fit what is read.
Shape spaceFor(Maker &m, llvm::ArrayRef<mlir::Value> read, std::size_t most);

//===-- LookupMakers.cpp -----------------------------------------------------------------------------------------===//

mlir::Value gathered(Maker &m);
mlir::Value scattered(Maker &m);
/// Rows coalesced, and what is made of them: their sums and numbers, or a table in which they are put.
mlir::Value coalesced(Maker &m);
/// `table` with some rows of `values`, which has its shape.
mlir::Value withSomeRows(Maker &m, mlir::Value values, mlir::Value table);

//===-- SumMakers.cpp --------------------------------------------------------------------------------------------===//

/// Two to six factors over one box, under conditions.
mlir::Value sumOfProducts(Maker &m);

//===-- LoopMakers.cpp -------------------------------------------------------------------------------------------===//

mlir::Value looped(Maker &m);

//===-- OpMakers.cpp ---------------------------------------------------------------------------------------------===//

/// Some dims of a tensor, at least one if there are any.
std::vector<std::int64_t> someDims(Maker &m, std::size_t rank);

} // namespace talweg::random

#endif
