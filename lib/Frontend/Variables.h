// Parameters and states: each is a train.variable with a body that computes its initial value; the objective reads it.
#ifndef TALWEG_LIB_FRONTEND_VARIABLES_H
#define TALWEG_LIB_FRONTEND_VARIABLES_H

#include "Instances.h"

namespace talweg::frontend {

struct Walk;

/// `param`, `state` in a body.
void declareVariable(Walk &walk, const ast::Stmt &stmt);
/// A new variable of the program, without its train.variable.
DeclaredVariable &createVariable(Walk &walk, const std::string &name, Role role, ElementType declared, const Dims &dims,
                                 ast::Range place);
/// Creates the train.variable with a body for `init`: a number, a tensor, a list of numbers, or a function whose first parameter
/// is `shape`; null: 0. False: reported.
bool initialise(Walk &walk, DeclaredVariable &variable, const ast::Expr *init, ast::Range range);
/// Creates the variable in which a parameter's gradients of the parts of a step are summed. False: reported.
bool createGradientSum(Walk &walk, const DeclaredVariable &parameter);
/// Creates the average of a parameter, at first equal to it. Null: reported.
DeclaredVariable *createAverage(Walk &walk, const DeclaredVariable &parameter);
/// Creates the slot of the lower half of a split parameter, or of its average. False: reported.
bool createLowHalf(Walk &walk, const DeclaredVariable &parameter);

} // namespace talweg::frontend

#endif
