// The functions that the compiler knows: elementwise mathematics, reductions over a whole tensor, shape, padding, randomness.
#ifndef TALWEG_LIB_FRONTEND_BUILTINS_H
#define TALWEG_LIB_FRONTEND_BUILTINS_H

#include "Calls.h"

namespace talweg::frontend {

class Instances;
class Scopes;
class TensorBuilder;

std::vector<std::string> builtinNames();
Value callBuiltin(TensorBuilder &tensors, const Scopes &scopes, const Instances &instances, const std::string &name,
                  const std::vector<Given> &arguments, ast::Range range);

} // namespace talweg::frontend

#endif
