// Bodies and their statements.
#ifndef TALWEG_LIB_FRONTEND_STATEMENTS_H
#define TALWEG_LIB_FRONTEND_STATEMENTS_H

#include "Value.h"

#include "mlir/IR/Operation.h"

namespace talweg::frontend {

struct Walk;

/// Runs a body; the value of its last statement. `result`: its declared type, whose dimensions are used as far as they are
/// known; or null.
Value runBody(Walk &walk, const ast::Block &body, const ast::Type *result);
Value runStatement(Walk &walk, const ast::Stmt &stmt, const ast::Type *result);

/// Gives a name its value; for a state, also the value it has after this step.
void assign(Walk &walk, const ast::Name &target, Value value, ast::Range range);

/// `scan` (Scan.cpp): what it emits without a name, or nothing.
Value runScan(Walk &walk, const ast::Stmt &stmt);
void emit(Walk &walk, const ast::Stmt &stmt);
/// May the present turn of a scan, if there is one, give `name` a value? False: the value would be lost (reported).
bool checkCarried(Walk &walk, const ast::Name &name);

/// `require` (Requirements.cpp): what is known while the program is elaborated is decided, the rest becomes a tw.require. So does what is
/// required of an update rule's numbers: one in the objective, for all of its parameters.
void require(Walk &walk, const ast::Stmt &stmt);
/// The index `expr`, whose values are `position`, is in a dimension of `extent`. False: it is not, or this can be looked at nowhere (reported).
bool requirePosition(Walk &walk, const Tensor &position, Count extent, const ast::Expr &expr);
/// Likewise whole numbers that the function `giver` declares to be labels below `classes`, which they are from here on.
bool requireLabels(Walk &walk, Tensor &labels, Count classes, const std::string &giver, ast::Range range);
/// In front of a train.minimize: what its gradients are clipped to, `expr`, is above 0 in each step.
void requireLimit(Walk &walk, mlir::Operation *minimize, mlir::Value limit, const ast::Expr &expr);

} // namespace talweg::frontend

#endif
