// What an op of the tensor dialect promises to those who rewrite programs.
#ifndef TALWEG_TW_INTERFACES
#define TALWEG_TW_INTERFACES

include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Differentiable : OpInterface<"Differentiable"> {
  let cppNamespace = "::talweg::tw";
  let description = [{
    An op with a vector-Jacobian product. Each op of `tw` either implements this interface or carries the trait
    `tw::Inactive`; an op that does neither is rejected by the dialect's verifier test.
  }];
  let methods = [InterfaceMethod<[{
    The cotangent of every operand, given that of every result (of its type; null: none has arrived, but not of all). Entry i is
    null when operand i carries no derivative (integers, indices, conditions). New ops are created with `builder`, whose
    insertion point is after every primal op.
  }], "::llvm::SmallVector<::mlir::Value>", "vjp", (ins "::mlir::OpBuilder &":$builder, "::mlir::ValueRange":$cotangents)>];
}

def Liftable : OpInterface<"Liftable"> {
  let cppNamespace = "::talweg::tw";
  let description = [{
    An op that can have one more outer dimension: what many turns compute, one after the other, is computed at once. Elementwise ops can
    all (liftOp of Tw.h).
  }];
  let methods = [InterfaceMethod<[{
    The op's results of `count` turns, together: [count, W..] for a result [W..]. Operands are those of all turns together, likewise, or of
    the op's own type where they are the same in all turns. Null: it cannot be.
  }], "::mlir::Value", "lift", (ins "::mlir::OpBuilder &":$builder, "int64_t":$count, "::mlir::ValueRange":$operands)>];
}

#endif
