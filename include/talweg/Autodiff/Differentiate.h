// Derivatives of values of a block with respect to others of it, in reverse mode.
#ifndef TALWEG_AUTODIFF_DIFFERENTIATE_H
#define TALWEG_AUTODIFF_DIFFERENTIATE_H

#include "mlir/IR/Builders.h"

namespace talweg {
namespace tw {
class Rows;
}

/// A value with its cotangent, which has its type.
struct Seed {
  mlir::Value value, cotangent;
};

/// The cotangents of `wanted`, in their order, given those of the seeds; null where no derivative arrives. All of them are values of the
/// builder's block, in front of its place, where the new ops come to stand. An op on the way that has no derivative is an error, which
/// says that it depends on `what`. `rows`: the cotangent of what belongs to rows is marked as doing so (Dialect/Tw/Rows.h).
mlir::FailureOr<llvm::SmallVector<mlir::Value>> differentiate(mlir::OpBuilder &builder, llvm::ArrayRef<Seed> seeds,
                                                              mlir::ValueRange wanted, llvm::StringRef what,
                                                              const tw::Rows *rows = nullptr);

} // namespace talweg

#endif
