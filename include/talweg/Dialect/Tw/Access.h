// Reasoning about affine accesses: the ranges that maps reach, and maps of simple kinds. Shared by the verifiers and the
// rewrites of the tensor dialect.
#ifndef TALWEG_DIALECT_TW_ACCESS_H
#define TALWEG_DIALECT_TW_ACCESS_H

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Value.h"

#include <cstdint>
#include <optional>
#include <utility>

namespace talweg::tw {

/// The least and greatest value of `expr` when dim i runs over [0, extents[i]); exact for sums of multiples of distinct
/// dims, an enclosure otherwise. Nothing when it does not fit in 64 bits, has symbols, or divides by something not a
/// positive constant.
std::optional<std::pair<std::int64_t, std::int64_t>> rangeOf(mlir::AffineExpr expr,
                                                             llvm::ArrayRef<std::int64_t> extents);

/// True when y[d] = x[map(d)] with these shapes is y = x.
bool isIdentityAccess(mlir::AffineMap map, llvm::ArrayRef<std::int64_t> ofX, llvm::ArrayRef<std::int64_t> ofY);

/// Where `map` moves each index of x to a place of its own in y and so fills y, the map from y's indices back to x's; or
/// nothing. (Dimensions of extent 1 may come and go.)
std::optional<mlir::AffineMap> inversePlacing(mlir::AffineMap map, llvm::ArrayRef<std::int64_t> ofX,
                                              llvm::ArrayRef<std::int64_t> ofY);

/// The map (d0, …) -> all dims but `dims`, in order: spreads the result of a reduction over `dims` again.
mlir::AffineMap dropDims(mlir::MLIRContext *context, unsigned rank, llvm::ArrayRef<std::int64_t> dims);

/// The map (d0, …, d[rank-1]) -> ().
mlir::AffineMap spreadMap(mlir::MLIRContext *context, unsigned rank);

/// The map that takes each index of a tensor of so many dimensions to the place `low` further along `dim`.
mlir::AffineMap shiftMap(mlir::MLIRContext *context, unsigned rank, unsigned dim, std::int64_t low);

/// A part of a tensor: all of it but in one dimension, where it begins at `low` and is shorter.
struct Slice {
  unsigned dim;
  std::int64_t low;
};

/// The slice that y[d] = x[map(d)] is; nothing: it is none, or all of x.
std::optional<Slice> sliceOf(mlir::AffineMap map, llvm::ArrayRef<std::int64_t> ofX, llvm::ArrayRef<std::int64_t> ofY);

/// True when row i of y[d] = x[map(d)], along the first dimensions, is of row i of x, for each i.
bool isWithinRows(mlir::AffineMap map, llvm::ArrayRef<std::int64_t> ofX, llvm::ArrayRef<std::int64_t> ofY);

/// Whether y[map(d)] += …, over `extents` into so many places, is better summed by the dims that the map reads, and then along the diagonals that share a
/// place: these are few, and each is a sum of many terms.
bool sumsDiagonalsLast(mlir::AffineMap map, llvm::ArrayRef<std::int64_t> extents, std::int64_t places);

/// The number that every element of `value` is, when that is known: a constant of equal elements, perhaps spread by
/// tw.window.
std::optional<double> uniformValue(mlir::Value value);

/// The value a scalar (rank 0) of which `value` is the spread, or null.
mlir::Value spreadScalar(mlir::Value value);

} // namespace talweg::tw

#endif
