// The value of an expression.
#ifndef TALWEG_LIB_FRONTEND_EXPRESSIONS_H
#define TALWEG_LIB_FRONTEND_EXPRESSIONS_H

#include "Value.h"

namespace talweg::frontend {

struct Walk;

Value eval(Walk &walk, const ast::Expr &expr);
/// The value of a name; of one that is indexed, `isBase`.
Value evalIdent(Walk &walk, const ast::Expr &expr, bool isBase = false);
/// An integer known at compile time. Nothing: reported, `what` it would be.
std::optional<Count> evalInteger(Walk &walk, const ast::Expr &expr, const char *what);

} // namespace talweg::frontend

#endif
