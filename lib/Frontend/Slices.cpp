// The ends of slices, which are dimensions: in them names are those of dimensions, not of indices.
#include "Slices.h"

#include "Expressions.h"
#include "Walk.h"

#include <fmt/format.h>

using namespace talweg;
using namespace talweg::frontend;
using ast::Expr;

bool frontend::countsFromEnd(const Expr &expr) { return expr.kind == Expr::Unary && expr.unary == ast::UnaryOp::Neg; }

std::optional<Count> frontend::fromEnd(Walk &walk, Count count, Count extent, ast::Range range) {
  if (count >= 0 && count <= extent)
    return Count(extent - count, extent.next - count.next);
  walk.fail(Code::IndexOutOfRange, range,
            fmt::format("{} is outside of a dimension of {}",
                        count > 0 ? fmt::format("-{}", count.value) : "what is counted from the end", extent.value));
  return std::nullopt;
}

static std::optional<Count> readEnd(Walk &walk, const Expr &expr, Count extent) {
  DimensionScope scope(walk.scopes);
  const std::optional<Count> count = evalInteger(walk, countsFromEnd(expr) ? *expr.lhs : expr, "the end of a slice");
  return count && countsFromEnd(expr) ? fromEnd(walk, *count, extent, expr.range) : count;
}

std::optional<Slice> frontend::readSlice(Walk &walk, const ast::Index &index, Count extent) {
  const std::optional<Count> first = index.from ? readEnd(walk, *index.from, extent) : Count(0),
                             end = first && index.to ? readEnd(walk, *index.to, extent) : extent;
  if (!first || !end)
    return std::nullopt;
  if (*first >= 0 && *first < *end && *end <= extent)
    return Slice{*first, *end};
  const bool isEmpty = *first >= 0 && *end <= extent;
  walk.fail(isEmpty ? Code::BadDimension : Code::IndexOutOfRange, index.range,
            fmt::format("the slice {}..{} {} a dimension of {}", first->value, end->value,
                        isEmpty ? "takes nothing from" : "is outside of", extent.value));
  return std::nullopt;
}
