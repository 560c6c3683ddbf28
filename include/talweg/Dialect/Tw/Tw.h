// The tensor dialect's C++ face: ops, enums, the trait Inactive and the interface Differentiable.
#ifndef TALWEG_DIALECT_TW_TW_H
#define TALWEG_DIALECT_TW_TW_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace talweg::tw {
/// No derivative passes through the op (see Tw.td).
template <typename ConcreteOp>
class Inactive : public mlir::OpTrait::TraitBase<ConcreteOp, Inactive> {};

/// Checks that every type of `op` is unranked, or static and of a sensible size; reports otherwise.
mlir::LogicalResult verifyStaticShapes(mlir::Operation *op);

/// The types of the op are checked by verifyStaticShapes.
template <typename ConcreteOp>
class StaticShapes : public mlir::OpTrait::TraitBase<ConcreteOp, StaticShapes> {
public:
  static mlir::LogicalResult verifyTrait(mlir::Operation *op) { return verifyStaticShapes(op); }
};
} // namespace talweg::tw

#include "talweg/Dialect/Tw/TwDialect.h.inc"
#include "talweg/Dialect/Tw/TwEnums.h.inc"
#include "talweg/Dialect/Tw/TwInterfaces.h.inc"

#define GET_OP_CLASSES
#include "talweg/Dialect/Tw/Tw.h.inc"

#endif
