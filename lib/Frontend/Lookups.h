// Indices that come from data: `table[token[n, t], d]`, and on the left of `+=` `h[bucket[n], k] += x[n, k]`. The first is a tw.gather,
// the second a tw.scatter_add. Whether an index stays inside its dimension is told by its type (Tensor::bound), or required in each step.
#ifndef TALWEG_LIB_FRONTEND_LOOKUPS_H
#define TALWEG_LIB_FRONTEND_LOOKUPS_H

#include "Value.h"

namespace talweg::frontend {

struct Walk;

/// Does the index `expr` come from data: is it more than a sum of index variables and of numbers known at compile time?
bool isFromData(Walk &walk, const ast::Expr &expr);

/// A dimension of an access in which the position comes from data.
struct DataIndex {
  std::size_t dim; ///< of the tensor that is indexed
  Tensor position; ///< whole numbers, without dimensions of their own
};

/// The positions that `expr` names in a dimension of `extent`, which it stays inside of, or each step that it does not is faulted. Nothing: it
/// cannot be an index, or its type tells that it goes beyond (reported).
std::optional<Tensor> readPosition(Walk &walk, const ast::Expr &expr, Count extent);

/// `tensor` at these positions; its other dimensions stay.
Value lookUp(Walk &walk, const Tensor &tensor, const std::vector<DataIndex> &indices, ast::Range range);

/// The value of `target[indices] += value`: what is added, by its positions, onto what `target` is already.
Value evalAccumulated(Walk &walk, const ast::Stmt &stmt, const ast::Type *result);

} // namespace talweg::frontend

#endif
