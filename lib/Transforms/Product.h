// A product of tensors, each read by an affine map of one box of indices: what a sum in index notation runs over. Used
// by FormContractions to take such products apart and to put them together again.
#ifndef TALWEG_LIB_TRANSFORMS_PRODUCT_H
#define TALWEG_LIB_TRANSFORMS_PRODUCT_H

#include "ContractionOrder.h"

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/SmallBitVector.h"

namespace talweg {

/// What a factor does to the product: conditions leave it as it is or make it 0, whatever it was.
enum class Role { multiplies, divides, selects, excludes };

/// A tensor read by a map of the box.
struct Factor {
  mlir::Value source;
  mlir::AffineMap map;
  Role role = Role::multiplies;

  bool isCondition() const { return role == Role::selects || role == Role::excludes; }
};

/// scale · Π of factors, over all d in the box of `extents`.
struct Product {
  llvm::SmallVector<std::int64_t> extents;
  llvm::SmallVector<Factor> factors;
  double scale = 1;
  double operations = 0; ///< multiplications as it was written
};

/// Which dims of extent greater than 1 `map` reads.
llvm::SmallBitVector dimsRead(mlir::AffineMap map, llvm::ArrayRef<std::int64_t> extents);

/// The factors of `value`: looks through mul, neg and division by what is spread, and windows: through those that
/// repeat nothing to further products. Constants of equal elements go into the scale. `withConditions`: through selects of 0, too.
Product factorsOf(mlir::Value value, bool withConditions);

/// `product` over the dims in `kept` alone, renumbered in order. No factor reads another dim of extent greater than 1.
Product restrictTo(const Product &product, const llvm::SmallBitVector &kept);
/// The same for one map.
mlir::AffineMap restrictTo(mlir::AffineMap map, const llvm::SmallBitVector &kept);

/// For a factor that has each dimension of its source read by one dim of the box alone: which dimension each dim reads
/// (-1: none). Nothing for other factors.
std::optional<llvm::SmallVector<std::int64_t>> placesOf(const Factor &factor, llvm::ArrayRef<std::int64_t> extents);

/// The tensor of shape `extents` that holds the product's elements.
mlir::Value materialize(const Product &product, mlir::Type element, mlir::PatternRewriter &rewriter,
                        mlir::Location loc);

/// The sum of `product` over all dims that are not kept, as indices and sizes.
SumOfFactors sumOf(const Product &product, const llvm::SmallBitVector &kept);

/// y[map(d)] += the product's element, for all d, starting from zero, multiplied in this order of sumOf(product, what map reads). The scale is left out.
mlir::Value contract(const Product &product, const ContractionOrder &order, mlir::RankedTensorType type,
                     mlir::AffineMap map, mlir::PatternRewriter &rewriter, mlir::Location loc);

} // namespace talweg

#endif
