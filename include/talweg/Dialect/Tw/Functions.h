// The elementwise functions of one operand: the lines of Tw_Function in Tw.td, as a table.
#ifndef TALWEG_DIALECT_TW_FUNCTIONS_H
#define TALWEG_DIALECT_TW_FUNCTIONS_H

#include "talweg/Dialect/Tw/Tw.h"

#include "mlir/IR/Builders.h"

namespace talweg::tw {

struct Function {
  llvm::StringRef op;   ///< `tw.tanh`
  llvm::StringRef name; ///< in the language; of negation `-`
  FiniteWhere finiteWhere;
  double (*valueOf)(double x);
  mlir::Value (*create)(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value x);
};

template <typename Op>
inline constexpr Function functionOf = {Op::getOperationName(), Op::spelling, Op::finiteWhere, Op::valueOf,
                                        [](mlir::OpBuilder &builder, mlir::Location loc, mlir::Value x) -> mlir::Value {
                                          return Op::create(builder, loc, x.getType(), x);
                                        }};

/// All of them, in the order of the names of their ops.
llvm::ArrayRef<const Function *> functions();

/// The function that `op` computes; null if it is another kind of op.
const Function *findFunction(mlir::Operation *op);

} // namespace talweg::tw

#endif
