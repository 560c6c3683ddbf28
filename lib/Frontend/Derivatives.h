// `grad(y, x)`: the derivative of a number as a value.
#ifndef TALWEG_LIB_FRONTEND_DERIVATIVES_H
#define TALWEG_LIB_FRONTEND_DERIVATIVES_H

#include "Calls.h"

namespace talweg::frontend {

class Instances;
class Scopes;
class TensorBuilder;

/// What has arrived for y is dy, of its shape; null: y is a number, and dy is 1. x: a value from which y was computed, or a pattern of parameters. Of one value, or of one parameter, it is a tensor of its shape, of
/// several parameters a list, in the order in which they were declared.
Value gradient(TensorBuilder &tensors, const Scopes &scopes, const Instances &instances, const Given &y, const Given &x,
               const Given *dy, ast::Range range);

} // namespace talweg::frontend

#endif
