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

class Rewrites;

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

/// Places of a box; of these dims of it.
double volume(llvm::ArrayRef<std::int64_t> extents);
double volume(llvm::ArrayRef<std::int64_t> extents, const llvm::SmallBitVector &dims);

/// Which dims of extent greater than 1 `map` reads.
llvm::SmallBitVector dimsRead(mlir::AffineMap map, llvm::ArrayRef<std::int64_t> extents);

/// What `value`, read by `map`, is read of.
Factor throughWindows(mlir::Value value, mlir::AffineMap map);

/// The dim that counts the places of `factor`: of the numbers 0, 1, 2, ….
std::optional<unsigned> countedBy(const Factor &factor);

/// The factors of `value`: looks through mul, neg and division by what is spread, and windows: through those that
/// repeat nothing to further products. Constants of equal elements go into the scale. `withConditions`: through selects of 0, too.
Product factorsOf(mlir::Value value, bool withConditions);

/// The factors of a value and, of contractions that nothing else reads, theirs: what those sum are further dims of the box, behind the others.
struct Unfolded {
  Product product; ///< its `operations` count theirs
  bool hasContraction = false;
};
/// Of x[map(d)] for all d in the box of `extents`, times that of others.
Unfolded unfold(llvm::ArrayRef<std::pair<mlir::Value, mlir::AffineMap>> factors, llvm::ArrayRef<std::int64_t> extents);

/// `value` times `scale`.
mlir::Value scaled(mlir::Value value, double scale, mlir::PatternRewriter &rewriter);

/// `product` over the dims in `kept` alone, renumbered in order. No factor reads another dim of extent greater than 1.
Product restrictTo(const Product &product, const llvm::SmallBitVector &kept);
/// The same for one map.
mlir::AffineMap restrictTo(mlir::AffineMap map, const llvm::SmallBitVector &kept);

/// Whether a step multiplies matrices with vectors of their own: each place reads an element of `matrices` that no other does, and both read an index that is
/// left, of which each has a vector.
bool areVectorsOfEach(const Factor &matrices, const Factor &vectors, const ContractionOrder::Step &step,
                      llvm::ArrayRef<std::int64_t> extents);

/// For a factor that has each dimension of its source read by one dim of the box alone: which dimension each dim reads
/// (-1: none). Nothing for other factors.
std::optional<llvm::SmallVector<std::int64_t>> placesOf(const Factor &factor, llvm::ArrayRef<std::int64_t> extents);

/// The tensor of shape `extents` that holds the product's elements.
mlir::Value materialize(const Product &product, mlir::Type element, mlir::PatternRewriter &rewriter,
                        mlir::Location loc);

/// The sum of `product` over all dims that are not kept, as indices and sizes.
SumOfFactors sumOf(const Product &product, const llvm::SmallBitVector &kept);

/// y[map(d)] += the product's element, for all d, starting from zero, multiplied in this order of sumOf(product, what map reads). The scale is left out.
/// Running sums on the way are told.
mlir::Value contract(const Product &product, const ContractionOrder &order, mlir::RankedTensorType type,
                     mlir::AffineMap map, mlir::PatternRewriter &rewriter, mlir::Location loc,
                     const Rewrites &rewrites);

} // namespace talweg

#endif
