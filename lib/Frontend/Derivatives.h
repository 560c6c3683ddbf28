// `grad(y, x)`: a derivative as a value; and functions whose derivative the program says.
#ifndef TALWEG_LIB_FRONTEND_DERIVATIVES_H
#define TALWEG_LIB_FRONTEND_DERIVATIVES_H

#include "Calls.h"

namespace talweg::frontend {

class Instances;
class Scopes;
class TensorBuilder;
struct Walk;

/// What has arrived for y is dy, of its shape; null: y is a number, and dy is 1. x: a value from which y was computed, or a pattern of parameters. Of one value, or of one parameter, it is a tensor of its shape, of
/// several parameters a list, in the order in which they were declared.
Value gradient(TensorBuilder &tensors, const Scopes &scopes, const Instances &instances, const Given &y, const Given &x,
               const Given *dy, ast::Range range);

/// What a function has given, with the derivative that `rule` says. `taken` are the names in its frame when its body began.
Value withDerivative(Walk &walk, const ast::Decl &rule, const Value &value, const std::map<std::string, Value> &taken);

} // namespace talweg::frontend

#endif
