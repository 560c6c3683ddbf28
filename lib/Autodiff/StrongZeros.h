// The last step of differentiation: what a branch that was not taken adds to a gradient is nothing.
#ifndef TALWEG_AUTODIFF_STRONGZEROS_H
#define TALWEG_AUTODIFF_STRONGZEROS_H

namespace mlir {
class Block;
class Operation;
} // namespace mlir

namespace talweg {

/// Makes the zeros of the backward pass strong, which is every op of `block` behind `lastPrimal` (from the first on where it is null) and
/// in front of `end`. The top of StrongZeros.cpp says what that means.
void makeZerosStrong(mlir::Block &block, mlir::Operation *lastPrimal, mlir::Operation *end);

} // namespace talweg

#endif
