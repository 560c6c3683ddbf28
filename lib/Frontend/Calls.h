// Calls: arguments are matched with parameters, the callee's body runs in a frame of its own, its value is checked against
// the declared result. Layers get an instance, which is where their parameters live.
#ifndef TALWEG_LIB_FRONTEND_CALLS_H
#define TALWEG_LIB_FRONTEND_CALLS_H

#include "Value.h"

namespace talweg::frontend {

struct Walk;

/// An argument of a call, evaluated.
struct Given {
  ast::Name name; ///< empty for a positional one
  Value value;
  ast::Range range;
  const ast::Expr *expr = nullptr;
};
using Arguments = std::map<std::string, Given>; ///< by the parameter's name

/// A call, or a name that is called with what is piped into it.
Value evalCall(Walk &walk, const ast::Expr &call, const Given *piped, ast::Range range);
Value evalPipe(Walk &walk, const ast::Expr &expr);
/// Calls a declaration that goes by `name` here.
Value callDecl(Walk &walk, const Callable &callable, const std::vector<Given> &arguments, ast::Range range,
               const std::string &name);
/// Matches arguments with parameters. Nothing: they do not match (reported). `partial`: what is open may be missing.
std::optional<Arguments> matchArguments(Walk &walk, const Callable &callable, const std::vector<Given> &arguments,
                                        ast::Range range, bool partial);

} // namespace talweg::frontend

#endif
