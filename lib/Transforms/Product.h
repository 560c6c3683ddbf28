// A product of tensors, each read by an affine map of one box of indices: what a sum in index notation runs over. Used
// by FormContractions to take such products apart and to put them together again.
#ifndef TALWEG_LIB_TRANSFORMS_PRODUCT_H
#define TALWEG_LIB_TRANSFORMS_PRODUCT_H

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/SmallBitVector.h"

namespace talweg {

/// A tensor read by a map of the box.
struct Factor {
  mlir::Value source;
  mlir::AffineMap map;
  bool isInverse;
};

/// scale · Π of factors, over all d in the box of `extents`.
struct Product {
  llvm::SmallVector<std::int64_t> extents;
  llvm::SmallVector<Factor> factors;
  double scale = 1;
};

/// Which dims of extent greater than 1 `map` reads.
llvm::SmallBitVector dimsRead(mlir::AffineMap map, llvm::ArrayRef<std::int64_t> extents);

/// The factors of `value`: looks through mul, neg and division by what is spread, and windows: through those that
/// repeat nothing to further products. Constants of equal elements go into the scale.
Product factorsOf(mlir::Value value);

/// `product` over the dims in `kept` alone, renumbered in order. No factor reads another dim of extent greater than 1.
Product restrictTo(const Product &product, const llvm::SmallBitVector &kept);
/// The same for one map.
mlir::AffineMap restrictTo(mlir::AffineMap map, const llvm::SmallBitVector &kept);

/// Multiplies factors into each other, where one reads only what the other reads, until two are left that are not
/// inverses. Says whether that succeeded; the ops it creates are needed only then.
bool mergeToTwo(Product &product, mlir::PatternRewriter &rewriter, mlir::Location loc);

/// Whether mergeToTwo would succeed.
bool canMergeToTwo(const Product &product);

/// For a factor that has each dimension of its source read by one dim of the box alone: which dimension each dim reads
/// (-1: none). Nothing for other factors.
std::optional<llvm::SmallVector<std::int64_t>> placesOf(const Factor &factor, llvm::ArrayRef<std::int64_t> extents);

/// The tensor of shape `extents` that holds the product's elements.
mlir::Value materialize(const Product &product, mlir::Type element, mlir::PatternRewriter &rewriter,
                        mlir::Location loc);

} // namespace talweg

#endif
