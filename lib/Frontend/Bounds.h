// What whole numbers lie between, as far as it is known while a program is elaborated: arithmetic alone. An index that stays inside of its
// dimension by its bounds is not looked at in each step.
#ifndef TALWEG_LIB_FRONTEND_BOUNDS_H
#define TALWEG_LIB_FRONTEND_BOUNDS_H

#include "talweg/Frontend/Ast.h"

#include <cstdint>

namespace talweg::frontend {

/// Whole numbers from `least` to `most`; at first any of 32 bits, as they are computed with.
struct Bounds {
  std::int64_t least = INT32_MIN, most = INT32_MAX;

  static Bounds of(std::int64_t number) { return {number, number}; }
};

/// Of numbers that are of `a` or of `b`.
Bounds unite(Bounds a, Bounds b);

/// Of `a op b`. A result that may be beyond 32 bits may be any number.
Bounds boundsOf(ast::BinaryOp op, Bounds a, Bounds b);

/// Of the greater one of two numbers, and of the less one.
Bounds boundsOfGreater(Bounds a, Bounds b);
Bounds boundsOfLess(Bounds a, Bounds b);

} // namespace talweg::frontend

#endif
