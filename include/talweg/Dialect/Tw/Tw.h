// The tensor dialect's C++ face: ops, enums, traits and interfaces. What they mean is said in Tw.td.
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

#include <cmath>

namespace talweg::tw {
template <typename ConcreteOp>
class Inactive : public mlir::OpTrait::TraitBase<ConcreteOp, Inactive> {};

template <typename ConcreteOp>
class DerivativeByBody : public mlir::OpTrait::TraitBase<ConcreteOp, DerivativeByBody> {};

template <typename ConcreteOp>
class Elementwise : public mlir::OpTrait::TraitBase<ConcreteOp, Elementwise> {};

template <typename ConcreteOp>
class FiniteWhereOperandsAre : public mlir::OpTrait::TraitBase<ConcreteOp, FiniteWhereOperandsAre> {};

/// The operands for which a function's result is finite, of those that are finite.
enum class FiniteWhere { everywhere, notNegative, positive, notPositive };

/// The constant of `type` that is valueOf the constant x; null if x is none.
mlir::Attribute foldFunction(mlir::Type type, mlir::Attribute x, double (*valueOf)(double));

template <typename ConcreteOp>
class FoldsFunction : public mlir::OpTrait::TraitBase<ConcreteOp, FoldsFunction> {
public:
  static mlir::OpFoldResult foldTrait(mlir::Operation *op, llvm::ArrayRef<mlir::Attribute> operands) {
    return foldFunction(op->getResult(0).getType(), operands[0], ConcreteOp::valueOf);
  }
};

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

namespace talweg::tw {
/// On tw.add and tw.sub: the number of the operand that is a tw.mul, with which the sum is rounded once (talweg-form-multiply-adds).
inline constexpr llvm::StringLiteral kJoined = "joined";

/// Of so many tensors of `slice` together: [length, W..].
mlir::RankedTensorType stackOf(mlir::Type slice, int64_t length);

/// See Liftable. Null: the op is none.
mlir::Value liftOp(mlir::OpBuilder &builder, mlir::Operation *op, int64_t count, mlir::ValueRange operands);
} // namespace talweg::tw

#endif
