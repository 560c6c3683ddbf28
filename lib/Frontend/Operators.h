// What operators and functions make of values: numbers known at compile time are computed, exactly where they are integers; everything
// else becomes operations.
#ifndef TALWEG_LIB_FRONTEND_OPERATORS_H
#define TALWEG_LIB_FRONTEND_OPERATORS_H

#include "Numbers.h"
#include "Tensors.h"

namespace talweg::frontend {

/// What `value`, a whole number or a tensor of such, lies between.
Bounds boundsOf(const Value &value);
/// `value`, a tensor that lies within `bounds` if it is of whole numbers.
Value withBounds(Value value, Bounds bounds);

Value unary(TensorBuilder &tensors, const tw::Function &function, const Value &x, ast::Range range);
/// `not x`
Value negation(TensorBuilder &tensors, const Value &x, ast::Range range);
/// `a op b`, with the operands' expressions, which may be null, for the messages.
Value binary(TensorBuilder &tensors, ast::BinaryOp op, const Value &a, const Value &b, ast::Range range,
             const ast::Expr *lhs = nullptr, const ast::Expr *rhs = nullptr);
/// `a and b`, `a or b`
Value logical(TensorBuilder &tensors, ast::BinaryOp op, const Value &a, const Value &b, ast::Range range);
/// `max(a, b)`, `min(a, b)`: `name` tells which.
Value extremum(TensorBuilder &tensors, const std::string &name, Operand a, Operand b, ast::Range range);
/// An `if` on tensors, `expr`.
Value select(TensorBuilder &tensors, const Value &condition, const Value &a, const Value &b, const ast::Expr &expr);

/// Reduces over the index variables `over`, or (overDims) over all dimensions of the tensor's own. `kind`: sum, mean, logsumexp, argmax, …
Value reduce(TensorBuilder &tensors, const std::string &kind, const Tensor &tensor, const std::vector<IndexVar *> &over,
             bool overDims, ast::Range range);
/// The position of the greatest or the least element along dimension `dim`, counted with the index variables; the shape of `result` is
/// what is left.
Value position(TensorBuilder &tensors, const std::string &kind, const Tensor &tensor, std::size_t dim, Tensor result,
               ast::Range range);

} // namespace talweg::frontend

#endif
