// A gradient that is a sum of lookups. Private to Transforms.
#ifndef TALWEG_LIB_TRANSFORMS_SUMOFLOOKUPS_H
#define TALWEG_LIB_TRANSFORMS_SUMOFLOOKUPS_H

#include "SummedRows.h"

#include "talweg/Dialect/Tw/Tw.h"

namespace talweg {

/// The same with another number of rows.
mlir::RankedTensorType withRows(mlir::RankedTensorType type, std::int64_t rows);

/// A tensor that is a sum of rows at positions from data (tw.scatter_add).
class SumOfLookups {
public:
  /// Nothing: it is of something else, too. `within`: also where elements have then changed places within their row.
  static std::optional<SumOfLookups> of(mlir::Value sum, bool within);

  /// One that looks up in several tables at once; null: none does.
  mlir::Operation *ofSeveralTables() const;
  /// The rows, each once, as many as there are positions.
  TableRows coalesce() const;
  /// Gives it lookups that nothing else reads.
  void separate() const { separate(sum.getDefiningOp()); }
  /// Takes out such a sum if nobody reads it.
  static void eraseUnread(mlir::Operation *op);

private:
  struct Lookup {
    tw::ScatterAddOp op;
    llvm::SmallVector<mlir::OpOperand *> steps; ///< from the sum to it: what changes places
  };

  SumOfLookups(mlir::Value sum) : sum(sum) {}
  bool collect(mlir::Value value, bool within, llvm::SmallVector<mlir::OpOperand *> &steps);
  static void separate(mlir::Operation *sum);

  mlir::Value sum;
  llvm::SmallVector<Lookup> lookups;
};

} // namespace talweg

#endif
