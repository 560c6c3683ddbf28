// The body of an op with loops on vectors in place of scalars.
#ifndef TALWEG_LIB_CODEGEN_VECTORBODY_H
#define TALWEG_LIB_CODEGEN_VECTORBODY_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace talweg {

/// How a reduction's body combines for one of its results: acc' = op(acc, value).
struct Combiner {
  mlir::Operation *op = nullptr;
  mlir::BlockArgument acc;
  mlir::Value value;

  /// The combiner of a result of `generic`, or a null op if the body has another form.
  static Combiner of(mlir::linalg::GenericOp generic, unsigned result = 0);

  /// op(x, y) on vectors or scalars of any width.
  mlir::Value apply(mlir::OpBuilder &builder, mlir::Value x, mlir::Value y) const;
};

/// Writes `body` for `lanes` neighbours along loop `vectorLoop`. `inputs[i]` is the vector for block argument i (null where the body does not use
/// it), `ivs[d]` the position of loop d (of lane 0 along the vector loop). Returns the values yielded; for a reduction, what each of its
/// combiners combines.
llvm::SmallVector<mlir::Value> writeOnVectors(mlir::OpBuilder &builder, mlir::Block *body, std::int64_t lanes,
                                              unsigned vectorLoop, llvm::ArrayRef<mlir::Value> inputs,
                                              llvm::ArrayRef<mlir::Value> ivs, llvm::ArrayRef<Combiner> combiners);

} // namespace talweg

#endif
