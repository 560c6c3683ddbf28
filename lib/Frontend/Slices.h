// Positions known at compile time: the ends of slices `x[n, 1..t]`, and what counts from the end, `x[.., -1]`.
#ifndef TALWEG_LIB_FRONTEND_SLICES_H
#define TALWEG_LIB_FRONTEND_SLICES_H

#include "Value.h"

#include "talweg/Frontend/Ast.h"

namespace talweg::frontend {

struct Walk;

/// Does an index written so count from the end of its dimension? A sign in front of a number does, a difference below zero does not.
bool countsFromEnd(const ast::Expr &expr);
/// `count` places before the end of a dimension of `extent`. Nothing: it is outside (reported).
std::optional<Count> fromEnd(Walk &walk, Count count, Count extent, ast::Range range);

/// The positions from `first` on, before `end`.
struct Slice {
  Count first, end;
};

/// What the slice `index` takes of a dimension of `extent`. Nothing: it has no element or is outside (reported).
std::optional<Slice> readSlice(Walk &walk, const ast::Index &index, Count extent);

} // namespace talweg::frontend

#endif
