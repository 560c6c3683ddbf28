// What an op of the tensor dialect promises to the differentiator.
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

#endif
