// Computing an element where it is read.
#ifndef TALWEG_LIB_CODEGEN_INLINEPRODUCER_H
#define TALWEG_LIB_CODEGEN_INLINEPRODUCER_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace talweg {

/// True for an op on tensors whose loops are all parallel, whose results are written through the identity, and which does not
/// read what it overwrites.
bool isElementwise(mlir::linalg::GenericOp op);

/// Replaces the consumer of `use` by one that computes the element of `producer`, an elementwise op, where it was read; returns
/// it. The loops of the consumer stay as they are.
mlir::linalg::GenericOp inlineProducer(mlir::linalg::GenericOp producer, mlir::OpOperand &use,
                                       mlir::OpBuilder &builder);

} // namespace talweg

#endif
