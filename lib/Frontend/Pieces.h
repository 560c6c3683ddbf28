// Tensors made of pieces: joined, filled, or written as nested lists.
#ifndef TALWEG_LIB_FRONTEND_PIECES_H
#define TALWEG_LIB_FRONTEND_PIECES_H

#include "Calls.h"

namespace talweg::frontend {

class TensorBuilder;

/// concat(a, b, …, axis = -1): behind each other along a dimension.
Value concat(TensorBuilder &tensors, const std::vector<Given> &arguments, ast::Range range);
/// stack(a, b, …, axis = -1): along a dimension of their own.
Value stack(TensorBuilder &tensors, const std::vector<Given> &arguments, ast::Range range);
/// `value`, a single number, for each element of the shape.
Value full(TensorBuilder &tensors, Dims shape, const Value &value, ast::Range range);
/// The tensor of a list of numbers known at compile time, or of such lists of one length.
Value constantTable(TensorBuilder &tensors, const Value &list, ast::Range range);

} // namespace talweg::frontend

#endif
